"""The chores that campaigns, notices and mails that came in say by themselves to be due."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from mailer.campaign import lifecycle, scheduling
from mailer.campaign.chore_names import END, FINISH, LAUNCH
from mailer.intake import taking, waiting
from mailer.notices import queue
from mailer.scope import EVERYTHING, Scope
from pli.chore_rows import Source

NOTICE = "notice"
MAILBOX = taking.CHORE


def sources(scope: Scope = EVERYTHING) -> Mapping[str, Source]:
    """By kind, what selects the rows that are due within a scope."""
    return {
        NOTICE: partial(queue.notices_due, scope=scope),
        FINISH: partial(lifecycle.finishable, scope=scope),
        END: partial(scheduling.ended, scope=scope),
        LAUNCH: partial(scheduling.launchable, scope=scope),
        MAILBOX: waiting.line,
    }
