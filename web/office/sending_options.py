"""What the roof tells the office about sendings, as plain values and functions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from mailer.campaign.policy import SendingPolicy
from mailer.letter.letter import Letter
from mailer.sender import Identity
from pli.checks import Check

KEPT_SECONDS = 60.0


class MachineChecks:
    """What the doctor finds, asked once a minute at most, however many look."""

    def __init__(self, look: Callable[[], Awaitable[Sequence[Check]]] | None = None) -> None:
        """`look` does all checks; None: there is no doctor here, and nothing is found."""
        self._look = look
        self._found: Sequence[Check] = ()
        self._until = float("-inf")
        self._task: asyncio.Future[Sequence[Check]] | None = None

    async def found(self, *, within: float) -> Sequence[Check] | None:
        """The checks of the last minute; None if they take longer than so many seconds."""
        if self._look is None or time.monotonic() < self._until:
            return self._found
        task = self._task or asyncio.ensure_future(self._look())
        self._task = task
        # Many wait for one look, and it goes on if they go away.
        done, _ = await asyncio.wait({task}, timeout=within)
        if not done:
            return None
        if self._task is task:
            self._task = None
            self._found, self._until = task.result(), time.monotonic() + KEPT_SECONDS
        return self._found


@dataclass(frozen=True, slots=True)
class SendingOptions:
    """The values by which the office's sendings are made, checked and released.

    `identity` is the sender of a letter. `grace`: the minute to think between the button and the
    first copy. `type_number_above`: to more people the number is typed. `notified`: whether the
    settings name somebody who hears of troubles. `relays`: the relays by their names in attempts.
    """

    policy: SendingPolicy
    identity: Callable[[Letter], Identity]
    grace: timedelta = timedelta(seconds=60)
    type_number_above: int = 500
    notified: bool = True
    relays: Sequence[str] = ()
    machine: MachineChecks = field(default_factory=MachineChecks)
