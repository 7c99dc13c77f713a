"""Cuts the text of a rule into tokens, and points at what a rule cannot hold."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from pli.errors import PliError
from pli.language import N_, Sentence, say


class RuleError(PliError):
    """A rule does not parse; `position` is that of the wrong character, counted from 0."""

    def __init__(self, text: str, position: int, problem: Sentence) -> None:
        line, caret = _pointed_at(text, position)
        super().__init__(
            N_("{problem}\n  {line}\n  {caret}"), problem=problem, line=line, caret=caret
        )
        self.position = position
        self.problem = problem


_SHOWN = 72


def _pointed_at(text: str, position: int) -> tuple[str, str]:
    """The wrong line, cut to what a terminal shows, and a caret under the wrong character."""
    start = text.rfind("\n", 0, position) + 1
    end = text.find("\n", position)
    line = text[start : end if end >= 0 else len(text)]
    column = position - start
    cut = max(0, column - _SHOWN // 2)
    shown = "".join(it if it.isprintable() else " " for it in line[cut : cut + _SHOWN])
    if cut:
        shown, column = f"…{shown}", column - cut + 1
    if cut + _SHOWN < len(line):
        shown += "…"
    before = (it for it in shown[:column] if not unicodedata.combining(it))
    return shown, " " * sum(
        2 if unicodedata.east_asian_width(it) in "WF" else 1 for it in before
    ) + "^"


# No part may be tried twice: a rule has up to 10,000 signs, and some are of nothing but spaces.
_TOKEN = re.compile(
    r"""\s*+(?:
      (?P<mark>[(),])
    | (?P<operator><=|>=|!=|<>|==|[=<>:≠≤≥])
    | "(?P<double>(?:[^"\\]|\\.)*+)"
    | '(?P<single>(?:[^'\\]|\\.)*+)'
    | «(?P<french>[^»]*+)»
    | “(?P<curly>[^”]*+)”
    | (?P<word>\d{1,2}/\d{1,2}/\d{4}(?![\w/]) | (?:\w|(?<![\w.@+'’-])[+-])(?:[\w.@+'’-]*\w)?)
    | (?P<end>$)
    )""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(.)")
OPERATORS = {":": "=", "==": "=", "<>": "!=", "≠": "!=", "≤": "<=", "≥": ">="}
WORDS_OF_ORDER = {"before": "<", "avant": "<", "after": ">", "apres": ">"}
_KEYWORDS = {
    **{word: word for word in ("and", "or", "not", "in", "has")},
    **{"et": "and", "ou": "or", "non": "not", "dans": "in"},
}


@dataclass(frozen=True, slots=True)
class Token:
    """A mark, an operator, a string or a word of a rule, or its end, and where it begins."""

    kind: str  # mark, operator, string, word or end
    text: str
    start: int

    @property
    def keyword(self) -> str:
        """The keyword that a word is, in English; "" for any other word."""
        return _KEYWORDS.get(self.text.casefold(), "") if self.kind == "word" else ""


def tokens(text: str) -> list[Token]:
    """The tokens of a rule, the last of them its end; raises RuleError."""
    found: list[Token] = []
    position = 0
    while not found or found[-1].kind != "end":
        match = _TOKEN.match(text, position)
        if match is None:
            raise _unreadable(text, position)
        kind = str(match.lastgroup)
        written = match[kind]
        if kind in ("double", "single", "french", "curly"):
            if kind in ("double", "single"):
                written = _ESCAPE.sub(r"\1", written)
            elif kind == "french":
                written = written.strip()
            kind = "string"
        start = (
            match.start(match.lastgroup or 0) if kind != "string" else _past_space(text, position)
        )
        if any(unicodedata.category(it) in ("Cc", "Cs") for it in written):
            raise RuleError(
                text, start, say(N_("there is a line break or a control character in the quotes"))
            )
        found.append(Token(kind, written, start))
        position = match.end()
    return found


def _past_space(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _unreadable(text: str, position: int) -> RuleError:
    position = _past_space(text, position)
    letter = text[position]
    if letter in "\"'«“":
        return RuleError(text, position, say(N_("the quotation opened here is never closed")))
    return RuleError(text, position, say(N_("a rule cannot hold {letter} here"), letter=letter))
