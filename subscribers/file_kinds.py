"""Tells files that are no CSV by what they begin with: their names often say something else."""

from __future__ import annotations

import re

from pli.language import N_

_BY_BYTES = (
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", N_("the file is a workbook: save it as CSV")),
    (b"%PDF", N_("the file is a PDF: ask for the list as CSV")),
    (b"{\\rtf", N_("the file is a text document: save the table as CSV")),
    (b"\x1f\x8b", N_("the file is compressed: unpack it")),
    (b"7z\xbc\xaf", N_("the file is compressed: unpack it")),
    (b"Rar!", N_("the file is compressed: unpack it")),
    (b"\x89PNG", N_("the file is a picture")),
    (b"\xff\xd8\xff", N_("the file is a picture")),
    (b"GIF8", N_("the file is a picture")),
    (b"SQLite format 3\0", N_("the file is a database")),
)
_ZIP = b"PK\x03\x04"
_BY_TEXT = (
    (
        re.compile(r"<\?xml[^>]*>\s*(?:<\?[^>]*>\s*)*<(?:\w+:)?workbook\b", re.IGNORECASE),
        N_("the file is a workbook: save it as CSV"),
    ),
    (
        re.compile(r"<(?:!doctype\s+html|html|head|body|meta|table|style|div)\b", re.IGNORECASE),
        N_("the file is a web page: save it as CSV"),
    ),
    (re.compile(r"<\?xml\b", re.IGNORECASE), N_("the file is XML: save it as CSV")),
    (
        re.compile(r"begin:vcard\b", re.IGNORECASE),
        N_("the file holds address cards (vCard): export them as CSV"),
    ),
    (re.compile(r"dn:\s", re.IGNORECASE), N_("the file is LDIF: export the addresses as CSV")),
    (re.compile(r"[\[{]\s*[\[{\"]"), N_("the file is JSON: save it as CSV")),
    (
        re.compile(r"(?:From |(?:return-path|received|mime-version|delivered-to): )"),
        N_("the file is a mail: save the table in it as CSV"),
    ),
)


def of_bytes(data: bytes) -> str | None:
    """What to say of a file that is no text; None if it may be one."""
    if data.startswith(_ZIP):
        if b"word/" in data[:100_000]:
            return N_("the file is a text document: save the table as CSV")
        if any(it in data for it in (b"xl/", b"opendocument.spreadsheet", b".iwa")):
            return N_("the file is a workbook: save it as CSV")
        # A cut or unusual workbook is likelier here than any other archive.
        return N_("the file is a workbook or an archive: save it as CSV")
    return next((told for begin, told in _BY_BYTES if data.startswith(begin)), None)


def of_text(text: str) -> str | None:
    """What to say of a text that is no table; None if it may be one."""
    begin = text[:4_000].lstrip()
    return next((told for pattern, told in _BY_TEXT if pattern.match(begin)), None)
