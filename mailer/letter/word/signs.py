"""Signs that a document names by a font and a code: those without a letter of Unicode are told."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from mammoth.docx.dingbats import dingbats

from mailer.letter.import_report import Report
from mailer.letter.word.places import Places
from mailer.letter.word.xml import each, parents_of, value
from pli.language import N_, say


def drop_unknown(container: Element, report: Report, places: Places) -> None:
    """Take out the signs that mammoth does not know, which it would leave out in silence."""
    parents = parents_of(container)
    for sign in each(container, "w:sym"):
        font = value(sign, "", "w:font") or ""
        code = value(sign, "", "w:char") or ""
        if not _is_known(font, code):
            told = say(N_("the sign {code} of the font {font}"), code=code[:8], font=font[:40])
            report.left_out(told, places.before(sign))
            parents[sign].remove(sign)


def _is_known(font: str, code: str) -> bool:
    try:
        number = int(code, 16)
    except ValueError:
        return False
    # Word moves the codes of such fonts into a private area (ECMA-376 17.3.3.30).
    return (font, number) in dingbats or (code[:2] == "F0" and (font, number & 0xFF) in dingbats)
