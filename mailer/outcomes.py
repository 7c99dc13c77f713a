"""What one try came to: only this module decides whether a reply is temporary or permanent.

A reply that is not known is temporary: only a reply that says so makes a copy fail.
"""

from __future__ import annotations

import enum
import random
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from mailer import answer_words
from mailer.models import Stage

_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?=\s|$)")  # RFC 2034 section 4
JITTER = 0.1
TEXT_LIMIT = 500


class Kind(enum.Enum):
    """The four outcomes of a try."""

    SENT = "sent"
    DEFERRED = "deferred"
    FAILED = "failed"
    UNCERTAIN = "uncertain"


class Reason(enum.Enum):
    """Why a copy failed, in the words of the report."""

    UNKNOWN_USER = "unknown_user"
    MAILBOX_FULL = "mailbox_full"
    POLICY = "policy"
    TOO_LARGE = "too_large"
    GAVE_UP = "gave_up"
    OTHER = "other"


class Outcome(NamedTuple):
    """What one try came to, how far it went, and the relay's answer (code 0: none)."""

    kind: Kind
    stage: Stage
    code: int = 0
    text: str = ""
    milliseconds: int = 0

    @property
    def enhanced(self) -> str | None:
        """The enhanced code (RFC 3463), if the reply's text begins with one."""
        return enhanced_code(self.text)


class Result(NamedTuple):
    """What the `number`-th try of one delivery came to; `at` in seconds of the epoch."""

    delivery_id: int
    number: int
    at: float
    outcome: Outcome

    @property
    def moment(self) -> datetime:
        """`at` as a datetime."""
        return datetime.fromtimestamp(self.at, UTC)


def enhanced_code(text: str) -> str | None:
    """The enhanced code (RFC 3463), if a reply's text begins with one."""
    match = _ENHANCED.match(text)
    return match.group(1) if match else None


def judge(stage: Stage, code: int, text: str, milliseconds: int = 0) -> Outcome:
    """The outcome of a reply at a stage.

    552 at RCPT without an enhanced code means "too many recipients" to old senders, and is
    temporary (RFC 5321 section 4.5.3.1.10). A reply without a meaning is temporary before the
    final dot. After the final dot it makes the copy uncertain. A refusal that names a limit of
    sending, of an hour or a day, is temporary: the limit passes.
    """
    if 200 <= code < 300 and stage is Stage.BODY:
        kind = Kind.SENT
    elif 500 <= code < 600:
        kind = Kind.DEFERRED if _passes(stage, code, text) else Kind.FAILED
    elif stage is Stage.BODY and not 400 <= code < 500:
        kind = Kind.UNCERTAIN
    else:
        kind = Kind.DEFERRED
    return Outcome(kind, stage, code, text[:TEXT_LIMIT], milliseconds)


def _passes(stage: Stage, code: int, text: str) -> bool:
    """Whether what a 5xx names passes by itself."""
    if code == 552 and stage is Stage.RCPT and not _ENHANCED.match(text):
        return True
    return answer_words.limit_in(text[:TEXT_LIMIT]) is not None


def accepted(code: int, text: str, milliseconds: int) -> Outcome:
    """The outcome of a 2xx to a body: the same as by `judge`, in fewer steps, once a copy."""
    return Outcome(_SENT, _BODY, code, text[:TEXT_LIMIT], milliseconds)


_SENT, _BODY = Kind.SENT, Stage.BODY


def lost(stage: Stage, text: str, milliseconds: int = 0) -> Outcome:
    """The outcome if the connection ended without a reply; after the final dot: uncertain."""
    kind = Kind.UNCERTAIN if stage is Stage.BODY else Kind.DEFERRED
    return Outcome(kind, stage, 0, text[:TEXT_LIMIT], milliseconds)


def reason_of(outcome: Outcome) -> Reason:
    """Why a failed copy failed: by its enhanced code, else by code and stage (RFC 3463, 5321)."""
    enhanced = outcome.enhanced or ""
    subject = enhanced[2:]
    if subject in ("1.1", "1.2", "1.3", "1.6", "1.10", "2.1"):
        return Reason.UNKNOWN_USER
    if subject == "2.2":
        return Reason.MAILBOX_FULL
    if subject in ("2.3", "3.4"):
        return Reason.TOO_LARGE
    if subject.startswith("7."):
        return Reason.POLICY
    if subject not in _SAY_NOTHING:
        return Reason.OTHER
    if outcome.code == 552 and not enhanced:
        return Reason.TOO_LARGE if outcome.stage is not Stage.RCPT else Reason.MAILBOX_FULL
    if outcome.stage is Stage.RCPT and (
        answer_words.says_unknown(outcome.text) or (outcome.code in _NAMES and not enhanced)
    ):
        return Reason.UNKNOWN_USER
    return Reason.OTHER


_NAMES = (551, 553)
"""Not of this server; no name of a mailbox (RFC 5321 section 4.2.3). 550 means many things."""


_SAY_NOTHING = ("", "0.0", "1.0", "2.0")
"""Enhanced codes without a detail (RFC 3463 section 3.1): as if there were none."""


def calls_unknown(outcome: Outcome) -> bool:
    """Whether a refusal is about a recipient who does not exist, by its code or in words."""
    if outcome.kind is not Kind.FAILED or outcome.stage in (Stage.CONNECT, Stage.MAIL):
        return False
    return reason_of(outcome) is Reason.UNKNOWN_USER or answer_words.says_unknown(outcome.text)


def is_gone(outcome: Outcome) -> bool:
    """Whether the relay said for certain that there is no such mailbox: 5.1.1 at RCPT."""
    return (
        outcome.kind is Kind.FAILED and outcome.stage is Stage.RCPT and outcome.enhanced == "5.1.1"
    )


def next_try(delays: Sequence[float], attempts: int) -> timedelta:
    """How long after the `attempts`-th try the next one comes.

    Varied by a tenth, so that copies deferred together do not come back together.
    """
    return timedelta(seconds=delays[attempts - 1] * random.uniform(1 - JITTER, 1 + JITTER))
