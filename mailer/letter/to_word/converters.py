"""The programs that make a .docx of another document: LibreOffice, or pandoc."""

from __future__ import annotations

import enum
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mailer.letter.to_word.prepared import Kind
from mailer.letter.word.refusing import Unreadable
from pli import confined
from pli.confined import Confines
from pli.language import N_


class Name(enum.StrEnum):
    """A program, by the name that the command line knows."""

    LIBREOFFICE = "soffice"
    PANDOC = "pandoc"


@dataclass(frozen=True, slots=True)
class Converter:
    """A program that is installed at `path`."""

    name: Name
    path: str

    def convert(self, data: bytes, kind: Kind) -> bytes:
        """A prepared document as .docx, made in a child process with limits; raises Unreadable."""
        try:
            with tempfile.TemporaryDirectory(prefix="pli-") as folder:
                return _CONVERT[self.name](self.path, data, kind, Path(folder).resolve())
        except confined.TooLong:
            raise Unreadable(N_("it takes too long to read: cut it up")) from None
        except confined.Confined:
            raise self._cannot() from None

    def _cannot(self) -> Unreadable:
        return Unreadable(N_("{program} cannot read it: save it as .docx"), program=self.name.value)


def installed() -> Converter | None:
    """The program to use: LibreOffice before pandoc, which loses more; None without either."""
    for name in Name:
        if path := shutil.which(name):
            return Converter(name, path)
    return None


# Both reserve more room for addresses than they use; -M bounds what pandoc fills.
_PANDOC = Confines(memory=2_000_000_000, seconds=60)
_LIBREOFFICE = Confines(memory=2_000_000_000, seconds=60, largest_file=200_000_000)
_HEAP = ("+RTS", "-M512m", "-RTS")
_FILTER = "docx:MS Word 2007 XML"


def _by_pandoc(path: str, data: bytes, kind: Kind, folder: Path) -> bytes:
    """Convert within pandoc's sandbox, or without it where pandoc cannot write .docx in one.

    Debian's pandoc 2.17 does not find its own files there. The document names nothing that pandoc
    could fetch, so the sandbox is a second wall; the child process is the third.
    """
    command = [path, "-f", kind.value, "-t", "docx", "-o", "-"]
    try:
        made, _ = confined.call_program([*command, "--sandbox", *_HEAP], data, _PANDOC, folder)
    except confined.TooLong:
        raise
    except confined.Confined as refused:
        if "data file" not in str(refused) and "--sandbox" not in str(refused):
            raise
        made, _ = confined.call_program([*command, *_HEAP], data, _PANDOC, folder)
    if not made:
        raise confined.Confined
    return made


def _by_libreoffice(path: str, data: bytes, kind: Kind, folder: Path) -> bytes:
    (folder / f"document.{kind.value}").write_bytes(data)
    profile = (folder / "profile").as_uri()
    command = [path, f"-env:UserInstallation={profile}", "--headless", "--norestore"]
    command += ["--convert-to", _FILTER, "--outdir", str(folder), f"document.{kind.value}"]
    confined.call_program(command, b"", _LIBREOFFICE, folder)
    made = folder / "document.docx"
    # It exits with 0 when it cannot read a document, too.
    if not made.is_file():
        raise confined.Confined
    return made.read_bytes()


_CONVERT: dict[Name, Callable[[str, bytes, Kind, Path], bytes]] = {
    Name.LIBREOFFICE: _by_libreoffice,
    Name.PANDOC: _by_pandoc,
}
