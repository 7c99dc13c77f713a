"""The watch over relays that cannot be used: who is told, for how long one waits, when one tries.

Each process has circuit breakers of its own. What they find is written down for all (`troubles`),
and what others find is read here: a relay that is back is tried by everybody at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.engine.context import EngineContext
from mailer.models import Batch, Campaign, CampaignState, is_open
from mailer.notices import trouble_mail
from mailer.notices.trouble_mail import AN_HOUR, Office
from mailer.smtp import troubles
from mailer.smtp.troubles import Trouble
from pli.clocks import boot_time
from pli.keys import Keys
from pli.language import N_, Sentence, say
from subscribers.models import List

LOOK_SECONDS = 2.0
PATIENCE = timedelta(hours=24)
REFUSED = timedelta(seconds=6)
"""A refusal lasts for so long before a campaign pauses: three looks of any worker that gets through
and can say so."""
LATELY = timedelta(minutes=1)
"""A worker whose copy a relay took so lately is not refused by it, as far as it knows."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long campaigns wait for a relay that does not answer, and who is told of a trouble."""

    lasts: timedelta = PATIENCE
    office: Office | None = None


class _Seen:
    """What this process saw last of a trouble in the database."""

    def __init__(self, trouble: Trouble) -> None:
        self.asked_at = trouble.asked_at
        self.followed = False
        """Whether this process has tried the relay because another one had got through."""


class RelayWatch:
    """Watches over the relays of one engine; a sweep calls `step`."""

    def __init__(self, context: EngineContext, keys: Keys, patience: Patience) -> None:
        self._context = context
        self._keys = keys
        self._patience = patience
        self._failover = context.failover
        self._opened: set[str] = set()
        self._closed: set[str] = set()
        self._seen: dict[str, _Seen] = {}
        self._looked = float("-inf")
        self._stepping = asyncio.Lock()
        self._in_question = False
        """Whether another worker was refused just now by a relay that this one can use."""
        self._failover.on_open = self._on_open
        self._failover.on_close = self._on_close

    async def step(self) -> None:
        """Write down what was found out, and act by what all workers know.

        The sweep calls this, and each notice before it is composed: one at a time.
        """
        async with self._stepping:
            await self._step()

    async def _step(self) -> None:
        await self._write()
        quiet = all(it.usable for it in self._failover.breakers.values())
        if quiet and not self._in_question and boot_time() < self._looked + LOOK_SECONDS:
            return
        self._looked = boot_time()
        async with self._context.database.reading() as session:
            known = {it.name: it for it in await troubles.known(session)}
            waiting = await self._waiting(session) if not quiet else []
        self._in_question = False
        for name, trouble in known.items():
            if name in self._failover.breakers:
                self._compare(name, trouble)
        await self._write()
        if waiting:
            self._failover.probe()
        for campaign_id, reason in self._to_pause(waiting, known).items():
            await self._context.pause(campaign_id, reason)

    def _on_open(self, name: str) -> None:
        self._closed.discard(name)
        self._opened.add(name)

    def _on_close(self, name: str) -> None:
        self._opened.discard(name)
        if not self._failover.breakers[name].only_greets:
            self._closed.add(name)
        if name in self._seen:
            self._seen[name].followed = False

    async def _write(self) -> None:
        """Write what circuits did since the last call; while the database is away it is kept."""
        opened, closed = set(self._opened), set(self._closed)
        if not (opened or closed):
            return
        async with self._context.database.begin() as session:
            for name in sorted(opened):
                await self._note(session, name)
            if closed:
                await troubles.over(session, closed)
        self._opened -= opened
        self._closed -= closed

    async def _note(self, session: AsyncSession, name: str) -> None:
        breaker = self._failover.breakers[name]
        if breaker.why is None:
            return  # it works again already
        await troubles.note(
            session,
            name=name,
            relay=breaker.courier.relay,
            reason=breaker.why,
            refused=breaker.refused,
            rest=breaker.rests,
            only_greets=breaker.only_greets,
        )
        office = self._patience.office
        # A process that sends one notice leaves no other behind.
        if office is None or not office.addresses or self._context.scope.notice_id is not None:
            return
        concerned = await self._concerned(session, name)
        if concerned and await troubles.claim_telling(session, name):
            await trouble_mail.order(
                session,
                office=office,
                name=name,
                campaigns=concerned,
                patience=self._patience.lasts,
                keys=self._keys,
                now=datetime.now(UTC),
            )

    async def _concerned(self, session: AsyncSession, name: str) -> Sequence[int]:
        """The running campaigns with copies that would go by a relay."""
        return sorted(
            {
                campaign_id
                for campaign_id, relays in await self._waiting(session)
                if name in self._order(relays)
            }
        )

    async def _waiting(self, session: AsyncSession) -> list[tuple[int, Sequence[str]]]:
        """The running campaigns with copies that wait, each with the relays of such a list."""
        waits = (
            select(Batch.campaign_id, Batch.list_id)
            .join(Campaign, Campaign.id == Batch.campaign_id)
            .where(
                Campaign.state == CampaignState.RUNNING,
                self._context.scope.campaigns(),
                is_open(),
            )
            .distinct()
            .subquery()
        )
        rows = await session.execute(
            select(waits.c.campaign_id, List.relays).join(List, List.id == waits.c.list_id)
        )
        return [(campaign_id, relays) for campaign_id, relays in rows]

    def _order(self, relays: Sequence[str]) -> list[str]:
        return [it for it in relays or self._failover.breakers if it in self._failover.breakers]

    def _compare(self, name: str, trouble: Trouble) -> None:
        """Try at once what others could use, or a person asked for; tell that a relay works."""
        breaker = self._failover.breakers[name]
        seen = self._seen.get(name)
        if seen is None:
            seen = self._seen[name] = _Seen(trouble)
        if trouble.asked_at not in (None, seen.asked_at):
            seen.asked_at = trouble.asked_at
            breaker.hurry()
        over = trouble.over_at is not None and name not in self._opened
        if over and not breaker.usable and not seen.followed:
            # Once: where this machine alone has no way to the relay, its rests go on growing.
            seen.followed = True
            breaker.hurry()
        if trouble.lasts and breaker.usable:
            ago = trouble.now - trouble.tried_at
            if trouble.refused:
                # Its next copy will show whether it is refused as well; where little may leave in
                # a minute, that takes its time.
                ago = max(ago, LATELY)
            if breaker.worked_at > boot_time() - ago.total_seconds():
                self._closed.add(name)
            else:
                self._in_question |= trouble.refused and not _has_lasted(trouble, REFUSED)

    def _to_pause(
        self, waiting: Sequence[tuple[int, Sequence[str]]], known: dict[str, Trouble]
    ) -> dict[int, Sentence]:
        """The campaigns for which a person must do something, and what it is."""
        found: dict[int, Sentence] = {}
        for campaign_id, relays in waiting:
            reasons = self._failover.hindrance(relays)
            if reasons is None:
                continue
            order = self._order(relays)
            breakers = [self._failover.breakers[name] for name in order]
            if any(it.in_doubt for it in breakers):
                found[campaign_id] = reasons
            elif all(self._is_given_up(name, known.get(name)) for name in order):
                refused = all(it.refused for it in breakers)
                found[campaign_id] = (
                    reasons if refused else _for_too_long(reasons, self._patience.lasts)
                )
        return found

    def _is_given_up(self, name: str, trouble: Trouble | None) -> bool:
        """Whether a relay that this process cannot use has been useless for all, for too long."""
        if trouble is None or not trouble.lasts:
            return False
        patience = self._patience.lasts
        if self._failover.breakers[name].refused:
            patience = min(patience, REFUSED)
        return _has_lasted(trouble, patience)


def _has_lasted(trouble: Trouble, patience: timedelta) -> bool:
    return trouble.now >= trouble.patience_from + patience


def _for_too_long(reasons: Sentence, patience: timedelta) -> Sentence:
    if patience < AN_HOUR:
        return reasons
    return say(
        N_("no answer for {hours} h: {reason}"), hours=f"{patience / AN_HOUR:g}", reason=reasons
    )
