"""Freezes a letter for a sending, and prints its warnings."""

from __future__ import annotations

from collections.abc import Collection

from commands.common import tell
from commands.policy import identity_of, sizes_of, themes_of
from mailer.letter.letter import Letter
from mailer.letter.sendable import sendable
from mailer.letter.snapshot import Frozen
from pli.settings import Settings


def freeze(
    letter: Letter, settings: Settings, attributes: Collection[str], *, quiet: bool
) -> Frozen:
    """The letter as it will be sent; its warnings go to stderr, unless `quiet`."""
    checked = sendable(
        letter,
        identity=identity_of(settings, letter),
        attributes=attributes,
        sizes=sizes_of(settings),
        themes=themes_of(settings),
    )
    if not quiet:
        for finding in checked.warnings:
            tell(finding.told, stderr=True)
    return checked.frozen
