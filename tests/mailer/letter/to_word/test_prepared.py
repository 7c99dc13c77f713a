"""Before a program reads a foreign document, all that leads out of it is gone, and told."""

from __future__ import annotations

import io
import zipfile

import pytest

from mailer.letter.import_report import Fate
from mailer.letter.to_word import opendocument, rtf, rtf_text, rtf_tokens
from mailer.letter.to_word.prepared import Prepared
from mailer.letter.word.refusing import Unreadable
from tests.mailer.letter.to_word import documents

ELSEWHERE = "what lies elsewhere and is only shown here: "
WAYS_OUT = """<text:p>Un<draw:frame><draw:image xlink:href="https://example.org/x.png"/></draw:frame>
 deux<draw:frame><draw:image xlink:href="../../etc/passwd"/></draw:frame> trois
<draw:frame><draw:object xlink:href="./Object 1"/>
<draw:image xlink:href="./ObjectReplacements/Object 1"/></draw:frame></text:p>
<text:section text:name="s"><text:section-source xlink:href="file:///etc/hosts"/>
<text:p>Liée</text:p></text:section>
<office:forms/><draw:plugin xlink:href="x.swf"/>
<text:p><text:a xlink:href="https://example.org/vote">lien</text:a></text:p>"""


def told(prepared: Prepared, fate: Fate = Fate.LEFT_OUT) -> list[str]:
    return [it.tell("en") for it in prepared.report.lines(fate)]


def words(prepared: Prepared) -> list[str]:
    return prepared.words.split()


def parts(prepared: Prepared) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(prepared.data)) as archive:
        return {it: archive.read(it) for it in archive.namelist()}


def text(source: str) -> str:
    whole = rtf_tokens.read(source.encode("latin-1"))
    return " ".join(rtf_text.text_of(whole, whole).split())


@pytest.mark.parametrize("by_pandoc", [False, True])
def test_an_opendocument_text_loses_what_leads_elsewhere(by_pandoc: bool) -> None:
    prepared = opendocument.prepare(
        documents.odt(
            WAYS_OUT,
            '<office:styles><draw:fill-image xlink:href="https://example.org/bg.png"/>'
            "</office:styles>",
            {"Object 1/content.xml": b"<x/>", "settings.xml": b"<x/>", "Basic/m.xml": b"<x/>"},
        ),
        by_pandoc,
        None,
    )
    assert told(prepared) == [
        f"{ELSEWHERE}https://example.org/bg.png",
        f"{ELSEWHERE}https://example.org/x.png",
        f"{ELSEWHERE}../../etc/passwd",
        "an embedded object (2 times, first at the beginning)" if False else "an embedded object",
        f"{ELSEWHERE}file:///etc/hosts",
    ]
    found = parts(prepared)
    assert sorted(found) == ["META-INF/manifest.xml", "content.xml", "mimetype", "styles.xml"]
    everything = b"".join(found.values())
    for gone in (b"x.png", b"passwd", b"hosts", b"x.swf", b"bg.png", b"Object"):
        assert gone not in everything
    assert b"https://example.org/vote" in everything, "a link is fetched by nobody"
    assert words(prepared) == ["Un", "deux", "trois", "Liée", "lien"]
    assert prepared.pictures == 0


def test_headers_comments_and_pictures_of_an_opendocument_text_are_told_apart() -> None:
    prepared = opendocument.prepare(documents.odt(), True, None)
    assert told(prepared) == [
        "the header “En-tête du comité”",
        "the footer “Bas de page”",
        "the comment “à relire”",
    ]
    assert told(prepared, Fate.CHANGED) == [
        "a text box became paragraphs (after “Avant la réunion”)"
    ]
    assert prepared.pictures == 1
    assert b"table-header-rows" not in parts(prepared)["content.xml"], "pandoc 2.17 loses them"
    assert {"Collège", "levée.", "retenir", "dessous"} <= set(words(prepared))
    assert not {"relire", "En-tête"} & set(words(prepared))


def test_pandoc_is_handed_neither_hidden_text_nor_fields() -> None:
    hidden = (
        '<text:p>Vu <text:span text:style-name="H">secret</text:span>'
        '<text:hidden-text text:condition="x">aussi</text:hidden-text> le '
        "<text:date>14/10/2026</text:date></text:p>"
    )
    styles = (
        '<office:styles><style:style style:name="H" style:family="text">'
        '<style:text-properties text:display="none"/></style:style></office:styles>'
    )
    prepared = opendocument.prepare(documents.odt(hidden, styles), True, None)
    assert told(prepared) == ["the hidden text “secret”", "the hidden text “aussi”"]
    assert told(prepared, Fate.CHANGED) == ["a field (DATE) became the text that it showed"]
    assert words(prepared) == ["Vu", "le", "14/10/2026"]


def test_tracked_changes_are_for_the_author_to_decide_before_pandoc_reads() -> None:
    data = documents.odt(documents.CHANGES)
    with pytest.raises(Unreadable) as refused:
        opendocument.prepare(data, True, None)
    assert refused.value.lines("en") == [
        "it has 2 tracked changes: say --changes accept or --changes reject",
        "the inserted “ajouté”",
        "the deleted “effacé”",
    ]
    accepted = opendocument.prepare(data, True, "accept")
    assert told(accepted)[-1] == "the deleted “effacé”"
    assert words(accepted) == ["Texte", "ajouté", "et", "la", "suite."]
    with pytest.raises(Unreadable, match="only LibreOffice rejects"):
        opendocument.prepare(data, True, "reject")
    assert b"tracked-changes" in parts(opendocument.prepare(data, False, None))["content.xml"]
    changed = documents.rtf(r"{\deleted parti}{\revised venu}")
    with pytest.raises(Unreadable, match="only LibreOffice reads the tracked changes"):
        rtf.prepare(changed, True, "accept")
    assert b"\\deleted" in rtf.prepare(changed, False, None).data


def test_an_encrypted_or_broken_document_is_one_line() -> None:
    manifest = f"{documents.MANIFEST}<!-- manifest:encryption-data -->"
    with pytest.raises(Unreadable, match="encrypted"):
        opendocument.prepare(documents.odt(manifest=manifest), True, None)
    with pytest.raises(Unreadable, match="damaged"):
        opendocument.prepare(documents.odt("<text:p>"), True, None)
    for broken in (b"{\\rtf1 " + b"{" * 300, b"{\\rtx}", b"\\rtf1"):
        with pytest.raises(Unreadable, match="damaged"):
            rtf.prepare(broken, True, None)
    assert rtf.prepare(b"{\\rtf1 a\\bin3 }}}b", True, None).words == "ab", "octets are no braces"


def test_an_rtf_loses_what_leads_elsewhere() -> None:
    prepared = rtf.prepare(
        documents.rtf(
            r'{\field{\*\fldinst{INCLUDEPICTURE "https://example.org/x.png" \\d}}{\fldrslt vu }}'
            r"{\field{\*\fldinst{ INCLUDETEXT C:\\\\secret.txt }}{\fldrslt lu }}"
            r"{\field{\*\fldinst{PAGE}}{\fldrslt 7 }}"
            r"{\object\objautlink{\*\objclass Excel}{\*\objdata 00ff}{\result montant }}"
            r"{\shp{\*\shpinst{\sp{\sn shapeType}{\sv 202}}{\sp{\sn pibName}{\sv /etc/hosts}}"
            r"{\shptxt\pard Boite noire\par}}{\shprslt ancien}}"
            r"{\*\do{\dptxbxtext\pard Ancienne zone\par}}\subdocument7\par"
        ),
        True,
        None,
    )
    assert told(prepared) == [
        "the header “En-tête du comité”",
        "the comment “à relire”",
        f"{ELSEWHERE}https://example.org/x.png",
        f"{ELSEWHERE}C:\\\\secret.txt",
        "an embedded object",
        "the words “Ancienne zone”",
    ]
    assert told(prepared, Fate.CHANGED) == [
        "a field (PAGE) became the text that it showed",
        "a text box became paragraphs",
    ]
    for gone in (b"INCLUDE", b"x.png", b"secret", b"obj", b"pibName", b"hosts", b"subdocument"):
        assert gone not in prepared.data
    assert b'HYPERLINK "https://example.org/vote"' in prepared.data
    assert b"modele.dot" not in prepared.data
    assert {"vu", "lu", "7", "montant", "Boite", "noire"} <= set(words(prepared))


def test_the_words_of_an_rtf_are_read_in_the_code_page_of_their_font() -> None:
    assert "Le vote du comité Le comité a voté À main levée. , € dix, да, voir le détail." in text(
        documents.rtf().decode()
    )
    assert text(r"{\rtf1\mac caf\'8e}") == "café"
    assert text(r"{\rtf1\ansi\uc2\u8364 ab\u-10179 ??\u-8704 ??c}") == "€\U0001f600c"
    assert text(r"{\rtf1 a\~b\_c\{d\}\\e}") == "a b\u2011c{d}\\e"
    assert text(r"{\rtf1 ami{\revised s}{\deleted x}\par{\*\inconnu perdu}{\pict 00ff}}") == (
        "ami s x"
    )


def test_each_picture_of_an_rtf_counts_once() -> None:
    twice = documents.rtf(r"{\pict\pngblip 00ff}{\*\shppict{\pict\pngblip 00ff}}{\pict 01}")
    assert rtf.prepare(twice, False, None).pictures == 2
