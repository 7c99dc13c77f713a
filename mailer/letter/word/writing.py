"""Writes the .docx that mammoth reads: the prepared text, its lists, links and pictures."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

from mailer.letter.converting.marks import Marks
from mailer.letter.word.numbering import ours
from mailer.letter.word.styling import ROLES
from mailer.letter.word.xml import NAMES, name

_TYPES = (
    b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    b'<Default Extension="xml" ContentType="application/xml"/></Types>'
)
_RELATIONS = NAMES["rel"]
_KIND = NAMES["r"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A .docx for mammoth, and what the marks in it mean."""

    data: bytes
    marks: Marks


def written(
    root: Element,
    links: Mapping[str, str],
    media: Mapping[str, bytes],
    marks: Marks,
) -> Prepared:
    """Write a .docx of a text; links and pictures are by their relation."""
    relations = [(it, it, f"{it}.xml", False) for it in ("styles", "numbering")]
    relations += [(key, "hyperlink", target, True) for key, target in links.items()]
    relations += [(key, "image", f"media/{key}", False) for key in media]
    parts = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _relations([("main", "officeDocument", "word/document.xml", False)]),
        "word/document.xml": bytes(tostring(root, "utf-8")),
        "word/styles.xml": _styles(),
        "word/numbering.xml": bytes(tostring(ours(), "utf-8")),
    }
    parts["word/_rels/document.xml.rels"] = _relations(relations)
    parts |= {f"word/media/{key}": data for key, data in media.items()}
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:
        for part, data in parts.items():
            archive.writestr(part, data)
    return Prepared(written.getvalue(), marks)


def _relations(several: list[tuple[str, str, str, bool]]) -> bytes:
    root = Element(name("rel:Relationships"))
    for key, kind, target, outside in several:
        attributes = {"Id": key, "Type": f"{_KIND}/{kind}", "Target": target}
        if outside:
            attributes["TargetMode"] = "External"
        SubElement(root, name("rel:Relationship"), attributes)
    return bytes(tostring(root, "utf-8"))


def _styles() -> bytes:
    root = Element(name("w:styles"))
    for role in ROLES:
        kind = {name("w:type"): "paragraph", name("w:styleId"): role}
        style = SubElement(root, name("w:style"), kind)
        SubElement(style, name("w:name"), {name("w:val"): role})
    return bytes(tostring(root, "utf-8"))
