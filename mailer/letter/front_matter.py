"""A letter's front matter: the YAML between two lines `---`, read with the line of each value."""

from __future__ import annotations

import difflib
import re
import textwrap
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from mailer.letter import dates, name_list
from mailer.letter.note import Note
from mailer.sender import parse_mailbox
from pli.harmless import DIRECTIONS, without_directions
from pli.language import LANGUAGES, N_, Sentence, say

REQUIRED = ("number", "title", "date", "subject", "preheader")
OPTIONAL = ("language", "theme", "typography", "from", "reply-to", "attachments")
LISTS = frozenset(("attachments",))
"""Keys whose value is a list; each of its entries is kept with its line."""
STRICT = "strict"
MISSING = N_("{key} is missing: add {example}")
"""What is told of a key without a value."""

# French names that an author tries first; they are too far from ours for the nearest-name hint.
_FRENCH = {
    "numero": "number",
    "numéro": "number",
    "titre": "title",
    "objet": "subject",
    "sujet": "subject",
    "accroche": "preheader",
    "langue": "language",
    "de": "from",
    "expediteur": "from",
    "expéditeur": "from",
    "repondre-a": "reply-to",
    "reply_to": "reply-to",
    "typographie": "typography",
    "pièces jointes": "attachments",
    "pieces jointes": "attachments",
    "pièces-jointes": "attachments",
    "pieces-jointes": "attachments",
    "pièce jointe": "attachments",
    "pj": "attachments",
}
_EXAMPLES = {
    "number": "number: 294",
    "title": "title: …",
    "date": "date: 2026-11-24",
    "subject": 'subject: "…"',
    "preheader": "preheader: …",
}
LARGEST = 2**31 - 1
FIXME = "FIXME"
"""Stands for a value that an import found nowhere in the document."""


@dataclass(slots=True)
class FrontMatter:
    """The values of a front matter, the line of each, faults and notes; lines count from 1.

    `end` is the line of the closing `---`, `body` the text below that line.
    """

    body: str
    end: int = 1
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    faults: list[tuple[int, Sentence]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def read(text: str) -> FrontMatter:
    """Read the front matter of a letter; raises nothing, `faults` holds every fault."""
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        fault = say(N_('the front matter is missing: begin with "---", "number: …" and so on'))
        return FrontMatter(text, faults=[(1, fault)])
    end = next((n for n, line in enumerate(lines[1:], 2) if line.rstrip() in ("---", "...")), None)
    if end is None:
        fault = say(N_('the front matter does not end: write a line "---" after its last line'))
        return FrontMatter("", faults=[(1, fault)])
    matter = FrontMatter("\n".join(lines[end:]), end)
    scalars = _scalars("\n".join(lines[1 : end - 1]), matter)
    if scalars is not None:
        _convert(scalars, matter)
        _report_missing(scalars, matter)
    return matter


def _scalars(text: str, matter: FrontMatter) -> dict[str, str] | None:
    """The text of each key's value, as written: 0294 stays 0294, and 2025-10-14 stays a text.

    "?" stands for a value that is a fault already. None: the front matter has no values.
    """
    scalars: dict[str, str] = {}
    found = [*entries(text)]
    if found and all(entry.key is None for entry in found):
        matter.faults.append((2, say(N_('the front matter is no list of "name: value" lines'))))
        return None
    for entry in found:
        key = entry.key
        if key is None:
            fault = say(N_('this line is no "name: value": put a whole value on one line'))
            matter.faults.append((entry.line, fault))
        elif key not in REQUIRED + OPTIONAL:
            matter.faults.append((entry.line, _unknown(key)))
        elif key in matter.lines:
            fault = say(
                N_("{key} stands twice, first on line {first}: take one away"),
                key=key,
                first=matter.lines[key],
            )
            matter.faults.append((entry.line, fault))
        elif key in LISTS:
            matter.lines[key] = entry.line
            _list(key, entry, matter)
        else:
            matter.lines[key] = entry.line
            value, fault_in = _value(key, entry.value)
            scalars[key] = "?" if fault_in else value
            if fault_in:
                matter.faults.append((entry.line, fault_in))
    return scalars


@dataclass(slots=True)
class Entry:
    """A line `key: value` with the lines that continue it; `key` is None if it is no such line."""

    line: int
    key: str | None
    value: str


def entries(text: str) -> Iterator[Entry]:
    """The entries of a front matter: YAML's, line by line, so that one does not spoil the rest."""
    entry: Entry | None = None
    for number, line in enumerate(textwrap.dedent(text).split("\n"), 2):
        continues = entry is not None and entry.key is not None and line[:1] in (" ", "\t")
        if entry and entry.key in LISTS and name_list.BELONGS.match(line):
            continues = True
        if entry and (continues or (not line.strip() and _BLOCK.match(entry.value))):
            entry.value += f"\n{line}"
            continue
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if entry:
            yield entry
        found = _KEY.fullmatch(line.strip())
        near = _NEAR.fullmatch(line.strip())
        if found:
            entry = Entry(number, found[1].strip(" \t\"'"), found[2] or "")
        elif near and near[1].strip().lower() in (*REQUIRED, *OPTIONAL):
            # "subject:Urgent": YAML asks for a space, and no reader would.
            entry = Entry(number, near[1].strip().lower(), near[2])
        else:
            entry = Entry(number, None, line)
    if entry:
        yield entry


_KEY = re.compile(r"([^\s:#\[{-][^:]{0,60}?)\s*:(?:\s+(.*))?")
_NEAR = re.compile(r"([A-Za-z-]{1,20}\s*):(\S.*)")
_BLOCK = re.compile(r"[|>][+-]?[1-9]?[+-]?\s*(?:\n|\Z)")
PROSE = frozenset(("title", "subject", "preheader"))
"""Keys whose values are sentences: nothing in them is YAML's."""


def _value(key: str, written: str) -> tuple[str, Sentence | None]:
    """A value as its author wrote it; a fault where YAML would read anything else."""
    plain = " ".join(line.strip() for line in written.split("\n") if line.strip())
    if sign := _unseen(plain):
        return "", _hidden(key, sign)
    read = yaml_text(written)
    if key not in PROSE:
        return plain if read is None else read, None
    marked = written[:1] in ("'", '"') or _BLOCK.match(written)
    if read is not None and (marked or read == plain):
        return read, None
    if ": " in plain and not marked:
        # French sets a space before a colon, too: "title: Plénière : le compte rendu".
        return "", say(N_('": " within a value: put the whole value between quotes "…"'))
    return "", say(
        N_('YAML reads "{sign}" as a sign of its own: put the whole value between quotes {quotes}'),
        sign="#" if " #" in plain and plain[0] not in _SIGNS else plain[:1],
        quotes="'…'" if '"' in plain and "'" not in plain else '"…"',
    )


def yaml_text(written: str) -> str | None:
    """What YAML reads as one text; None if it reads none, or something else."""
    if not written.strip():
        return ""
    try:
        node = yaml.compose(f"k: {written}", Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    if not isinstance(node, yaml.MappingNode) or len(node.value) != 1:
        return None
    value = node.value[0][1]
    return str(value.value).strip() if isinstance(value, yaml.ScalarNode) else None


def _list(key: str, entry: Entry, matter: FrontMatter) -> None:
    names: list[tuple[int, str]] = []
    for line, name in name_list.read(entry.value, entry.line):
        if name is None:
            fault = N_('{key} is a list: write each name on a line of its own, behind "- "')
            matter.faults.append((line, say(fault, key=key)))
        elif sign := _unseen(name):
            matter.faults.append((line, _hidden(key, sign)))
        elif shown := without_directions(name).strip():
            if shown != name.strip():
                matter.notes.append(_turned(key, name, line))
            names.append((line, shown))
    matter.values[key] = names


def _unseen(text: str) -> str:
    """The first character of a text that no reader sees as one, such as a control character."""
    return next(
        (
            it
            for it in text
            if unicodedata.category(it) in ("Cc", "Cs", "Zl", "Zp") or ord(it) & 0xFFFE == 0xFFFE
        ),
        "",
    )


def _hidden(key: str, sign: str) -> Sentence:
    if sign in _LINE_ENDS:
        return say(N_("{key} is more than one line: write it on one"), key=key)
    return say(
        N_("{key} holds a character that nobody sees (U+{code}): write it anew"),
        key=key,
        code=f"{ord(sign):04X}",
    )


_LINE_ENDS = frozenset("\t\n\v\f\r\x85\u2028\u2029")
_SIGNS = frozenset("[]{}!&*@%`|>?-,'\"#")
"""Signs with which YAML lets no plain text begin."""


def _unknown(key: str) -> Sentence:
    near = _FRENCH.get(key.lower()) or next(
        iter(difflib.get_close_matches(key.lower(), REQUIRED + OPTIONAL, 1, 0.6)), None
    )
    if near:
        return say(N_('"{key}" is not known here: did you mean "{near}"?'), key=key, near=near)
    return say(
        N_('"{key}" is not known here: take it away (there are {known})'),
        key=key,
        known=", ".join(REQUIRED + OPTIONAL),
    )


def _convert(scalars: Mapping[str, str], matter: FrontMatter) -> None:
    for key, text in scalars.items():
        if not text or text == "?":
            continue
        shown = without_directions(text)
        if shown != text:
            matter.notes.append(_turned(key, text, matter.lines[key]))
        value, fault = _READERS[key](key, shown)
        if fault:
            matter.faults.append((matter.lines[key], fault))
        else:
            matter.values[key] = value


def _turned(key: str, text: str, line: int) -> Note:
    sign = next(it for it in text if it in DIRECTIONS)
    return Note(
        line,
        say(
            N_("{key} held a sign that turns the text around (U+{code}), which was taken out"),
            key=key,
            code=f"{ord(sign):04X}",
        ),
        say(N_("write it anew, without copying it")),
    )


def _report_missing(scalars: Mapping[str, str], matter: FrontMatter) -> None:
    """Report a missing key at the closing line, where to add it; an empty value at its own line."""
    for key in REQUIRED:
        if not scalars.get(key):
            fault = say(MISSING, key=key, example=_EXAMPLES[key])
            matter.faults.append((matter.lines.get(key, matter.end), fault))


_Read = tuple[Any, Sentence | None]


def _number(key: str, text: str) -> _Read:
    """Reads `294`, `"294"` and `n° 294`."""
    written = re.fullmatch(r"(?:n\s*+[°ºo]?+\.?+\s*+)?+(\d{1,10})", text, re.IGNORECASE | re.ASCII)
    if written and 1 <= int(written[1]) <= LARGEST:
        return int(written[1]), None
    return None, say(
        N_('{key} "{text}" is no number of a letter: write {example}'),
        key=key,
        text=text,
        example=_EXAMPLES["number"],
    )


def _date(key: str, text: str) -> _Read:
    if day := dates.read(text):
        return day, None
    return None, say(
        N_('{key} "{text}" is not a date: write {example}, or 24/11/2026'),
        key=key,
        text=text,
        example=_EXAMPLES["date"],
    )


def _line(key: str, text: str) -> _Read:
    """Reads a text for a header or the top of the page: one line, without expressions."""
    if sign := _unseen(text):
        return None, _hidden(key, sign)
    if text == FIXME:
        return None, say(N_("{key} is not written yet: write it instead of FIXME"), key=key)
    if re.search(r"\{\{|\{%|\{#|%7b%7b", text, re.IGNORECASE):
        return None, say(
            N_('{key} holds "{{{{" or "{{%": personal words can stand in the text only'), key=key
        )
    return text, None


def _language(key: str, text: str) -> _Read:
    if text in LANGUAGES:
        return text, None
    return None, say(
        N_('{key} "{text}" is not spoken here: write one of {known}'),
        key=key,
        text=text,
        known=", ".join(LANGUAGES),
    )


def _theme(key: str, text: str) -> _Read:
    if re.fullmatch(r"[a-z0-9][a-z0-9-]{0,40}", text):
        return text, None
    return None, say(
        N_('{key} "{text}" is not the name of a theme: "pli theme list" shows them'),
        key=key,
        text=text,
    )


def _typography(key: str, text: str) -> _Read:
    if text == STRICT:
        return text, None
    return None, say(
        N_('{key} "{text}" is not known: write strict, or take the line away'), key=key, text=text
    )


def _mailbox(key: str, text: str) -> _Read:
    if parse_mailbox(text):
        return text, None
    return None, say(
        N_('{key} "{text}" is not an address: write it like Comité <comite@example.org>'),
        key=key,
        text=text,
    )


_READERS = {
    "number": _number,
    "title": _line,
    "date": _date,
    "subject": _line,
    "preheader": _line,
    "language": _language,
    "theme": _theme,
    "typography": _typography,
    "from": _mailbox,
    "reply-to": _mailbox,
}
