"""Proposes how a rule goes on while it is typed: fields, comparisons, values, and what joins them.

What stands before the cursor is read with the tokens of rules. A text that cannot be read gives no
proposals: the parser tells what is wrong with it.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from subscribers.attributes import BUILT_IN
from subscribers.folding import fold, slug
from subscribers.models import AttributeType
from subscribers.rule_tokens import OPERATORS, WORDS_OF_ORDER, RuleError, Token, tokens
from subscribers.rules import LIST, Vocabulary
from subscribers.values import as_compared

MOST = 20


class Wanted(enum.Enum):
    """What a rule can go on with at a place."""

    FIELD = "field"
    COMPARISON = "comparison"
    VALUE = "value"
    JOIN = "join"


@dataclass(frozen=True, slots=True)
class Completion:
    """What may stand at a place: `proposals` replace the text from `start` to `end`.

    `field` is the attribute whose value is wanted, and `begun` what stands of it already: with
    these, `segments.complete` looks for values that people have.
    """

    wanted: Wanted
    start: int
    end: int
    begun: str
    proposals: Sequence[str]
    field: str = ""


def complete(text: str, position: int, vocabulary: Vocabulary) -> Completion:
    """The proposals at a position of a text, 20 at most; `position` counts characters from 0."""
    position = max(0, min(position, len(text)))
    before = text[:position]
    begun = _begun(before)
    start = position - len(begun)
    end = position + len(_rest(text[position:])) if begun else position
    try:
        found = tokens(before[:start])[:-1]
    except RuleError:
        return Completion(Wanted.FIELD, position, position, "", ())
    wanted, field = _wanted(found, vocabulary)
    offered = _offered(wanted, field, vocabulary, found)
    return Completion(wanted, start, end, begun, matching(offered, begun), field)


def matching(offered: Iterable[str], begun: str) -> list[str]:
    """Those that begin so, then those that hold it somewhere; 20 at most."""
    plain = fold(begun.strip("\"'«»“” "))
    kept = list(dict.fromkeys(offered))
    first = [it for it in kept if fold(it.strip('"')).startswith(plain)]
    others = [it for it in kept if it not in first and plain in fold(it)]
    return [*first, *others][:MOST]


def quoted(value: str) -> str:
    """A value as a rule holds it, between quotation marks where it is more than a word."""
    if value and all(it.isalnum() or it in "_.@-" for it in value) and not _is_keyword(value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _begun(before: str) -> str:
    """The word, or the quotation, that the cursor stands at the end of."""
    for mark, closing in (('"', '"'), ("«", "»"), ("“", "”")):
        opened = before.rfind(mark)
        if opened < 0:
            continue
        inside = before.count('"') % 2 if mark == '"' else closing not in before[opened:]
        if inside:
            return before[opened:]
    at = len(before)
    while at and (before[at - 1].isalnum() or before[at - 1] in "_.@'’-"):
        at -= 1
    return before[at:]


def _rest(after: str) -> str:
    """The rest of the word that the cursor stands in."""
    at = 0
    while at < len(after) and (after[at].isalnum() or after[at] in "_.@'’-"):
        at += 1
    return after[:at]


def _wanted(before: Sequence[Token], vocabulary: Vocabulary) -> tuple[Wanted, str]:
    """What comes next after these tokens, and of which field if that is a value."""
    wanted, field, among = Wanted.FIELD, "", False
    for token in before:
        is_mark = token.kind == "mark"
        if wanted is Wanted.FIELD:
            if token.kind == "word" and not token.keyword:
                named = slug(token.text, "_")
                field = named if named in vocabulary.fields() else token.text
                wanted = Wanted.JOIN if _follows_has(before, token) else Wanted.COMPARISON
        elif wanted is Wanted.COMPARISON:
            if token.keyword == "in":
                among, wanted = True, Wanted.VALUE
            elif token.kind == "operator" or slug(token.text, " ") in WORDS_OF_ORDER:
                wanted = Wanted.VALUE
        elif wanted is Wanted.VALUE:
            if not is_mark and not among:
                wanted = Wanted.JOIN
            elif is_mark and token.text == ")":
                among, wanted = False, Wanted.JOIN
        elif token.keyword in ("and", "or"):
            wanted, field = Wanted.FIELD, ""
    return wanted, field if wanted in (Wanted.VALUE, Wanted.COMPARISON) else ""


def _follows_has(before: Sequence[Token], token: Token) -> bool:
    at = before.index(token)
    return at > 0 and before[at - 1].keyword == "has"


def _offered(
    wanted: Wanted, field: str, vocabulary: Vocabulary, before: Sequence[Token]
) -> Sequence[str]:
    match wanted:
        case Wanted.FIELD:
            asked = bool(before) and before[-1].keyword in ("has", "not")
            return [*vocabulary.fields(), *(() if asked else ("not", "has", "("))]
        case Wanted.COMPARISON:
            return comparisons(field, vocabulary)
        case Wanted.VALUE:
            return _values(field, vocabulary)
        case Wanted.JOIN:
            opened = sum(it.text == "(" for it in before) - sum(it.text == ")" for it in before)
            return ["and", "or", *([")"] if opened > 0 else [])]


def comparisons(field: str, vocabulary: Vocabulary) -> Sequence[str]:
    """The comparisons that a field takes: no order where only letters would be compared."""
    kind = vocabulary.fields().get(field, AttributeType.TEXT)
    if kind is AttributeType.BOOLEAN:
        return ["=", "!="]
    ordered = ["<", "<=", ">", ">="] if kind in (AttributeType.NUMBER, AttributeType.DATE) else []
    days = ["before", "after"] if kind is AttributeType.DATE else []
    return ["=", "!=", "in (", "not in (", *ordered, *days]


def _values(field: str, vocabulary: Vocabulary) -> Sequence[str]:
    if field == LIST:
        return sorted(quoted(it) for it in vocabulary.lists)
    if vocabulary.fields().get(field) is AttributeType.BOOLEAN:
        return [str(as_compared(it)) for it in (True, False)]
    return ["fr", "en"] if field == "language" else []


def has_values(field: str, vocabulary: Vocabulary) -> bool:
    """Whether values that people have may be proposed: never addresses and names of people."""
    kind = vocabulary.fields().get(field)
    return field not in (*BUILT_IN, LIST) and kind not in (None, AttributeType.BOOLEAN)


def _is_keyword(value: str) -> bool:
    return bool(Token("word", value, 0).keyword) or value in OPERATORS
