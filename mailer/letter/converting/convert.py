"""The road from HTML to a clean tree, for Word files, pasted HTML, and editors."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element

from mailer.letter import nesting, pasted_styles
from mailer.letter.blocks.kinds import Block, Box
from mailer.letter.converting import figures, foreign, headings, links, lists, notes, tables
from mailer.letter.converting.cleaning import Cleaner
from mailer.letter.converting.converted import Converted
from mailer.letter.converting.inline import Inline, words
from mailer.letter.converting.marking import Marking
from mailer.letter.converting.marks import Marks
from mailer.letter.import_report import Report, place_of
from mailer.letter.limits import DEEPEST
from mailer.letter.placeholders import Placeholders
from mailer.letter.sanitising import BLOCK, parse_html, sanitised_foreign
from pli.errors import PliError
from pli.language import N_, say

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


class TooNested(PliError):
    """HTML holds more elements within each other than any letter."""


def convert(
    html: str,
    report: Report,
    *,
    marks: Marks | None = None,
    files: frozenset[str] = frozenset(),
    guess_headings: bool = True,
) -> Converted:
    """The clean tree of HTML; `report` takes what is changed and left out.

    `marks` are those in the HTML; `files` names the pictures that come with it. Raises TooNested.
    """
    marks = marks or Marks(Placeholders(html))
    blocks: dict[str, Block] = {}
    tree = _parsed(html)
    links.tell(html, report)
    foreign.read(tree, report)
    lists.of_word(tree, report)
    notes.gather(tree, marks)
    foreign.strip(tree)
    for _, text in pasted_styles.drop_hidden(tree):
        report.left_out(say(N_("the hidden text “{text}”"), text=text))
    pasted_styles.say_by_elements(tree)
    links.judge(tree, report, files)
    cleaner = Cleaner(Inline(marks, blocks))
    elements = cleaner.flow(tree)
    for number, point in cleaner.from_one:
        told = N_("a list within another begins at 1, not at {number}")
        report.changed(say(told, number=number), place_of(point))
    elements = Marking(marks, blocks).gathered(elements)
    made = Element("div")
    made.extend(_improved(elements, report, marks.placeholders, blocks, guess_headings))
    return Converted(made, blocks)


def _parsed(html: str) -> Element:
    try:
        nesting.judge_html(html)
        tree = parse_html(sanitised_foreign(html))
        nesting.judge_tree(tree, DEEPEST)
    except (nesting.TooDeep, RecursionError):
        raise TooNested(
            N_("it has more than {n} elements within each other: take some away"), n=DEEPEST
        ) from None
    for element in tree.iter():
        element.attrib.pop(BLOCK, None)
    return tree


def _improved(
    elements: Sequence[Element],
    report: Report,
    placeholders: Placeholders,
    blocks: dict[str, Block],
    guess_headings: bool,
) -> list[Element]:
    """Headings, lists, votes and captions, as their author meant them; in boxes, too."""
    found = list(elements)
    if guess_headings:
        found = headings.guess(found, report)
    found = lists.of_signs(found, report, _places(found))
    improved: list[Element] = []
    for element, place in zip(found, _places(found), strict=True):
        if element.tag == "table":
            improved += _table(element, report, place, placeholders, blocks)
            continue
        if isinstance(blocks.get(element.get(BLOCK, "")), Box):
            element[:] = _improved(list(element), report, placeholders, blocks, False)
        improved.append(element)
    return figures.blocks_of_pictures(improved, placeholders, blocks)


def _table(
    table: Element,
    report: Report,
    place: str,
    placeholders: Placeholders,
    blocks: dict[str, Block],
) -> list[Element]:
    if made := tables.votes(table, placeholders, blocks):
        report.changed(say(N_("a table of votes became blocks of votes")), place)
        return made
    tables.headed(table, report, place)
    tables.unbolded(table)
    return tables.with_notes_below(table, blocks)


def _places(elements: Sequence[Element]) -> list[str]:
    """The words before each element: its heading, or the first words of all."""
    places: list[str] = []
    latest, headed = "", False
    for element in elements:
        places.append(latest)
        heading = element.tag in _HEADINGS
        if (heading or not headed) and (text := words(element)):
            latest, headed = place_of(text), headed or heading
    return places
