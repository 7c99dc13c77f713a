"""What is asked every second of a shift: is it still ours, does it run, may each copy still go?"""

from __future__ import annotations

import logging

from mailer.engine import constants, gate
from mailer.engine.batch_run import Shift
from mailer.engine.context import AWAY
from mailer.engine.window import WindowCopy
from mailer.ledger import claiming, leasing
from mailer.models import CampaignState
from pli.clocks import boot_time
from pli.work import until

log = logging.getLogger("pli.delivery")


async def watch(shift: Shift) -> None:
    """Every second: is the batch still ours, does the campaign run, may each copy still go?"""
    renewed = boot_time()
    try:
        while not await until(shift.ended, constants.WATCH_SECONDS):
            # However long a window takes: what carries it must not be given away meanwhile.
            shift.pacer.want([shift.taken.provider])
            try:
                if boot_time() >= renewed + constants.RENEW_SECONDS:
                    renewed = boot_time()
                    await _renew(shift, renewed)
                await _ask_again(shift)
            except AWAY as error:
                log.warning("delivery.watch_failed", extra={"reason": str(error)})
            if shift.over:
                shift.recall()
    finally:
        # However it ends: what nobody watches must not leave.
        if not shift.ended.is_set():
            shift.over = True
            shift.holding.end()
            shift.recall()


async def _renew(shift: Shift, asked: float) -> None:
    if await shift.shop.database.perform(leasing.renew, shift.taken):
        shift.holding.renewed(asked, leasing.LEASE.total_seconds())
    else:
        shift.holding.renewed(asked, 0)
        shift.over = True


async def _ask_again(shift: Shift) -> None:
    waiting = shift.waiting()
    async with shift.shop.database.reading() as session:
        shift.passage = await gate.passage(session, shift.taken.id)
        hindered = await claiming.hindered(session, list(waiting)) if waiting else {}
    if shift.passage.state is not CampaignState.RUNNING:
        shift.over = True
        shift.cancelled = shift.passage.state is CampaignState.CANCELLED
    if not shift.passage.open:
        shift.over = shift.blameless = True
    for id_, reason in hindered.items():
        waiting[id_].stopped = reason
    if hindered:
        shift.courier.recall(lambda copy: isinstance(copy, WindowCopy) and bool(copy.stopped))
