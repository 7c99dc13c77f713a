"""Word files of our own with what Word writes seldom: lists that go on, breaks, signs, controls."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import docx
import docx.enum.text
from docx.document import Document
from docx.oxml import parse_xml

from tests.mailer.letter.word.documents import append, saved

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def _counting(document: Document, key: int, written: str, start: int, again: int = 0) -> None:
    """Declare a list; with `again`, a second one (key + 1) that counts with it from there anew."""
    part = document.part.numbering_part.element
    part.insert(
        0,
        parse_xml(
            f'<w:abstractNum {_W} w:abstractNumId="{key}"><w:lvl w:ilvl="0">'
            f'<w:start w:val="{start}"/><w:numFmt w:val="{written}"/></w:lvl></w:abstractNum>'
        ),
    )
    anew = f'<w:lvlOverride w:ilvl="0"><w:startOverride w:val="{again}"/></w:lvlOverride>'
    for number, inside in ((key, ""), (key + 1, anew)):
        part.append(
            parse_xml(
                f'<w:num {_W} w:numId="{number}"><w:abstractNumId w:val="{key}"/>{inside}</w:num>'
            )
        )


def _point(document: Document, key: int, text: str, style: str | None = None) -> None:
    properties = document.add_paragraph(text, style=style)._p.get_or_add_pPr()
    properties.append(
        parse_xml(f'<w:numPr {_W}><w:ilvl w:val="0"/><w:numId w:val="{key}"/></w:numPr>')
    )


def numbers() -> bytes:
    """Lists that go on, begin at 5, begin anew, or have letters; a heading with a number."""
    document = docx.Document()
    _counting(document, 90, "decimal", 5, again=1)
    _counting(document, 95, "lowerLetter", 1)
    _point(document, 95, "Un titre numéroté", "Heading 1")
    document.add_paragraph("Il faut :")
    for text in ("cinq", "six"):
        _point(document, 90, text)
    document.add_paragraph("Un mot entre les deux.")
    _point(document, 90, "sept")
    document.add_paragraph("Et puis :")
    _point(document, 91, "un")
    document.add_paragraph("Ou bien :")
    _point(document, 95, "la lettre b")
    document.add_paragraph("Dessous :")
    document.add_paragraph("une puce", style="List Bullet")
    # As LibreOffice writes it: the number of the list in the paragraph, its depth in the style.
    _point(document, 4, "dessous", "List Bullet 2")
    document.add_paragraph("Fin.")
    return saved(document)


def signs() -> bytes:
    """Breaks of all kinds, boxes to tick, signs of fonts, words from right to left."""
    document = docx.Document()
    document.add_heading("Les signes", 1)
    paragraph = document.add_paragraph("un")
    for inside in ("<w:cr/>", '<w:br w:type="column"/>', '<w:br w:type="page"/>', "<w:ptab/>"):
        append(paragraph, f"<w:r>{inside}<w:t>mot</w:t></w:r>")
    document.add_paragraph().add_run().add_break(docx.enum.text.WD_BREAK.PAGE)
    paragraph = document.add_paragraph()
    append(
        paragraph,
        '<w:sdt><w:sdtPr><w14:checkbox xmlns:w14="http://schemas.microsoft.com/office/word/2010/'
        'wordml"/></w:sdtPr><w:sdtContent><w:r><w:t>☒</w:t></w:r></w:sdtContent></w:sdt>',
    )
    paragraph.add_run(" je viens ")
    for kind in ("begin", "separate", "end"):
        append(paragraph, f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>')
        if kind == "begin":
            append(paragraph, "<w:r><w:instrText> FORMCHECKBOX </w:instrText></w:r>")
    append(paragraph, '<w:r><w:sym w:font="Wingdings" w:char="F0E0"/></w:r>')
    append(paragraph, '<w:r><w:sym w:font="Inconnue" w:char="F041"/></w:r>')
    paragraph.add_run(" ici ")
    append(paragraph, '<w:bdo w:val="rtl"><w:r><w:t>שלום</w:t></w:r></w:bdo>')
    return saved(document)


MADE: Mapping[str, Callable[[], bytes]] = {it.__name__: it for it in (numbers, signs)}
"""The specimens by their names."""
