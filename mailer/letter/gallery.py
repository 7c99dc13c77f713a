"""One page that shows the specimen in each theme, as different readers see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from jinja2 import Environment, StrictUndefined

from mailer.letter import as_shown, specimen, theme_files
from mailer.letter.theme import Theme
from mailer.links import Links
from mailer.recipient import Recipient
from mailer.sender import Identity
from pli.language import N_, Sentence, say

_TEMPLATE = "gallery.html.j2"


@dataclass(frozen=True, slots=True)
class View:
    """How one kind of reader sees a letter: a window's width, and what becomes of the page."""

    name: str
    title: Sentence
    width: int
    changed: Callable[[str], str]


VIEWS = (
    View("wide", say(N_("On a computer")), 700, lambda it: as_shown.in_scheme(it, dark=False)),
    View("dark", say(N_("On a dark screen")), 700, lambda it: as_shown.in_scheme(it, dark=True)),
    View("phone", say(N_("On a telephone")), 390, lambda it: as_shown.in_scheme(it, dark=False)),
    View(
        "phone-dark",
        say(N_("On a dark telephone")),
        390,
        lambda it: as_shown.in_scheme(it, dark=True),
    ),
    View("stripped", say(N_("Without style sheet (SFR, La Poste)")), 320, as_shown.without_style),
    View(
        "without-pictures",
        say(N_("Without pictures")),
        390,
        lambda it: as_shown.in_scheme(as_shown.without_pictures(it), dark=False),
    ),
)


def page(
    themes: Sequence[Theme],
    sender: Identity,
    *,
    reader: Recipient,
    links: Links,
    key: str,
    language: str,
) -> str:
    """The gallery as one file that needs no other. Raises ThemeError."""
    shown = []
    for theme in themes:
        copy = specimen.pressed(theme, sender).preview(reader, links, key)
        views = [(it.title.tell(language), it.width, it.changed(copy)) for it in VIEWS]
        shown.append((theme.name, views))
    template = (theme_files.home() / _TEMPLATE).read_text("utf-8")
    return (
        Environment(autoescape=True, undefined=StrictUndefined)
        .from_string(template)
        .render(title=say(N_("Themes of letters")).tell(language), language=language, themes=shown)
    )
