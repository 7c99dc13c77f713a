"""The numbers by which answers weigh; settings of an installation, given as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class BounceRules:
    """When an address is suppressed, or asked about, that was not called unknown for certain."""

    keep_days: int = 90
    """For how long a mail that came back is kept."""
    likely_days: int = 7
    """So long after a first "likely gone" a second one, of another letter, suppresses."""
    stale_letters: int = 5
    stale_days: int = 60
    """So many letters came back for passing trouble, over so long a time: staff are asked."""
    reset_days: int = 14
    """A letter that nothing came back of for so long was taken: what came before counts no more."""
    suppress_stale: bool = False
    """Whether an address of which staff would be asked is suppressed at once."""

    @property
    def likely(self) -> timedelta:
        """`likely_days` as a time."""
        return timedelta(days=self.likely_days)

    @property
    def stale(self) -> timedelta:
        """`stale_days` as a time."""
        return timedelta(days=self.stale_days)

    @property
    def reset(self) -> timedelta:
        """`reset_days` as a time."""
        return timedelta(days=self.reset_days)


USUAL = BounceRules()
