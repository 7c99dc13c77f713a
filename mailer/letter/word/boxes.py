"""Text boxes: put behind the paragraph that they hang on, between marks."""

from __future__ import annotations

from xml.etree.ElementTree import Element

from mailer.letter.converting.marks import Mark, Marks
from mailer.letter.import_report import Report
from mailer.letter.word import notes
from mailer.letter.word.places import Places
from mailer.letter.word.xml import NAMES, each, parents_of, text_of
from pli.language import N_, say


def lift(container: Element, marks: Marks | None, report: Report, places: Places) -> None:
    """Lift every text box out of its drawing; without `marks` its paragraphs stand as such."""
    parents = parents_of(container)
    # The last first: what is put behind one paragraph then keeps its order, and what stands within
    # another box comes behind it.
    for box in reversed([*each(container, "w:txbxContent")]):
        anchor = box
        while parents[anchor] is not container:
            anchor = parents[anchor]
        parents[box].remove(box)
        if not text_of(box).strip() and box.find(".//a:blip", NAMES) is None:
            continue
        inside = list(box)
        if marks is not None and text_of(box).strip():
            begin = notes.paragraph(marks.take(Mark.BOX))
            inside = [begin, *inside, notes.paragraph(marks.take(Mark.BOX_END))]
            report.changed(say(N_("a text box became a box")), places.before(box))
        at = list(container).index(anchor) + 1
        container[at:at] = inside
        for child in inside:
            parents[child] = container
