"""Prepares an OpenDocument text for the program that makes a .docx of it.

Only its text, its styles and its own pictures are handed on. Whatever names a file or an address
that a program might fetch is taken out, and told.
"""

from __future__ import annotations

import hashlib
import io
import posixpath
import zipfile
from xml.etree.ElementTree import Element, tostring
from xml.sax.saxutils import quoteattr

from mailer.letter.import_report import Report
from mailer.letter.to_word import opendocument_for_pandoc as for_pandoc
from mailer.letter.to_word.opendocument_xml import (
    DRAW,
    OASIS,
    OFFICE,
    STYLE,
    TABLE,
    TEXT,
    remove,
    text_of,
)
from mailer.letter.to_word.prepared import Prepared, elsewhere, tell_apart
from mailer.letter.word.package import Package
from mailer.letter.word.refusing import Unreadable
from mailer.letter.word.xml import parents_of
from pli.language import N_, say

_HREF = "{http://www.w3.org/1999/xlink}href"
_LINKS = frozenset((f"{TEXT}a", f"{DRAW}a"))
"""What a reader clicks on, and no program fetches."""
_COMMENTS = frozenset((f"{OFFICE}annotation", f"{OFFICE}annotation-end"))
_OBJECTS = frozenset(
    f"{DRAW}{it}" for it in ("object", "object-ole", "applet", "plugin", "floating-frame")
)
_DROPPED = frozenset(
    (
        *(f"{OFFICE}{it}" for it in ("scripts", "event-listeners", "forms", "dde-source")),
        *(f"{TEXT}{it}" for it in ("dde-connection-decls", "section-source")),
        f"{TABLE}cell-range-source",
    )
)
_MARGINS = {
    f"{STYLE}{place}{which}": place
    for place in ("header", "footer")
    for which in ("", "-left", "-first")
}
_MANIFEST = "META-INF/manifest.xml"
_MIMETYPE = "application/vnd.oasis.opendocument.text"


def prepare(data: bytes, by_pandoc: bool, choice: str | None) -> Prepared:
    """The document that a program may read; raises Unreadable.

    `by_pandoc`: what pandoc loses is put where it keeps it. `choice` is "accept" or "reject" for
    tracked changes, which LibreOffice hands on, and pandoc does not.
    """
    package = Package(data)
    if _MANIFEST in package.names and b"encryption-data" in package.read(_MANIFEST):
        raise Unreadable(N_("it is encrypted: save it without a password"))
    content = package.tree("content.xml")
    if content is None:
        raise Unreadable(N_("there is no text in it: save it as .docx"))
    report = Report()
    pictures: set[str] = set()
    styles = package.tree("styles.xml")
    if styles is not None:
        _clear(styles, package, report, set())
        _drop_margins(styles, report)
    _clear(content, package, report, pictures)
    if by_pandoc:
        for_pandoc.keep(content, styles, choice, report)
    body = content.find(f"{OFFICE}body")
    words = "" if body is None else text_of(body)
    parts = {"content.xml": content} | ({} if styles is None else {"styles.xml": styles})
    distinct = {hashlib.sha256(package.read(it)).digest() for it in pictures}
    return Prepared(_written(package, parts, pictures), words, len(distinct), report)


def _clear(root: Element, package: Package, report: Report, pictures: set[str]) -> None:
    """Take out what leads elsewhere, what runs, what is embedded, and comments."""
    parents = parents_of(root)
    for element in list(root.iter()):
        if element.tag in _COMMENTS:
            tell_apart(report, "comment", text_of(element))
            remove(element, parents)
        elif element.tag in _DROPPED:
            for it in element.iter():
                if it.get(_HREF):
                    elsewhere(report, it.get(_HREF, ""))
            remove(element, parents)
        elif element.tag in _OBJECTS:
            _drop_object(element, parents, report)
        elif element.get(_HREF) is not None and element.tag not in _LINKS:
            target = posixpath.normpath(element.get(_HREF, ""))
            if element.tag == f"{DRAW}image" and target.startswith("ObjectReplacements/"):
                remove(element, parents)
            elif target.startswith("Pictures/") and target in package.names:
                pictures.add(target)
            else:
                elsewhere(report, element.get(_HREF, ""))
                remove(element, parents)


def _drop_object(element: Element, parents: dict[Element, Element], report: Report) -> None:
    told = N_("an embedded object")
    if text := " ".join("".join(element.itertext()).split()):
        told = N_("an embedded object with the words “{text}”")
        report.left_out(say(told, text=text))
    else:
        report.left_out(say(told))
    remove(element, parents)


def _drop_margins(styles: Element, report: Report) -> None:
    parents = parents_of(styles)
    for element in list(styles.iter()):
        if place := _MARGINS.get(element.tag):
            tell_apart(report, place, text_of(element))
            if element.find(f".//{DRAW}image") is not None:
                report.left_out(say(N_("a picture in the header or the footer")))
            remove(element, parents)


def _written(package: Package, parts: dict[str, Element], pictures: set[str]) -> bytes:
    """The document anew, with nothing in it but these parts and pictures."""
    files = {name: tostring(root, encoding="utf-8") for name, root in parts.items()}
    files |= {name: package.read(name) for name in sorted(pictures)}
    listed = "".join(
        f'<m:file-entry m:full-path="{name}" m:media-type="{kind}"/>'
        for name, kind in (("/", _MIMETYPE), *((it, "text/xml") for it in parts))
    ) + "".join(
        f'<m:file-entry m:full-path={quoteattr(it)} m:media-type=""/>' for it in sorted(pictures)
    )
    manifest = f'<m:manifest xmlns:m="{OASIS}:manifest:1.0" m:version="1.2">{listed}</m:manifest>'
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", _MIMETYPE)
        for name, data in files.items():
            archive.writestr(name, data, zipfile.ZIP_DEFLATED)
        archive.writestr(_MANIFEST, manifest)
    return out.getvalue()
