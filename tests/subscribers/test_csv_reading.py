"""Files of people as offices save them, sound and broken."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pli.errors import PliError
from subscribers.csv_reading import ReadingError, read
from subscribers.folding import tidy

PLAIN = "Courriel;Prénom;Nom;Département\r\na@example.org;Zoé;Élan;44\r\n"


def _cells(data: bytes) -> list[list[str]]:
    return [list(row.cells.values()) for row in read(data).rows()]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "mac_roman", "cp850", "utf-16", "utf-16-le"]
)
def test_an_encoding_is_recognised(encoding: str) -> None:
    sheet = read(PLAIN.encode(encoding))
    assert [column.name for column in sheet.columns] == [
        "email", "first_name", "last_name", "departement",
    ]  # fmt: skip
    assert [row.cells["last_name"] for row in sheet.rows()] == ["Élan"]


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_the_delimiter_is_counted_outside_of_quotation_marks(delimiter: str) -> None:
    other = "," if delimiter == ";" else ";"
    head = f'Courriel{delimiter}"Nom{other * 5}"{delimiter}Ville'
    assert _cells(f"{head}\na@example.org{delimiter}X{delimiter}Y\n".encode()) == [
        ["a@example.org", "X", "Y"]
    ]


def test_excel_may_name_the_delimiter_itself() -> None:
    assert _cells(b"sep=,\r\nMail,Nom;de;famille\r\na@example.org,X\r\n") == [
        ["a@example.org", "X"]
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_on_any_machine_and_are_counted(end: str) -> None:
    lines = ["", "Mail;Nom", "a@example.org;X", "", ";", 'b@example.org;"Y', 'Z"', "c@example.org;"]
    rows = list(read(end.join(lines).encode()).rows())
    assert [(row.line, row.cells["last_name"]) for row in rows] == [(3, "X"), (6, "Y Z"), (8, "")]


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("E-mail", "email"),
        ("ADRESSE ÉLECTRONIQUE", "email"),
        ("adresse e-mail", "email"),
        ("Courriel", "email"),
        ("Prénom", "first_name"),
        ("FIRST NAME", "first_name"),
        ("Nom de famille", "last_name"),
        ("Langue", "language"),
        ("Département", "departement"),
        ("N° d’adhérent", "n_d_adherent"),
        ("Cœur", "coeur"),
        ("2e mandat", "x_2e_mandat"),
        ("List", "x_list"),
        ("Non", "x_non"),
    ],
)
def test_headings_match_without_case_and_accents(heading: str, name: str) -> None:
    beside = "Ville" if name == "email" else "Mail"
    assert [it.name for it in read(f"{beside};{heading}\n".encode()).columns][1] == name


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \r\n;;\r\n", "is empty"),
        (b"Nom;Ville\nX;Y\n", "no column holds addresses"),
        (b"Mail;E-mail;Nom\n", "two columns mean the same: Mail, E-mail"),
        ("Mail;Département;departement\n".encode(), "two columns mean the same"),
        (b"a@example.org;X\nb@example.org;Y\n", "first line is a person already"),
        (b'Mail;"Nom\na@example.org;X\n', "headings has a quotation mark"),
        (b"PK\x03\x04...", "workbook"),
    ],
)
def test_what_is_no_table_of_people_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(ReadingError, match=problem):
        read(data)


def test_a_broken_line_costs_no_line_but_itself() -> None:
    rows = list(
        read(
            b"Mail;Nom;Ville\n"
            b'a@example.org;"X;Y\n'
            b"b@example.org;X;Y\n"
            b'c@example.org;"two\nlines";Y\n'
            b"d@example.org;X;Y;too;;many\n"
            b"e@example.org\n"
            b"f@example.org;X;;;\n"
            b'g@example.org;5" x;Y\n'
            b'h@example.org;"said ""so""";Y\n'
            b'i@example.org;"X" and;Y\n'
            b"j@exam\0ple.org;X;Y\n"
            b'k@example.org;"X;Y\n'
        ).rows()
    )
    told = {row.line: str(row.fault) for row in rows if row.fault}
    assert told == {
        2: "a quotation mark is opened and never closed",
        6: "there are 2 cells too many in this line",
        13: "a quotation mark is opened and never closed",
    }
    assert {row.cells["email"][0]: row.cells.get("last_name") for row in rows if not row.fault} == {
        "b": "X", "c": "two lines", "e": None, "f": "X", "g": '5" x', "h": 'said "so"',
        "i": "X and", "j": "X",
    }  # fmt: skip
    assert rows[-1].cells["email"].startswith("k@example.org")


def test_a_hundred_thousand_open_quotation_marks_take_no_hour() -> None:
    rows = list(read(b"Mail\n" + b'"a@example.org;\n\n"' * 5_000).rows())
    assert rows


_cell = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=12)


@given(
    st.lists(st.tuples(_cell, _cell), max_size=6),
    st.sampled_from(";,\t"),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_program_writes_is_read_back(
    rows: list[tuple[str, str]], delimiter: str, end: str
) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(("Mail", "Nom"))
    writer.writerows(rows)
    expected = [
        {"email": tidy(mail), "last_name": tidy(name)}
        for mail, name in rows
        if (mail + name).strip()
    ]
    assert [row.cells for row in read(file.getvalue().encode()).rows()] == expected


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda it: b"Mail;Nom\n" + it))
def test_any_bytes_are_rows_or_a_refusal(data: bytes) -> None:
    try:
        rows = list(read(data).rows())
    except PliError:
        return
    assert [row.line for row in rows] == sorted({row.line for row in rows})
    assert not any("\n" in cell or "\0" in cell for row in rows for cell in row.cells.values())
