"""Counts what of a document is in its letter."""

from __future__ import annotations

from collections.abc import Iterator

from mailer.letter.blocks.kinds import Box, Note
from mailer.letter.converting.converted import Converted
from mailer.letter.import_report import Fate, Report
from pli.language import Sentence, say_n


def tell_taken(converted: Converted, report: Report) -> None:
    """Tell how many paragraphs, headings, lists, tables, pictures, links, boxes and notes came."""
    for sentence in _counted(converted):
        if sentence.values["n"]:
            report.add(Fate.TAKEN, sentence)


def _counted(converted: Converted) -> Iterator[Sentence]:
    tags = [it.tag for it in converted.tree.iter()]
    headings = sum(tags.count(f"h{level}") for level in range(1, 7))
    kinds = list(converted.blocks.values())
    yield say_n("{n} heading", "{n} headings", headings)
    yield say_n("{n} paragraph", "{n} paragraphs", tags.count("p"))
    yield say_n("{n} list", "{n} lists", tags.count("ul") + tags.count("ol"))
    yield say_n("{n} table", "{n} tables", tags.count("table"))
    yield say_n("{n} picture", "{n} pictures", tags.count("img"))
    yield say_n("{n} link", "{n} links", tags.count("a"))
    yield say_n("{n} box", "{n} boxes", sum(isinstance(it, Box) for it in kinds))
    yield say_n("{n} footnote", "{n} footnotes", sum(isinstance(it, Note) for it in kinds))
