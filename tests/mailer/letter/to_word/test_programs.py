"""Real programs make letters of documents of LibreOffice and in RTF, and reach for nothing else."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.tools import tool
from mailer.letter import other_formats
from mailer.letter.import_report import Fate
from mailer.letter.importing import Imported, Wish
from mailer.letter.to_word import converters
from mailer.letter.to_word.converters import Converter, Name
from mailer.letter.word.refusing import Unreadable
from tests.mailer.letter.to_word import documents

BY_LIBREOFFICE = pytest.param(Name.LIBREOFFICE, marks=pytest.mark.proof)
TABLE = "| Collège | Voix |\n| --- | --- |\n| Cadres | douze |"


@pytest.fixture(scope="module", params=[Name.PANDOC, BY_LIBREOFFICE])
def program(request: pytest.FixtureRequest) -> Converter:
    return Converter(request.param, tool(request.param.value))


def read(data: bytes, program: Converter, changes: str | None = None) -> Imported:
    return other_formats.read_confined(data, Wish("lettre", changes=changes), program)


def told(made: Imported) -> str:
    return "\n".join(it.tell("en") for fate in Fate for it in made.report.lines(fate))


def missing(words: str, made: Imported) -> list[str]:
    there = re.sub(r"\*|\\", "", made.text + told(made))
    return [it for it in re.findall(r"\w+", words) if it not in there]


def test_an_opendocument_text_becomes_a_letter(program: Converter) -> None:
    made = read(documents.odt(), program)
    assert "# Le vote\n" in made.text
    assert "a voté[^1], voir [le détail](https://example.org/vote)." in made.text
    assert "[^1]: À main levée." in made.text
    assert TABLE in made.text
    assert "- un point\n  - dessous" in made.text
    assert "Photo![](lettre-1.png)" in made.text
    assert list(made.pictures) == ["lettre-1.png"]
    boxed = "::: encadre\nÀ retenir\n\nRéunion jeudi\n:::"
    plain = "Avant la réunion\n\nÀ retenir\n\nRéunion jeudi\n"
    assert (boxed if program.name is Name.LIBREOFFICE else plain) in made.text
    lines = told(made)
    for one in ("header “En-tête du comité”", "footer “Bas de page”", "comment “à relire”"):
        assert lines.count(one) == 1
    assert "the words" not in lines
    assert missing(re.sub(r"<[^>]*>", " ", documents.ODT.replace("Auteur", "")), made) == []


def test_an_rtf_becomes_a_letter(program: Converter) -> None:
    made = read(documents.rtf(), program)
    assert "# Le vote du comité\n" in made.text
    assert "Le comité a voté[^1]" in made.text
    assert "[le détail](https://example.org/vote)" in made.text
    assert "[^1]: À main levée." in made.text
    assert TABLE in made.text
    # pandoc reads each font by the code page of the document.
    left = "да" if program.name is Name.LIBREOFFICE else "the words “да”"
    assert left in made.text + told(made)
    assert missing("En-tête du comité relire Reste Fin", made) == []


def test_what_was_deleted_or_inserted_is_told(program: Converter) -> None:
    with pytest.raises(Unreadable, match="2 tracked changes"):
        read(documents.odt(documents.CHANGES), program)
    made = read(documents.odt(documents.CHANGES), program, "accept")
    assert "Texte ajouté et la suite." in made.text
    assert told(made).count("effacé") == 1


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A server on the loopback that answers nothing, and notices who calls."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        yield server


def test_no_program_fetches_what_a_document_names(
    program: Converter, listener: socket.socket, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("CONFIDENTIEL")
    web = f"http://127.0.0.1:{listener.getsockname()[1]}/x.png"
    frame = (
        '<draw:frame svg:width="2cm" svg:height="2cm"><draw:image xlink:href="{}"/></draw:frame>'
    )
    linked = (
        "<text:section text:name='s'><text:section-source xlink:href='{}'/><text:p>ici</text:p>"
    )
    odt = documents.odt(
        f"<text:p>Un {frame.format(web)}{frame.format(secret.as_uri())}</text:p>"
        f"{linked.format(secret.as_uri())}</text:section>"
    )
    rtf = documents.rtf(
        rf'{{\field{{\*\fldinst{{INCLUDEPICTURE "{web}" }}}}{{\fldrslt vu}}}}'
        rf'{{\field{{\*\fldinst{{INCLUDETEXT "{secret}" }}}}{{\fldrslt lu}}}}'
    )
    for data in (odt, rtf):
        made = read(data, program)
        assert "CONFIDENTIEL" not in made.text
        assert web in told(made)
        assert made.pictures == {}
    with pytest.raises(TimeoutError):
        listener.accept()


def test_a_program_that_cannot_read_a_document_is_one_line(tmp_path: Path) -> None:
    fails = tmp_path / "pandoc"
    fails.write_text("#!/bin/sh\nexit 3\n")
    fails.chmod(0o755)
    with pytest.raises(Unreadable) as refused:
        read(documents.rtf(), Converter(Name.PANDOC, str(fails)))
    assert refused.value.lines("en") == ["pandoc cannot read it: save it as .docx"]
    with pytest.raises(Unreadable) as refused:
        read(documents.rtf(), Converter(Name.LIBREOFFICE, "/bin/true"))
    assert refused.value.lines("en") == ["soffice cannot read it: save it as .docx"]


def test_libreoffice_is_taken_before_pandoc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert converters.installed() is None
    for name in (Name.PANDOC, Name.LIBREOFFICE):
        (tmp_path / name.value).write_text("#!/bin/sh\n")
        (tmp_path / name.value).chmod(0o755)
        assert converters.installed() == Converter(name, str(tmp_path / name.value))
