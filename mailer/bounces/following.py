"""What follows from a bounce of one copy: an address is suppressed, held, or only noted."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from mailer.bounce_models import Bounce, Effect
from mailer.bounces import deciding, repeated, rows
from mailer.bounces.copies import Copy
from mailer.bounces.report import Judged, Kind, Report, Weight
from mailer.bounces.rules import BounceRules
from mailer.bounces.running_burst import RunningBurst
from mailer.providers import WHOLE
from pli.packing import among, gathered, packed_ids
from subscribers import optout
from subscribers.models import Subscriber, SuppressionReason

log = logging.getLogger("pli.bounces")

_COUNTED = (Weight.CERTAIN, Weight.LIKELY)
_CONCERNS = (*_COUNTED, Weight.TEMPORARY)
"""What is said about an address; the rest is about us, or about the person."""


class Answer(NamedTuple):
    """What a mail says of one copy.

    `written` is the address that the letter was written to, "" if the mail does not tell it.
    """

    mail_id: int
    copy: Copy
    written: str
    report: Report


class Followed(NamedTuple):
    """The bounce that was recorded, and what followed; its id is None if it was told before."""

    bounce_id: int | None = None
    effect: Effect = Effect.NONE


def record(
    session: Session, answers: Sequence[Answer], *, rules: BounceRules, now: datetime
) -> Sequence[Followed]:
    """Record what mails say of copies, in their order, and do what follows.

    The rows are the same as if each answer were recorded by a call of its own.
    """
    if not answers:
        return []
    recording = _Recording(session, answers, rules, now)
    for it in answers:
        recording.take(it)
    recording.write()
    return recording.followed()


@dataclass(slots=True, eq=False)
class _Row:
    """A bounce that is to be written, and what follows from it so far."""

    answer: Answer
    told: dict[str, str]
    weight: Weight
    effect: Effect
    counts: bool
    is_written: bool = False
    id: int | None = None
    suppressed_for: SuppressionReason | None = None

    def values(self) -> dict[str, object]:
        """Its columns."""
        copy = self.answer.copy
        return self.told | {
            "mail_id": self.answer.mail_id,
            "delivery_id": copy.id,
            "notice_id": None,
            "campaign_id": copy.campaign_id,
            "provider": copy.provider,
            "effect": self.effect.value,
            "counts": self.counts,
        }


class _Recording:
    """Records answers in their order; their rows wait until they can be written together.

    Where a decision asks the database for what the rows before have changed, they are written
    first.
    """

    def __init__(
        self, session: Session, answers: Sequence[Answer], rules: BounceRules, now: datetime
    ) -> None:
        self._session = session
        self._answers = answers
        self._rules = rules
        self._now = now
        self._rows: list[_Row | None] = []
        self._waiting: list[_Row] = []
        self._bursts: dict[int, RunningBurst] = {}
        self._has_held = False
        self._answers_of = Counter(it.copy.subscriber_id for it in answers)
        self._seconds: set[int] | None = None
        self._nearly_stale: set[int] | None = None
        ids = packed_ids(sorted({it.copy.id for it in answers}))
        found = json.loads(session.scalar(_TOLD, {"ids": ids}) or "[]")
        self._told = {tuple(row[:5]) for row in found}
        self._taken_back = {row[0] for row in found if row[5]}

    def take(self, answer: Answer) -> None:
        """Decide what follows from an answer."""
        copy, report = answer.copy, answer.report
        judged = report.about(copy.email) or rows.main(report)
        same = _is_of(copy, judged, answer.written)
        weight = judged.verdict.weight
        if weight is Weight.CERTAIN and same is None:
            weight = Weight.LIKELY  # told of another address, perhaps one that it was passed on to
        counts = weight in _COUNTED and same is not False
        former = same is False and weight in _CONCERNS and copy.subscriber_id is not None
        effect = Effect.FORMER if former else Effect.NONE
        told = rows.told(report, judged, weight)
        key = (copy.id, told["action"], told["reason"], told["status"], told["how"])
        if key in self._told:
            self._rows.append(None)
            return
        self._told.add(key)
        burst = self._burst(copy) if counts else None
        row = _Row(answer, told, weight, effect, counts)
        self._rows.append(row)
        self._waiting.append(row)
        if burst is not None:
            burst.add(copy.provider)
        # Who complains means us, by whatever address.
        concerned = same is not False or report.kind is Kind.COMPLAINT
        if copy.subscriber_id is not None and concerned:
            self._follow(row, copy.subscriber_id)

    def write(self) -> None:
        """Write the rows that wait, and suppress."""
        waiting, self._waiting = self._waiting, []
        ids = rows.bounces.write(self._session, [it.values() for it in waiting], self._now)
        for it, bounce_id in zip(waiting, ids, strict=True):
            it.id, it.is_written = bounce_id, True
            if bounce_id is not None:
                _log(it, bounce_id)
        self._suppress(waiting)

    def followed(self) -> Sequence[Followed]:
        """What was recorded of each answer."""
        return [
            Followed(it.id, it.effect) if it is not None and it.id is not None else Followed()
            for it in self._rows
        ]

    def _follow(self, row: _Row, subscriber_id: int) -> None:
        copy = row.answer.copy
        if row.answer.report.kind is Kind.COMPLAINT:
            row.suppressed_for = SuppressionReason.COMPLAINT
        elif row.weight in _COUNTED and copy.id in self._taken_back:
            # A person took back another of the same copy already.
            if row.counts:
                self._burst(copy).add(copy.provider, -1)
            row.effect, row.counts = Effect.UNDONE, False
            return
        elif row.weight in _COUNTED and self._is_in_a_burst(copy):
            held = row.weight is Weight.CERTAIN
            if held and row.counts:
                self._burst(copy).hold(copy.provider)
            self._become(row, Effect.HELD if held else Effect.UNDONE)
            return
        elif self._is_enough(row, subscriber_id):
            row.suppressed_for = SuppressionReason.HARD_BOUNCE
        if row.weight in _COUNTED:
            self._burst(copy).passes(copy.provider)
        if row.suppressed_for is not None:
            self._become(row, Effect.SUPPRESSED)

    def _become(self, row: _Row, effect: Effect) -> None:
        row.effect = effect
        if row.is_written and row.id is not None:
            deciding.mark(self._session, row.id, effect)
            self._suppress([row])

    def _burst(self, copy: Copy) -> RunningBurst:
        """What counts towards a burst of the copy's campaign; asked for before its row waits."""
        if copy.campaign_id not in self._bursts:
            self._bursts[copy.campaign_id] = RunningBurst(
                self._session, copy.campaign_id, self._now
            )
        return self._bursts[copy.campaign_id]

    def _is_in_a_burst(self, copy: Copy) -> bool:
        """Whether the copy's provider is in a burst by now; a burst that begins is held."""
        running = self._burst(copy)
        if running.holds(copy.provider):
            return True
        found = running.found()
        if found is None:
            return False
        if found.provider not in running.clean:
            self.write()
            deciding.hold(self._session, copy.campaign_id, found, self._now)
            self._has_held = True
            clean = running.clean | {found.provider}
            self._bursts[copy.campaign_id] = RunningBurst(
                self._session, copy.campaign_id, self._now, clean
            )
        return found.provider in (WHOLE, copy.provider)

    def _is_enough(self, row: _Row, subscriber_id: int) -> bool:
        match row.weight:
            case Weight.CERTAIN:
                return True
            case Weight.LIKELY:
                return self._is_second(row, subscriber_id)
            case Weight.TEMPORARY if self._rules.suppress_stale:
                return self._is_stale(row, subscriber_id)
        return False

    def _is_second(self, row: _Row, subscriber_id: int) -> bool:
        if self._answers_of[subscriber_id] == 1 and not self._has_held:
            if self._seconds is None:
                alone = [
                    it.copy.id
                    for it in self._answers
                    if it.copy.subscriber_id is not None
                    and self._answers_of[it.copy.subscriber_id] == 1
                ]
                self._seconds = repeated.seconds(self._session, alone, self._rules, self._now)
            return row.answer.copy.id in self._seconds
        # What the rows before have changed may decide.
        if not row.is_written:
            self.write()
        return bool(repeated.seconds(self._session, [row.answer.copy.id], self._rules, self._now))

    def _is_stale(self, row: _Row, subscriber_id: int) -> bool:
        if self._nearly_stale is None:
            self._nearly_stale = repeated.nearly_stale(
                self._session,
                {it: n for it, n in self._answers_of.items() if it is not None},
                self._rules,
            )
        if subscriber_id not in self._nearly_stale:
            return False
        if not row.is_written:
            self.write()
        return repeated.is_stale(self._session, subscriber_id, self._rules, self._now)

    def _suppress(self, written: Sequence[_Row]) -> None:
        """Suppress whom these rows do; of several for one address the first strongest counts."""
        chosen: dict[int, _Row] = {}
        for it in written:
            who = it.answer.copy.subscriber_id
            if it.id is None or it.suppressed_for is None or who is None:
                continue
            if who not in chosen or (
                it.suppressed_for is not chosen[who].suppressed_for
                and it.suppressed_for is SuppressionReason.COMPLAINT
            ):
                chosen[who] = it
        if not chosen:
            return
        found = self._session.execute(_KEYS, {"ids": packed_ids(sorted(chosen))})
        keys = {row.id: row.address_key for row in found}
        for reason in (SuppressionReason.HARD_BOUNCE, SuppressionReason.COMPLAINT):
            sources = {
                keys[who]: deciding.source_of(it.answer.copy.campaign_id, it.id)
                for who, it in chosen.items()
                if it.suppressed_for is reason and who in keys
            }
            optout.suppress_each(self._session, sources, reason=reason, now=self._now)


_KEYS = select(Subscriber.id, Subscriber.address_key).where(Subscriber.id.in_(among("ids")))
_TOLD = select(
    gathered(
        Bounce.delivery_id,
        Bounce.action,
        Bounce.reason,
        Bounce.status,
        Bounce.how,
        case((deciding.TAKEN_BACK_BY_A_PERSON, 1), else_=0),
    )
).where(Bounce.delivery_id.in_(among("ids")))


def _log(row: _Row, bounce_id: int) -> None:
    copy = row.answer.copy
    log.info(
        "bounce.recorded",
        extra={
            "bounce": bounce_id,
            "delivery": copy.id,
            "campaign": copy.campaign_id,
            "reason": row.told["reason"],
            "weight": row.weight.value,
        },
    )
    if row.weight is Weight.POLICY:
        log.warning("bounce.policy", extra={"campaign": copy.campaign_id, "bounce": bounce_id})


def _is_of(copy: Copy, judged: Judged, written: str) -> bool | None:
    """Whether a mail is about the address that the person has now; None if it does not tell.

    Who has another address since the letter left must not lose that one. Neither must somebody
    whose mailbox passes letters on to an address that is gone: such a mail names only that one.
    """
    now_called = copy.email.casefold()
    named = {judged.recipient.address.casefold(), judged.recipient.original.casefold()}
    if now_called in named:
        return True
    if written and written.casefold() != now_called:
        return False
    # A complaint's address is taken out on purpose; the token is enough.
    return True if named == {""} else None
