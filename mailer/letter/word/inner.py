"""What stands within paragraphs and cannot come along: hidden text, formulas, fields, looks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

from mailer.letter.import_report import Report
from mailer.letter.word import signs
from mailer.letter.word.package import Relation
from mailer.letter.word.places import Places
from mailer.letter.word.styles import Styles
from mailer.letter.word.xml import NAMES, each, is_on, name, parents_of, text_of, unwrap, value
from pli.language import N_, say

SCHEMES = frozenset(("https", "http", "mailto", "tel"))
_FIELD = re.compile(r"\s*\\?([A-Za-z]+)")
_LINK = re.compile(r'\s*HYPERLINK\s+(?:\\l\s+)?"?([^"\s]+)', re.IGNORECASE)


_AROUND = ("w:sdt", "w:sdtContent", "w:bdo", "w:dir")


def simplify(container: Element) -> None:
    """Make of breaks and containers those that mammoth reads without losing anything.

    A break of a page or a column parts two words, and becomes a break of the line. A content
    control becomes what it holds: of a box to tick mammoth makes one of HTML, and loses its sign.
    """
    for old, new in (("w:cr", "w:br"), ("w:ptab", "w:tab")):
        for it in each(container, old):
            it.tag = name(new)
    for it in each(container, "w:br"):
        it.attrib.clear()
    parents = parents_of(container)
    for it in each(container, "w:sdtPr", "w:sdtEndPr"):
        parents[it].remove(it)
    for it in each(container, *_AROUND):
        parent = parents[it]
        unwrap(it, parent)
        for child in it:
            parents[child] = parent


def choose_alternatives(container: Element) -> None:
    """Of two forms of a drawing keep one: the newer if it holds words or a picture."""
    parents = parents_of(container)
    for alternative in each(container, "mc:AlternateContent"):
        choice = alternative.find("mc:Choice", NAMES)
        fallback = alternative.find("mc:Fallback", NAMES)
        newer = choice is not None and (
            choice.find(".//w:txbxContent", NAMES) is not None
            or choice.find(".//a:blip", NAMES) is not None
            or choice.find(".//c:chart", NAMES) is not None
            or choice.find(".//dgm:relIds", NAMES) is not None
        )
        chosen = choice if newer or fallback is None else fallback
        parent = parents[alternative]
        at = list(parent).index(alternative)
        inside = [] if chosen is None else list(chosen)
        parent[at : at + 1] = inside
        for child in inside:
            parents[child] = parent


def drop(container: Element, styles: Styles, report: Report, places: Places) -> None:
    """Take out what no letter has, and tell it with its words."""
    parents = parents_of(container)
    for run in each(container, "w:r"):
        if styles.run_has(run, "w:vanish") or styles.run_has(run, "w:webHidden"):
            if text := text_of(run).strip():
                told = say(N_("the hidden text “{text}”"), text=text)
                report.left_out(told, places.before(run))
            parents[run].remove(run)
    for formula in each(container, "m:oMathPara", "m:oMath"):
        if formula in parents and formula in list(parents[formula]):
            told = say(N_("the formula “{text}”"), text=_spaced(formula))
            if parents[formula].tag != name("m:oMathPara"):
                report.left_out(told, places.before(formula))
            parents[formula].remove(formula)
    for other in each(container, "w:altChunk", "w:subDoc"):
        report.left_out(say(N_("an embedded document")), places.before(other))
        parents[other].remove(other)
    signs.drop_unknown(container, report, places)
    _tell_fields(container, report, places)
    _tell_looks(container, report, places)


def _spaced(formula: Element) -> str:
    return " ".join("".join(it.itertext()).strip() for it in each(formula, "m:t")).strip() or "…"


def _tell_fields(container: Element, report: Report, places: Places) -> None:
    """Fields stay the text that they showed; a link is one that mammoth reads."""
    parents = parents_of(container)
    for field in each(container, "w:fldSimple"):
        _tell_field(value(field, "", "w:instr") or "", field, report, places)
        parent = parents[field]
        unwrap(field, parent)
        for child in field:
            parents[child] = parent
    for instruction in each(container, "w:instrText"):
        _tell_field(instruction.text or "", instruction, report, places)
        address = _LINK.match(instruction.text or "")
        if address and scheme(address[1]) not in SCHEMES:
            told = say(N_("a link to {target} became its text"), target=address[1][:80])
            report.changed(told, places.before(instruction))
            instruction.text = ""


def _tell_field(instruction: str, at: Element, report: Report, places: Places) -> None:
    found = _FIELD.match(instruction)
    if found and found[1].upper() == "FORMCHECKBOX":
        report.left_out(say(N_("a box to tick: write ☐")), places.before(at))
    if found and found[1].upper() not in ("HYPERLINK", "FORMCHECKBOX"):
        told = say(N_("a field ({kind}) became the text that it showed"), kind=found[1].upper())
        report.changed(told, places.before(at))


def _tell_looks(container: Element, report: Report, places: Places) -> None:
    for run in each(container, "w:r"):
        if not text_of(run).strip():
            continue
        colour = value(run, "w:rPr/w:color")
        if colour and colour.lower() not in ("auto", "000000"):
            report.left_out(say(N_("the colour of letters")), places.before(run))
        shade = value(run, "w:rPr/w:shd", "w:fill")
        if value(run, "w:rPr/w:highlight") not in (None, "none") or (
            shade and shade.lower() not in ("auto", "ffffff")
        ):
            report.left_out(say(N_("a highlight")), places.before(run))
        if is_on(run, "w:rPr/w:caps") or is_on(run, "w:rPr/w:smallCaps"):
            report.left_out(say(N_("capitals that are only a look")), places.before(run))


def simplify_links(
    container: Element,
    relations: Mapping[str, Relation],
    links: dict[str, str],
    report: Report,
    places: Places,
) -> None:
    """Keep links to pages, addresses and telephones; any other becomes its text, and is told.

    `links` takes the targets by their new relation.
    """
    parents = parents_of(container)
    for link in each(container, "w:hyperlink"):
        relation = relations.get(link.get(name("r:id"), ""))
        target = relation.target if relation is not None and relation.outside else ""
        if relation is not None and scheme(target) in SCHEMES:
            if anchor := link.get(name("w:anchor")):
                target = f"{target}#{anchor}"
            key = f"link{len(links)}"
            links[key] = target
            link.attrib.clear()
            link.set(name("r:id"), key)
            continue
        if relation is not None:
            told = say(N_("a link to {target} became its text"), target=target[:80])
            report.changed(told, places.before(link))
        elif link.get(name("w:anchor")):
            told = say(N_("a link within the document became its text"))
            report.changed(told, places.before(link))
        parent = parents[link]
        unwrap(link, parent)
        for child in link:
            parents[child] = parent


def scheme(target: str) -> str:
    """The scheme of an address, in small letters; "" without one."""
    try:
        return urlsplit(target.strip()).scheme
    except ValueError:
        return ""
