"""Opens the zip file that a .docx is, once its sizes have been judged."""

from __future__ import annotations

import io
import posixpath
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from xml.etree.ElementTree import Element

from mailer.letter.word import xml
from mailer.letter.word.refusing import Unreadable
from pli.language import N_

_MOST_PARTS = 3_000
_LARGEST_TEXT = 20_000_000
"""Bytes of one XML part: some 5,000 pages of plain text have 15 MB."""
_UNPACKED = 300_000_000
_RATIO = 200
_RATIO_FROM = 5_000_000
"""Only from so many bytes on does a ratio tell a bomb from a page of spaces."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


@dataclass(frozen=True, slots=True)
class Relation:
    """What a part refers to: another part by its name, or with `outside` an address."""

    kind: str
    target: str
    outside: bool


class Package:
    """The parts of a .docx by their names; raises Unreadable for what is none."""

    def __init__(self, data: bytes) -> None:
        if data.startswith(_OLE):
            raise _old_or_encrypted(data)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            self._parts = {it.filename: it for it in self._zip.infolist()}
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OverflowError):
            raise Unreadable(
                N_("this is no Word file, or it is damaged: open it in Word, and save it anew")
            ) from None
        self._judge()

    def _judge(self) -> None:
        whole = sum(it.file_size for it in self._parts.values())
        packed = sum(it.compress_size for it in self._parts.values())
        bomb = whole > _RATIO_FROM and whole > _RATIO * max(packed, 1)
        if len(self._parts) > _MOST_PARTS or whole > _UNPACKED or bomb:
            raise Unreadable(
                N_("it would unpack to {size} MB: copy its text into a new document"),
                size=whole // 1_000_000,
            )

    @property
    def names(self) -> frozenset[str]:
        """The names of all parts."""
        return frozenset(self._parts)

    def read(self, name: str) -> bytes:
        """The bytes of a part; Unreadable if it is damaged."""
        try:
            return self._zip.read(self._parts[name])
        except (KeyError, zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError):
            raise _damaged(name) from None
        except (RuntimeError, NotImplementedError):
            raise Unreadable(N_("it is encrypted: save it in Word without a password")) from None

    def tree(self, name: str) -> Element | None:
        """The tree of an XML part; None if there is no such part."""
        if name not in self._parts:
            return None
        size = self._parts[name].file_size
        if size > _LARGEST_TEXT:
            raise Unreadable(
                N_("its text has {size} MB: a letter is much shorter, so cut the document up"),
                size=size // 1_000_000,
            )
        try:
            return xml.parse(self.read(name))
        except xml.BadXml:
            raise _damaged(name) from None

    @cached_property
    def main(self) -> str:
        """The name of the part that holds the text."""
        for relation in self.relations("").values():
            if relation.kind == "officeDocument" and relation.target in self._parts:
                return relation.target
        if "word/document.xml" in self._parts:
            return "word/document.xml"
        raise Unreadable(N_("there is no text of Word's in it: save it as .docx"))

    def relations(self, part: str) -> Mapping[str, Relation]:
        """What a part refers to, by id; "" means the whole package."""
        folder, base = posixpath.split(part)
        tree = self.tree(posixpath.join(folder, "_rels", f"{base}.rels"))
        found: dict[str, Relation] = {}
        for element in tree if tree is not None else ():
            target = element.get("Target", "")
            outside = element.get("TargetMode") == "External"
            if not outside:
                target = posixpath.normpath(posixpath.join(folder, target)).lstrip("/")
                if element.get("Target", "").startswith("/"):
                    target = element.get("Target", "").lstrip("/")
            kind = element.get("Type", "").rpartition("/")[2]
            found[element.get("Id", "")] = Relation(kind, target, outside)
        return found


def _old_or_encrypted(data: bytes) -> Unreadable:
    if _ENCRYPTED in data:
        return Unreadable(N_("it is encrypted: save it in Word without a password"))
    return Unreadable(N_("this is a file of old Word (.doc): open it, and save it as .docx"))


def _damaged(part: str) -> Unreadable:
    return Unreadable(
        N_("it is damaged ({part}): open it in Word, and save it anew"), part=part[:60]
    )
