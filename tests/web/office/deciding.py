"""What tests of a letter's way through the office share: an office that can send, and a draft."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from accounts.entering import Policy
from mailer.campaign.policy import SendingPolicy
from mailer.models import Campaign
from mailer.pacing.limits import Limits, Plan
from pli.actor import Actor
from pli.database import Database
from pli.keys import Keys
from subscribers.models import List
from tests import factories as make
from tests.factories.committee import IDENTITY
from web.office.options import OfficeOptions
from web.office.sending_options import SendingOptions

BODY = "Un paragraphe, et un autre mot.\n\nLa réunion est le 3.\n"


def an_office_that_sends(
    *, two: bool = True, above: int = 500, grace: float = 60.0, keys: Keys = make.KEYS
) -> OfficeOptions:
    """The options of an office; `two`: a second person must approve."""
    policy = SendingPolicy(token_key=keys.current, second_person=two)
    return OfficeOptions(
        policy=Policy(sign_in_links=True),
        plans={"main": Plan("relais.example.org", Limits(per_second=2))},
        sending=SendingOptions(
            policy=policy,
            identity=lambda _: IDENTITY,
            grace=timedelta(seconds=grace),
            type_number_above=above,
            relays=("relais.example.org",),
        ),
    )


async def a_draft_of(
    database: Database, keys: Keys, by: Actor, *, people: int = 3, now: datetime, **letter: Any
) -> tuple[Campaign, List]:
    """A draft for so many people on a new list, made by somebody."""
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.members(session, keys, members, people, now=now)
        campaign = await make.a_draft(
            session,
            keys,
            [members],
            of=replace(make.letter("# Une séance\n\n" + BODY), **letter),
            by=by,
            now=now,
        )
    return campaign, members
