"""Footnotes, `[^1]`: gathered at the end, without anchors, which do not work in mails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from mailer.letter.blocks.kinds import Note, NoteMark, Notes
from mailer.letter.blocks.tokens import READING, Reading, closing, opening
from pli.language import N_, Sentence, say


def install(markdown: MarkdownIt) -> None:
    """Make a parser read footnotes, and write them as blocks."""
    footnote_plugin(markdown, inline=False)
    markdown.core.ruler.before("footnote_tail", "footnote_faults", _faults)
    markdown.core.ruler.after("footnote_tail", "footnote_blocks", _rewrite)


def missing(label: str) -> Sentence:
    """The fault of a mark whose note stands nowhere, or whose name no note can have."""
    if any(sign.isspace() for sign in label):
        fault = N_("[{label}] is no name of a footnote: write [^1], without spaces")
        return say(fault, label=label)
    return say(N_("[{label}] has no footnote: write a line [{label}]: … below"), label=label)


def _faults(state: StateCore) -> None:
    """Tell what would vanish: notes that stand twice, in each other, or have no mark."""
    reading = state.env.get(READING)
    if not isinstance(reading, Reading):
        return
    lines: dict[str, int] = {}
    seen: Counter[str] = Counter()
    depth = 0
    for token in state.tokens:
        if token.type == "footnote_reference_open":
            label, line = token.meta["label"], token.map[0] if token.map else 0
            seen[label] += 1
            lines.setdefault(label, line)
            if seen[label] > 1:
                fault = N_("another footnote is called [^{label}], too: give this one another name")
                reading.faults.add(line, say(fault, label=label))
            elif depth:
                reading.faults.add(line, say(N_("a footnote cannot stand in another one")))
            depth += 1
        elif token.type == "footnote_reference_close":
            depth -= 1
    for label, number in state.env.get("footnotes", {}).get("refs", {}).items():
        if number < 0:
            fault = N_("no text refers to this footnote: write [^{label}] where it belongs")
            reading.faults.add(lines.get(label[1:], 0), say(fault, label=label[1:]))


def _rewrite(state: StateCore) -> None:
    """Make blocks of footnotes: their tokens, and those of their marks within texts."""
    reading = state.env.get(READING)
    if not isinstance(reading, Reading):
        return
    state.tokens = [it for token in state.tokens for it in _tokens(token, reading)]
    for token in state.tokens:
        if any(child.type == "footnote_ref" for child in token.children or ()):
            children = [it for child in token.children or () for it in _mark(child, reading)]
            token.children = children


def _tokens(token: Token, reading: Reading) -> Iterator[Token]:
    if token.type == "footnote_block_open":
        yield opening("div", reading.take(Notes()))
    elif token.type == "footnote_open":
        yield opening("div", reading.take(Note(token.meta["id"] + 1)))
    elif token.type in ("footnote_block_close", "footnote_close"):
        yield closing("div")
    elif token.type != "footnote_anchor":
        yield token


def _mark(child: Token, reading: Reading) -> Iterator[Token]:
    if child.type != "footnote_ref":
        yield child
        return
    number = child.meta["id"] + 1
    yield opening("span", reading.take(NoteMark(number)), block=False)
    yield Token("text", "", 0, content=f"[{number}]")
    yield closing("span", block=False)
