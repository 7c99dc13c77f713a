"""Word files of our own, made by python-docx; what it cannot write is written as XML."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import docx
from docx.document import Document
from docx.oxml import parse_xml
from docx.shared import RGBColor
from PIL import Image

_SPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
    'xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:v="urn:schemas-microsoft-com:vml"'
)
_BOLD = re.compile(r"\*\*(.+?)\*\*|\*(.+?)\*|\[(.+?)\]\(#\)|<(https://.+?)>")
_KIND = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def saved(document: Document) -> bytes:
    """The bytes of a document."""
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def repacked(data: bytes, parts: Mapping[str, bytes]) -> bytes:
    """A .docx with some parts replaced or added."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(written, "w") as new:
        for name in {*old.namelist(), *parts}:
            new.writestr(name, parts[name] if name in parts else old.read(name))
    return written.getvalue()


def picture(kind: str = "PNG", size: tuple[int, int] = (60, 40), colour: str = "red") -> io.BytesIO:
    """A picture of one colour."""
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind)
    file.seek(0)
    return file


def append(paragraph: Any, xml: str) -> None:
    """Put XML at the end of a paragraph; its prefixes are known."""
    tag, rest = xml.split(">", 1) if "/>" not in xml.split(">", 1)[0] + ">" else (xml[:-2], "")
    close = "/>" if not rest else ">"
    paragraph._p.append(parse_xml(f"{tag} {_SPACES}{close}{rest}"))


def text_box(*paragraphs: str) -> str:
    """A run with a text box in both forms in which Word writes it."""
    inside = "".join(f"<w:p><w:r><w:t>{it}</w:t></w:r></w:p>" for it in paragraphs)
    content = f"<w:txbxContent>{inside}</w:txbxContent>"
    return (
        '<w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wp:anchor>'
        f"<a:graphic><a:graphicData><wps:wsp><wps:txbx>{content}</wps:txbx></wps:wsp>"
        "</a:graphicData></a:graphic></wp:anchor></w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict><v:shape><v:textbox>{content}</v:textbox></v:shape></w:pict>"
        "</mc:Fallback></mc:AlternateContent></w:r>"
    )


def with_notes(data: bytes, notes: Mapping[int, str], kind: str = "footnote") -> bytes:
    """A .docx with a part of footnotes or endnotes."""
    inside = "".join(
        f'<w:{kind} w:id="{n}"><w:p><w:r><w:{kind}Ref/></w:r><w:r><w:t xml:space="preserve"> {it}'
        f"</w:t></w:r></w:p></w:{kind}>"
        for n, it in notes.items()
    )
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        relations = archive.read("word/_rels/document.xml.rels").decode()
    relation = f'<Relationship Id="n{kind}" Type="{_KIND}/{kind}s" Target="{kind}s.xml"/>'
    return repacked(
        data,
        {
            f"word/{kind}s.xml": f"<w:{kind}s {_SPACES}>{inside}</w:{kind}s>".encode(),
            "word/_rels/document.xml.rels": relations.replace(
                "</Relationships>", f"{relation}</Relationships>"
            ).encode(),
        },
    )


def headings() -> bytes:
    """A title, a subtitle, headings of two levels, quotations; bold, italics, struck words."""
    document = docx.Document()
    document.add_heading("Lettre n° 12 du 14 octobre 2025", 0)
    document.add_paragraph("Ce qui suit est inventé", style="Subtitle")
    document.add_heading("Premier point", 1)
    paragraph = document.add_paragraph("Des mots ")
    paragraph.add_run("gras ").bold = True
    paragraph.add_run("et penchés").italic = True
    paragraph.add_run(", 5\u00a0% * d’étoiles_ [x].")
    struck = paragraph.add_run(" Barré")
    struck.font.strike = True
    document.add_heading("Détail", 2)
    document.add_paragraph("Elle a dit ceci.", style="Quote")
    document.add_paragraph("Et cela.", style="Intense Quote")
    return saved(document)


def guessed() -> bytes:
    """Headings that are only bold or in capitals, and typed bullets."""
    document = docx.Document()
    document.add_paragraph("LA LETTRE DU COMITÉ")
    document.add_paragraph("Un premier paragraphe, avec assez de mots.")
    document.add_paragraph().add_run("Un titre en gras").bold = True
    document.add_paragraph("- un tiret")
    document.add_paragraph("• une puce")
    document.add_paragraph("La fin.")
    return saved(document)


def lists() -> bytes:
    """Lists, numbered and within each other."""
    document = docx.Document()
    document.add_paragraph("Voici :")
    for style, text in (
        ("List Bullet", "un"),
        ("List Bullet 2", "dessous"),
        ("List Bullet", "deux"),
        ("List Number", "premier"),
        ("List Number", "second"),
    ):
        document.add_paragraph(text, style=style)
    document.add_paragraph("Après.")
    return saved(document)


def tables() -> bytes:
    """A table with a bold first row, one with merged cells, one of votes."""
    document = docx.Document()
    document.add_heading("Le vote", 1)
    _table(document, ("Jour", "Lieu"), ("lundi", "Gare | nord"))
    for cell in document.tables[0].rows[0].cells:
        cell.paragraphs[0].runs[0].bold = True
    document.add_paragraph("Ensuite.")
    merged = _table(document, ("a", ""), ("b", "c"))
    merged.cell(0, 0).merge(merged.cell(0, 1))
    document.add_paragraph("Puis.")
    _table(document, ("Collège", "Pour", "Contre", "Abstention"), ("Premier", "59", "0", "23"))
    return saved(document)


def _table(document: Document, *rows: tuple[str, ...]) -> Any:
    table = document.add_table(len(rows), len(rows[0]))
    for at, row in enumerate(rows):
        for n, text in enumerate(row):
            if text:
                table.cell(at, n).paragraphs[0].add_run(text)
    return table


def boxes() -> bytes:
    """Two text boxes, one with a heading."""
    document = docx.Document()
    document.add_heading("Le vote", 1)
    paragraph = document.add_paragraph("Avant l’encadré.")
    append(paragraph, text_box("Ce que dit la zone.", "Deux lignes."))
    document.add_paragraph("Entre les deux.")
    append(document.add_paragraph(), text_box("Seconde zone."))
    document.add_paragraph("Après.")
    return saved(document)


def notes() -> bytes:
    """A footnote and an endnote."""
    document = docx.Document()
    paragraph = document.add_paragraph("Un chiffre")
    append(paragraph, '<w:r><w:footnoteReference w:id="2"/></w:r>')
    paragraph.add_run(" et un autre")
    append(paragraph, '<w:r><w:endnoteReference w:id="3"/></w:r>')
    paragraph.add_run(".")
    data = with_notes(saved(document), {2: "Selon une source."})
    return with_notes(data, {3: "Selon une autre."}, "endnote")


def noted_table() -> bytes:
    """A table without a heading row, and a footnote in one of its cells."""
    document = docx.Document()
    document.add_paragraph("Avant.")
    paragraph = _table(document, ("a", "b"), ("c", "d")).cell(1, 1).paragraphs[0]
    append(paragraph, '<w:r><w:footnoteReference w:id="2"/></w:r>')
    return with_notes(saved(document), {2: "Selon une source."})


def changed() -> bytes:
    """Tracked changes: an insertion, a deletion, a text that was moved."""
    document = docx.Document()
    document.add_heading("Le vote", 1)
    paragraph = document.add_paragraph("Nous disons ")
    append(paragraph, '<w:ins w:id="1"><w:r><w:t>oui</w:t></w:r></w:ins>')
    append(paragraph, '<w:del w:id="2"><w:r><w:delText>non</w:delText></w:r></w:del>')
    paragraph.add_run(" aujourd’hui.")
    first = document.add_paragraph("Ici")
    append(first, '<w:moveFrom w:id="3"><w:r><w:t> ailleurs</w:t></w:r></w:moveFrom>')
    second = document.add_paragraph("Là")
    append(second, '<w:moveTo w:id="4"><w:r><w:t> ailleurs</w:t></w:r></w:moveTo>')
    return saved(document)


def captions() -> bytes:
    """A picture with its caption, one twice, and one without."""
    document = docx.Document()
    document.add_paragraph("Voyez.")
    document.add_picture(picture())
    document.add_paragraph("Une image rouge", style="Caption")
    document.add_paragraph("Encore.")
    document.add_picture(picture(colour="blue"))
    document.add_paragraph("Fin.")
    return saved(document)


def odd_pictures() -> bytes:
    """Pictures that no letter takes, and one that is made anew."""
    document = docx.Document()
    document.add_heading("Images", 1)
    document.add_picture(picture("BMP"))
    document.add_picture(picture("GIF"))
    document.add_picture(picture(colour="green"))
    data = saved(document)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = [it for it in archive.namelist() if it.endswith(".png")]
    return repacked(data, {names[0]: b"\x01\0\0\0 an EMF"})


def links() -> bytes:
    """Links to a page, to a script, and within the document."""
    document = docx.Document()
    paragraph = document.add_paragraph("Lisez ")
    for target, text in (
        ("https://example.org/a?b=1&copy=2", "la page"),
        ("javascript:alert(1)", "le script"),
        ("file:///etc/passwd", "le fichier"),
        ("mailto:comite@example.org", "nous écrire"),
    ):
        key = document.part.relate_to(target, f"{_KIND}/hyperlink", is_external=True)
        append(paragraph, f'<w:hyperlink r:id="{key}"><w:r><w:t>{text}</w:t></w:r></w:hyperlink>')
        paragraph.add_run(", ")
    append(paragraph, '<w:hyperlink w:anchor="x"><w:r><w:t>plus bas</w:t></w:r></w:hyperlink>')
    return saved(document)


def unsayable() -> bytes:
    """What no letter has: formulas, charts, colours, hidden text, headers, fields, comments."""
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "Comité en tête"
    document.sections[0].footer.paragraphs[0].text = "Page au pied"
    document.add_heading("Le vote", 1)
    paragraph = document.add_paragraph("Du texte ")
    paragraph.add_run("rouge").font.color.rgb = RGBColor(255, 0, 0)
    paragraph.add_run(" caché").font.hidden = True
    paragraph.add_run(" et ")
    append(paragraph, "<m:oMath><m:r><m:t>E=mc</m:t></m:r></m:oMath>")
    append(paragraph, '<w:fldSimple w:instr=" DATE "><w:r><w:t>14 mai</w:t></w:r></w:fldSimple>')
    append(
        document.add_paragraph(),
        "<w:r><w:drawing><wp:inline><a:graphic><a:graphicData><c:chart/></a:graphicData>"
        "</a:graphic></wp:inline></w:drawing></w:r>",
    )
    document.add_comment(paragraph.runs[0], "À vérifier", author="Personne")
    return saved(document)


def french_styles() -> bytes:
    """Styles by the ids and names that a French Word gives them."""
    document = docx.Document()
    styles = document.styles
    for name, text in (
        ("Titre 1", "Le premier titre"),
        ("Citation intense", "Ce qui fut dit."),
        ("Légende", "Une légende seule"),
    ):
        styles.add_style(name, 1)
        document.add_paragraph(text, style=name)
    document.add_paragraph("Un texte.")
    return saved(document)


def laid_out(source: str) -> bytes:
    """The letter as its author would have it in Word: paragraphs, bold and italic words."""
    document = docx.Document()
    for paragraph in re.split(r"\n\s*\n", source):
        text = " ".join(paragraph.split())
        if text:
            made, at = document.add_paragraph(), 0
            for found in _BOLD.finditer(text):
                made.add_run(text[at : found.start()])
                run = made.add_run(next(it for it in found.groups() if it))
                run.bold, run.italic = bool(found[1]), bool(found[2])
                at = found.end()
            made.add_run(text[at:])
    return saved(document)


MADE: Mapping[str, Callable[[], bytes]] = {
    it.__name__: it
    for it in (
        headings,
        guessed,
        lists,
        tables,
        boxes,
        notes,
        noted_table,
        changed,
        captions,
        odd_pictures,
        links,
        unsayable,
        french_styles,
    )
}
"""The specimens by their names."""
