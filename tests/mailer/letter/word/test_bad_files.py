"""What is no letter, or an attack, is refused by one line; nothing of it is opened or half done."""

from __future__ import annotations

import io
import zipfile

import docx
import pytest
from PIL import Image

from mailer.letter import importing
from mailer.letter.import_report import Fate
from mailer.letter.importing import Wish
from mailer.letter.word.refusing import Unreadable
from tests.mailer.letter.word.documents import (
    append,
    changed,
    headings,
    picture,
    repacked,
    saved,
)

WISH = Wish("lettre")
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def refused(data: bytes) -> str:
    with pytest.raises(Unreadable) as error:
        importing.read(data, WISH)
    (line,) = error.value.lines("en")
    return line


def left_out(data: bytes) -> list[str]:
    return [it.tell("en") for it in importing.read(data, WISH).report.lines(Fate.LEFT_OUT)]


def part(data: bytes, name: str) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name).decode()


def bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(8):
            archive.writestr(f"word/{n}.xml", b" " * 50_000_000)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        pytest.param(OLE + bytes(600), "old Word (.doc)", id="doc"),
        pytest.param(
            OLE + bytes(600) + "EncryptedPackage".encode("utf-16-le"), "encrypted", id="encrypted"
        ),
        pytest.param(b"PK\x03\x04" + bytes(100), "no Word file", id="no zip"),
        pytest.param(headings()[:5_000], "no Word file", id="cut off"),
        pytest.param(b"\xff\xfe\x00\x01", "neither a Word file nor a text", id="bytes"),
        pytest.param(b"  \n", "it holds no text", id="empty"),
        pytest.param(b"<script>x</script>", "it holds no text", id="script"),
        pytest.param(saved(docx.Document()), "it holds no text", id="no text"),
    ],
)
def test_what_is_no_document_is_refused_by_one_line(data: bytes, told: str) -> None:
    assert told in refused(data)


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    assert "it would unpack to 400 MB" in refused(bomb())


def test_a_part_that_is_too_long_is_not_parsed() -> None:
    document = part(headings(), "word/document.xml").replace(
        "<w:body>", f"<w:body><!--{'x y ' * 6_000_000}-->"
    )
    assert "its text has 24 MB" in refused(
        repacked(headings(), {"word/document.xml": document.encode()})
    )


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE w [<!ENTITY e "x">]>',
        '<!DOCTYPE w [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE w SYSTEM "https://example.org/x.dtd">',
    ],
)
def test_declared_entities_are_refused(declared: str) -> None:
    _, document = part(headings(), "word/document.xml").split("?>", 1)
    data = repacked(headings(), {"word/document.xml": (declared + document).encode()})
    assert "it is damaged (word/document.xml)" in refused(data)


def test_elements_too_deep_within_each_other_are_refused() -> None:
    document = part(headings(), "word/document.xml")
    deep = "<w:sdt><w:sdtContent>" * 5_000 + "</w:sdtContent></w:sdt>" * 5_000
    data = repacked(
        headings(), {"word/document.xml": document.replace("<w:body>", f"<w:body>{deep}").encode()}
    )
    assert "it is damaged" in refused(data)


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "https://example.org/a.png", "../../../../etc/passwd"]
)
def test_a_picture_that_lies_elsewhere_is_not_fetched(target: str) -> None:
    document = docx.Document()
    document.add_paragraph("Texte")
    document.add_picture(picture())
    data = saved(document)
    relations = part(data, "word/_rels/document.xml.rels")
    mode = "" if target.startswith("..") else '" TargetMode="External'
    relations = relations.replace("media/image1.png", f"{target}{mode}")
    made = repacked(data, {"word/_rels/document.xml.rels": relations.encode()})
    assert left_out(made) == [
        "a picture that lies elsewhere: put it into the document (after “Texte”)"
    ]


def test_a_picture_of_too_many_pixels_is_left_out() -> None:
    file = io.BytesIO()
    Image.new("1", (8_000, 6_000)).save(file, "PNG")
    document = docx.Document()
    document.add_paragraph("Texte")
    document.add_picture(io.BytesIO(file.getvalue()))
    assert left_out(saved(document)) == [
        "a picture of 48 million pixels: make it smaller than 40 million (after “Texte”)"
    ]


def test_a_picture_that_is_none_is_left_out() -> None:
    document = docx.Document()
    document.add_paragraph("Texte")
    document.add_picture(picture())
    data = repacked(saved(document), {"word/media/image1.png": b"\x89PNG\r\n\x1a\nno picture"})
    assert left_out(data) == ["a picture of no known kind, or damaged (after “Texte”)"]


def test_hundreds_of_pictures_are_refused() -> None:
    relations = part(headings(), "word/_rels/document.xml.rels")
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"
    many = "".join(
        f'<Relationship Id="p{n}" Type="{kind}" Target="media/{n}.png"/>' for n in range(500)
    )
    data = repacked(
        headings(),
        {
            "word/_rels/document.xml.rels": relations.replace(
                "</Relationships>", f"{many}</Relationships>"
            ).encode()
        },
    )
    assert "it has 500 pictures" in refused(data)


def test_a_document_of_which_nothing_can_come_is_refused_and_says_why() -> None:
    document = docx.Document()
    document.add_picture(picture())
    data = repacked(saved(document), {"word/media/image1.png": b"\x01\0\0\0 an EMF"})
    with pytest.raises(Unreadable) as error:
        importing.read(data, WISH)
    assert error.value.lines("en") == [
        "it holds nothing that a letter can have",
        "a picture in EMF, which no mail shows: save it as PNG (at the beginning)",
    ]


@pytest.mark.parametrize("lost", ["vote", "non", "après"])
def test_a_word_that_no_rule_foresaw_is_told_though_the_report_or_another_word_holds_it(
    lost: str,
) -> None:
    document = docx.Document()
    document.add_paragraph().add_run("Le vote").bold = True
    document.add_paragraph("Un anonyme écrit après-midi.")
    document.add_paragraph().add_run("caché").font.hidden = True
    unknown = document.add_paragraph("Ceci ")
    append(unknown, f"<w:unknown><w:r><w:t>{lost}</w:t></w:r></w:unknown>")
    told = left_out(saved(document))
    assert told == ["the hidden text “caché” (after “Le vote”)", f"the words “{lost}”"]


def test_words_that_a_program_left_out_on_the_way_to_word_are_told() -> None:
    document = docx.Document()
    document.add_paragraph("Venez nombreux")
    made = importing.read_confined(saved(document), WISH, "Venez À retenir nombreux")
    assert [it.tell("en") for it in made.report.lines(Fate.LEFT_OUT)] == ["the words “À retenir”"]


def test_a_picture_in_a_header_is_told() -> None:
    document = docx.Document()
    document.add_paragraph("Bonjour")
    header = document.sections[0].header
    header.paragraphs[0].add_run("Comité").add_picture(picture())
    assert left_out(saved(document)) == [
        "the header “Comité”",
        "a picture in the header or the footer",
    ]


def test_macros_are_left_out_and_told() -> None:
    relations = part(headings(), "word/_rels/document.xml.rels")
    macro = '<Relationship Id="m" Type="http://x/vbaProject" Target="vbaProject.bin"/>'
    data = repacked(
        headings(),
        {
            "word/vbaProject.bin": b"x",
            "word/_rels/document.xml.rels": relations.replace(
                "</Relationships>", f"{macro}</Relationships>"
            ).encode(),
        },
    )
    assert left_out(data) == ["the macros"]


def test_tracked_changes_are_refused_with_their_number_and_the_first_places() -> None:
    with pytest.raises(Unreadable) as error:
        importing.read(changed(), WISH)
    assert error.value.lines("en") == [
        "it has 4 tracked changes: say --changes accept or --changes reject",
        "the inserted “oui” (after “Le vote”)",
        "the deleted “non” (after “Le vote”)",
        "the deleted “ailleurs” (after “Le vote”)",
    ]


def test_rejecting_changes_brings_the_old_words_back() -> None:
    made = importing.read(changed(), Wish("lettre", changes="reject"))
    assert "Nous disons non aujourd’hui.\n\nIci ailleurs\n\nLà\n" in made.text
    assert [it.tell("en") for it in made.report.lines(Fate.LEFT_OUT)] == [
        "the inserted “oui” (after “Le vote”)"
    ]


def test_a_document_with_broken_bytes_is_read_or_refused_and_nothing_else() -> None:
    data = headings()
    for at in range(40, len(data), 991):
        broken = data[:at] + bytes((data[at] ^ 0x55,)) + data[at + 1 :]
        try:
            assert importing.read(broken, WISH).text
        except Unreadable:
            continue


def test_the_child_reads_what_this_process_reads() -> None:
    assert importing.read_confined(headings(), WISH) == importing.read(headings(), WISH)


def test_a_refusal_comes_back_from_the_child() -> None:
    with pytest.raises(Unreadable, match=r"old Word"):
        importing.read_confined(OLE + bytes(600), WISH)
