"""The pacer: the engine asks it before each claim, and tells it what became of the copies.

Copies without limits cost nothing here. For the others, each beat reads what all workers have used,
and renews this worker's share of what the workers divide.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace

from mailer.answer_words import Period
from mailer.pacing import shares, usage
from mailer.pacing.limits import Limits, Plan
from mailer.pacing.permits import Held, Permit
from mailer.pacing.presence import Presence
from mailer.pacing.shares import Asked, Part
from mailer.pacing.throttle import LOOKED_AT, Heard, Throttle, heard_in
from mailer.pacing.usage import Standing
from mailer.providers import OPEN, WHOLE, provider_of
from mailer.smtp.courier import Courier, LaneTerms
from pli.clocks import boot_time
from pli.database import Database, DatabaseAway
from pli.work import until

log = logging.getLogger("pli.delivery")

BEAT_SECONDS = 2.0
WANTED_SECONDS = 10.0
"""A worker keeps its share of a provider for this long after it last had copies for it."""
USE_SECONDS = 20.0
"""Copies may begin to leave for this long after their grant: well within AHEAD_SECONDS."""
SHARED = 10
"""Connections, before halving, for a slowed provider, if the settings name no number."""
_UNKNOWN = Standing((), Throttle())


class Pacer:
    """Paces what one engine sends over one relay."""

    def __init__(
        self,
        database: Database,
        plan: Plan,
        courier: Courier,
        *,
        presence: Callable[[int], Presence] | None = None,
        provider_of: Callable[[str], str] = provider_of,
    ) -> None:
        self.plan = plan
        self.on_slowed: Callable[[str], None] = lambda _: None
        """Called when a provider was slowed down: copies that wait for it should be recalled."""
        self.on_share: Callable[[], None] = lambda: None
        """Called when this worker gets a share where it had none."""
        self._database = database
        self._courier = courier
        self._provider_of = provider_of
        self._holder = secrets.randbits(63)
        self._presence = presence(self._holder) if presence else None
        self._standings: Mapping[str, Standing] = {}
        self._ahead = 0.0
        """The database's clock minus this machine's `boot_time`, in seconds."""
        self._wanted: dict[str, float] = {}
        self._parts: dict[str, Part] = {}
        self._rates: Callable[[str], float] = lambda _: 0.0
        self._renewed_at = float("-inf")
        self._agreed: dict[str, LaneTerms] = {}
        self._held: dict[str, float] = {}
        """Until when a provider is held (boot time, since the database's clock may be set back)."""
        self._clean: Counter[str] = Counter()
        """Tries of each provider not written down, because nothing speaks against the provider."""
        self._farewells: dict[str, Heard] = {}
        self._wake = asyncio.Event()
        self._ended = False

    def measure(self, rates: Callable[[str], float]) -> None:
        """Set the function that tells a provider's copies a second here; WHOLE: all copies."""
        self._rates = rates

    async def run(self) -> None:
        """Beat until `end`, then give the shares back."""
        self.begin()
        while not self._ended:
            await self._safely(self.beat)
            self._wake.clear()
            await until(self._wake, BEAT_SECONDS)
        await self._safely(self.leave)

    def begin(self) -> None:
        """Prepare for the first beat: this worker has no share yet."""
        if self._presence is not None:
            self._presence.begin()
        self._agree()

    def end(self) -> None:
        """Stop beating; called when nothing is sent any more, and nothing is on the wire."""
        self._ended = True
        self._wake.set()

    async def beat(self) -> None:
        """Renew this worker's shares, and read what all workers have used."""
        await self._renew_shares()
        async with self._database.reading() as session:
            self._standings, now = await usage.look(session, self.plan)
        self._ahead = now - boot_time()
        self._agree()

    def narrow(self, provider: str) -> bool:
        """Whether a provider has limits, and so a lane and a slot of its own."""
        return self._limits(provider).narrow

    def lane(self, provider: str) -> str:
        """The lane in which the courier carries a provider's copies."""
        return provider if self.narrow(provider) else OPEN

    def freely(self, provider: str) -> bool:
        """Whether no limit concerns this provider: then a permit costs nothing."""
        limits = self._limits(provider)
        return not (limits.narrow or self.plan.whole.metered or self._lacks_share(WHOLE))

    def want(self, providers: Collection[str]) -> None:
        """Ask for a share of these providers, because there is work for them."""
        for provider in providers:
            if self._limits(provider).shared:
                if provider not in self._wanted:
                    self._renewed_at = float("-inf")
                    self._wake.set()
                self._wanted[provider] = boot_time() + WANTED_SECONDS

    def closed(self) -> Collection[str]:
        """Providers that nothing may be claimed for now, as of the last beat; WHOLE: for all."""
        now = boot_time() + self._ahead
        shut = {
            provider
            for provider, it in self._standings.items()
            if it.throttle.rests(now) or it.room(now) == 0
        }
        shut |= {provider for provider, end in self._held.items() if boot_time() < end}
        return shut | {it for it in (WHOLE, *self._wanted) if self._lacks_share(it)}

    def has_share(self, provider: str) -> bool:
        """Whether this worker has a share of a provider, or needs none."""
        return not self._lacks_share(provider)

    async def permit(self, provider: str, wanted: int) -> Permit | Held:
        """Permit up to `wanted` copies of a provider to be claimed now; Held if none may."""
        now = boot_time() + self._ahead
        rest = self._standings.get(WHOLE, _UNKNOWN).rest
        if rest.lasts(now):
            return Held(now, rest.until)
        if self.freely(provider):
            return Permit(wanted)
        limits = self._limits(provider)
        self.want([provider])
        if self._lacks_share(WHOLE) or self._lacks_share(provider):
            # Held for no time: another worker that has a share may take the batch at once.
            return Held(0.0, 0.0)
        slowed = self._level(provider) > 0
        if not (slowed or limits.metered or self.plan.whole.metered):
            return Permit(wanted)
        asked = boot_time()
        async with self._database.begin() as session:
            given = await usage.grant(session, self.plan, provider, wanted=wanted, watched=slowed)
        if isinstance(given, Held):
            self._held[provider] = boot_time() + given.until - given.now
            return given
        return Permit(given.size, asked + USE_SECONDS, given)

    async def tell(self, provider: str, permit: Permit, heard: Heard) -> None:
        """Take what became of a permit's copies; how the provider took them sets its throttle."""
        self._collect_farewells()
        heard += self._farewells.pop(provider, Heard(0))
        if heard.limit is not None:
            await self._rest(heard.limit, heard.limit_said)
        before = self._standings.get(provider, _UNKNOWN)
        speaks = bool(heard.weight or before.throttle.level or before.throttle.weight)
        if not speaks:
            self._clean[provider] = min(self._clean[provider] + heard.tries, LOOKED_AT)
            if permit.grant is None:
                return
        used = heard.tries
        if speaks and not before.throttle.level:
            heard = replace(heard, tries=used + self._clean.pop(provider, 0))
        async with self._database.begin() as session:
            throttle = await usage.tell(
                session,
                self.plan,
                provider,
                permit.grant,
                used=used,
                heard=heard if speaks else None,
            )
        if throttle is None:
            return
        self._standings = {**self._standings, provider: replace(before, throttle=throttle)}
        self._agree()
        if throttle.level > before.throttle.level:
            log.warning("pacing.slowed", extra={"provider": provider, "step": throttle.level})
            self.on_slowed(provider)
        elif throttle.level < before.throttle.level:
            log.info("pacing.recovers", extra={"provider": provider, "step": throttle.level})

    async def _rest(self, period: Period, said: str) -> None:
        """Let the whole relay rest: a limit of its own is reached."""
        async with self._database.begin() as session:
            rest, now = await usage.rest(session, self.plan, period, said)
        before = self._standings.get(WHOLE, _UNKNOWN)
        self._ahead = now - boot_time()
        if before.rest == rest:
            return
        self._standings = {**self._standings, WHOLE: replace(before, rest=rest)}
        log.warning(
            "pacing.limit_reached", extra={"relay": self.plan.relay, "period": period.value}
        )
        self.on_slowed(WHOLE)

    def _collect_farewells(self) -> None:
        """Collect the 421 replies between two copies: no outcome has them, but they count, too."""
        for address, said in self._courier.farewells().items():
            provider = self._provider_of(address)
            heard = heard_in(421, said.removeprefix("421 "), tries=0)
            self._farewells[provider] = self._farewells.get(provider, Heard(0)) + heard

    def _limits(self, provider: str) -> Limits:
        """A provider's limits, reduced by how far the provider is slowed down."""
        return self.plan.of(provider).slowed(
            self._level(provider), self.plan.whole.connections or SHARED
        )

    def _level(self, provider: str) -> int:
        it = self._standings.get(provider)
        return it.throttle.level if it is not None else 0

    def _lacks_share(self, provider: str) -> bool:
        """Whether a provider's limits are shared, and this worker has no share."""
        limits, part = self._limits(provider), self._parts.get(provider, Part())
        return (limits.connections is not None and not part.connections) or (
            limits.per_second is not None and not part.per_second
        )

    async def _renew_shares(self) -> None:
        now = boot_time()
        wanted = {it for it, end in self._wanted.items() if now < end}
        self._wanted = {it: end for it, end in self._wanted.items() if it in wanted}
        if self.plan.whole.shared:
            wanted.add(WHOLE)
        if not (wanted or self._parts):
            return
        renewed = now < self._renewed_at + WANTED_SECONDS and wanted == set(self._parts)
        if self._database.is_sqlite and renewed:
            return  # on SQLite there is no other worker to share with
        parts: dict[str, Part] = {}
        async with self._database.begin() as session:
            await shares.lock(session, self.plan.relay)
            if self._presence is not None and (dead := self._presence.dead()):
                await shares.leave(session, dead)
                self._presence.forget(dead)
            await shares.sweep(session, self.plan.relay)
            for provider in sorted(wanted | set(self._parts)):
                had = self._parts.get(provider, Part())
                asked = Asked(
                    provider,
                    self._limits(provider),
                    self._in_use(provider, had),
                    provider in wanted,
                    self._rates(provider),
                )
                parts[provider], kept = await shares.renew(
                    session, self.plan.relay, self._holder, asked
                )
                if kept == Part() and provider not in wanted:
                    del parts[provider]
        before = {it for it in parts if self._lacks_share(it)}
        self._parts = parts
        self._renewed_at = now
        if any(not self._lacks_share(it) for it in before):
            self._agree()
            self.on_share()

    def _in_use(self, provider: str, had: Part) -> Part:
        """What may still be in use of a share: until the next beat, all that this worker had."""
        limits = self._limits(provider)
        connections = max(had.connections, self._courier.occupied(provider))
        return Part(
            connections if limits.connections is not None else 0,
            had.per_second if limits.per_second is not None else 0,
        )

    async def leave(self) -> None:
        """Give the shares back."""
        async with self._database.begin() as session:
            await shares.leave(session, [self._holder])
        if self._presence is not None:
            self._presence.end()

    def _agree(self) -> None:
        """Tell the courier the terms of each lane that have changed."""
        for provider in {WHOLE, *self.plan.providers, *self._standings}:
            limits, part = self._limits(provider), self._parts.get(provider, Part())
            terms = LaneTerms(
                None if limits.connections is None else part.connections,
                None if provider == WHOLE else limits.messages_per_connection,
                None if limits.per_second is None else part.per_second,
            )
            if self._agreed.get(provider, LaneTerms()) != terms:
                self._agreed[provider] = terms
                self._courier.agree(provider, terms)

    async def _safely(self, step: Callable[[], Awaitable[None]]) -> None:
        try:
            await step()
        except DatabaseAway as error:
            log.warning("pacing.beat_failed", extra={"reason": str(error)})
