"""The line of headings is found wherever it stands, and its columns get their meaning."""

from __future__ import annotations

import contextlib

import pytest

from subscribers.csv_reading import ReadingError, Sheet, read
from subscribers.headings import read_delimiter


def names(sheet: Sheet) -> list[str]:
    return [it.name for it in sheet.columns]


def first(text: str, delimiter: str | None = None) -> dict[str, str]:
    return next(read(text.encode(), delimiter=delimiter).rows()).cells


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_headings_that_wrap_within_quotation_marks_are_one_line(delimiter: str) -> None:
    head = delimiter.join(('"Adresse\ncourriel"', "Nom", '"Code\r\npostal"'))
    sheet = read(f"{head}\na@example.org{delimiter}Élan{delimiter}01000\n".encode())
    assert names(sheet) == ["email", "last_name", "code_postal"]
    assert [row.line for row in sheet.rows()] == [4]


@pytest.mark.parametrize(
    "title",
    [
        "Liste des adhérents au 01/09/2026;;;\r\n;;;\r\n",
        "Comité régional\r\nListe, par ordre alphabétique\r\n\r\n",
        '"Liste ""interne""";;;\r\n',
        "Contact : le secrétariat;02 00 00 00 00;;\r\n",
    ],
)
def test_headings_below_title_lines_are_found(title: str) -> None:
    sheet = read((title + "Courriel;Nom;Ville;Rue\r\na@example.org;Élan;Nantes;\r\n").encode())
    assert names(sheet) == ["email", "last_name", "ville", "rue"]
    assert sheet.headings_line == title.count("\n") + 1
    assert [row.line for row in sheet.rows()] == [sheet.headings_line + 1]


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("Prénom (obligatoire)", "first_name"),
        ("Prénom *", "first_name"),
        ("Nom* (Champ obligatoire)", "last_name"),
        ("Prénom(s)", "first_name"),
        ("First name [as on the card]", "first_name"),
        ("NOM (en capitales)", "last_name"),
        ("Département (facultatif)", "departement"),
        ("Code postal (domicile)", "code_postal_domicile"),
        ("Город", ""),
        ("Ville (город)", "ville"),
    ],
)
def test_additions_to_a_heading_do_not_hide_what_it_means(heading: str, name: str) -> None:
    assert names(read(f"E-mail *;{heading}\na@example.org;X\n".encode())) == ["email", name]


def test_an_addition_that_tells_two_columns_apart_stays() -> None:
    sheet = read(b"Mail;Nom;Nom (naissance)\na@example.org;X;Y\n")
    assert names(sheet) == ["email", "last_name", "nom_naissance"]
    sheet = read(b"Mail;Nom (usage);Nom (naissance)\na@example.org;X;Y\n")
    assert names(sheet) == ["email", "nom_usage", "nom_naissance"]


def test_questions_that_are_alike_for_sixty_letters_are_two_columns() -> None:
    ask = "Souhaitez-vous recevoir la lettre d'information du comité régional par "
    sheet = read(f"Mail;{ask}courriel ?;{ask}la poste ?\na@example.org;Oui;Non\n".encode())
    assert len(set(names(sheet))) == 3
    assert list(next(sheet.rows()).cells.values()) == ["a@example.org", "Oui", "Non"]
    alone = read(f"Mail;{ask}la poste ?\na@example.org;Non\n".encode())
    assert names(alone)[1] == names(sheet)[2]
    assert all(len(name) <= 64 for name in names(sheet))


@pytest.mark.parametrize(
    "text",
    [
        "Nom, prénom, fonction;Courriel\nÉlan, Zoé, secrétaire;a@example.org\n",
        "Adresse mail, perso;Mail\nx;a@example.org\n",
        "Nom; prénom; fonction,Courriel\nÉlan; Zoé; secrétaire,a@example.org\n",
        "Rue|n°,Mail\nDu Port|3,a@example.org\n",
    ],
)
def test_delimiters_within_headings_do_not_hide_the_right_one(text: str) -> None:
    assert first(text)["email"] == "a@example.org"


def test_a_column_of_addresses_is_known_by_what_stands_in_it() -> None:
    for heading in ("Электронная почта", "Correo", "Adresse pour la lettre", ""):
        sheet = read(f"Nom;{heading}\nÉlan;a@example.org\nX;b@example.org\n;\n".encode())
        assert names(sheet) == ["last_name", "email"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Nom;Ville\nX;Y\n", r"line 1 was taken for the headings \(Nom, Ville\)"),
        ("\n\nNom;Ville\nX;Y\n", "line 3 was taken"),
        (
            "Perso;Travail\na@example.org;b@example.org\n",
            "several columns hold addresses: Perso",
        ),
        ("a@example.org;X\nCourriel;Nom\n", "first line is a person already"),
        ("Mail;E-mail;Nom\n", "two columns mean the same: Mail, E-mail"),
    ],
)
def test_what_is_missing_is_told_exactly(text: str, problem: str) -> None:
    with pytest.raises(ReadingError, match=problem):
        read(text.encode())


def test_cells_under_no_heading_lose_no_person_and_are_told() -> None:
    for head in ("Courriel;Nom;", "Courriel;Nom", "Courriel;Nom;;;"):
        rows = list(
            read(f"{head}\na@example.org;Élan;rappeler\nb@example.org;X;non\n".encode()).rows()
        )
        assert [row.fault for row in rows] == [None, None]
        assert str(rows[0].notes[0]) == 'column 3 has no heading: "rappeler" is left out'
        assert rows[0].cells == {"email": "a@example.org", "last_name": "Élan"}
    rows = list(read(b"Mail;;Nom\na@example.org;x;X\nb@example.org;;Y\n").rows())
    assert [(row.cells["last_name"], len(row.notes)) for row in rows] == [("X", 1), ("Y", 0)]


def test_spaces_before_quotation_marks_do_not_make_them_letters() -> None:
    rows = list(
        read(
            b"Email, First name, Last name, City\n"
            b'a@example.org, "Zoe" , "Elan", Nantes\n'
            b'b@example.org,  Jean, "Dupont, ""le"" Jr", Nantes\n'
            b'c@example.org, "on\ntwo lines", X, "Y"\n'
        ).rows()
    )
    assert [list(row.cells.values())[1:] for row in rows] == [
        ["Zoe", "Elan", "Nantes"],
        ["Jean", 'Dupont, "le" Jr', "Nantes"],
        ["on two lines", "X", "Y"],
    ]


def test_the_delimiter_may_be_said() -> None:
    assert first("Mail#Nom\na@example.org#X;Y\n", "#")["last_name"] == "X;Y"
    assert read_delimiter("tab") == read_delimiter("\\t") == "\t"
    assert read_delimiter("point-virgule") == ";"
    for wrong in ("", ";;", "a", '"', "@", "\n", "é", "\0", "."):
        with pytest.raises(ReadingError, match="--delimiter"):
            read_delimiter(wrong)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1016), "a workbook"),
        (b"PK\x03\x04...xl/workbook.xml", "a workbook"),
        (b"PK\x03\x04...word/document.xml", "a text document"),
        (b"<html><body><table><tr><td>Courriel", "a web page"),
        (b"\xef\xbb\xbf\r\n  <!DOCTYPE html>\n<table>", "a web page"),
        ("<table><tr><td>Courriel".encode("utf-16"), "a web page"),
        (
            b"<?xml version='1.0'?>\n<?mso-application progid='Excel.Sheet'?>\n<Workbook>",
            "workbook",
        ),
        (b"<?xml version='1.0'?><people/>", "XML"),
        (b"%PDF-1.7", "a PDF"),
        (b"{\\rtf1 a}", "a text document"),
        (b"\x1f\x8b\x08", "compressed"),
        (b"BEGIN:VCARD\nEMAIL:a@example.org\n", "vCard"),
        (b'[{"email": "a@example.org"}]', "JSON"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"dn: cn=a\nmail: a@example.org\n", "LDIF"),
    ],
)
def test_what_is_no_csv_is_told_by_its_kind(data: bytes, told: str) -> None:
    with pytest.raises(ReadingError, match=told):
        read(data)


def test_a_note_of_many_lines_loses_no_person() -> None:
    note = "\n".join(f"ligne {n}, de la note" for n in range(2_000))
    rows = list(
        read(f'Mail;Note;Nom\na@example.org;"{note}";X\nb@example.org;;Y\n'.encode()).rows()
    )
    assert [(row.cells["last_name"], row.fault) for row in rows] == [("X", None), ("Y", None)]
    assert [row.line for row in rows] == [2, 2002]


def test_a_note_of_a_hundred_and_fifty_thousand_letters_loses_no_person() -> None:
    rows = list(read(b'Mail;Note\na@example.org;"' + b"x" * 150_000 + b'"\n').rows())
    assert rows[0].fault is None
    assert len(rows[0].cells["note"]) == 150_000


def test_a_lost_quotation_mark_swallows_nobody() -> None:
    rows = list(
        read(b'Mail;Nom;Ville\na@example.org;"X;Y\nb@example.org;X;Y\nc@example.org;X";Y\n').rows()
    )
    assert [(row.line, row.fault is None) for row in rows] == [(2, False), (3, True), (4, True)]


@pytest.mark.parametrize(
    "data",
    [
        b";" * 300_000 + b"Mail\na@example.org\n",
        b"Mail;Nom\n" + b'a@example.org;"x\n' * 5_000,
        b"Mail;Nom\n" + b'"\n' + b'""\n' * 20_000 + b'"x\n',
        b"Mail;Nom\n" + b'a;"' + b"b@example.org,x\n" * 5_000,
        b"Mail;Nom\n" + b"\xe9" * 300_000,
        "Mail;Zoé\n".encode() + b"\xe9\xc3\xa9 " * 100_000,
        "Mail;Zoé\n".encode() + b"Agn\xe8s Zo\xc3\xa9\n" * 5_000,
        b"Mail;Nom\n" + b"@" * 300_000,
        b"(" * 40_000 + b";Mail\na@example.org;x",
    ],
)
def test_no_file_takes_an_hour(data: bytes) -> None:
    with contextlib.suppress(ReadingError):
        assert list(read(data).rows())


def test_marks_that_show_nothing_are_no_part_of_a_value() -> None:
    text = "Mail;Nom;Code\na@example.org;\u202eÉlan\u202c;\u200b44\u2060\n"
    assert list(first(text).values()) == ["a@example.org", "Élan", "44"]
