"""A letter that can be sent: checked, and frozen as it will be; any other is refused."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from mailer.letter import preflight, specimen
from mailer.letter.letter import Letter, LetterError, check_expressions
from mailer.letter.limits import USUAL, LetterLimits
from mailer.letter.preflight import Finding
from mailer.letter.press import press
from mailer.letter.snapshot import Frozen
from mailer.letter.theme import SHIPPED, Theme, ThemePlaces, UnknownTheme, load_theme
from mailer.sender import Identity
from pli.language import N_


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
    themes: ThemePlaces = SHIPPED,
) -> SendableLetter:
    """Check a letter, and freeze it; LetterError lists everything that forbids to send it.

    `attributes` are the declared ones, which its expressions may name.
    """
    if unknown := check_expressions(letter, attributes):
        raise LetterError.listing(unknown)
    theme = theme_of(letter, themes)
    findings = preflight.check(letter, press(letter, theme, identity), identity, sizes)
    if errors := preflight.errors(findings):
        raise LetterError.listing(it.told for it in errors)
    return SendableLetter(Frozen.of(letter, theme, identity), tuple(findings))


def identity_for(letter: Letter, identity: Identity) -> Identity:
    """The sender of an installation, or what the letter names instead."""
    return replace(
        identity,
        sender=letter.sender or identity.sender,
        reply_to=letter.reply_to or identity.reply_to,
    )


def theme_of(letter: Letter, themes: ThemePlaces) -> Theme:
    """The theme that a letter names; LetterError with its line if there is none of this name.

    A person's own templates press the specimen first: a fault of theirs is none of the letter.
    """
    try:
        theme = load_theme(letter.theme, themes)
    except UnknownTheme as error:
        raise LetterError(
            N_("{place}: {fault}"),
            place=f"{letter.source}:{letter.theme_line}",
            fault=error.sentences[0],
        ) from None
    if theme.places:
        specimen.pressed(theme, specimen.INVENTED)
    return theme
