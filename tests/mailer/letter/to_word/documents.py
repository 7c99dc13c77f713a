"""Documents as LibreOffice and Word write them, in OpenDocument and RTF, of our own making."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from tests.mailer.letter.word.documents import picture

_OASIS = "urn:oasis:names:tc:opendocument:xmlns"
_NAMES = " ".join(
    f'xmlns:{short}="{_OASIS}:{name}:1.0"'
    for short, name in (
        ("office", "office"),
        ("text", "text"),
        ("table", "table"),
        ("draw", "drawing"),
        ("style", "style"),
        ("fo", "xsl-fo-compatible"),
        ("svg", "svg-compatible"),
    )
)
_NAMES += ' xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:dc="http://purl.org/dc/elements/1.1/"'
MANIFEST = f"""<manifest:manifest xmlns:manifest="{_OASIS}:manifest:1.0" manifest:version="1.2">
<manifest:file-entry manifest:full-path="/"
 manifest:media-type="application/vnd.oasis.opendocument.text"/>
<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>
</manifest:manifest>"""
PICTURE = "Pictures/logo.png"
ODT = f"""<text:h text:style-name="Heading_20_1" text:outline-level="1">Le vote</text:h>
<text:p>Le comité a voté<text:note text:id="n1" text:note-class="footnote">
<text:note-citation>1</text:note-citation>
<text:note-body><text:p>À main levée.</text:p></text:note-body></text:note>, voir
<text:a xlink:type="simple" xlink:href="https://example.org/vote">le détail</text:a>.</text:p>
<table:table table:name="T"><table:table-column table:number-columns-repeated="2"/>
<table:table-header-rows><table:table-row><table:table-cell><text:p>Collège</text:p>
</table:table-cell><table:table-cell><text:p>Voix</text:p></table:table-cell></table:table-row>
</table:table-header-rows><table:table-row><table:table-cell><text:p>Cadres</text:p>
</table:table-cell><table:table-cell><text:p>douze</text:p></table:table-cell></table:table-row>
</table:table>
<text:p>Photo<draw:frame draw:name="p" text:anchor-type="as-char" svg:width="2cm" svg:height="1cm">
<draw:image xlink:href="{PICTURE}" xlink:type="simple"/></draw:frame></text:p>
<text:p>Avant<draw:frame draw:name="b" text:anchor-type="paragraph" svg:width="6cm"
 svg:height="3cm"><draw:text-box><text:p>À retenir</text:p><text:p>Réunion jeudi</text:p>
</draw:text-box></draw:frame> la réunion</text:p>
<text:list text:style-name="L1"><text:list-item><text:p>un point</text:p><text:list><text:list-item>
<text:p>dessous</text:p></text:list-item></text:list></text:list-item></text:list>
<text:p>Fin<office:annotation><dc:creator>Auteur</dc:creator><text:p>à relire</text:p>
</office:annotation>.</text:p>"""
LISTS = """<office:automatic-styles><text:list-style style:name="L1">
<text:list-level-style-bullet text:level="1" text:bullet-char="•"/>
<text:list-level-style-bullet text:level="2" text:bullet-char="•"/></text:list-style>
</office:automatic-styles>"""
STYLES = """<office:automatic-styles><style:page-layout style:name="pm1"/></office:automatic-styles>
<office:master-styles><style:master-page style:name="Standard" style:page-layout-name="pm1">
<style:header><text:p>En-tête du comité</text:p></style:header>
<style:footer><text:p>Bas de page</text:p></style:footer></style:master-page>
</office:master-styles>"""
CHANGES = """<text:tracked-changes><text:changed-region text:id="c1"><text:insertion>
<office:change-info><dc:creator>A</dc:creator><dc:date>2026-01-01T00:00:00</dc:date>
</office:change-info></text:insertion></text:changed-region>
<text:changed-region text:id="c2"><text:deletion><office:change-info><dc:creator>A</dc:creator>
<dc:date>2026-01-01T00:00:00</dc:date></office:change-info><text:p>effacé</text:p>
</text:deletion></text:changed-region></text:tracked-changes>
<text:p>Texte <text:change-start text:change-id="c1"/>ajouté<text:change-end text:change-id="c1"/>
 et <text:change text:change-id="c2"/>la suite.</text:p>"""
RTF = (
    r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\froman\fcharset0 Times;}"
    r"{\f1\fcharset204 Arial;}}{\stylesheet{\s1\outlinelevel0 heading 1;}}"
    r"{\info{\title Autre}}{\header\pard En-t\'eate du comit\'e9\par}{\*\template modele.dot}"
    r"\pard\b Le vote du comit\'e9\b0\par"
    r"\pard Le comit\'e9 a vot\'e9{\super\chftn}{\footnote\pard \'c0 main lev\'e9e.\par},"
    r" {\uc1\u8364?} dix, {\f1 \'e4\'e0}, voir "
    r'{\field{\*\fldinst{HYPERLINK "https://example.org/vote"}}{\fldrslt{le d\'e9tail}}}.\par'
    r"\pard Fin{\*\annotation\pard \'e0 relire}.\par"
    r"\trowd\cellx3000\cellx6000\pard\intbl\b Coll\'e8ge\cell Voix\b0\cell\row"
    r"\trowd\cellx3000\cellx6000\pard\intbl Cadres\cell douze\cell\row\pard Reste\par"
)


def odt(
    body: str = ODT,
    styles: str = STYLES,
    files: Mapping[str, bytes] | None = None,
    manifest: str = MANIFEST,
) -> bytes:
    """An OpenDocument text with this body."""
    content = (
        f'<office:document-content {_NAMES} office:version="1.2">{LISTS}<office:body><office:text>'
        f"{body}</office:text></office:body></office:document-content>"
    )
    styled = (
        f'<office:document-styles {_NAMES} office:version="1.2">{styles}</office:document-styles>'
    )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.text")
        archive.writestr("content.xml", content)
        archive.writestr("styles.xml", styled)
        archive.writestr("META-INF/manifest.xml", manifest)
        for name, data in ({PICTURE: picture().getvalue()} if files is None else files).items():
            archive.writestr(name, data)
    return made.getvalue()


def rtf(more: str = "", body: str = RTF) -> bytes:
    """An RTF file with this body, and more of it behind."""
    return f"{body}{more}}}".encode("ascii")
