"""The engine's own chores: notices, campaigns at their hour and their ends, and tidying."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from mailer.bounces import handling
from mailer.campaign import lifecycle, scheduling
from mailer.campaign.chore_names import END, FINISH, LAUNCH
from mailer.campaign.finding import CampaignError
from mailer.campaign.policy import SendingPolicy
from mailer.engine import constants, workers
from mailer.engine.chore_sources import NOTICE, sources
from mailer.engine.context import EngineContext
from mailer.engine.relay_watch import RelayWatch
from mailer.intake import taking
from mailer.notices.notice_sender import AT_ONCE, NoticeSender
from pli import chore_rows, queue_log
from pli.chore_schedule import Every
from pli.chores import Again, Kind
from pli.database import DatabaseAway
from pli.errors import PliError

log = logging.getLogger("pli.delivery")

SOON = (5.0, 60.0, 300.0, 900.0, 3600.0)
"""Delays of what a person waits for."""


class EngineChores:
    """Handlers that need what the engine has: its relays, and what it may send."""

    def __init__(
        self,
        context: EngineContext,
        notice_sender: NoticeSender,
        policy: SendingPolicy,
        relay_watch: RelayWatch,
    ) -> None:
        self._context = context
        self._database = context.database
        self._notice_sender = notice_sender
        self._policy = policy
        self._relay_watch = relay_watch

    def kinds(self) -> Sequence[Kind]:
        """The kinds that every engine does, within its scope."""
        found = sources(self._context.scope)
        return [
            Kind(
                NOTICE,
                self._send_notice,
                delays=SOON,
                concurrency=AT_ONCE,
                source=found[NOTICE],
                by_relay=True,
            ),
            Kind(FINISH, self._finish, delays=SOON, source=found[FINISH]),
            Kind(END, self._end, delays=SOON, source=found[END]),
            Kind(LAUNCH, self._launch, delays=SOON, source=found[LAUNCH]),
            Kind("tidy", self._tidy, schedule=Every(constants.TIDY_SECONDS)),
        ]

    async def _send_notice(self, notice_id: int) -> Again | None:
        # A mail about a relay tells what the database knows of it.
        await self._relay_watch.step()
        return await self._notice_sender.send(notice_id)

    async def _finish(self, campaign_id: int) -> None:
        try:
            async with self._database.begin() as session:
                if await lifecycle.finish(
                    session,
                    campaign_id=campaign_id,
                    now=datetime.now(UTC),
                    rules=self._policy.bounces,
                ):
                    await self._context.tell(session, campaign_id)
                    self._context.pressed.forget(campaign_id)
                    log.info("campaign.finished", extra={"campaign": campaign_id})
                elif await lifecycle.is_paused(session, campaign_id=campaign_id):
                    # A burst was found only now, and `finish` has paused it instead.
                    await self._context.tell(session, campaign_id)
        except CampaignError as unbalanced:
            await self._context.pause(campaign_id, unbalanced.sentences[0])

    async def _end(self, campaign_id: int) -> None:
        async with self._database.begin() as session:
            if await scheduling.end(session, campaign_id=campaign_id):
                await self._context.tell(session, campaign_id)
                log.info("campaign.ended", extra={"campaign": campaign_id})

    async def _launch(self, campaign_id: int) -> None:
        try:
            async with self._database.begin() as session:
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
            await self._context.hold(campaign_id, refused.sentences[0])

    async def _tidy(self, _row_id: int) -> None:
        """Delete what nobody needs any more: old mails that came back, and forgotten workers."""
        before = datetime.now(UTC) - timedelta(days=self._policy.bounces.keep_days)
        async with self._database.begin() as session:
            deleted = await session.run_sync(partial(handling.delete_old_mails, before=before))
            await taking.delete_old(session, before=before)
        async with self._database.begin() as session:
            await workers.forget(session)
            await chore_rows.forget_over(session, sources())
            await queue_log.forget(session)
        if deleted:
            log.info("bounce.mails_deleted", extra={"mails": deleted})
