from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from mailer.letter.letter import (
    LetterError,
    attributes_asked,
    check_expressions,
    parse_letter,
    read_letter,
)
from tests.factories import FRONT, PIXEL, letter

FIVE_FAULTS = """---
number: treize
titre: Une lettre
date: 31/02/2025
from: personne
preheader: Bonjour {{ subscriber.first_name }}
---
Bonjour {{ subscriber.first_name.upper() }}

![](../../etc/passwd)
"""


def faults_of(text: str) -> list[str]:
    with pytest.raises(LetterError) as refused:
        parse_letter(text)
    return refused.value.lines("en")


def front(**changes: str) -> str:
    values = {
        "number": "294",
        "title": "Un titre",
        "date": "2025-10-14",
        "subject": "Objet",
        "preheader": "Accroche",
    } | changes
    return "---\n" + "".join(f"{k}: {v}\n" for k, v in values.items() if v) + "---\nTexte.\n"


def test_all_faults_are_told_at_once_by_line(tmp_path: Path) -> None:
    file = tmp_path / "lettre.md"
    file.write_text(FIVE_FAULTS)
    with pytest.raises(LetterError) as refused:
        read_letter(file)
    lines = refused.value.lines("en")
    assert lines[0] == 'lettre.md:2: number "treize" is no number of a letter: write number: 294'
    assert lines[1] == 'lettre.md:3: "titre" is not known here: did you mean "title"?'
    assert [line.split(":")[1] for line in lines] == ["2", "3", "4", "5", "6", "7", "7", "8", "10"]
    assert 'lettre.md:7: subject is missing: add subject: "…"' in lines


def test_every_fault_has_its_french(tmp_path: Path) -> None:
    file = tmp_path / "lettre.md"
    file.write_text(FIVE_FAULTS)
    with pytest.raises(LetterError) as refused:
        read_letter(file)
    assert 'lettre.md:7: subject manque\u202f: ajoutez subject: "…"' in refused.value.lines("fr")
    assert not set(refused.value.lines("fr")) & set(refused.value.lines("en"))


@pytest.mark.parametrize("written", ["294", '"294"', "n° 294", "N°294", "0294"])
def test_a_number_may_be_written_as_people_write_it(written: str) -> None:
    assert parse_letter(front(number=written)).number == 294


@pytest.mark.parametrize("written", ["0", "-3", "2.5", "99999999999", "'²'", "[1]", "true"])
def test_what_is_no_number_is_a_fault(written: str) -> None:
    assert len(faults_of(front(number=written))) == 1


@pytest.mark.parametrize(
    "written", ["2025-10-14", "14/10/2025", "14.10.2025", "14 octobre 2025", "14 October 2025"]
)
def test_a_date_may_be_french(written: str) -> None:
    assert parse_letter(front(date=written)).date == datetime.date(2025, 10, 14)


@pytest.mark.parametrize("written", ["14/13/2025", "demain", "20251014", "2025-10-14 08:00"])
def test_what_is_no_date_is_a_fault(written: str) -> None:
    assert len(faults_of(front(date=written))) == 1


def test_a_colon_in_a_title_says_to_use_quotes_and_the_rest_is_still_read() -> None:
    lines = faults_of(front(title="Plénière : le vote", subject=""))
    assert lines == [
        'lettre.md:3: ": " within a value: put the whole value between quotes "…"',
        'lettre.md:6: subject is missing: add subject: "…"',
    ]


def test_a_key_that_stands_twice_is_a_fault() -> None:
    assert faults_of(front(subject="a\nsubject: b")) == [
        "lettre.md:6: subject stands twice, first on line 5: take one away"
    ]


def test_a_header_holds_neither_line_breaks_nor_expressions() -> None:
    assert "more than one line" in faults_of(front(subject='"a\\r\\nBcc: x@example.org"'))[0]
    assert "personal words" in faults_of(front(title='"{{ list.title }}"'))[0]
    assert "not an address" in faults_of(front(**{"from": '"A <a@b.fr>\\nBcc: c@d.fr"'}))[0]


@pytest.mark.parametrize(
    "text", ["Bonjour", "---\nnumber: 1\n", "", "---\n- a\n- b\n---\nx", "---\n---\n"]
)
def test_a_letter_without_a_sound_front_matter_says_what_to_write(text: str) -> None:
    assert faults_of(text)


def test_an_empty_letter_is_a_fault() -> None:
    assert faults_of(FRONT) == ["lettre.md:7: the letter has no text: write it below the dashes"]


def test_a_file_of_windows_1252_is_told_to_be_saved_as_utf_8(tmp_path: Path) -> None:
    file = tmp_path / "lettre.md"
    file.write_bytes((FRONT + "Été").encode("cp1252", "replace"))
    with pytest.raises(LetterError, match=r"lettre.md:5: is not UTF-8"):
        read_letter(file)


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "lettre.md"
    file.write_bytes((FRONT + "Été\n\nfin\n").replace("\n", "\r\n").encode("utf-8-sig"))
    assert read_letter(file).body == "Été\n\nfin\n"


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(LetterError, match="no such file"):
        read_letter(tmp_path / "nowhere.md")


def test_images_are_taken_from_beside_the_letter(tmp_path: Path) -> None:
    (tmp_path / "été.png").write_bytes(PIXEL)
    (tmp_path / "lettre.md").write_text(FRONT + "![Un point](été.png)")
    assert read_letter(tmp_path / "lettre.md").images == {"été.png": PIXEL}


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        ("../secret.png", "lies outside"),
        ("/etc/passwd", "lies outside"),
        ("link.png", "lies outside"),
        ("absent.png", "is not there"),
        ("text.png", "is not PNG, JPEG, WebP or GIF"),
        ("cut.png", "is damaged"),
        ("heavy.png", "weighs 30001 kB: make it smaller than 30000 kB"),
        ("http://example.org/a.png", "not at an https:// address"),
        ("//example.org/a.png", "not at an https:// address"),
        ("data:image/png;base64,AAAA", "written into the text"),
    ],
)
def test_an_image_that_cannot_travel_is_a_fault(tmp_path: Path, target: str, fault: str) -> None:
    folder = tmp_path / "letter"
    folder.mkdir()
    (tmp_path / "secret.png").write_bytes(PIXEL)
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "text.png").write_text("not a picture")
    (folder / "cut.png").write_bytes(PIXEL[:14])
    (folder / "heavy.png").write_bytes(PIXEL + b"\0" * 30_001_000)
    (folder / "lettre.md").write_text(f"{FRONT}![Un point]({target})")
    with pytest.raises(LetterError, match=f"lettre.md:8: .*{fault}"):
        read_letter(folder / "lettre.md")


def test_names_that_nobody_has_are_found_with_the_declared_attributes() -> None:
    written = letter("a\n\n{{ subscriber.mandat }} {{ subscriber.first_nam }}\n")
    assert [str(it) for it in check_expressions(written, ["mandat"])] == [
        "lettre.md:10: subscriber.first_nam is not known: did you mean subscriber.first_name?"
    ]
    assert attributes_asked(written) == {"mandat", "first_nam"}
