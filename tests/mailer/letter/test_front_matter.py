"""A value of the front matter is what its author wrote, or a fault that says what to write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.letter.letter import LetterError, parse_letter


def front(key: str, written: str) -> str:
    values = {
        "number": "294",
        "title": "Un titre",
        "date": "2025-10-14",
        "subject": "Objet",
        "preheader": "Accroche",
    } | {key: written}
    return "---\n" + "".join(f"{k}: {v}\n" for k, v in values.items()) + "---\nTexte.\n"


def faults(text: str) -> list[str]:
    with pytest.raises(LetterError) as refused:
        parse_letter(text)
    return refused.value.lines("en")


@pytest.mark.parametrize("key", ["title", "subject", "preheader"])
@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("CSE du 3 décembre #2", "#"),
        ("[CGT] Lettre de novembre", "["),
        ("[CGT", "["),
        ("{Urgent} réunion", "{"),
        ("! Alerte grève", "!"),
        ("!! Alerte", "!"),
        ("!Alerte grève", "!"),
        ("@tous venez", "@"),
        ("% de grévistes", "%"),
        ("*Urgent* grève", "*"),
        ("&nous sommes là", "&"),
        ("`code` source", "`"),
        ("- 5 % en moins", "-"),
        ("? ou non", "?"),
        ("> 30 % de grévistes", ">"),
        ("| a | b", "|"),
        ("#grève", "#"),
        ('"Lettre" de novembre', '"'),
        ("'C'est l'heure'", "'"),
        ('"jamais fermé', '"'),
        ("[" * 5_000, "["),
        ("{" * 5_000, "{"),
    ],
)
def test_what_yaml_reads_otherwise_is_told_to_be_put_between_quotes(
    key: str, written: str, told: str
) -> None:
    (line,) = faults(front(key, written))
    assert f'YAML reads "{told}" as a sign of its own' in line
    assert "put the whole value between quotes" in line
    assert int(line.split(":")[1]) in (3, 5, 6)


@pytest.mark.parametrize("written", ["@tous : venez", "% de grévistes : une accroche", "a: b: c"])
def test_a_colon_and_a_space_ask_for_quotes_whatever_stands_first(written: str) -> None:
    assert faults(front("subject", written)) == [
        'lettre.md:5: ": " within a value: put the whole value between quotes "…"'
    ]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("L'été, c'est l'heure", "L'été, c'est l'heure"),
        ('Dire "non" au projet', 'Dire "non" au projet'),
        ('"CSE du 3 décembre #2"', "CSE du 3 décembre #2"),
        ("'! Alerte : \"grève\"'", '! Alerte : "grève"'),
        ("Grève#2 et n°3", "Grève#2 et n°3"),
        ("https://example.org/a#b", "https://example.org/a#b"),
        ("Salaires:l'accord", "Salaires:l'accord"),
        ("-5 % pour tous", "-5 % pour tous"),
        ("1,5 %", "1,5 %"),
        ("0294", "0294"),
        ("2025-10-14", "2025-10-14"),
        ("oui", "oui"),
        ("null", "null"),
        ("true", "true"),
        ("1e3", "1e3"),
        ("12:30:45", "12:30:45"),
        ("«\u202fNon\u202f»", "«\u202fNon\u202f»"),
        ("une ligne\n  et sa suite", "une ligne et sa suite"),
        (">-\n  une ligne\n  et sa suite", "une ligne et sa suite"),
        ('"une ligne\n  et sa suite"', "une ligne et sa suite"),
        ("'l''été'", "l'été"),
        ("Vote 👍", "Vote 👍"),
    ],
)
def test_a_value_is_taken_as_it_is_written(written: str, read: str) -> None:
    assert parse_letter(front("subject", written)).subject == read


def test_a_colon_without_a_space_is_enough_after_a_name_that_is_known() -> None:
    assert parse_letter(front("title", "x").replace("title: ", "title:")).title == "x"
    assert parse_letter(front("title", "x").replace("title: ", "title : ")).title == "x"


def test_a_front_matter_may_be_indented_and_hold_remarks() -> None:
    text = front("date", "2025-10-14  # un mardi").replace("number", "# brouillon\nnumber")
    head, _, body = text.removeprefix("---\n").partition("---\n")
    indented = "".join(f"  {line}\n" for line in head.splitlines())
    assert parse_letter(f"---\n{indented}---\n{body}").number == 294


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ('"Titre \\x9b31mROUGE"', "U+009B"),
        ('"Titre \\ud800"', "U+D800"),
        ('"Titre \\uffff"', "U+FFFF"),
        ('"Titre \\x00"', "U+0000"),
        ('"Titre \\x1b[31m"', "U+001B"),
        ("Titre \ufffe", "U+FFFE"),
    ],
)
def test_what_nobody_sees_is_refused_by_its_number(written: str, code: str) -> None:
    (line,) = faults(front("title", written))
    assert line.startswith("lettre.md:3: title holds a character that nobody sees")
    assert code in line


def test_control_characters_of_word_are_spaces() -> None:
    assert parse_letter(front("title", "a\x07b\x9bc")).title == "a b c"


def test_a_line_that_is_no_value_spoils_no_other() -> None:
    text = front("title", "x").replace("date:", "n'importe quoi\ndate:")
    assert faults(text) == [
        'lettre.md:4: this line is no "name: value": put a whole value on one line'
    ]


@given(st.text(st.characters(exclude_characters="\n\r"), max_size=40))
def test_any_value_is_read_as_it_is_written_or_refused_with_its_line(value: str) -> None:
    try:
        read = parse_letter(front("subject", value))
    except LetterError as refused:
        for line in refused.lines("en"):
            assert line.startswith(("lettre.md:5: ", "lettre.md:7: "))
            assert "expected" not in line
            assert "found" not in line
    else:
        if value.strip()[:1] not in ("'", '"'):
            shown = "".join(" " if ord(it) < 32 or 127 <= ord(it) < 160 else it for it in value)
            assert read.subject == shown.strip()
