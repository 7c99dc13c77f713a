"""The interpreter, set for a process that sends: one thread talks, another writes the ledger."""

from __future__ import annotations

import gc
import sys

_YOUNG = 50_000
_SWITCH_SECONDS = 0.0001


def tune_for_sending() -> None:
    """What is loaded by now stays for good, and threads take turns ten times as often.

    The garbage collector took a sixth of a sending's time, most of it to walk again through modules
    and statements; copies are freed by their counts. And a transaction of the ledger asks for the
    interpreter's lock some dozen times: at the usual 5 ms each, the wire would wait for it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, 10, 10)
    sys.setswitchinterval(_SWITCH_SECONDS)
