"""A letter that can be sent: checked, and frozen as it will be; any other is refused."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from mailer.letter import preflight
from mailer.letter.letter import Letter, LetterError, check_expressions
from mailer.letter.limits import USUAL, LetterLimits
from mailer.letter.preflight import Finding
from mailer.letter.press import press
from mailer.letter.snapshot import Frozen
from mailer.letter.theme import load_theme
from mailer.sender import Identity


@dataclass(frozen=True, slots=True)
class SendableLetter:
    """A letter as it will be sent, and what could be better in it."""

    frozen: Frozen
    warnings: Sequence[Finding]


def sendable(
    letter: Letter,
    *,
    identity: Identity,
    attributes: Collection[str],
    sizes: LetterLimits = USUAL,
) -> SendableLetter:
    """Check a letter, and freeze it; LetterError lists everything that forbids to send it.

    `attributes` are the declared ones, which its expressions may name.
    """
    if unknown := check_expressions(letter, attributes):
        raise LetterError.listing(unknown)
    theme = load_theme(letter.theme)
    findings = preflight.check(letter, press(letter, theme, identity), identity, sizes)
    if errors := preflight.errors(findings):
        raise LetterError.listing(it.line for it in errors)
    return SendableLetter(Frozen.of(letter, theme, identity), tuple(findings))
