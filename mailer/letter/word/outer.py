"""What a document holds beside its text: comments, headers, footers, macros. All of it is told."""

from __future__ import annotations

from collections.abc import Mapping

from mailer.letter.import_report import Report, place_of
from mailer.letter.word.package import Package, Relation
from mailer.letter.word.xml import each, text_of
from pli.language import N_, say

_KINDS = {"header": N_("the header “{text}”"), "footer": N_("the footer “{text}”")}


def tell(package: Package, relations: Mapping[str, Relation], report: Report) -> None:
    """Tell what stands in other parts than the text."""
    for relation in relations.values():
        if relation.outside or relation.target not in package.names:
            continue
        if relation.kind in _KINDS and (tree := package.tree(relation.target)) is not None:
            if text := " ".join(text_of(tree).split()):
                report.left_out(say(_KINDS[relation.kind], text=place_of(text)))
            if any(it.kind == "image" for it in package.relations(relation.target).values()):
                report.left_out(say(N_("a picture in the header or the footer")))
        elif relation.kind == "comments" and (tree := package.tree(relation.target)) is not None:
            for comment in each(tree, "w:comment"):
                text = place_of(text_of(comment))
                report.left_out(say(N_("the comment “{text}”"), text=text))
        elif relation.kind == "vbaProject":
            report.left_out(say(N_("the macros")))
