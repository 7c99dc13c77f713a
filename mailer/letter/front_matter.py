"""A letter's front matter: the YAML between two lines `---`, read with the line of each value."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import yaml
from babel.dates import get_month_names

from mailer.sender import parse_mailbox
from pli.language import LANGUAGES, N_, Sentence, say

REQUIRED = ("number", "title", "date", "subject", "preheader")
OPTIONAL = ("language", "theme", "from", "reply-to")

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
}
_EXAMPLES = {
    "number": "number: 294",
    "title": "title: …",
    "date": "date: 2026-11-24",
    "subject": 'subject: "…"',
    "preheader": "preheader: …",
}
LARGEST = 2**31 - 1


@dataclass(slots=True)
class FrontMatter:
    """The values of a front matter, the line of each, and the faults; lines count from 1.

    `end` is the line of the closing `---`, `body` the text below that line.
    """

    body: str
    end: int = 1
    values: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    faults: list[tuple[int, Sentence]] = field(default_factory=list)


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

    "?" stands for a value that is a fault already. None: the front matter is no mapping.
    """
    root = _composed(text, matter)
    unread = set(matter.lines)
    if root is None:
        return dict.fromkeys(unread, "?")
    if not isinstance(root, yaml.MappingNode):
        matter.faults.append((2, say(N_('the front matter is no list of "name: value" lines'))))
        return None
    scalars = dict.fromkeys(unread, "?")
    for key_node, node in root.value:
        line = key_node.start_mark.line + 2
        key = str(key_node.value).strip() if isinstance(key_node, yaml.ScalarNode) else "?"
        if key not in REQUIRED + OPTIONAL:
            matter.faults.append((line, _unknown(key)))
        elif key in matter.lines:
            fault = say(
                N_("{key} stands twice, first on line {first}: take one away"),
                key=key,
                first=matter.lines[key],
            )
            matter.faults.append((line, fault))
        else:
            matter.lines[key] = line
            scalars[key] = _text(key, node, line, matter)
    return scalars


def _composed(text: str, matter: FrontMatter) -> yaml.Node | None:
    """The YAML tree; an unreadable line becomes a fault, and the rest is read without that line."""
    lines = text.split("\n")
    for _ in range(len(lines) + 1):
        try:
            return yaml.compose("\n".join(lines), Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            line, fault = _yaml_fault(error)
            line = min(line, len(lines) + 1)
            matter.faults.append((line, fault))
            matter.lines[lines[line - 2].partition(":")[0].strip()] = line
            lines[line - 2] = ""
    return None


def _yaml_fault(error: yaml.YAMLError) -> tuple[int, Sentence]:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 2 if mark else 2
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", "") or "")
    if "mapping values are not allowed" in problem:
        # French sets a space before a colon, too: "title: Plénière : le compte rendu".
        return line, say(N_('": " within a value: put the whole value between quotes "…"'))
    return line, say(N_("cannot be read as YAML ({problem}): correct this line"), problem=problem)


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


def _text(key: str, node: yaml.Node, line: int, matter: FrontMatter) -> str:
    if not isinstance(node, yaml.ScalarNode):
        fault = say(N_("{key} is not one value: write one text after the colon"), key=key)
        matter.faults.append((line, fault))
        return "?"
    return "" if node.tag == "tag:yaml.org,2002:null" else str(node.value).strip()


def _convert(scalars: Mapping[str, str], matter: FrontMatter) -> None:
    for key, text in scalars.items():
        if not text or text == "?":
            continue
        value, fault = _READERS[key](key, text)
        if fault:
            matter.faults.append((matter.lines[key], fault))
        else:
            matter.values[key] = value


def _report_missing(scalars: Mapping[str, str], matter: FrontMatter) -> None:
    """Report a missing key at the closing line, where to add it; an empty value at its own line."""
    for key in REQUIRED:
        if not scalars.get(key):
            fault = say(N_("{key} is missing: add {example}"), key=key, example=_EXAMPLES[key])
            matter.faults.append((matter.lines.get(key, matter.end), fault))


_Read = tuple[Any, Sentence | None]


def _number(key: str, text: str) -> _Read:
    """Reads `294`, `"294"` and `n° 294`."""
    written = re.fullmatch(r"(?:n\s*[°ºo]?\.?\s*)?(\d{1,10})", text, re.IGNORECASE | re.ASCII)
    if written and 1 <= int(written[1]) <= LARGEST:
        return int(written[1]), None
    return None, say(
        N_('{key} "{text}" is not a whole number: write {example}'),
        key=key,
        text=text,
        example=_EXAMPLES["number"],
    )


def _date(key: str, text: str) -> _Read:
    """Reads `2025-10-14`, `14/10/2025`, `14.10.2025`, `14 octobre 2025` and `1er mai 2025`."""
    for parts in _dates(text):
        try:
            return date(*parts), None
        except ValueError:
            continue
    return None, say(
        N_('{key} "{text}" is not a date: write {example}, or 24/11/2026'),
        key=key,
        text=text,
        example=_EXAMPLES["date"],
    )


def _dates(text: str) -> Iterator[tuple[int, int, int]]:
    if iso := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", text, re.ASCII):
        yield int(iso[1]), int(iso[2]), int(iso[3])
    if french := re.fullmatch(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})", text, re.ASCII):
        yield int(french[3]), int(french[2]), int(french[1])
    if words := re.fullmatch(r"(\d{1,2})(?:er)?\s+(\w+)\s+(\d{4})", text):
        for language in LANGUAGES:
            for month, name in get_month_names("wide", locale=language).items():
                if name.casefold() == words[2].casefold():
                    yield int(words[3]), month, int(words[1])


def _line(key: str, text: str) -> _Read:
    """Reads a text for a header or the top of the page: one line, without expressions."""
    if any(ord(it) < 32 or it in "\x7f\x85\u2028\u2029" for it in text):
        return None, say(N_("{key} is more than one line: write it on one"), key=key)
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
        N_('{key} "{text}" is not the name of a theme: write lettre'), key=key, text=text
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
    "from": _mailbox,
    "reply-to": _mailbox,
}
