"""A draft on its way to its approval: asked, changed, approved, sent back; who may not approve."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from accounts.rights import Right
from mailer.campaign import addressees, approvals, freezing, lifecycle, manuscripts
from mailer.campaign.addressees import Addressees, Aside
from mailer.campaign.finding import CampaignError
from mailer.campaign.policy import SendingPolicy
from mailer.draft_models import DraftState
from mailer.letter import snapshot
from mailer.letter.drafts import rows
from mailer.models import ApprovalEvent, Campaign, CampaignState, Notice, NoticeKind
from mailer.notices import asking
from mailer.notices.asking import MailRoom
from pli.actor import Actor, kept
from pli.database import Database
from pli.keys import Keys
from subscribers.models import List
from tests import factories as make
from tests.factories.committee import IDENTITY
from tests.mailer.letter.drafts.written import a_written

ANNE, BRUNO, CARLA = (
    Actor.account(number, name) for number, name in ((101, "Anne"), (102, "Bruno"), (103, "Carla"))
)


async def test_changing_anything_takes_the_approval_away_and_keeps_the_campaign(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.a_person(session, keys, "jeanne", members, now=now)
        made = await make.a_draft(session, keys, [members], by=ANNE, now=now)
        seen, to = made.frozen_hash, await addressees.addressees_of(session, made)
        await lifecycle.approve(
            session, campaign_id=made.id, by=BRUNO, second_person=True, seen_hash=seen, now=now
        )
        same = await freezing.refreeze(
            session, campaign_id=made.id, frozen=make.frozen(), to=to, by=CARLA, now=now
        )
        assert not same
        assert (await session.get_one(Campaign, made.id)).state is CampaignState.APPROVED
        changed = make.frozen(make.letter("# Autre\n\nUn autre texte.\n"))
        assert await freezing.refreeze(
            session, campaign_id=made.id, frozen=changed, to=to, by=CARLA, now=now
        )
        row = await session.get_one(Campaign, made.id)
        await session.refresh(row)
        assert (row.state, row.approved_hash, row.approved_by) == (CampaignState.DRAFT, None, None)
        assert row.letter_hash == changed.letter_hash
        with pytest.raises(CampaignError, match="changed meanwhile"):
            await lifecycle.approve(session, campaign_id=made.id, by=BRUNO, seen_hash=seen, now=now)
        for maker in (ANNE, CARLA):
            with pytest.raises(CampaignError, match="somebody else must approve"):
                await lifecycle.approve(
                    session, campaign_id=made.id, by=maker, second_person=True, now=now
                )
        with pytest.raises(CampaignError, match="changed meanwhile"):
            await freezing.refreeze(
                session, campaign_id=made.id, frozen=make.frozen(), to=to, seen_hash=seen,
                by=ANNE, now=now,
            )  # fmt: skip
        aside = Addressees(to.list_ids, aside=Aside((), (("", 'language = "de"'),)))
        await lifecycle.approve(session, campaign_id=made.id, by=BRUNO, now=now)
        assert await freezing.refreeze(
            session, campaign_id=made.id, frozen=changed, to=aside, by=CARLA, now=now
        )
        kinds = [it.kind.value for it in await approvals.steps(session, made.id)]
        assert kinds == ["approved", "changed", "approved", "changed"]
        before = await approvals.last_approved(session, made.id)
        after = json.loads(snapshot.as_seen(await freezing.frozen_text(session, made.id)))
        assert before is not None
        assert (before["body"], before["to"] != after["to"]) == (after["body"], True)


async def test_a_campaign_that_is_under_way_is_neither_frozen_anew_nor_sent_back(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.a_person(session, keys, "jeanne", members, now=now)
        made = await make.a_campaign(session, keys, [members], now=now)
        to = await addressees.addressees_of(session, made)
        with pytest.raises(CampaignError, match="running"):
            await freezing.refreeze(
                session, campaign_id=made.id, frozen=make.frozen(), to=to, by=ANNE, now=now
            )
        with pytest.raises(CampaignError, match="running"):
            await lifecycle.send_back(session, campaign_id=made.id, note="non", by=ANNE, now=now)
        with pytest.raises(CampaignError, match="a remark is needed"):
            await lifecycle.send_back(session, campaign_id=made.id, note=" ", by=ANNE, now=now)


async def test_who_is_asked_gets_a_mail_with_a_link_and_a_reminder_while_it_waits(
    database: Database, keys: Keys, now: datetime
) -> None:
    room = MailRoom(IDENTITY, "https://bureau.example.org", keys)
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        other = await make.a_list(session, "autres", now=now)
        author = await make.an_account(session, "anne", Right.SENDER, now=now)
        approver = await make.an_account(
            session, "bruno", Right.SENDER, lists=[members.id], now=now
        )
        await make.an_account(session, "carla", Right.SENDER, lists=[other.id], now=now)
        anne, bruno = (Actor.account(it.id, it.name) for it in (author, approver))
        made = await make.a_draft(session, keys, [members], by=anne, now=now)
        options: dict[str, Any] = {"second_person": True, "room": room, "now": now}
        with pytest.raises(CampaignError, match="may not approve"):
            await asking.ask(
                session, campaign_id=made.id, account_id=author.id, note="", by=bruno, **options
            )
        asked = await asking.ask(
            session, campaign_id=made.id, account_id=None, note="Avant jeudi ?", by=anne, **options
        )
        assert [it.id for it in asked] == [approver.id]
        ((address, content),) = await session.execute(
            select(Notice.address, Notice.content).where(Notice.kind == NoticeKind.OFFICE)
        )
        assert address == "bruno@example.org"
        assert f"https://bureau.example.org/office/sendings/{made.id}/approve" in content
        assert "Avant jeudi ?" in content
        assert "Bonjour." not in content, "the mail holds the letter"
        (step,) = await session.scalars(select(ApprovalEvent.id))
        assert await approvals.campaign_of(session, step) == made.id
        assert await asking.remind(session, campaign_id=made.id, **options) == 1
        assert await asking.remind(session, campaign_id=made.id, **options) == 0, "once"
        assert await approvals.campaign_of(session, step) is None
        await lifecycle.approve(session, campaign_id=made.id, by=bruno, now=now)
        assert await asking.remind(session, campaign_id=made.id, **options) == 0
        await asking.tell_makers(
            session, campaign_id=made.id, approved=True, room=room, by=bruno, now=now
        )
        told = await session.scalars(select(Notice.address).order_by(Notice.id))
        assert told.all()[-1] == "anne@example.org"


async def test_who_wrote_the_manuscript_may_not_approve_its_campaign_and_it_follows(
    database: Database, keys: Keys, now: datetime
) -> None:
    policy = SendingPolicy(token_key=keys.current, second_person=True)
    async with database.begin() as session:
        draft_id, list_id = await a_written(session, now)
        of = await session.get_one(List, list_id)
        await make.a_person(session, keys, "jeanne", of, now=now)
        wrote = await rows.makers(session, draft_id)
    frozen = await manuscripts.frozen_draft(database, draft_id, identity=lambda _: IDENTITY)
    async with database.begin() as session:
        sent = await manuscripts.send(
            session, draft_id=draft_id, frozen=frozen, policy=policy, by=CARLA, now=now
        )
        assert not sent.anew
        assert (await rows.line_of(session, draft_id)).state is DraftState.IN_REVIEW
        made = await session.get_one(Campaign, sent.campaign_id)
        assert set(wrote) <= set(await approvals.makers(session, made))
        with pytest.raises(CampaignError, match="was changed by"):
            await lifecycle.approve(
                session, campaign_id=made.id, by=kept(wrote[0]), second_person=True, now=now
            )
        again = await manuscripts.send(
            session, draft_id=draft_id, frozen=frozen, policy=policy, by=CARLA, now=now
        )
        assert (again.campaign_id, again.anew, again.approval_lost) == (made.id, True, False)
        await lifecycle.send_back(session, campaign_id=made.id, note="la date", by=BRUNO, now=now)
        assert (await rows.line_of(session, draft_id)).state is DraftState.WRITING
