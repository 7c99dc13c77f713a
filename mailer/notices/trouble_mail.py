"""The mail that tells the office of a relay that cannot be used: what, since when, what to do.

It is ordered when the trouble begins and composed when it leaves, which may be hours later: then it
says how things stand. It names campaigns and letters, and no member.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer import answer_words, reasons
from mailer.models import Campaign, NoticeKind
from mailer.notices import writing
from mailer.notices.text_mail import text_mail
from mailer.notices.writing import Mail
from mailer.sender import Identity
from mailer.smtp import troubles
from pli.hours import Hour
from pli.keys import Keys
from pli.language import N_, Sentence, as_document, as_sentence, say
from pli.relay_names import MAIN
from subscribers.address import Address

AN_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Office:
    """Who is told, in which language, by whose clocks, and in whose name.

    `url` is the address under which the office's pages are, without a slash at its end.
    """

    addresses: Sequence[str]
    identity: Identity
    language: str
    zone: str
    url: str = ""


async def order(
    session: AsyncSession,
    *,
    office: Office,
    name: str,
    campaigns: Sequence[int],
    patience: timedelta,
    keys: Keys,
    now: datetime,
) -> None:
    """Order a mail to each address of the office about the trouble of the relay `name`."""
    (trouble,) = [it for it in await troubles.known(session) if it.name == name]
    content = {
        "relay": name,
        "called": trouble.relay,
        "refused": trouble.refused,
        "reason": as_document(trouble.reason),
        "since": trouble.since.isoformat(),
        "hours": f"{patience / AN_HOUR:g}",
        "campaigns": list(campaigns),
        "identity": asdict(office.identity),
        "language": office.language,
        "zone": office.zone,
    }
    for address in office.addresses:
        await writing.order(
            session,
            kind=NoticeKind.TROUBLE,
            address=Address.parse(address),
            content=content,
            keys=keys,
            now=now,
        )


async def compose(
    session: AsyncSession,
    *,
    notice_id: int,
    address: str,
    content: str,
    keys: Keys,
    now: datetime,
) -> Mail:
    """Compose the mail, of the trouble as it began and of how things stand now."""
    ordered: dict[str, Any] = json.loads(content)
    identity = Identity(**ordered["identity"])
    language: str = ordered["language"]
    since = datetime.fromisoformat(ordered["since"])
    known = [it for it in await troubles.known(session) if it.name == ordered["relay"]]
    over = next((it.over_at for it in known if it.over_at and it.over_at >= since), None)
    concerned = await _concerned(session, ordered["campaigns"])
    paragraphs = [
        *_what(ordered, since),
        concerned,
        *(_now_over(ordered, over) if over else _lasting(ordered)),
    ]
    refused = N_("Pli: the relay {relay} refuses the letters")
    away = N_("Pli: the relay {relay} does not answer")
    heading = refused if ordered["refused"] else away
    subject = say(heading, relay=ordered["called"])
    return text_mail(
        notice_id=notice_id,
        address=address,
        identity=identity,
        subject=subject,
        paragraphs=paragraphs,
        language=language,
        keys=keys,
        now=now,
    )


def _what(ordered: dict[str, Any], since: datetime) -> list[Sentence]:
    text = (
        N_("The relay {relay}, which takes your letters, has refused them since {since}.")
        if ordered["refused"]
        else N_("The relay {relay}, which takes your letters, has not answered since {since}.")
    )
    reason = as_sentence(ordered["reason"]).tell(ordered["language"])
    return [
        say(text, relay=ordered["called"], since=Hour(since, ordered["zone"])),
        say(N_("In detail: {reason}."), reason=answer_words.without_addresses(reason)),
    ]


async def _concerned(session: AsyncSession, ids: Sequence[int]) -> Sentence:
    rows = await session.scalars(select(Campaign).where(Campaign.id.in_(ids)).order_by(Campaign.id))
    told: Sentence | None = None
    for it in rows:
        one = say(
            N_("campaign {id} (letter {number}, “{title}”): {state}"),
            id=it.id,
            number=it.number,
            title=it.title,
            state=reasons.state(it.state),
        )
        told = say(N_("{first}; {second}"), first=told, second=one) if told else one
    return say(N_("Concerned: {campaigns}."), campaigns=told or "–")


def _lasting(ordered: dict[str, Any]) -> list[Sentence]:
    setting = _setting(ordered["relay"])
    if ordered["refused"]:
        return [
            say(
                N_(
                    "Where no other relay can take them, the campaigns are paused. Nothing is "
                    "lost: their copies wait."
                )
            ),
            say(
                N_(
                    "What to do: correct {setting} in pli.toml, or ask the relay's operator; start "
                    'Pli again; then "pli campaign resume {id}". "pli doctor" tells more.'
                ),
                setting=setting,
                id=ordered["campaigns"][0],
            ),
        ]
    return [
        say(
            N_(
                "Nothing is lost: the copies wait, or go by another relay. Pli tries again by "
                "itself, every 10 minutes at least, and goes on when the relay answers. After "
                "{hours} h without an answer the campaigns pause."
            ),
            hours=ordered["hours"],
        ),
        say(
            N_(
                "What to do: ask the relay's operator whether it runs, and see whether {setting} "
                'in pli.toml is right. "pli doctor" tells more.'
            ),
            setting=setting,
        ),
    ]


def _now_over(ordered: dict[str, Any], over: datetime) -> list[Sentence]:
    text = (
        N_("Since {hour} it takes them again. What is paused goes on by “pli campaign resume”.")
        if ordered["refused"]
        else N_("Since {hour} it answers again, and the letters go on. There is nothing to do.")
    )
    return [say(text, hour=Hour(over, ordered["zone"]))]


def _setting(name: str) -> str:
    return "relay_url" if name == MAIN else f"relays.{name}.url"
