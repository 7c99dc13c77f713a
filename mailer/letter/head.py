"""A letter's file in two: its head, which is the front matter as written, and its body.

The office shows the values of a head as fields. A value that somebody changes is written anew; all
other lines stay as they are, byte for byte, also those that the office has no field for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailer.letter.front_matter import PROSE, Entry, entries, yaml_text
from pli.language import N_

FIELDS = ("number", "title", "date", "subject", "preheader", "language", "theme")
"""The keys that the office has fields for, in the order in which a new head has them."""
LABELS: Mapping[str, str] = {
    "title": N_("Title"),
    "number": N_("Number"),
    "date": N_("Date"),
    "subject": N_("Subject"),
    "preheader": N_("Preheader"),
    "language": N_("Language"),
    "theme": N_("Theme"),
}
"""What the fields are called on pages."""
USUAL = {"language": "fr", "theme": "lettre"}
"""What holds where a head says nothing."""
_LINE_END = re.compile(r"\r\n|\r|\n")
_DASHES = ("---", "...")
_PLAIN = re.compile(r"[0-9A-Za-zÀ-ÿ°][0-9A-Za-zÀ-ÿ°./ -]*")
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]+")
_BOM = "\ufeff"


def split(text: str) -> tuple[str, str]:
    """The head of a letter's file, with its second line of dashes, and the body behind it.

    The head is empty if there is no front matter, or none that ends.
    """
    lines = _lines(text.removeprefix(_BOM))
    if not lines or lines[0].rstrip() != "---":
        return "", text
    for at, line in enumerate(lines[1:], 2):
        if line.rstrip() in _DASHES:
            size = sum(map(len, lines[:at])) + (len(text) - len(text.removeprefix(_BOM)))
            return text[:size], text[size:]
    return "", text


def values(head: str) -> dict[str, str]:
    """The text of each field, as its author wrote it: nothing is judged here."""
    found = dict.fromkeys(FIELDS, "")
    for entry in reversed(_entries(head)):
        if entry.key in found:
            found[entry.key] = _text(entry)
    return {key: it or USUAL.get(key, "") for key, it in found.items()}


def others(head: str) -> list[str]:
    """What a head says besides the fields, as it is written: a text for each entry."""
    return [
        it.value if it.key is None else f"{it.key}: {it.value}"
        for it in _entries(head)
        if it.key not in FIELDS
    ]


def with_values(head: str, changed: Mapping[str, str]) -> str:
    """The head with other values; the lines of a value that stays the same are not touched."""
    before = values(head)
    wanted = {key: clean(changed[key]) for key in FIELDS if key in changed}
    different = {key: it for key, it in wanted.items() if it != before[key]}
    if not different:
        return head
    if not head:
        return new({**before, **wanted})
    bom = _BOM if head.startswith(_BOM) else ""
    lines = _lines(head.removeprefix(_BOM))
    end = _LINE_END.search(lines[0])
    newline = end[0] if end else "\n"
    indent = ""
    places: dict[str, Entry] = {}
    for entry in _entries(head):
        indent = re.match(r"[ \t]*", lines[entry.line - 1])[0]  # type: ignore[index]
        if entry.key is not None:
            places.setdefault(entry.key, entry)
    # From the end, so that the lines before keep their numbers.
    for key in sorted(different, key=lambda it: places[it].line if it in places else 0)[::-1]:
        line = f"{indent}{key}: {scalar(key, different[key])}".rstrip(" ") + newline
        if key in places:
            first = places[key].line - 1
            lines[first : first + 1 + places[key].value.count("\n")] = [line]
    added = [it for it in FIELDS if it in different and it not in places]
    lines[-1:-1] = [f"{indent}{it}: {scalar(it, different[it])}{newline}" for it in added]
    return bom + "".join(lines)


def new(given: Mapping[str, str], others: Mapping[str, str] | None = None) -> str:
    """A head of its own; `others` are lines behind the fields, such as `reply-to`."""
    lines = [
        f"{key}: {scalar(key, clean(given.get(key, '')))}".rstrip()
        for key in FIELDS
        if key not in USUAL or given.get(key, USUAL[key]) != USUAL[key]
    ]
    lines += [f"{key}: {text}" for key, text in (others or {}).items()]
    return "\n".join(("---", *lines, "---", ""))


def clean(text: str) -> str:
    """A value on one line, without signs that nobody sees; within, spaces keep their kind."""
    return _UNSEEN.sub(" ", text).strip()


def scalar(key: str, text: str) -> str:
    """A value as YAML reads it again."""
    if not text:
        return ""
    if key not in PROSE and _PLAIN.fullmatch(text) and yaml_text(text) == text:
        return text
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if yaml_text(quoted) == text.strip():
        return quoted
    printable = "".join(it if it.isprintable() or it in "\u00a0\u202f" else " " for it in text)
    return '"' + printable.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _entries(head: str) -> list[Entry]:
    lines = [it.rstrip("\r\n") for it in _lines(head.removeprefix(_BOM))]
    return [*entries("\n".join(lines[1:-1]))] if len(lines) > 2 else []


def _text(entry: Entry) -> str:
    read = yaml_text(entry.value)
    plain = " ".join(line.strip() for line in entry.value.split("\n") if line.strip())
    return clean(plain if read is None else read)


def _lines(text: str) -> list[str]:
    found, at = [], 0
    for end in _LINE_END.finditer(text):
        found.append(text[at : end.end()])
        at = end.end()
    return [*found, text[at:]] if at < len(text) else found
