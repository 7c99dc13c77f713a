"""The heartbeat of a run: renew its lease, and ask whether its copies may still leave."""

from __future__ import annotations

import logging

from mailer.engine import constants, gate
from mailer.engine.batch_run import BatchRun
from mailer.engine.ending import Ending
from mailer.engine.window import WindowCopy
from mailer.ledger import claiming, leasing
from mailer.models import CampaignState
from pli.clocks import boot_time
from pli.database import DatabaseAway
from pli.work import until

log = logging.getLogger("pli.delivery")


async def watch(run: BatchRun) -> None:
    """Ask every second: do we hold the lease, does the campaign run, may each copy still leave?

    Returns when `run.done` is set.
    """
    renewed = boot_time()
    try:
        while not await until(run.done, constants.WATCH_SECONDS):
            # Asked again, so that no other worker gets our share while a long window is carried.
            run.pacer.want([run.batch.provider])
            try:
                if boot_time() >= renewed + constants.RENEW_SECONDS:
                    renewed = boot_time()
                    await _renew(run, renewed)
                await _ask_again(run)
            except DatabaseAway as error:
                log.warning("delivery.watch_failed", extra={"reason": str(error)})
            if run.over:
                run.recall()
    finally:
        # However this function ends: copies of a run without a heartbeat must not leave.
        if not run.done.is_set():
            run.end(Ending.LEASE_LOST)
            run.holding.end()
            run.recall()


async def _renew(run: BatchRun, asked: float) -> None:
    if await run.context.database.perform(leasing.renew, run.batch):
        run.holding.renewed(asked, leasing.LEASE.total_seconds())
    else:
        run.holding.end()
        run.end(Ending.LEASE_LOST)


async def _ask_again(run: BatchRun) -> None:
    waiting = run.waiting()
    async with run.context.database.reading() as session:
        run.passage = await gate.passage(session, run.batch.id)
        hindered = await claiming.hindered(session, list(waiting)) if waiting else {}
    if run.passage.state is CampaignState.CANCELLED:
        run.end(Ending.CANCELLED)
    elif run.passage.state is not CampaignState.RUNNING:
        run.end(Ending.PAUSED)
    if not run.passage.open:
        run.end(Ending.HOUR)
    for id_, reason in hindered.items():
        waiting[id_].stopped = reason
    if hindered:
        run.courier.recall(lambda copy: isinstance(copy, WindowCopy) and bool(copy.stopped))
