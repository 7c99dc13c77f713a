"""Prepares an RTF file for the program that makes a .docx of it.

A destination that letters do not need is taken out, and so is whatever names a file or an address
that a program might fetch: objects, linked pictures, fields other than links.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from mailer.letter.import_report import Report
from mailer.letter.to_word import rtf_tokens
from mailer.letter.to_word.prepared import Prepared, elsewhere, tell_apart
from mailer.letter.to_word.rtf_text import text_of
from mailer.letter.to_word.rtf_tokens import Group, Token
from mailer.letter.word.refusing import Unreadable
from pli.language import N_, say

_STARRED = frozenset(
    ("shppict", "shpinst", "fldinst", "listtable", "listoverridetable", "cs", "ts", "ds", "pn")
)
"""Destinations that older readers skip, and that letters need; all others are dropped."""
_DROPPED = frozenset(
    ("info", "nonshppict", "filetbl", "shprslt", "private", "datafield", "bkmkstart", "bkmkend")
)
_MARGINS = {f"{place}{which}": place for place in ("header", "footer") for which in ("", *"lrf")}
_APART = _MARGINS | {"annotation": "comment"}
_SHAPES = frozenset(("shapeType", "pib", "fLayoutInCell", "lTxid"))
"""Properties of a shape that say what it is; pibName and the like name files."""
_WAYS = re.compile(r"obj\w*|result|subdocument|linkself|linkval")
_LINK = re.compile(r'\s*HYPERLINK\s+(?P<local>\\l\s+)?"?(?P<target>[^"\s{}\\]+)', re.IGNORECASE)
_FETCHED = frozenset(
    ("INCLUDEPICTURE", "INCLUDETEXT", "IMPORT", "INCLUDE", "LINK", "DDE", "DDEAUTO", "RD")
)
_NAME = re.compile(r"\s*\\?([A-Za-z]+)")
_QUOTED = re.compile(r'"([^"]*)"|(?<=\s)([^\s"]+)')
_CHANGES = frozenset(("deleted", "revised"))


def prepare(data: bytes, for_pandoc: bool, _choice: str | None) -> Prepared:
    """The document that a program may read; raises Unreadable.

    pandoc does not know tracked changes: a document with some is refused for it, whatever
    the author chooses.
    """
    whole = rtf_tokens.read(data.lstrip())
    report = Report()
    _Clearing(whole, report).clear(whole)
    if for_pandoc and _has_changes(whole):
        raise Unreadable(
            N_("only LibreOffice reads the tracked changes of an .rtf: accept or reject them there")
        )
    if for_pandoc:
        _lift_boxes(whole, report)
    words = text_of(whole, whole)
    pictures = len(set(_pictures(whole)))
    return Prepared(rtf_tokens.written(whole), words, pictures, report)


def _has_changes(group: Group) -> bool:
    """Whether text was inserted or deleted, and both forms are there."""
    if group.destination[0] in ("stylesheet", "fonttbl"):
        return False
    own = (it for it in group.parts if isinstance(it, Token))
    return any(it.name in _CHANGES and it.value != 0 for it in own) or any(
        _has_changes(it) for it in group.groups()
    )


def _lift_boxes(group: Group, report: Report) -> None:
    """Make paragraphs of text boxes: pandoc 2.17 reads no box."""
    for at, it in enumerate(group.parts):
        if not isinstance(it, Group):
            continue
        _lift_boxes(it, report)
        if it.destination[0] == "shp" and (box := _within(it, "shptxt")):
            apart = Token("word", b"\\par ", "par")
            group.parts[at] = Group([apart, *box.parts[1:], apart])
            report.changed(say(N_("a text box became paragraphs")))


def _within(group: Group, destination: str) -> Group | None:
    if group.destination[0] == destination:
        return group
    return next((it for one in group.groups() if (it := _within(one, destination))), None)


def _pictures(group: Group) -> Iterator[bytes]:
    """What tells each picture from others."""
    if group.destination[0] == "pict":
        yield hashlib.sha256(rtf_tokens.written(group)).digest()
    else:
        for it in group.groups():
            yield from _pictures(it)


class _Clearing:
    def __init__(self, whole: Group, report: Report) -> None:
        self._whole = whole
        self._report = report

    def clear(self, group: Group) -> None:
        """Take out of a group what leads elsewhere, and what letters have no use for."""
        kept: list[Token | Group] = []
        embedded = False
        for it in group.parts:
            if isinstance(it, Token):
                leads = it.kind == "word" and _WAYS.fullmatch(it.name) is not None
                embedded = embedded or (leads and it.name == "object")
                if not leads:
                    kept.append(it)
            elif self._stays(it):
                self.clear(it)
                kept.append(it)
        if embedded:
            self._report.left_out(say(N_("an embedded object")))
        group.parts = kept

    def _stays(self, group: Group) -> bool:
        name, starred = group.destination
        if name in _APART:
            tell_apart(self._report, _APART[name], text_of(Group(group.parts), self._whole))
            return False
        if name == "field":
            self._clear_field(group)
            return True
        if name == "do":
            self._tell_drawing(group)
            return False
        if name == "sp":
            return _property(group) in _SHAPES
        return name not in _DROPPED and (not starred or name in _STARRED)

    def _tell_drawing(self, group: Group) -> None:
        """Tell the text box of a drawing of Word 95, which no program reads any more."""
        box = _within(group, "dptxbxtext")
        if box and (text := " ".join(text_of(box, self._whole).split())):
            self._report.left_out(say(N_("the words “{text}”"), text=text))

    def _clear_field(self, field: Group) -> None:
        """Keep a link's address, and of all other fields the text that they showed."""
        instructions = [it for it in field.groups() if it.destination[0] == "fldinst"]
        written = "".join(_instruction(it, self._whole) for it in instructions)
        link = _LINK.match(written)
        field.parts = [it for it in field.parts if not any(it is one for one in instructions)]
        if link:
            names = [it.name if isinstance(it, Token) else "" for it in field.parts]
            field.parts.insert(names.index("field") + 1, _link(link))
            return
        name = _NAME.match(written)
        kind = name[1].upper() if name else ""
        if kind in _FETCHED:
            named = _QUOTED.search(written, name.end() if name else 0)
            elsewhere(self._report, (named[1] or named[2] or "") if named else kind)
        elif kind:
            told = N_("a field ({kind}) became the text that it showed")
            self._report.changed(say(told, kind=kind))


def _instruction(group: Group, whole: Group) -> str:
    """The words of a field's instruction, which text_of does not count."""
    inner = Group([it for it in group.parts if not _opens(it)])
    return text_of(inner, whole)


def _opens(part: Token | Group) -> bool:
    return isinstance(part, Token) and (part.raw == b"\\*" or part.name == "fldinst")


def _link(found: re.Match[str]) -> Group:
    # RTF is ASCII; its own signs were left out by the pattern. pandoc 2.17 reads an inner group.
    target = found["target"].encode("ascii", "ignore")
    local = b"\\\\l " if found["local"] else b""
    written = Group([Token("text", b"HYPERLINK " + local + b'"' + target + b'"')])
    return Group([Token("sign", b"\\*"), Token("word", b"\\fldinst", "fldinst"), written])


def _property(group: Group) -> str:
    for it in group.groups():
        if it.destination[0] == "sn":
            return (
                b"".join(
                    part.raw for part in it.parts if isinstance(part, Token) and part.kind == "text"
                )
                .decode("ascii", "ignore")
                .strip()
            )
    return ""
