"""Text boxes of Word's clipboard: they stand in comments, which other programs do not read.

Beside each stands a picture of it, for those other programs.
"""

from __future__ import annotations

import re

from mailer.letter.converting.marks import Mark, Marks
from mailer.letter.import_report import Report
from pli.language import N_, say

_COMMENT = "<!--[if gte vml 1]>"
_END = "<![endif]-->"
_BOX = "<v:textbox"
_BOX_END = "</v:textbox>"
_FRAME = "<![if !mso]>"
_TAG = re.compile("<[^<>]*>")
_INSTEAD = "<![if !vml]>"
_INSTEAD_END = "<![endif]>"


def brought_out(html: str, marks: Marks, report: Report) -> str:
    """The HTML with its text boxes between marks, where their comments stood."""
    pieces: list[str] = []
    at = 0
    while (begin := html.find(_COMMENT, at)) >= 0 and (end := html.find(_END, begin)) >= 0:
        pieces.append(html[at:begin])
        comment = html[begin:end]
        at = end + len(_END)
        boxes = [*_texts(comment)]
        for text in boxes:
            box, box_end = marks.take(Mark.BOX), marks.take(Mark.BOX_END)
            pieces.append(f"<p>{box}</p>{text}<p>{box_end}</p>")
            report.changed(say(N_("a text box became a box")))
        if boxes and html.startswith(_INSTEAD, at):
            instead = html.find(_INSTEAD_END, at)
            at = instead + len(_INSTEAD_END) if instead >= 0 else at
    return "".join([*pieces, html[at:]])


def _texts(comment: str) -> list[str]:
    """The HTML of each text box in a comment."""
    found: list[str] = []
    at = 0
    while (begin := comment.find(_BOX, at)) >= 0 and (end := comment.find(_BOX_END, begin)) >= 0:
        inside = comment[begin:end].partition(">")[2]
        text = _without_frame(inside)
        if _TAG.sub("", text).strip():
            found.append(text)
        at = end + len(_BOX_END)
    return found


def _without_frame(html: str) -> str:
    """The HTML of a text box without the table that other programs see around it."""
    first, *rest = html.split(_FRAME)
    return first + "".join(it.partition(_INSTEAD_END)[2] for it in rest)
