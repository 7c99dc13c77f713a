"""How much of a subject lists of mails show, where a program cuts it off.

Widths depend on window and font: these are what is reported for usual ones (sg-autorepondeur.com
for Orange; many for Gmail in a window of 1,280 pixels), and none was measured here.
"""

from __future__ import annotations

from collections.abc import Mapping

SHOWN: Mapping[str, int] = {"Orange": 30, "Gmail": 70}
"""Signs of a subject, by program."""


def cuts(subject: str) -> dict[str, str]:
    """What each program shows of a subject that it cuts; programs that show all are left out."""
    return {
        program: subject[: most - 1].rstrip() + "…"
        for program, most in SHOWN.items()
        if len(subject) > most
    }
