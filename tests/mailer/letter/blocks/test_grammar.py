"""The lines of a block: keys and values as text, each fault with its line and column."""

from __future__ import annotations

import pytest

from mailer.letter.blocks import grammar, names
from mailer.letter.blocks.faults import Faults, Line
from tests.mailer.letter.blocks.told import faults


def values(*lines: str) -> tuple[dict[str, str], list[str]]:
    """The values of a picture's lines, and the faults in them."""
    told = Faults(lambda text: text)
    read = grammar.values([Line(n, it) for n, it in enumerate(lines)], names.IMAGE_KEYS, told)
    return {key: value.text for key, value in read.items()}, [str(it) for _, it in told.told]


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("alt: Une gare", "alt", "Une gare"),
        ("ALT:Une gare", "alt", "Une gare"),
        ("légende : 18:00, déjà", "caption", "18:00, déjà"),
        ("Légende\u202f: oui", "caption", "oui"),
        ("caption: no", "caption", "no"),
        ("credit: 0294", "credit", "0294"),
        ("caption: [lien](https://e.org): *oui*", "caption", "[lien](https://e.org): *oui*"),
        ("alt: مرحبا بكم 😀", "alt", "مرحبا بكم 😀"),
        ("alt:", "alt", ""),
    ],
)
def test_a_value_is_text_whatever_it_looks_like(line: str, key: str, value: str) -> None:
    assert values(line) == ({key: value}, [])


def test_a_line_that_begins_with_a_space_goes_on() -> None:
    assert values("caption: un début", "  et sa fin", "", "alt: x")[0] == {
        "caption": "un début et sa fin",
        "alt": "x",
    }


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        (["rien"], 'column 1: this line is no "key: value": there are alt, caption, credit, width'),
        (["alte: x"], 'column 1: "alte" is not known in this block: did you mean "alt"?'),
        (["xyz: x"], 'column 1: "xyz" is not known in this block: there are alt, caption'),
        (["alt: x", "alt: y"], 'column 1: "alt" stands twice in this block, first on line 1'),
        (["caption:"], "column 9: there is no value behind the colon"),
        (["légende: x", "caption: y"], 'column 1: "caption" stands twice in this block'),
    ],
)
def test_each_fault_has_its_column(lines: list[str], fault: str) -> None:
    told = values(*lines)[1]
    assert len(told) == 1
    assert fault in told[0]


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("-3", 'column 7: "-3" is no number of votes: write a whole number from 0 on'),
        ("douze", 'column 7: "douze" is no number of votes'),
        ("1,5", 'column 7: "1,5" is no number of votes'),
        ("12 voix", 'column 7: "12 voix" is no number of votes'),
        ("٣", 'column 7: "٣" is no number of votes'),
        ("{{ list.name }}", 'column 7: "{{ list.name }}" is no number of votes'),
        ("9" * 40, "is too large a number: write at most 9 digits"),
        ("1" * 5_000, "is too large a number"),
        ("1" + " 111" * 5_000, "is too large a number"),
    ],
)
def test_votes_are_whole_numbers(value: str, fault: str) -> None:
    told = faults(f"::: votes\npour: {value}\n:::")
    assert any(it.startswith("2: ") and fault in it for it in told), told


def test_zeros_before_a_number_change_nothing() -> None:
    assert faults("::: votes\npour: 000000000012\n:::") == []


def test_a_block_may_be_set_in_as_a_whole() -> None:
    assert values("  alt: x", "    et la suite", "  credit: y") == (
        {"alt": "x et la suite", "credit": "y"},
        [],
    )
    assert values("  alt: x", "  alte: y")[1][0].startswith('column 3: "alte" is not known')
    assert values("  alt: x", "alte: y")[1][0].startswith('column 1: "alte" is not known')


def test_a_column_counts_expressions_as_they_are_written() -> None:
    told = faults("::: agenda\n{{ list.name }} | a | b | c\n:::")
    assert told[0].startswith("2: column 1: ")
    told = faults("::: chapeau {{ list.name }} x\na\n:::")
    assert "1: column 13: nothing can stand" in told[0]


def test_spaces_between_thousands_are_read() -> None:
    for written in ("12 500", "12\u202f500", "12\u00a0500", "12500"):
        assert faults(f"::: votes\npour: {written}\n:::") == []


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("2026-02-30 18:00 | a | b", '"2026-02-30 18:00" is no date that exists'),
        ("2026-13-01 | a | b", "is no date that exists"),
        ("32/12/2026 | a | b", "is no date that exists"),
        ("demain | a | b", '"demain" is no date that exists'),
        ("9999-12-31 | a | b", "is no date that exists"),
        ("2026-12-01 25:00 | a | b", '"25:00" is no hour that exists'),
        ("2026-12-01 18:60 | a | b", "is no hour that exists"),
        ("2026-12-01 18:00-17:00 | a | b", "this ends at 17:00, before it begins"),
        ("2026-12-01 18:00", "this line is no date: write it like"),
        ("2026-12-01 | a | b | c", "this line is no date: write it like"),
        ("2026-12-01 18:00 | a | ", "nothing says what happens then"),
    ],
)
def test_dates_and_hours_that_do_not_exist_are_faults(line: str, fault: str) -> None:
    told = faults(f"::: agenda\n2026-12-02 | ok\n{line}\n:::")
    assert len(told) == 1
    assert told[0].startswith("3: column ")
    assert fault in told[0]


@pytest.mark.parametrize(
    "when",
    [
        "2026-12-01 18:30",
        "01/12/2026 18h30",
        "1.12.2026 18:30",
        "1er décembre 2026, 18 h 30",
        "mardi 1er décembre 2026 à 18h30",
        "1 December 2026 at 18:30",
        "2026-12-01 18:30-20:00",
        "2026-12-01 de 18h30 à 20h",
        "2026-12-01, 18:30 – 20:00",
    ],
)
def test_dates_are_read_as_people_write_them(when: str) -> None:
    from datetime import date, time

    from mailer.letter.blocks import agenda

    told = Faults(lambda text: text)
    [entry] = agenda.entries([Line(0, f"{when} | Gare | Réunion")], told)
    assert told.told == []
    assert (entry.event.day, entry.event.begins) == (date(2026, 12, 1), time(18, 30))
    assert entry.event.ends in (None, time(20, 0))
    assert (entry.place, entry.what) == ("Gare", "Réunion")
