"""The encoding of an office's file is recognised, so that names arrive as they were written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.csv_reading import read
from subscribers.encodings import EncodingError, decode

NAMES = (
    "LEFÈVRE", "FORÊT", "ABBÉ", "GONÇALVES", "LEMAÎTRE", "NOËL", "ZOË", "HAÏTI", "BENOÎT",
    "CHÂTEAU", "SŒUR", "Lefèvre", "François", "Étienne", "Loïc", "Anaïs", "Hélène", "Gaëlle",
    "cœur", "Élan", "ÉVÊQUE", "CÔTÉ", "SAINT-ÉTIENNE", "NÎMES", "MÂCON", "Alençon", "âgé", "Noé",
)  # fmt: skip


def a_file(name: str) -> str:
    return f"Courriel;Nom;Ville\r\na@example.org;{name};Nantes\r\n"


def has(encoding: str, name: str) -> bool:
    """Whether an encoding has all letters of a name: DOS, for one, has no œ."""
    return name.encode(encoding, "replace").decode(encoding) == name


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        (encoding, name)
        for encoding in ("utf-8", "cp1252", "mac_roman", "iso8859-15", "cp850")
        for name in NAMES
        if has(encoding, name)
    ],
)
def test_one_name_alone_tells_the_encoding(encoding: str, name: str) -> None:
    assert decode(a_file(name).encode(encoding)).text == a_file(name)


@pytest.mark.parametrize(
    "text",
    [
        "12 €", "Val d’Oise", "L’HERMITTE", "rappel – mai", "“oui”", "« oui »", "N° 5", "20 °C",
        "adhérent·e·s", "LEFèVRE", "10\u00a0rue", "MUÑOZ", "Peña", "Müller", "GARCÍA", "JOÃO",
        "Çelik", "œuvre", "à jour", "Saint–Nazaire", "BJÖRN", "Núñez", "…", "Zoé…", "2½ %",
    ],
)  # fmt: skip
def test_windows_is_preferred_where_little_tells_encodings_apart(text: str) -> None:
    decoded = decode(a_file(text).encode("cp1252"))
    assert decoded.text == a_file(text)
    assert decoded.encoding == "cp1252"


def test_accents_beyond_the_beginning_of_a_large_file_are_seen() -> None:
    plain = "".join(f"p{n}@example.org;MARTIN;NANTES\r\n" for n in range(20_000))
    data = ("Mail;Nom;Ville\r\n" + plain + "z@example.org;FORÊT;Nîmes\r\n").encode("cp1252")
    assert decode(data).text.endswith("FORÊT;Nîmes\r\n")


RIGHT = "Courriel;Prénom\nzoe@example.org;Zoé\nnoel@example.org;Noël\n".encode()


@pytest.mark.parametrize(
    ("line", "read_as"),
    [
        (b"agnes@example.org;Agn\xe8s", "Agnès"),
        (b"l@example.org;LEF\xc8VRE", "LEFÈVRE"),
        (b"o@example.org;Val d\x92Oise", "Val d’Oise"),
        ("z@example.org;Zoé Orl".encode() + b"\xe9ans", "Zoé Orléans"),
        (b"a@example.org;Andr\xe9", "André"),
    ],
)
def test_one_stray_line_does_not_spoil_a_file_in_utf_8(line: bytes, read_as: str) -> None:
    for data in (RIGHT + line, RIGHT + line + b"\r\n", RIGHT + line + b"\n" + RIGHT[-20:]):
        decoded = decode(data)
        assert decoded.encoding == "utf-8"
        assert dict(decoded.otherwise) == {4: "cp1252"}
        assert "Prénom" in decoded.text
        assert decoded.text.splitlines()[3].endswith(";" + read_as)


def test_the_line_that_was_read_otherwise_is_told() -> None:
    rows = list(read(RIGHT + b"agnes@example.org;Agn\xe8s\n").rows())
    assert [str(note) for row in rows for note in row.notes] == [
        "this line is not UTF-8: read as Windows-1252"
    ]


@pytest.mark.parametrize("cut", [b"Andr\xc3", b"L\xe2", b"L\xe2\x80"])
def test_a_last_letter_that_is_cut_off_is_a_fault_of_its_line_alone(cut: bytes) -> None:
    rows = list(read(RIGHT + b"b@example.org;" + cut).rows())
    assert [row.cells["first_name"] for row in rows[:2]] == ["Zoé", "Noël"]
    assert str(rows[2].fault) == "the file breaks off here, in the middle of a letter"
    alone = list(read(b"Mail;Nom\na@example.org;X\nb@example.org;" + cut).rows())
    assert [row.fault is None for row in alone] == [True, False]


def test_a_last_accent_in_an_old_encoding_is_not_taken_for_cut_off() -> None:
    assert decode(b"Mail;Nom\na@example.org;Andr\xe9").text.endswith("André")


def test_a_byte_that_is_no_letter_is_told_with_its_line() -> None:
    data = a_file("Lefèvre Forêt").encode("cp1252") + b"b@example.org;X\x81Y;Nantes\r\n"
    rows = list(read(data).rows())
    assert rows[0].cells["last_name"] == "Lefèvre Forêt"
    assert "no letter" in str(rows[1].fault)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_of_two_and_four_bytes_is_read_and_its_gaps_are_told(encoding: str) -> None:
    data = a_file("Zoé").encode(encoding)
    assert decode(data).text.removeprefix("\ufeff") == a_file("Zoé")
    if encoding != "utf-32":
        assert list(decode(data + b"x").faults) == [3]


def test_a_letter_lost_before_the_file_was_saved_is_no_name() -> None:
    (row,) = read(a_file("Lef\ufffdvre").encode()).rows()
    assert "last_name" not in row.cells
    assert "had lost a letter" in str(row.notes[0])


def test_an_encoding_may_be_said() -> None:
    assert decode("Łódź".encode("iso8859-2"), "iso8859-2").text == "Łódź"
    assert read(a_file("12 €").encode("cp858"), encoding="cp858").encoding == "cp858"


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "no-such-encoding", "undefined", "hex", "rot13", "idna", "punycode", "", "x\0",
     "\udcff", "unicode_escape", "é", "utf-16-surrogates", "a" * 5_000],
)  # fmt: skip
def test_an_encoding_that_is_none_or_another_is_refused(encoding: str) -> None:
    with pytest.raises(EncodingError, match="not in the encoding"):
        decode(b"a\n\xff", encoding)


def test_the_line_that_is_not_in_the_encoding_that_was_said_is_named() -> None:
    with pytest.raises(EncodingError, match="see its line 2"):
        decode(b"Mail\na@example.org\xff\n", "utf-8")


@given(st.binary(max_size=300))
def test_any_bytes_have_a_reading(data: bytes) -> None:
    decoded = decode(data)
    assert all(line >= 1 for line in (*decoded.faults, *decoded.otherwise))


@given(st.text(max_size=60))
def test_what_is_utf_8_stays_as_it_is(text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    if b"\0" not in data and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            expected = data.decode("utf-8")
        except UnicodeDecodeError:
            return
        assert decode(data).text == expected
