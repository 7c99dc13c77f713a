"""Documents of LibreOffice (.odt) and in RTF become .docx by LibreOffice or pandoc, and letters."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import replace

from mailer.letter import importing
from mailer.letter.framed import framed, unframed
from mailer.letter.import_report import Report
from mailer.letter.importing import Imported, Wish
from mailer.letter.to_word import converters
from mailer.letter.to_word.converters import Converter, Name
from mailer.letter.to_word.prepared import Kind, Preparation, Prepared
from mailer.letter.word.refusing import Unreadable
from pli.errors import PliError
from pli.language import N_, as_document, as_sentence, say_n

__all__ = ["kind_of", "read_confined"]


def kind_of(data: bytes) -> Kind | None:
    """What a document is written in; None for a .docx, HTML, and anything unknown."""
    if data.lstrip()[:5] == b"{\\rtf":
        return Kind.RTF
    if data[:2] == b"PK" and b"opendocument.text" in data[:200]:
        return Kind.OPENDOCUMENT
    return None


def read_confined(data: bytes, wish: Wish, program: Converter | None = None) -> Imported:
    """Make a letter of any document that can be read, in child processes; raises PliError.

    `program` makes a .docx of an .odt or .rtf; without one, the one that is installed.
    """
    kind = kind_of(data)
    if kind is None:
        return importing.read_confined(data, wish)
    program = program or converters.installed()
    if program is None:
        raise Unreadable(
            N_(
                "reading .{kind} needs LibreOffice or pandoc: install libreoffice-writer or "
                "pandoc, or save the document as .docx"
            ),
            kind=kind.value,
        )
    prepared = _prepared(data, kind, program, wish.changes)
    made = program.convert(prepared.data, kind)
    read = importing.read_confined(made, wish, prepared.words)
    return replace(read, report=_together(prepared, program, made, read.report))


def _together(prepared: Prepared, program: Converter, made: bytes, later: Report) -> Report:
    """What was told before the program, of what it lost, and afterwards."""
    report = prepared.report
    lost = prepared.pictures - _pictures_in(made)
    if lost > 0:
        report.left_out(
            say_n(
                "{n} picture that {program} cannot read",
                "{n} pictures that {program} cannot read",
                lost,
                program=program.name.value,
            )
        )
    for entry in later.entries:
        report.add_entry(entry)
    return report


def _pictures_in(data: bytes) -> int:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return sum(it.startswith("word/media/") for it in archive.namelist())
    except zipfile.BadZipFile:
        return 0


def _prepared(data: bytes, kind: Kind, program: Converter, choice: str | None) -> Prepared:
    asked = {"kind": kind.value, "pandoc": program.name is Name.PANDOC, "choice": choice}
    answer = importing.call_confined(f"{__name__}:_prepare", framed(asked, [data]))
    document, files = unframed(answer)
    if "faults" in document:
        raise Unreadable.listing(as_sentence(it) for it in document["faults"])
    report = Report.of_document(document["report"])
    return Prepared(files[0], document["words"], document["pictures"], report)


def _prepare(payload: bytes) -> bytes:
    """What the child process says: a document without ways out, or why there is none."""
    # Here, not above: defusedxml is for the child process alone.
    from mailer.letter.to_word import opendocument, rtf

    by_kind: Mapping[Kind, Preparation] = {
        Kind.OPENDOCUMENT: opendocument.prepare,
        Kind.RTF: rtf.prepare,
    }
    asked, (data,) = unframed(payload)
    try:
        made = by_kind[Kind(asked["kind"])](data, asked["pandoc"], asked["choice"])
    except PliError as error:
        return framed({"faults": [as_document(it) for it in error.sentences]}, [])
    document = {
        "words": made.words,
        "pictures": made.pictures,
        "report": made.report.as_document(),
    }
    return framed(document, [made.data])
