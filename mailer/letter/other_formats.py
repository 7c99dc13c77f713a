"""Documents of LibreOffice and in RTF become .docx by pandoc, if it is installed."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from io import BytesIO

from mailer.letter.word.refusing import Unreadable
from pli.language import N_

_SECONDS = 60
_MEMORY = "512m"


def as_known(data: bytes) -> bytes:
    """A document as .docx if it is .odt or .rtf, else as it is; raises Unreadable."""
    kind = _kind(data)
    if kind is None:
        return data
    program = shutil.which("pandoc")
    if program is None:
        raise Unreadable(
            N_("reading .{kind} needs pandoc: install it, or save the document as .docx"),
            kind=kind,
        )
    # The sandbox lets pandoc read no other file and no address.
    command = [program, "--sandbox", "-f", kind, "-t", "docx", "-o", "-"]
    limits = ["+RTS", f"-M{_MEMORY}", "-RTS"]
    try:
        done = subprocess.run(  # noqa: S603 (a program that the user installed)
            [*command, *limits], input=data, capture_output=True, check=False, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise Unreadable(N_("it takes too long to read: cut it up")) from None
    if b"data file" in done.stderr:
        raise Unreadable(
            N_("this pandoc finds no files of its own in its sandbox: save the document as .docx")
        )
    if done.returncode or not done.stdout:
        raise Unreadable(N_("pandoc cannot read it: save it as .docx"))
    return done.stdout


def _kind(data: bytes) -> str | None:
    if data.lstrip()[:5] == b"{\\rtf":
        return "rtf"
    if data[:2] == b"PK" and b"opendocument.text" in data[:200]:
        try:
            with zipfile.ZipFile(BytesIO(data)) as archive:
                return "odt" if "content.xml" in archive.namelist() else None
        except zipfile.BadZipFile:
            return None
    return None
