"""Drawings: their pictures stay, each as mammoth reads it; charts, diagrams and shapes are told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

from mailer.letter.import_report import Report
from mailer.letter.word.package import Package, Relation
from mailer.letter.word.pictures import Pictures
from mailer.letter.word.places import Places
from mailer.letter.word.xml import NAMES, each, name, parents_of
from pli.language import N_, Sentence, say

_PARTS = (
    ("c:chart", N_("a chart: save it as a picture")),
    ("dgm:relIds", N_("a SmartArt diagram: save it as a picture")),
)


@dataclass(slots=True)
class Drawer:
    """Simplifies the drawings of one part; `media` takes the pictures by their new relation."""

    package: Package
    relations: Mapping[str, Relation]
    pictures: Pictures
    report: Report
    places: Places
    media: dict[str, bytes]

    def simplify(self, container: Element) -> None:
        """Leave of each drawing its pictures."""
        parents = parents_of(container)
        for drawing in each(container, "w:drawing", "w:pict", "w:object"):
            parent = parents[drawing]
            at = list(parent).index(drawing)
            place = self.places.before(drawing)
            if drawing.tag == name("w:object"):
                self.report.left_out(say(N_("an embedded object: save it as a picture")), place)
                parent[at : at + 1] = []
                continue
            made = [*self._pictures(drawing, place)]
            parent[at : at + 1] = made

    def _pictures(self, drawing: Element, place: str) -> Iterator[Element]:
        found = [*each(drawing, "a:blip", "v:imagedata")]
        for told in self._others(drawing, bool(found)):
            self.report.left_out(told, place)
        properties = drawing.find(".//wp:docPr", NAMES)
        alt = (properties.get("descr") or "") if properties is not None else ""
        for blip in found:
            key = blip.get(name("r:embed")) or blip.get(name("r:id")) or ""
            relation = self.relations.get(key)
            if relation is None or relation.outside or relation.target not in self.package.names:
                fault = N_("a picture that lies elsewhere: put it into the document")
                self.report.left_out(say(fault), place)
                continue
            if (data := self.pictures.take(self.package.read(relation.target), place)) is None:
                continue
            yield _drawing(self._relate(data), alt if len(found) == 1 else "")

    def _relate(self, picture: str) -> str:
        self.media[picture] = self.pictures.files[picture]
        return picture

    @staticmethod
    def _others(drawing: Element, pictured: bool) -> Iterator[Sentence]:
        told = False
        for path, sentence in _PARTS:
            if drawing.find(f".//{path}", NAMES) is not None:
                told = True
                yield say(sentence)
        boxed = any(it.tag.endswith(("}txbx", "}textbox")) for it in drawing.iter())
        rule = any(key.endswith("}hr") for it in drawing.iter() for key in it.attrib)
        if not (told or pictured or boxed or rule):
            yield say(N_("a drawn shape"))


def _drawing(relation: str, alt: str) -> Element:
    """The smallest drawing in which mammoth sees a picture."""
    drawing = Element(name("w:drawing"))
    inline = SubElement(drawing, name("wp:inline"))
    SubElement(inline, name("wp:docPr"), {"descr": alt})
    data = SubElement(SubElement(inline, name("a:graphic")), name("a:graphicData"))
    fill = SubElement(SubElement(data, name("pic:pic")), name("pic:blipFill"))
    SubElement(fill, name("a:blip"), {name("r:embed"): relation})
    return drawing
