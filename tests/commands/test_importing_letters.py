"""pli letter import: Word files and pasted text become letters, at the terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pli import keys as key_ring
from pli.errors import PliError
from tests.commands.invoking import pli
from tests.mailer.letter.word.documents import boxes, captions, changed, headings

SETTINGS = """committee = "Comité"
address = "3 place du Marché"
phone = "02 99 00 00 00"
email = "comite@example.org"
public_url = "https://lettres.example.org"
"""
PASTED = """<p class=MsoNormal>Bonjour <b>à tous</b></p>
<p class=MsoListParagraph style='mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>·
</span>un</p><p class=MsoListParagraph style='mso-list:l0 level2 lfo1'><span
style='mso-list:Ignore'>o </span>dessous</p>
<p><a href="javascript:alert(1)">non</a></p><script>alert(1)</script>"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with settings, and a Word file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pli.toml").write_text(SETTINGS)
    (tmp_path / "Lettre 12.docx").write_bytes(captions())
    return tmp_path


def test_a_word_file_becomes_a_letter_and_its_pictures(folder: Path) -> None:
    done = pli("letter", "import", "Lettre 12.docx")
    assert done.exit_code == 0
    assert "Taken over:\n" in done.stdout
    assert "Written: lettre-12.md, lettre-12-1.png, lettre-12-2.png." in done.stdout
    assert (folder / "lettre-12.md").read_text().startswith("---\nnumber: 12\n")
    assert sorted(it.name for it in folder.iterdir()) == [
        "Lettre 12.docx",
        "lettre-12-1.png",
        "lettre-12-2.png",
        "lettre-12.md",
        "pli.toml",
    ]


@pytest.mark.usefixtures("folder")
def test_what_was_not_found_is_a_fault_until_it_is_written() -> None:
    pli("letter", "import", "Lettre 12.docx")
    checked = pli("letter", "check", "lettre-12.md").exception
    assert str(checked).splitlines() == [
        "lettre-12.md:3: title is not written yet: write it instead of FIXME",
        'lettre-12.md:4: date "FIXME" is not a date: write date: 2026-11-24, or 24/11/2026',
        "lettre-12.md:5: subject is not written yet: write it instead of FIXME",
        "lettre-12.md:6: preheader is not written yet: write it instead of FIXME",
    ]


def test_a_letter_with_its_head_written_can_be_sent(folder: Path) -> None:
    (folder / "a.docx").write_bytes(headings())
    assert pli("letter", "import", "a.docx").exit_code == 0
    text = (folder / "a.md").read_text()
    preheader = "Une phrase vraie, assez longue pour la boîte de réception."
    (folder / "a.md").write_text(text.replace("preheader: FIXME", f"preheader: {preheader}"))
    checked = pli("letter", "check", "a.md")
    assert checked.exit_code == 0, checked.stdout
    assert "a.md: can be sent." in checked.stdout


def test_nothing_is_written_over_a_file_that_is_there(folder: Path) -> None:
    (folder / "lettre-12-2.png").write_bytes(b"mine")
    refused = pli("letter", "import", "Lettre 12.docx").exception
    assert str(refused) == "lettre-12-2.png: is there already: name another file"
    assert not (folder / "lettre-12.md").exists()
    assert not (folder / "lettre-12-1.png").exists()
    assert (folder / "lettre-12-2.png").read_bytes() == b"mine"


def test_nothing_is_written_through_a_link_that_leads_nowhere(folder: Path) -> None:
    (folder / "l.md").symlink_to(folder / "elsewhere.md")
    refused = pli("letter", "import", "Lettre 12.docx", "--output", "l.md").exception
    assert str(refused) == "l.md: is there already: name another file"
    assert sorted(it.name for it in folder.iterdir()) == ["Lettre 12.docx", "l.md", "pli.toml"]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("output", ["", ".", "/"])
def test_an_output_without_a_name_is_refused(output: str) -> None:
    refused = pli("letter", "import", "Lettre 12.docx", "--output", output).exception
    assert isinstance(refused, PliError)
    assert str(refused).endswith(" names no file")


def test_a_dry_run_only_reports(folder: Path) -> None:
    done = pli("letter", "import", "Lettre 12.docx", "--dry-run", "--json")
    assert json.loads(done.stdout) == {
        "file": "lettre-12.md",
        "pictures": ["lettre-12-1.png", "lettre-12-2.png"],
        "taken": ["5 paragraphs", "2 pictures"],
        "changed": [],
        "left_out": [],
    }
    assert len([*folder.iterdir()]) == 2


def test_tracked_changes_are_asked_about(folder: Path) -> None:
    (folder / "c.docx").write_bytes(changed())
    refused = pli("letter", "import", "c.docx").exception
    assert isinstance(refused, PliError)
    assert str(refused).startswith("c.docx: it has 4 tracked changes: say --changes accept or")
    assert pli("letter", "import", "c.docx", "--changes", "accept").exit_code == 0
    assert "Nous disons oui aujourd’hui." in (folder / "c.md").read_text()


def test_pasted_html_of_word_becomes_a_letter(folder: Path) -> None:
    done = pli("letter", "import", "-", "--output", "p.md", told=PASTED.encode())
    assert done.exit_code == 0
    text = (folder / "p.md").read_text()
    assert text.endswith("Bonjour **à tous**\n\n- un\n  - dessous\n\nnon\n")
    assert "a link to javascript:alert(1) became its text" in done.stdout


def test_pasted_text_keeps_its_paragraphs_and_lines(folder: Path) -> None:
    assert pli("letter", "import", "-", told=b"Un\ndeux\n\n# trois").exit_code == 0
    assert (folder / "lettre.md").read_text().endswith("Un\\\ndeux\n\n\\# trois\n")


def test_headings_may_be_kept_as_they_are(folder: Path) -> None:
    written = b"<p><b>Un titre</b></p><p>Un texte.</p>"
    pli("letter", "import", "-", "--headings", "keep", "--output", "k.md", told=written)
    pli("letter", "import", "-", "--output", "g.md", told=written)
    assert "**Un titre**" in (folder / "k.md").read_text()
    assert "# Un titre" in (folder / "g.md").read_text()


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old Word (.doc)"),
        ("a.docx", b"PK\x03\x04", "no Word file"),
        ("none.docx", None, "No such file or directory"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_name(
    folder: Path, name: str, data: bytes | None, told: str
) -> None:
    if data is not None:
        (folder / name).write_bytes(data)
    refused = pli("letter", "import", name).exception
    assert isinstance(refused, PliError)
    (line,) = refused.lines("en")
    assert line.startswith(f"{name}: ")
    assert told in line


def test_without_a_program_other_formats_are_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    (folder / "a.rtf").write_bytes(b"{\\rtf1 Bonjour}")
    refused = pli("letter", "import", "a.rtf").exception
    assert isinstance(refused, PliError)
    assert refused.lines("en") == [
        "a.rtf: reading .rtf needs LibreOffice or pandoc: install libreoffice-writer or pandoc, "
        "or save the document as .docx"
    ]


def test_the_report_speaks_french(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commands.common.LANGUAGE", "fr")
    monkeypatch.setattr("commands.importing_letters.LANGUAGE", "fr")
    (folder / "b.docx").write_bytes(boxes())
    done = pli("letter", "import", "b.docx")
    told = "une zone de texte est devenue un encadré (2 fois, d’abord après «\u202fLe vote\u202f»)"
    assert told in done.stdout


def test_a_letter_without_a_number_gets_the_next_one_of_its_list(folder: Path) -> None:
    (folder / "a.docx").write_bytes(boxes())
    key_ring.write(key_ring.generate(), folder / "pli.keys")
    assert pli("db", "upgrade").exit_code == 0
    assert pli("list", "new", "membres", "--title", "Membres").exit_code == 0
    assert pli("letter", "import", "a.docx", "--list", "membres").exit_code == 0
    assert (folder / "a.md").read_text().startswith("---\nnumber: 1\n")
    done = pli("letter", "import", "Lettre 12.docx", "--list", "membres")
    assert done.exit_code == 0
    assert (folder / "lettre-12.md").read_text().startswith("---\nnumber: 12\n"), "its own"
    unknown = pli("letter", "import", "a.docx", "--list", "personne", "--output", "b.md")
    assert len(str(unknown.exception).splitlines()) == 1
    assert not (folder / "b.md").exists()
