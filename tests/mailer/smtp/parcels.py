"""Copies for a courier that belong to no campaign."""

from __future__ import annotations

import asyncio

from mailer.outcomes import Outcome

BODY = b"Subject: x\r\n\r\nune ligne\r\n..un point\r\n"


class Parcel:
    """A copy that remembers what became of it."""

    def __init__(self, name: str, *, wanted: bool = True) -> None:
        self.mail_from = f"bounce+{name}@example.org"
        self.rcpt_to = f"{name}@example.org"
        self.smtputf8 = not name.isascii()
        self.wanted = wanted
        self.outcomes: list[Outcome] = []
        self.back = 0
        self.told = asyncio.Event()

    def compose(self) -> list[bytes]:
        return [BODY]

    def leaves(self) -> bool:
        return self.may_leave()

    def may_leave(self) -> bool:
        return self.wanted

    def settle(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        self.told.set()

    def give_back(self) -> None:
        self.back += 1
        self.told.set()


async def told(parcels: list[Parcel]) -> None:
    """Wait until each copy has its outcome, or has come back."""
    await asyncio.wait_for(asyncio.gather(*(parcel.told.wait() for parcel in parcels)), 10)
