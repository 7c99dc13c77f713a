"""The rules of segments: `departement in (44, 49) and not mandat = "suppléant"`.

A rule is parsed into a frozen tree. `str` writes the tree as canonical text, which parses to the
same tree. `selection` makes SQL of the tree.

    rule       = all { "or" all }
    all        = one { "and" one }
    one        = "not" one | "(" rule ")" | "has" field | test
    test       = field comparison value | field [ "not" ] "in" "(" value { "," value } ")"
    comparison = "=" | ":" | "!=" | "<" | "<=" | ">" | ">="
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from typing import TypeAlias

from pli.errors import PliError
from pli.language import N_, Sentence, say
from subscribers.attributes import BUILT_IN, name_of
from subscribers.folding import slug
from subscribers.models import AttributeType
from subscribers.values import Value, ValueFault, read_value

LIST = "list"

_LONGEST = 10_000
_DEEPEST = 50
_MOST_TESTS = 400  # SQLite refuses an expression more than 1,000 deep


@dataclass(frozen=True, slots=True)
class Has:
    """The field has a value."""

    field: str

    def __str__(self) -> str:
        return f"has {self.field}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The field's value compares as `operator` says; for `list`, only = and != are possible."""

    field: str
    operator: str
    value: Value

    def __str__(self) -> str:
        return f"{self.field} {self.operator} {_written(self.value)}"


@dataclass(frozen=True, slots=True)
class Among:
    """The field's value is one of several."""

    field: str
    values: tuple[Value, ...]

    def __str__(self) -> str:
        return f"{self.field} in ({', '.join(_written(value) for value in self.values)})"


@dataclass(frozen=True, slots=True)
class Not:
    """The rule within is false. A missing value makes neither a test nor its negation true."""

    rule: Rule

    def __str__(self) -> str:
        return f"not {_within(self.rule, And | Or)}"


@dataclass(frozen=True, slots=True)
class And:
    """All rules within are true."""

    rules: tuple[Rule, ...]

    def __str__(self) -> str:
        return " and ".join(_within(rule, And | Or) for rule in self.rules)


@dataclass(frozen=True, slots=True)
class Or:
    """At least one rule within is true."""

    rules: tuple[Rule, ...]

    def __str__(self) -> str:
        return " or ".join(_within(rule, Or) for rule in self.rules)


Rule: TypeAlias = Has | Comparison | Among | Not | And | Or


def _within(rule: Rule, loose: object) -> str:
    return f"({rule})" if isinstance(rule, loose) else str(rule)  # type: ignore[arg-type]


def _written(value: Value) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    return str(value)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What rules may name: attributes with their types, and lists."""

    attributes: Mapping[str, AttributeType] = field(default_factory=dict)
    lists: frozenset[str] = frozenset()

    def fields(self) -> dict[str, AttributeType]:
        """Every field and its type; the field `list` is a text, a list's name."""
        return {
            **dict.fromkeys((*BUILT_IN, LIST), AttributeType.TEXT),
            **self.attributes,
        }


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


def parse(text: str, vocabulary: Vocabulary) -> Rule:
    """Parse a rule; raises RuleError, which points at the wrong character."""
    text = unicodedata.normalize("NFC", text)
    if len(text) > _LONGEST:
        raise RuleError(
            text, _LONGEST, say(N_("the rule is longer than {n} characters"), n=_LONGEST)
        )
    return _Parser(text, vocabulary).whole()


# No part may be tried twice: a rule has up to 10,000 signs, and some are of nothing but spaces.
_TOKEN = re.compile(
    r"""\s*+(?:
      (?P<mark>[(),])
    | (?P<operator><=|>=|!=|<>|==|[=<>:≠≤≥])
    | "(?P<double>(?:[^"\\]|\\.)*+)"
    | '(?P<single>(?:[^'\\]|\\.)*+)'
    | «(?P<french>[^»]*+)»
    | “(?P<curly>[^”]*+)”
    | (?P<word>(?:\w|(?<![\w.@+'’-])[+-])(?:[\w.@+'’-]*\w)?)
    | (?P<end>$)
    )""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(.)")
_OPERATORS = {":": "=", "==": "=", "<>": "!=", "≠": "!=", "≤": "<=", "≥": ">="}
_KEYWORDS = {
    **{word: word for word in ("and", "or", "not", "in", "has")},
    **{"et": "and", "ou": "or", "non": "not", "dans": "in"},
}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # mark, operator, string, word or end
    text: str
    start: int

    @property
    def keyword(self) -> str:
        return _KEYWORDS.get(self.text.casefold(), "") if self.kind == "word" else ""


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position = 0
    while not tokens or tokens[-1].kind != "end":
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
        tokens.append(_Token(kind, written, start))
        position = match.end()
    return tokens


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


class _Parser:
    """Recursive descent over the tokens; methods stand in the order of the grammar."""

    def __init__(self, text: str, vocabulary: Vocabulary) -> None:
        self.text = text
        self.vocabulary = vocabulary
        self.fields = vocabulary.fields()
        self.tokens = _tokens(text)
        self.at = 0
        self.depth = 0
        self.tests = 0

    def whole(self) -> Rule:
        rule = self.any_of()
        if self.token.kind != "end":
            raise self.fault(N_("expected “and”, “or” or the end of the rule"))
        return rule

    def any_of(self) -> Rule:
        rules = [self.all_of()]
        while self.token.keyword == "or":
            self.take()
            rules.append(self.all_of())
        return _joined(Or, rules)

    def all_of(self) -> Rule:
        rules = [self.one()]
        while self.token.keyword == "and":
            self.take()
            rules.append(self.one())
        return _joined(And, rules)

    def one(self) -> Rule:
        if self.depth == _DEEPEST:
            raise self.fault(N_("the rule is nested more than {n} deep"), n=_DEEPEST)
        self.depth += 1
        rule = self.nested()
        self.depth -= 1
        return rule

    def nested(self) -> Rule:
        if self.token.keyword == "not":
            self.take()
            return Not(self.one())
        if self.token.text == "(" and self.token.kind == "mark":
            self.take()
            rule = self.any_of()
            self.mark(")", N_("expected “and”, “or” or “)”"))
            return rule
        return self.test()

    def test(self) -> Rule:
        self.tests += 1
        if self.tests > _MOST_TESTS:
            raise self.fault(
                N_("the rule asks more than {n} things: take “in (…)” for many values"),
                n=_MOST_TESTS,
            )
        if self.token.keyword == "has":
            self.take()
            return Has(self.field())
        start = self.token
        name = self.field()
        if self.token.keyword == "not":
            self.take()
            if self.token.keyword != "in":
                raise self.fault(N_("expected “in”"))
            return Not(self.among(name))
        if self.token.keyword == "in":
            return self.among(name)
        if self.token.kind != "operator":
            raise self.fault(
                N_("expected a comparison such as = or “in” after {name}"), name=start.text
            )
        operator = _OPERATORS.get(self.token.text, self.token.text)
        if name == LIST and operator not in ("=", "!="):
            raise self.fault(N_("a list is asked for by = or != or “in”"))
        self.take()
        return Comparison(name, operator, self.value(name))

    def field(self) -> str:
        token = self.token
        if token.kind != "word" or token.keyword:
            raise self.fault(
                N_("expected the name of an attribute: {names}"), names=", ".join(self.fields)
            )
        written = slug(token.text, "_")
        name = written if written in self.fields else name_of(token.text)
        if name not in self.fields:
            if near := get_close_matches(name, self.fields, 3):
                raise self.fault(
                    N_("there is no attribute {name}: is {near} meant?"),
                    name=token.text,
                    near=", ".join(near),
                )
            raise self.fault(
                N_("there is no attribute {name}: there are {names}"),
                name=token.text,
                names=", ".join(self.fields),
            )
        self.take()
        return name

    def among(self, name: str) -> Rule:
        self.take()
        self.mark("(", N_("expected “(” and the values, such as (44, 49)"))
        values = [self.value(name)]
        while self.token.kind == "mark" and self.token.text == ",":
            self.take()
            values.append(self.value(name))
        self.mark(")", N_("expected “,” and a further value, or “)”"))
        return Among(name, tuple(values))

    def value(self, name: str) -> Value:
        token, type = self.token, self.fields[name]
        quotes_needed = token.keyword and type is not AttributeType.BOOLEAN
        if token.kind not in ("word", "string") or quotes_needed:
            raise self.fault(_EXPECTED[type])
        try:
            value = read_value(token.text, type)
        except ValueFault as fault:
            raise RuleError(self.text, token.start, fault.sentences[0]) from None
        if value == "":
            raise self.fault(N_("nothing equals an empty text: write “not has {name}”"), name=name)
        if name == LIST and value not in self.vocabulary.lists:
            self.refuse_list(str(value))
        self.take()
        return value

    def refuse_list(self, name: str) -> None:
        if near := get_close_matches(name, self.vocabulary.lists, 3):
            raise self.fault(
                N_("there is no list {name}: is {near} meant?"), name=name, near=", ".join(near)
            )
        raise self.fault(N_("there is no list {name}"), name=name)

    @property
    def token(self) -> _Token:
        return self.tokens[self.at]

    def take(self) -> None:
        self.at += 1

    def mark(self, mark: str, problem: str) -> None:
        if self.token.kind != "mark" or self.token.text != mark:
            raise self.fault(problem)
        self.take()

    def fault(self, problem: str, **values: object) -> RuleError:
        return RuleError(self.text, self.token.start, Sentence(problem, values))


_EXPECTED = {
    AttributeType.TEXT: N_("expected a value, such as “44” or suppléant"),
    AttributeType.NUMBER: N_("expected a number, such as 44"),
    AttributeType.DATE: N_("expected a date, such as 2026-01-31"),
    AttributeType.BOOLEAN: N_("expected true or false"),
}


def _joined(kind: type[And] | type[Or], rules: list[Rule]) -> Rule:
    """Join rules. A single rule stays itself; `a and (b and c)` stays nested as written."""
    return rules[0] if len(rules) == 1 else kind(tuple(rules))
