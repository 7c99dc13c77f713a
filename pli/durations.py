"""Numbers of people as somebody types them, and stretches of time in words."""

from __future__ import annotations

import unicodedata
from datetime import timedelta

from pli.language import N_, Sentence, say, say_n

_GROUPED = frozenset(" \u00a0\u202f\u2009\u2007.,'’_\u066c")
_LONGEST = 30


def typed_number(text: str) -> int | None:
    """A whole number as people type it, or None.

    Spaces (also the narrow one of French), points, commas and apostrophes between groups of digits
    are read over, and digits of every script are digits.
    """
    if len(text) > _LONGEST:
        return None
    digits = [it for it in text.strip() if it not in _GROUPED and unicodedata.category(it) != "Cf"]
    if not digits or not all(it.isdecimal() for it in digits):
        return None
    return int("".join(str(unicodedata.decimal(it)) for it in digits))


def lasting(time: timedelta) -> Sentence:
    """How long that is, in the two largest units: "2 days and 3 hours", "5 minutes"."""
    minutes = max(0, round(time.total_seconds() / 60))
    if minutes == 0:
        return say(N_("less than a minute"))
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    parts = [
        say_n("{n} day", "{n} days", days) if days else None,
        say_n("{n} hour", "{n} hours", hours) if hours else None,
        say_n("{n} minute", "{n} minutes", minutes) if minutes and not days else None,
    ]
    told = [it for it in parts if it is not None]
    if len(told) == 1:
        return told[0]
    return say(N_("{first} and {second}"), first=told[0], second=told[1])
