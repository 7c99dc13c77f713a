"""The sweep: queue due batches, launch scheduled campaigns, finish or end what is over."""

from __future__ import annotations

import logging
import random
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import zip_longest

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from mailer.bounces import handling, pausing
from mailer.campaign import lifecycle, scheduling, sending_hours
from mailer.campaign.finding import CampaignError
from mailer.campaign.policy import SendingPolicy
from mailer.engine import constants
from mailer.engine.context import EngineContext
from mailer.engine.provider_slots import ProviderSlot
from mailer.engine.relay_watch import RelayWatch
from mailer.ledger import leasing, recovery
from mailer.ledger.journal_record import JournalRecord
from mailer.ledger.leasing import Due, Shut
from mailer.notices import queue
from mailer.notices.notice_sender import NoticeSender
from mailer.providers import WHOLE
from mailer.smtp.courier import Courier
from pli.clocks import boot_time
from pli.database import DatabaseAway, refuses_the_data
from pli.errors import PliError
from pli.work import Work
from subscribers import lists

log = logging.getLogger("pli.delivery")


class Sweep:
    """Finds what is due in one database, and starts it."""

    def __init__(
        self,
        context: EngineContext,
        queue: Work,
        notice_sender: NoticeSender,
        policy: SendingPolicy,
        relay_watch: RelayWatch,
        *,
        in_own_slot: Callable[[Due, ProviderSlot], None],
        in_work: Callable[[], Collection[int]],
    ) -> None:
        """`in_own_slot` works on a batch in its provider's slot; `in_work`: campaigns in work."""
        self._context = context
        self._work = queue
        self._notice_sender = notice_sender
        self._policy = policy
        self._relay_watch = relay_watch
        self._work_in_own_slot = in_own_slot
        self._in_work = in_work
        self._replayed = float("-inf")
        self._tidied = float("-inf")

    async def step(self) -> bool:
        """Queue, launch, finish and end whatever is due; whether there was anything."""
        if boot_time() >= self._replayed + constants.REPLAY_SECONDS:
            await self._replay_journals()
            self._replayed = boot_time()
        if boot_time() >= self._tidied + constants.TIDY_SECONDS:
            await self._delete_old_mails()
            self._tidied = boot_time()
        await self._relay_watch.step()
        async with self._context.database.reading() as session:
            scope = self._context.scope
            batches = await leasing.due(
                session,
                limit=constants.LOOKED_AT,
                closed=await sending_hours.closed(session),
                without=await self._shut(session),
                scope=scope,
            )
            done = await lifecycle.finishable(session, scope=scope)
            ended = await scheduling.ended(session, scope=scope)
            scheduled = await scheduling.launchable(session, scope=scope)
            notices = await queue.notices_due(session, scope=scope)
            burst_campaigns = await session.run_sync(
                pausing.of_running, scope, self._context.policy_pause
            )
        if notices and not self._context.stopping:
            await self._notice_sender.step()
        for campaign_id, reason in burst_campaigns:
            await self._context.pause(campaign_id, reason)
        await self._distribute(batches)
        for campaign_id in done:
            await self._finish(campaign_id)
        for campaign_id in ended:
            await self._end(campaign_id)
        for campaign_id in scheduled:
            await self._launch(campaign_id)
        return bool(batches or done or ended or scheduled or notices)

    async def _shut(self, session: AsyncSession) -> Sequence[Shut]:
        """The providers that nothing may be sent to now, by the relays of the lists."""
        failover = self._context.failover
        if len(failover.couriers) == 1:
            if failover.waits():
                return (Shut(None, None),)
            return self._shut_at(self._context.failover.likely(), None)
        found: list[Shut] = []
        by_relays: dict[Courier | None, list[int]] = defaultdict(list)
        waiting: list[int] = []
        for list_ in await lists.everything(session):
            if failover.waits(list_.relays):
                waiting.append(list_.id)
            else:
                by_relays[failover.likely(list_.relays)].append(list_.id)
        if waiting:
            found.append(Shut(None, waiting))
        for courier, ids in by_relays.items():
            found += self._shut_at(courier, ids)
        return found

    def _shut_at(self, courier: Courier | None, ids: Sequence[int] | None) -> Sequence[Shut]:
        """The providers that a relay may send nothing to now, for these lists (None: for all)."""
        if courier is None:
            return ()
        closed = self._context.pacers.of(courier).closed()
        if WHOLE in closed:
            return (Shut(None, ids),)
        providers = {*closed, *self._context.slots.busy(courier.relay)}
        return (Shut(providers, ids),) if providers else ()

    async def _distribute(self, batches: Sequence[Due]) -> None:
        """Queue each due batch for the open slot, or start it in its provider's own slot."""
        wanted: dict[str, set[str]] = defaultdict(set)
        free: dict[int, list[int]] = defaultdict(list)
        # In random order: else all workers would try to take the same batches.
        for batch in random.sample(batches, len(batches)):
            courier = self._context.failover.likely(batch.relays)
            if courier is None:
                free[batch.campaign_id].append(batch.id)  # `Engine._run` pauses its campaign
                continue
            wanted[courier.relay].add(batch.provider)
            pacer = self._context.pacers.of(courier)
            if not pacer.narrow(batch.provider):
                free[batch.campaign_id].append(batch.id)
            elif pacer.has_share(batch.provider):
                self._work_in_own_slot(batch, self._context.slots.of(courier.relay, batch.provider))
        self._context.pacers.want(wanted)
        await self._queue(free)

    async def _queue(self, free: Mapping[int, Sequence[int]]) -> None:
        """Queue batches; campaigns take turns, and one with nothing in work goes first."""
        busy = self._in_work()
        self._context.waiting = set(free)
        await self._work.enqueue(
            [ids[0] for campaign, ids in free.items() if campaign not in busy], first=True
        )
        turns = [it for turn in zip_longest(*free.values()) for it in turn if it is not None]
        await self._work.enqueue(turns[: max(0, constants.QUEUED - self._work.known)])

    async def _replay_journals(self) -> None:
        """Write down what dead workers of this machine had noted and not settled."""
        with self._context.journal.left_behind() as records:
            for record in records:
                try:
                    await self._context.database.perform(_replayed, record)
                except DBAPIError as error:
                    if not refuses_the_data(error):
                        raise
                    # One file that the database refuses must not hold up all sending.
                    log.exception("journal.refused", extra={"batch": record.batch_id})
                    self._context.journal.set_aside(record)
                else:
                    self._context.journal.forget(record)
                    log.info("journal.heard", extra={"batch": record.batch_id})

    async def _finish(self, campaign_id: int) -> None:
        try:
            async with self._context.database.begin() as session:
                if await self._finished(session, campaign_id):
                    await self._context.tell(session, campaign_id)
                    self._context.pressed.forget(campaign_id)
                    log.info("campaign.finished", extra={"campaign": campaign_id})
                elif await lifecycle.is_paused(session, campaign_id=campaign_id):
                    # A burst was found only now, and `finish` has paused it instead.
                    await self._context.tell(session, campaign_id)
        except CampaignError as unbalanced:
            await self._context.pause(campaign_id, unbalanced.sentences[0])

    async def _finished(self, session: AsyncSession, campaign_id: int) -> bool:
        return await lifecycle.finish(
            session,
            campaign_id=campaign_id,
            now=datetime.now(UTC),
            rules=self._policy.bounces,
        )

    async def _delete_old_mails(self) -> None:
        before = datetime.now(UTC) - timedelta(days=self._policy.bounces.keep_days)
        async with self._context.database.begin() as session:
            deleted = await session.run_sync(partial(handling.delete_old_mails, before=before))
        if deleted:
            log.info("bounce.mails_deleted", extra={"mails": deleted})

    async def _end(self, campaign_id: int) -> None:
        async with self._context.database.begin() as session:
            if await scheduling.end(session, campaign_id=campaign_id):
                await self._context.tell(session, campaign_id)
                log.info("campaign.ended", extra={"campaign": campaign_id})

    async def _launch(self, campaign_id: int) -> None:
        try:
            async with self._context.database.begin() as session:
                if await scheduling.launch(
                    session,
                    campaign_id=campaign_id,
                    batch_size=self._policy.batch_size,
                    latest=self._policy.late_start,
                    second_person=self._policy.second_person,
                    providers=self._policy.providers,
                    now=datetime.now(UTC),
                ):
                    log.info("campaign.launched", extra={"campaign": campaign_id})
        except DatabaseAway:
            raise
        # For example, its rule can no longer be read: then this campaign waits for a person, and
        # the engine goes on.
        except PliError as refused:
            async with self._context.database.begin() as session:
                await scheduling.hold(session, campaign_id=campaign_id, reason=refused.sentences[0])
                await self._relay_watch.tell_held(session, campaign_id, refused.sentences[0])


def _replayed(session: Session, record: JournalRecord) -> None:
    waits = recovery.replay(session, record)
    if waits is not None:
        lifecycle.reopen(session, campaign_id=waits)
