"""Relays that cannot be used, as the database keeps them: for all workers, and for who looks.

A relay *refuses* if a person must change something (a password, a certificate); otherwise it does
not answer, and is tried again and again. One trouble lasts until any worker gets through.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, and_, case, null, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import Update

from mailer.models import RelayTrouble
from pli.columns import clock
from pli.language import N_, Sentence, as_document, as_sentence, say
from subscribers.upsert import insert_into

SAME = timedelta(hours=1)
"""A relay that fails again so soon after it worked has the same trouble: the office knows."""
NOBODY_TRIES = timedelta(minutes=15)
"""A try that is late by so much will not come: no process is left to make it."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is known of a relay that cannot be used now, or could not (`over_at`).

    `name` is the relay's in the settings. `now` is the database's clock when this was read.
    """

    name: str
    relay: str
    refused: bool
    reason: Sentence
    since: datetime
    patience_from: datetime
    tried_at: datetime
    next_try_at: datetime
    over_at: datetime | None
    told_at: datetime | None
    asked_at: datetime | None
    now: datetime

    @property
    def lasts(self) -> bool:
        """Whether the relay still cannot be used, as far as anybody knows."""
        return self.over_at is None

    @property
    def away(self) -> bool:
        """Whether the relay does not answer now, and a process goes on trying."""
        tried = self.now < self.next_try_at + NOBODY_TRIES
        return self.lasts and not self.refused and tried

    def told(self, *, named: bool, zone: tzinfo | None = None) -> Sentence:
        """Since when the relay does not answer, and when it is tried again; `named`: which relay.

        `zone`: by whose clocks hours are told; None: this machine's.
        """
        hours = {"since": self._hour(self.since, zone), "at": self._hour(self.next_try_at, zone)}
        if not named:
            text = N_("the relay does not answer since {since}; tried again at {at}")
            return say(text, **hours)
        text = N_("the relay {relay} does not answer since {since}; tried again at {at}")
        return say(text, relay=self.relay, **hours)

    def _hour(self, moment: datetime, zone: tzinfo | None) -> str:
        """The hour, and its day if that is not today."""
        there, today = moment.astimezone(zone), self.now.astimezone(zone).date()
        return f"{there:%H:%M}" if there.date() == today else f"{there:%Y-%m-%d %H:%M}"


async def known(session: AsyncSession) -> Sequence[Trouble]:
    """Every trouble of a relay, also those that are over."""
    rows = await session.execute(
        select(*_COLUMNS, clock().label("now")).order_by(RelayTrouble.name)
    )
    return [Trouble(**{**row._mapping, "reason": as_sentence(row.reason)}) for row in rows.all()]


async def away(session: AsyncSession) -> dict[str, Trouble]:
    """The relays that do not answer now, by their names in the settings."""
    return {it.name: it for it in await known(session) if it.away}


async def note(
    session: AsyncSession,
    *,
    name: str,
    relay: str,
    reason: Sentence,
    refused: bool,
    rest: float,
    only_greets: bool = False,
) -> None:
    """Write that a relay could not be used just now, and is tried again in `rest` seconds.

    `only_greets`: it was called usable, and no copy got through: that was no end of the trouble.
    """
    latest: dict[str, Any] = {
        "relay": relay,
        "reason": as_document(reason),
        "tried_at": clock(),
        "next_try_at": clock(rest),
    }
    lasts = and_(
        true() if only_greets else RelayTrouble.over_at.is_(None),
        RelayTrouble.refused == refused,
        RelayTrouble.next_try_at > clock(-NOBODY_TRIES.total_seconds()),
    )
    if await _changed(session, _of(name).where(lasts).values(over_at=null(), **latest)):
        return
    new = latest | {
        "refused": refused,
        "since": clock(),
        "patience_from": clock(),
        "over_at": null(),
    }
    again = and_(
        RelayTrouble.refused == refused,
        RelayTrouble.tried_at > clock(-SAME.total_seconds()),
    )
    told = case((again, RelayTrouble.told_at), else_=null())
    # One of several workers that find it at one moment inserts the row; the others change it.
    if await _changed(session, _of(name).where(~lasts).values(told_at=told, **new)):
        return
    await session.execute(
        insert_into(session, RelayTrouble).values(name=name, **new).on_conflict_do_nothing()
    )


async def over(session: AsyncSession, names: Collection[str]) -> None:
    """Write that these relays can be used again."""
    await session.execute(
        update(RelayTrouble)
        .where(RelayTrouble.name.in_(names), RelayTrouble.over_at.is_(None))
        .values(over_at=clock())
        .execution_options(synchronize_session=False)
    )


async def ask_again(session: AsyncSession) -> None:
    """Ask every worker for a try at once, since a person has looked; patience begins anew.

    Also of what is over: a worker that alone has no way to a relay has written nothing since.
    """
    await session.execute(
        update(RelayTrouble)
        .values(asked_at=clock(), patience_from=clock())
        .execution_options(synchronize_session=False)
    )


async def claim_telling(session: AsyncSession, name: str) -> bool:
    """Whether the caller is the one to tell the office of a trouble: it is told once."""
    untold: ColumnElement[bool] = RelayTrouble.told_at.is_(None)
    return await _changed(session, _of(name).where(untold).values(told_at=clock()))


def _of(name: str) -> Update:
    return update(RelayTrouble).where(RelayTrouble.name == name)


async def _changed(session: AsyncSession, statement: Update) -> bool:
    done = await session.execute(
        statement.returning(RelayTrouble.name).execution_options(synchronize_session=False)
    )
    return done.one_or_none() is not None


_COLUMNS = tuple(RelayTrouble.__table__.columns)
