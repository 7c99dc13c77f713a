"""Files that travel with a letter: which are taken, and what is told of the others."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.letter import attachments, preflight, snapshot, weights
from mailer.letter.attachments import AttachmentError
from mailer.letter.letter import Letter, LetterError, parse_letter, read_letter
from tests.examples import examples
from tests.factories import FRONT, IDENTITY, PIXEL, attachment, calendar, letter, pdf
from tests.mailer.letter.picture_bytes import heavy_picture
from tests.mailer.letter.rendered import THEME, mail, pressed, wire


def written(folder: Path, *lines: str) -> Path:
    """A letter's file with these lines in its front matter."""
    path = folder / "lettre.md"
    front = FRONT.removesuffix("---\n") + "".join(f"{line}\n" for line in lines)
    path.write_text(f"{front}---\n# Une séance\n\nBonjour.\n")
    return path


def faults(path: Path) -> list[str]:
    with pytest.raises(LetterError) as refused:
        read_letter(path)
    return refused.value.lines("en")


@pytest.mark.parametrize(
    "lines",
    [
        ["attachments:", "  - Procès-verbal.pdf", "  - réunion.ics"],
        ["attachments:", "- Procès-verbal.pdf", "", "# la date", '- "réunion.ics"'],
        ["attachments: [Procès-verbal.pdf, 'réunion.ics']"],
        ["attachments: [", "  Procès-verbal.pdf,", "  réunion.ics ]"],
    ],
    ids=["behind dashes", "behind dashes at the margin", "between brackets", "on several lines"],
)
def test_files_beside_the_letter_travel_in_the_order_of_the_list(
    tmp_path: Path, lines: list[str]
) -> None:
    (tmp_path / "Procès-verbal.pdf").write_bytes(pdf())
    (tmp_path / "réunion.ics").write_bytes(calendar())
    read = read_letter(written(tmp_path, *lines, "language: fr"))
    assert read.attachments == (
        attachment("Procès-verbal.pdf", pdf()),
        attachment("réunion.ics", calendar()),
    )


@pytest.mark.parametrize("name", ["avis.pdf", "pv #2, final: le vrai.pdf", "sous-dossier/avis.pdf"])
def test_one_name_stands_behind_the_key_as_it_is(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(pdf())
    (one,) = read_letter(written(tmp_path, f"attachments: {name}")).attachments
    assert one.name == Path(name).name.replace(":", "-")


def test_a_name_with_any_sign_stands_behind_a_dash_as_it_is(tmp_path: Path) -> None:
    name = "[CSE] l'avis #2 & la suite: fin.pdf"
    (tmp_path / name).write_bytes(pdf())
    (one,) = read_letter(written(tmp_path, "attachments:", f"  - {name}")).attachments
    assert one.name == "[CSE] l'avis #2 & la suite- fin.pdf"


@pytest.mark.parametrize("lines", [[], ["attachments:"], ["attachments: []"]])
def test_a_letter_without_files_has_none(tmp_path: Path, lines: list[str]) -> None:
    assert read_letter(written(tmp_path, *lines)).attachments == ()


@pytest.mark.parametrize(
    "lines",
    [
        ["attachments:", "  - {a: b}", "  x"],
        ["attachments: [a.pdf"],
        ["attachments: [{a: b}]"],
        ["attachments:", '  - "a.pdf'],
        ["attachments:", '  - "a.pdf", "b.pdf"'],
        ["attachments: a.pdf", "  - b.pdf"],
    ],
)
def test_what_is_no_list_is_a_fault_with_what_to_write(tmp_path: Path, lines: list[str]) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf())
    (tmp_path / "{a: b}").write_bytes(pdf())
    (line, *_) = [it for it in faults(written(tmp_path, *lines)) if "is a list" in it]
    assert 'attachments is a list: write each name on a line of its own, behind "- "' in line


def test_a_sign_that_turns_a_name_around_is_taken_out_and_told(tmp_path: Path) -> None:
    (tmp_path / "avisfdp.pdf").write_bytes(pdf())
    read = read_letter(written(tmp_path, "attachments: avis\u202efdp.pdf"))
    assert [it.name for it in read.attachments] == ["avisfdp.pdf"]
    (note,) = read.notes
    assert (note.line, "turns the text around (U+202E)" in str(note.sentence)) == (7, True)


def test_a_french_name_of_the_key_is_told_its_own(tmp_path: Path) -> None:
    (line,) = faults(written(tmp_path, "pièces jointes: avis.pdf"))
    assert line.endswith('"pièces jointes" is not known here: did you mean "attachments"?')


def absent(folder: Path) -> str:
    del folder
    return "absent.pdf"


def link_out(folder: Path) -> str:
    (folder.parent / "secret.pdf").write_bytes(pdf())
    (folder / "link.pdf").symlink_to(folder.parent / "secret.pdf")
    return "link.pdf"


def link_to_a_device(folder: Path) -> str:
    (folder / "zero.pdf").symlink_to("/dev/zero")
    return "zero.pdf"


def link_to_itself(folder: Path) -> str:
    (folder / "loop.pdf").symlink_to("loop.pdf")
    return "loop.pdf"


def pipe(folder: Path) -> str:
    os.mkfifo(folder / "pipe.pdf")
    return "pipe.pdf"


def door(folder: Path) -> str:
    with socket.socket(socket.AF_UNIX) as listening:
        before = Path.cwd()
        os.chdir(folder)  # a socket's address is short
        try:
            listening.bind("door.pdf")
        finally:
            os.chdir(before)
    return "door.pdf"


def subfolder(folder: Path) -> str:
    (folder / "folder.pdf").mkdir()
    return "folder.pdf"


def huge(folder: Path) -> str:
    with (folder / "huge.pdf").open("wb") as file:
        file.truncate(40 * 2**30)  # a hole: it takes no room
    return "huge.pdf"


def holding(name: str, data: bytes) -> Callable[[Path], str]:
    def put(folder: Path) -> str:
        (folder / name).write_bytes(data)
        return name

    return put


@pytest.mark.parametrize(
    ("made", "fault"),
    [
        (absent, "is not there: put it beside the letter"),
        (lambda _: "../secret.pdf", "lies outside the letter's folder"),
        (lambda _: "/etc/passwd", "lies outside the letter's folder"),
        (lambda _: "x" * 5_000 + ".pdf", "is not there"),
        (link_out, "lies outside the letter's folder"),
        (link_to_a_device, "lies outside the letter's folder"),
        (link_to_itself, "is not there"),
        (pipe, "is no plain file: put a copy of the file there"),
        (door, "is not there"),
        (subfolder, "is no plain file"),
        (huge, "weigh 42949673 kB with “huge.pdf”, and may weigh 5000 kB: put it on a web page"),
        (holding("empty.pdf", b""), "is empty: save it again"),
        (holding("a.docx", b"PK\3\4" + bytes(99)), "is neither PDF nor a calendar"),
        (holding("a.pdf", b"MZ" + bytes(99)), "is neither PDF nor a calendar"),
        (holding("a.pdf", b"<svg/>"), "is neither PDF nor a calendar"),
        (holding("a.pdf.exe", pdf()), "holds a .pdf file: call it so"),
        (holding("a", pdf()), "holds a .pdf file: call it so"),
        (holding("a.ics", pdf()), "holds a .pdf file: call it so"),
        (holding("a.pdf", calendar()), "holds a .ics file: call it so"),
        (holding("a.pdf", pdf()[:-40]), "is cut off: save it again"),
        (holding("a.ics", calendar()[:-20]), "is neither PDF nor a calendar"),
        (holding("a.ics", calendar().decode().encode("utf-16")), "is neither PDF nor a calendar"),
    ],
)
def test_a_file_that_cannot_travel_is_one_line(
    tmp_path: Path, made: Callable[[Path], str], fault: str
) -> None:
    folder = tmp_path / "letter"
    folder.mkdir()
    path = written(folder, "attachments:", f"  - {made(folder)}")
    (line,) = faults(path)
    assert line.startswith("lettre.md:8: the attachment")
    assert fault in line


@pytest.mark.parametrize("made", [link_to_itself, pipe, subfolder, link_to_a_device])
def test_an_image_is_read_no_other_way(tmp_path: Path, made: Callable[[Path], str]) -> None:
    folder = tmp_path / "letter"
    folder.mkdir()
    (folder / "lettre.md").write_text(f"{FRONT}![Un point]({made(folder)})")
    (line,) = faults(folder / "lettre.md")
    assert line.startswith("lettre.md:8: the image")


def test_every_fault_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf())
    path = written(tmp_path, "attachments:", "  - b.pdf", "", "  - a.pdf", "  - c.pdf", "  - A.pdf")
    (tmp_path / "A.pdf").write_bytes(pdf())
    assert [it.split(": ")[0] for it in faults(path)] == [
        "lettre.md:8",
        "lettre.md:11",
        "lettre.md:12",
    ]
    assert 'two attachments are called "A.pdf": rename one' in faults(path)[2]


def test_more_files_than_anybody_opens_are_not_read() -> None:
    text = FRONT.removesuffix("---\n") + "attachments:\n" + "- a.pdf\n" * 21 + "---\nx\n"

    def load(name: str) -> bytes:
        raise AssertionError(name)

    with pytest.raises(LetterError, match="more than 20 attachments: put some on a web page"):
        parse_letter(text, load_attachment=load)


def test_files_are_weighed_together_as_they_are_read() -> None:
    loaded: list[str] = []

    def load(name: str) -> bytes:
        loaded.append(name)
        return pdf(name, 2_000_000)

    names = "".join(f"- {n}.pdf\n" for n in range(9))
    text = FRONT.removesuffix("---\n") + f"attachments:\n{names}---\nx\n"
    with pytest.raises(LetterError, match=r"weigh 6002 kB with “2.pdf”, and may weigh 5000 kB"):
        parse_letter(text, load_attachment=load)
    assert loaded == ["0.pdf", "1.pdf", "2.pdf"]


@given(st.binary(max_size=300))
def test_any_bytes_are_a_file_to_travel_or_a_refusal(data: bytes) -> None:
    for name in ("a.pdf", "a.ics"):
        for head in (b"", b"%PDF-", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n"):
            try:
                taken = attachments.identified(name, head + data)
            except AttachmentError:
                continue
            assert taken.name == name


def told(of: Letter) -> list[str]:
    made = pressed(of.body, attachments=of.attachments, images=of.images)
    return [f"{it.severity.value}: {it.told}" for it in preflight.check(of, made, IDENTITY)]


def test_over_a_megabyte_is_a_warning_that_tells_the_weight_of_a_sending() -> None:
    (line,) = told(letter("# x", attachments=(attachment(data=pdf(size=1_200_000)),)))
    assert line == (
        "warning: lettre.md: the files with it weigh 1642 kB in each copy: 1643 MB for 1000 "
        "people: put large files on a web page, and link to them"
    )
    assert told(letter("# x", attachments=(attachment(data=pdf(size=900_000)),))) == []


def test_what_all_files_weigh_is_told_to_who_sends() -> None:
    light = letter("# x", attachments=(attachment(),))
    assert weights.told(light, 100_000) is None
    heavy = letter("# x", attachments=(attachment(data=pdf(size=300_000)),))
    assert str(weights.told(heavy, 20)) == (
        "the files with it weigh 411 kB in each copy: 9 MB for 20 people"
    )
    both = replace(heavy, images={"a.png": heavy_picture(b"1")})
    assert "weigh 575 kB" in str(weights.told(both, 20))


@pytest.mark.parametrize(
    ("name", "tells"),
    [
        ("Tract des adhérents.pdf", True),
        ("Section-SYNDICALE.pdf", True),
        ("appel à cotisation.pdf", True),
        ("avis du comité.pdf", False),
        ("réunion.ics", False),
    ],
)
def test_a_name_that_tells_membership_is_a_warning(name: str, *, tells: bool) -> None:
    lines = told(letter("# x", attachments=(attachment(name),)))
    assert ["tells what its reader is a member of" in it for it in lines] == [True] * tells


def test_people_invited_by_a_calendar_are_told_before_everybody_sees_them() -> None:
    invited = calendar(
        "ATTENDEE;CN=Zoé:mailto:zoe@exam", " ple.org", "ATTENDEE:mailto:b@example.org"
    )
    (line,) = told(letter("# x", attachments=(attachment("a.ics", invited),)))
    assert 'the calendar "a.ics" names 2 people by their addresses' in line
    assert told(letter("# x", attachments=(attachment("a.ics"),))) == []


def test_a_file_is_frozen_with_its_letter() -> None:
    with_file = letter("# x", attachments=(attachment(),), typography="strict")
    thawed, _, _ = snapshot.thaw(snapshot.freeze(with_file, THEME, IDENTITY))
    assert thawed == with_file
    other = replace(with_file, attachments=(attachment(data=pdf("Autre")),))
    renamed = replace(with_file, attachments=(attachment("b.pdf"),))
    digests = {snapshot.digest(it) for it in (with_file, other, renamed, letter("# x"))}
    assert len(digests) == 4


def test_a_letter_without_files_keeps_the_digest_that_it_had() -> None:
    """Campaigns of earlier versions are known again by it."""
    assert snapshot.digest(letter("# Été", images={"a.png": PIXEL})) == (
        "3ee83853dd99d0fe3de4af82006dc1c0464423b888af254f9fd41d21c5bfca17"
    )


AGENDA = "# x\n\n::: agenda\n2026-12-01 18:00 | Gare d'Aubrac | Réunion publique\n:::\n"


def test_the_dates_of_a_letter_travel_behind_the_files_that_it_names() -> None:
    read = mail(wire(AGENDA, attachments=(attachment(),)))
    paper, dates = read.iter_attachments()
    assert (paper.get_filename(), dates.get_filename()) == ("avis.pdf", "agenda.ics")
    assert dates.get_content_type() == "text/calendar"
    data = dates.get_payload(decode=True)
    assert isinstance(data, bytes)
    assert "SUMMARY:Réunion publique" in data.decode()
    assert attachments.identified("agenda.ics", data).kind == "ics"
    again = [*mail(wire(AGENDA)).iter_attachments()]
    assert [it.get_payload(decode=True) for it in again] == [data]


def test_the_dates_take_no_name_that_a_file_has() -> None:
    own = attachment("Agenda.ics")
    names = [it.name for it in pressed(AGENDA, attachments=(own,)).attachments]
    assert names == ["Agenda.ics", "agenda-2.ics"]


@settings(max_examples=examples(300), deadline=None)
@given(st.text(st.sampled_from("-[]{}\"',:#& \t\n|>!*a.pdf\u202e\x00\ufeff"), max_size=40))
def test_whatever_stands_behind_the_key_is_a_list_or_a_refusal(value: str) -> None:
    def load(name: str) -> bytes:
        assert name.strip()
        return pdf()

    text = FRONT.removesuffix("---\n") + f"attachments:{value}\n---\nx\n"
    with contextlib.suppress(LetterError):
        parse_letter(text, load_attachment=load)
