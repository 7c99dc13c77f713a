"""Finds fences in Markdown: lines of colons around a block, and those that are none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token
from mdit_py_plugins.container import container_plugin

from mailer.letter.blocks import names
from mailer.letter.blocks.faults import Faults
from pli.language import N_, Sentence, say

OPENS = "container_block_open"
CLOSES = "container_block_close"
_HEADER = re.compile(r"[ \t]*(\S+)[ \t]*")
_FENCE = re.compile(r"[ \t]*(:{3,})[ \t]*(?:(\w[^\s:]*)(:?)(?!\S)|\{|$)")
"""A line that was meant as a fence; ":::-)" was not."""
_CLOSING = re.compile(r"[ \t]{0,3}(:{3,})[ \t]*")
_DEEPEST = 12
"""Blocks nest three deep at most; a scan for each of 10,000 open fences would take minutes."""


def find(markdown: MarkdownIt) -> None:
    """Make a parser see the fences of blocks whose names are known; others stay text."""
    container_plugin(markdown, "block", validate=_known)
    rules = markdown.block.ruler
    scan = next(it.fn for it in rules.__rules__ if it.name == "container_block")

    def shallow(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        return state.level < _DEEPEST and scan(state, start, end, silent)

    alt: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    rules.at("container_block", shallow, alt)
    markdown.add_render_rule(OPENS, _plain)
    markdown.add_render_rule(CLOSES, _plain)


def _known(params: str, _markup: str) -> bool:
    found = _HEADER.match(params)
    return found is not None and names.found(found[1], names.BLOCKS) is not None


def _plain(self: Any, tokens: Sequence[Token], at: int, options: Any, env: Any) -> str:
    return str(self.renderToken(tokens, at, options, env))


def header(token: Token) -> tuple[str, str, int]:
    """A fence's name as written, what stands behind it, and where that begins in `token.info`."""
    found = _HEADER.match(token.info)
    assert found is not None, "only fences with a known name become tokens"
    return found[1], token.info[found.end() :].strip(), found.end()


def is_closed(token: Token, lines: Sequence[str], end: int) -> bool:
    """Whether a block is closed by a line of its own, before the line `end` of what is around."""
    last = token.map[1] if token.map else end
    if last >= min(end, len(lines)):
        return False
    found = _CLOSING.fullmatch(lines[last])
    return found is not None and len(found[1]) >= len(token.markup)


@dataclass(frozen=True, slots=True)
class Stray:
    """A line that looks like a fence and is text; `name` is "" for one that would close a block."""

    line: int
    name: str
    fault: Sentence


def strays(tokens: Sequence[Token], faults: Faults) -> Iterator[Stray]:
    """Lines that look like fences and are text, since they have an unknown name, or none."""
    before = ""
    for token in tokens:
        if token.map and token.type == "inline" and before not in ("td_open", "th_open"):
            lines = token.content.split("\n")
            begun = _begun(token)
            for at, line in enumerate(lines):
                found = _FENCE.match(line)
                if found and begun and begun[0].startswith(line.strip()[: len(found[1])]):
                    begun.pop(0)
                    name = faults.readable(line.strip().lstrip(":").strip())
                    written = faults.readable(found[2] or "") or name
                    fault = _colon(written) if found[3] else _stray(written)
                    yield Stray(token.map[0] + at, name, fault)
        if token.map and token.type == "html_block":
            for at, line in enumerate(token.content.split("\n")):
                if (found := _FENCE.match(line)) and found[2] and _known(found[2], ""):
                    fault = say(N_("a block cannot begin here: put an empty line before it"))
                    yield Stray(token.map[0] + at, found[2], fault)
        before = token.type


def _begun(token: Token) -> list[str]:
    """The texts with which lines of a paragraph begin, if they begin with colons."""
    begun: list[str] = []
    starts = True
    for child in token.children or ():
        if starts and child.type == "text" and child.content.startswith(":::"):
            begun.append(child.content)
        starts = child.type in ("softbreak", "hardbreak")
    return begun


def _colon(name: str) -> Sentence:
    return say(N_('no colon can stand behind "{name}": write a space there'), name=name)


def _stray(name: str) -> Sentence:
    if not name:
        return say(N_('":::" closes no block here: take it away, or write \\::: to show it'))
    if names.found(name, names.BLOCKS):
        return say(N_('the block "{name}" cannot stand so deep in others'), name=name)
    if near := names.nearest(name, names.every(names.BLOCKS)):
        return say(N_('there is no block "{name}": did you mean "{near}"?'), name=name, near=near)
    return say(
        N_('there is no block "{name}": there are {known}'),
        name=name,
        known=", ".join(several[0] for several in names.BLOCKS.values()),
    )
