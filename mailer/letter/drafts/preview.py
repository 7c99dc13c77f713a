"""Shows a manuscript as the mail it would be: pressed as for a sending, in one of several views."""

from __future__ import annotations

import enum
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from mailer.letter import as_shown, preflight
from mailer.letter.drafts.reading import loaders, source_of
from mailer.letter.finding import Finding, Severity, error
from mailer.letter.letter import (
    ExaminedLetter,
    Letter,
    LetterError,
    check_expressions,
    examine_letter,
)
from mailer.letter.limits import USUAL, LetterLimits
from mailer.letter.mail_html import MARKED
from mailer.letter.press import Pressed, press
from mailer.letter.sendable import identity_for, theme_of
from mailer.letter.theme import DEFAULT, SHIPPED, Theme, ThemePlaces, load_theme, shape_of
from mailer.links import Links
from mailer.recipient import Recipient
from mailer.sender import Identity
from pli.errors import PliError
from pli.language import Sentence

_HEAD = re.compile(r"</head>", re.IGNORECASE)
_MARK = f"<style>#{MARKED}{{outline:3px solid #c77700;outline-offset:4px}}</style>"
_TEXT = (
    '<!DOCTYPE html><html lang="{language}"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    "<title>{title}</title><style>body{{margin:1rem;color:#111;background:#fff}}"
    "pre{{white-space:pre-wrap;overflow-wrap:anywhere;"
    "font:clamp(12px,2.05vw,15px)/1.5 monospace}}</style></head>"
    "<body><main><pre>{text}</pre></main></body></html>"
)


_WEIGHT = {it: n for n, it in enumerate(Severity)}
"""What a person asked for comes before what the program found."""


class View(enum.Enum):
    """How a letter is looked at."""

    MAIL = "mail"
    NARROW = "narrow"
    DARK = "dark"
    NO_PICTURES = "no-pictures"
    SFR = "sfr"
    TEXT = "text"
    WEB = "web"


@dataclass(frozen=True, slots=True)
class Setting:
    """What a preview needs of the installation, and of the database."""

    identity: Identity
    links: Links
    key: str
    themes: ThemePlaces = SHIPPED
    sizes: LetterLimits = USUAL
    attributes: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding, and the field of the head that it is about, if it is about one.

    `value` is what a button may write into that field to mend it.
    """

    finding: Finding
    field: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """A page to be shown in a frame, and what is to be said of the letter, the gravest first.

    `page` is empty if there is none, as of a text that nests too deeply.
    """

    page: str
    findings: Sequence[Placed]

    @property
    def errors(self) -> int:
        """How many findings stop a sending."""
        return sum(it.finding.severity is Severity.ERROR for it in self.findings)


def preview(
    text: str,
    *,
    number: int | None,
    files: Mapping[str, bytes],
    setting: Setting,
    reader: Recipient,
    view: View = View.MAIL,
    line: int | None = None,
    further: Sequence[Placed] = (),
) -> Preview:
    """Press a manuscript; `line`, from 0 in the body, is where its author writes.

    `further` findings are put among the others.
    """
    load = loaders(files)
    examined = examine_letter(
        text.removeprefix("\ufeff"),
        source_of(number),
        load.picture,
        setting.sizes,
        load.attachment,
        lambda name: shape_of(name, setting.themes),
    )
    letter = examined.letter
    findings = [*_faults(examined), *_unknown(examined, setting), *further]
    identity = identity_for(letter, setting.identity)
    page = ""
    theme, no_theme = _theme(letter, setting)
    findings += no_theme
    try:
        pressed = press(letter, theme, identity, read=examined.parsed, marked=line)
        page = _page(pressed, letter, view, setting, reader)
        checked = preflight.check(letter, pressed, identity, setting.sizes, examined.parsed)
    except LetterError as refused:
        # A fault that was told above stands in the way of a page, or is told now.
        if not findings:
            findings += [_whole(letter, it) for it in refused.sentences]
    else:
        told = [it.finding.sentence for it in findings]
        findings += [Placed(it, _field(it)) for it in checked if it.sentence not in told]
    findings.sort(key=lambda it: _WEIGHT[it.finding.severity])
    return Preview(page, findings)


def _faults(examined: ExaminedLetter) -> list[Placed]:
    letter = examined.letter
    fields = {line: key for key, line in examined.lines.items()}
    found = []
    for at, sentence in examined.faults:
        line = at - letter.line
        place = f"{letter.source}:{at}"
        finding = error(place, sentence, Sentence(""), line=line if line >= 0 else None)
        found.append(Placed(finding, fields.get(at) or _named(sentence)))
    return found


def _named(sentence: Sentence) -> str:
    """The field that a sentence names as its `key`."""
    return str(sentence.values.get("key", ""))


def _field(finding: Finding) -> str:
    name = str(finding.sentence.values.get("name", ""))
    if name in ("title", "subject", "preheader"):
        return name
    return "preheader" if finding.sentence.text.startswith("the preheader") else ""


def _unknown(examined: ExaminedLetter, setting: Setting) -> list[Placed]:
    letter = examined.letter
    return [
        Placed(
            error(
                f"{letter.source}:{it.values['line']}",
                it.values["fault"],
                Sentence(""),
                line=it.values["line"] - letter.line,
            )
        )
        for it in check_expressions(letter, setting.attributes, examined.parsed)
    ]


def _theme(letter: Letter, setting: Setting) -> tuple[Theme, list[Placed]]:
    """The letter's theme; our first one, with the fault, if it cannot be used."""
    try:
        return theme_of(letter, setting.themes), []
    except PliError as refused:
        told = [Placed(_whole(letter, it).finding, "theme") for it in refused.sentences]
        return load_theme(DEFAULT), told


def _whole(letter: Letter, sentence: Sentence) -> Placed:
    return Placed(error(letter.source, sentence, Sentence("")))


def _page(pressed: Pressed, letter: Letter, view: View, setting: Setting, reader: Recipient) -> str:
    if view is View.TEXT:
        return _TEXT.format(
            language=letter.language,
            title=escape(letter.title or letter.source),
            text=escape(pressed.text(reader, setting.links, setting.key)),
        )
    page = pressed.web(reader.list) if view is View.WEB else ""
    page = page or pressed.preview(reader, setting.links, setting.key)
    if view is View.NO_PICTURES:
        page = as_shown.without_pictures(page)
    if view is View.SFR:
        page = as_shown.without_style(page)
    page = as_shown.in_scheme(page, dark=view is View.DARK)
    return _HEAD.sub(lambda found: _MARK + found[0], page, count=1)
