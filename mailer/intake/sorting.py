"""What a mail that waits is, as far as it tells by itself: no question is asked to the database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from mailer.bounces.arrivals import Arrival, arrival_of
from mailer.bounces.mail import Mail, opened
from mailer.bounces.reading import read_mail
from mailer.bounces.relays.kinds import KINDS, number_of
from mailer.bounces.report import Kind, Report
from mailer.bounces.tokens import Tokens
from mailer.bounces.whose import came_to_by
from mailer.intake import probes
from mailer.intake.taking import MAIL
from mailer.intake.waiting import Waiting, Worked
from mailer.links import OptOutToken

_LETTERS_COME_BACK = (Kind.FAILURE, Kind.DELAY, Kind.SUCCESS, Kind.COMPLAINT)


class CameBack(NamedTuple):
    """Something that came back: a mail, or an event of a relay that may name several recipients."""

    row: Waiting
    arrivals: Sequence[Arrival]

    @property
    def worked(self) -> Worked:
        """What it was, once it is recorded."""
        kind = self.arrivals[-1].report.kind if self.arrivals else Kind.OTHER
        return Worked(kind.value, acted=any(it.number is not None for it in self.arrivals))


class Opened(NamedTuple):
    """A mail that is open: what it says, and the addresses that it came to.

    `number`: the delivery or notice to whose return path it came; `leaving`: who leaves which list,
    if it came to an address to leave by.
    """

    mail: Mail
    report: Report
    number: int | None
    leaving: OptOutToken | None


def open_mail(row: Waiting, tokens: Tokens) -> Opened:
    """Open a mail and read it; never fails."""
    mail = opened(row.raw)
    report = read_mail(mail)
    addresses = (row.came_to, *came_to_by(mail))
    number = next((it for it in map(tokens.of_return_path, addresses) if it is not None), None)
    leaving = None
    if number is None and report.kind not in _LETTERS_COME_BACK:
        leaving = next((it for it in map(tokens.of_leave_address, addresses) if it), None)
    return Opened(mail, report, number, leaving)


def came_back(row: Waiting, tokens: Tokens) -> CameBack | None:
    """What came back; None: a person wrote it, or the doctor did."""
    if row.form != MAIL:
        return CameBack(row, _events(row, tokens))
    mail, report, number, leaving = open_mail(row, tokens)
    if number == probes.NUMBER or leaving or (number is None and report.kind is Kind.OTHER):
        return None
    arrival = arrival_of(
        mail, report, raw=row.raw, came_to=row.came_to, door=row.door, tokens=tokens
    )
    return CameBack(row, [arrival])


def _events(row: Waiting, tokens: Tokens) -> Sequence[Arrival]:
    """What a relay tells: each recipient of an event is recorded by itself."""
    # The second recipient of one event has the same octets.
    return [
        Arrival(row.raw + b" " * place, "", row.door, it.report, number_of(it, tokens))
        for place, it in enumerate(KINDS[row.form].read(json.loads(row.raw)))
    ]
