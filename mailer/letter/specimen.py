"""Presses the specimen: a letter with all that letters may have, by which themes are judged."""

from __future__ import annotations

from dataclasses import replace

from mailer.letter import theme_files
from mailer.letter.letter import Letter, LetterError, read_letter
from mailer.letter.press import Pressed, press
from mailer.letter.theme import Theme
from mailer.letter.theme_toml import ThemeError
from mailer.sender import Identity
from pli.language import N_

INVENTED = Identity(
    committee="Comité régional du Val-d’Orme",
    address="3 place du Marché\n99000 Aubrac-sur-Orme",
    phone="02 99 00 00 00",
    email="comite@orme.example.org",
    sender="",
    reply_to="",
    public_url="https://lettres.orme.example.org",
)
"""A committee that there is not."""


def letter() -> Letter:
    """The specimen itself."""
    return read_letter(theme_files.home() / "specimen" / "letter.md")


def identity(given: Identity) -> Identity:
    """The sender of a specimen: as given, and invented where nothing is given."""
    known = {
        name: value
        for name in ("committee", "address", "phone", "email", "public_url")
        if (value := getattr(given, name))
    }
    return replace(INVENTED, **known)


def pressed(theme: Theme, sender: Identity) -> Pressed:
    """The specimen in a theme; ThemeError if a letter in it would not be whole."""
    try:
        made = press(letter(), theme, sender)
    except LetterError:
        raise ThemeError(
            N_(
                "the theme {name} leaves out a line of the footer or a link to leave by: put "
                "unsubscribe, web_version, list_title and the lines of identity into {file}"
            ),
            name=theme.name,
            file=theme.places.get(theme_files.HTML, theme_files.HTML),
        ) from None
    made.web_pieces()
    return made
