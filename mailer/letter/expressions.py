"""Personal expressions, such as `{{ subscriber.first_name or "camarade" }}`, and nothing more.

Jinja's sandbox parses and evaluates them. Before that, `names` checks each node of an expression
against a short list: attributes of three names, constants, and, or, not, comparisons, `if else`,
`~`, some filters and some tests. So an expression can neither call, nor loop, nor multiply, and it
costs no more than its length suggests.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import accumulate
from typing import Any

from babel.numbers import format_decimal
from jinja2 import Undefined, nodes
from jinja2.exceptions import TemplateSyntaxError, UndefinedError
from jinja2.parser import Parser
from jinja2.sandbox import SandboxedEnvironment

from mailer.letter import dates
from pli.errors import PliError
from pli.language import N_, Sentence, say, translations

NAMES: Mapping[str, tuple[str, ...]] = {
    "subscriber": ("first_name", "last_name", "email", "language"),
    "list": ("name", "title"),
    "campaign": ("number", "title", "date", "subject"),
}
FILTERS = ("default", "d", "upper", "lower", "capitalize", "title", "trim")
TESTS = ("defined", "undefined", "none")
LONGEST = 500
LARGEST = 1e15
"""Numbers with a point; from here on they are no longer exact."""
DEEPEST = 30
"""So many parts of an expression may stand within each other."""

_PARTS = (
    *(nodes.Const, nodes.Getattr, nodes.Name, nodes.And, nodes.Or, nodes.Not, nodes.Compare),
    *(nodes.Operand, nodes.CondExpr, nodes.Concat, nodes.Filter, nodes.Test),
    *(nodes.Tuple, nodes.List),
)
_EXPRESSION = re.compile(
    r"""\{\{((?:[^"'{}\n]|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')*)\}\}""",
)
_BRACES = re.compile(r"\{\{|\{%|\{#(?=[^{}]*#\})")
_BRACKETS = {"(": 1, "[": 1, ")": -1, "]": -1}
_CURLY_QUOTES = re.compile("[“”„«»‘’]")

Values = Mapping[str, Mapping[str, Any]]


class ExpressionError(PliError):
    """An expression cannot be parsed, or does more than a letter may."""


class _Missing(Undefined):
    """A value that a person lacks: empty, and equal to an empty text."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Undefined) or other in ("", None)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = Undefined.__hash__


def _default(value: object, instead: object = "", boolean: object = False) -> object:
    """The filter `default`: what `or` means for a missing value; 0 and no are values."""
    missing = value is None or isinstance(value, Undefined) or value == ""
    return instead if missing or (boolean and not value) else value


class _Sandbox(SandboxedEnvironment):
    """Reads attributes as keys of plain mappings, so that no attribute of Python's is in reach."""

    def __init__(self) -> None:
        super().__init__(undefined=_Missing)
        self.globals.clear()
        self.filters = {name: self.filters[name] for name in FILTERS}
        self.filters |= dict.fromkeys(("default", "d"), _default)
        self.tests = {name: self.tests[name] for name in TESTS}
        self.tests["none"] = lambda value: value is None or isinstance(value, Undefined)

    def getattr(self, obj: Any, attribute: str) -> Any:
        found = obj.get(attribute)
        blank = found is None or (isinstance(found, str) and not found.strip())
        return self.undefined(name=attribute) if blank else found


_SANDBOX = _Sandbox()


@dataclass(frozen=True, slots=True)
class Found:
    """An expression in a text, or a brace that is a fault.

    `start` and `end` are offsets in characters, `line` counts from 0. `source` is what stands
    between the braces; "" if they are not closed, or are `{%` or `{#`.
    """

    start: int
    end: int
    line: int
    source: str
    fault: Sentence | None = None


def find(text: str) -> Iterator[Found]:
    """Yield every `{{ }}` of a text, and every brace that is a fault, in order."""
    position, line, counted = 0, 0, 0
    while brace := _BRACES.search(text, position):
        line += text.count("\n", counted, brace.start())
        counted = brace.start()
        expression = _EXPRESSION.match(text, brace.start())
        if expression:
            source = expression[1].strip()
            yield Found(*expression.span(), line, source, fault=_fault_of(source))
            position = expression.end()
            continue
        if brace[0] == "{{":
            fault = say(N_('"{{" is not closed on its line: write "}}" after the expression'))
        else:
            fault = say(
                N_('"{brace}" has no meaning here: only {{{{ … }}}} can be used in a letter'),
                brace=brace[0],
            )
        yield Found(*brace.span(), line, "", fault)
        position = brace.end()


@lru_cache(maxsize=1_000)
def _fault_of(source: str) -> Sentence | None:
    try:
        names(source)
    except ExpressionError as error:
        return error.sentences[0]
    return None


def names(source: str) -> frozenset[tuple[str, str]]:
    """The names that an expression reads, such as ("subscriber", "email").

    Raises ExpressionError. Every name of `subscriber` passes here: attributes are declared in the
    database, and `letter.check_expressions` compares the names with them.
    """
    tree = parse(source)
    read: set[tuple[str, str]] = set()
    _check(tree, source, read, DEEPEST)
    for root, name in sorted(read):
        if root != "subscriber" and name not in NAMES[root]:
            raise ExpressionError.listing([unknown(root, name, NAMES[root])])
    return frozenset(read)


def parse(source: str) -> nodes.Node:
    """The tree of an expression, which `names` still has to check; raises ExpressionError."""
    if len(source) > LONGEST:
        raise ExpressionError(N_("an expression is longer than {n} characters"), n=LONGEST)
    if max(accumulate(_BRACKETS.get(it, 0) for it in source), default=0) > DEEPEST:
        raise _too_deep()
    try:
        parser = Parser(_SANDBOX, source, state="variable")
        tree = parser.parse_expression()
        if not parser.stream.eos:
            raise TemplateSyntaxError("chunk after expression", 1)
    except RecursionError:
        raise _too_deep() from None
    except TemplateSyntaxError:
        if _CURLY_QUOTES.search(source):
            raise ExpressionError(
                N_('{{{{ {source} }}}} cannot be read: write straight quotes (") around words'),
                source=source,
            ) from None
        raise ExpressionError(
            N_('{{{{ {source} }}}} cannot be read: write it like subscriber.first_name or "…"'),
            source=source,
        ) from None
    return tree


def _too_deep() -> ExpressionError:
    return ExpressionError(
        N_("an expression has more than {n} parts within each other: make it simpler"), n=DEEPEST
    )


def _check(node: nodes.Node, source: str, read: set[tuple[str, str]], deep: int) -> None:
    if not deep:
        raise _too_deep()
    if isinstance(node, nodes.Const) and not _is_sayable(node.value):
        raise ExpressionError(
            N_("{{{{ {source} }}}} holds a number that cannot be written"), source=source
        )
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        if node.node.name not in NAMES:
            raise ExpressionError.listing([_unknown_root(node.node.name)])
        read.add((node.node.name, node.attr))
        return
    if isinstance(node, nodes.Name):
        if node.name in NAMES:
            raise ExpressionError(
                N_('"{name}" alone says nothing: write {name}.{example}'),
                name=node.name,
                example=NAMES[node.name][0],
            )
        raise ExpressionError.listing([_unknown_root(node.name)])
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        raise ExpressionError(
            N_('the filter "{name}" cannot be used: there are {filters}'),
            name=node.name,
            filters=", ".join(FILTERS),
        )
    allowed = isinstance(node, _PARTS) and not isinstance(node, nodes.Getattr)
    if not allowed or (isinstance(node, nodes.Test) and node.name not in TESTS):
        raise ExpressionError(
            N_("{{{{ {source} }}}} does more than a letter may: use names, words, and, or, if"),
            source=source,
        )
    for child in node.iter_child_nodes():
        _check(child, source, read, deep - 1)


def _is_sayable(value: object) -> bool:
    """Whether a constant can be written: no copy can be made with 1e999, which is infinite."""
    return not isinstance(value, float) or (math.isfinite(value) and abs(value) < LARGEST)


def _unknown_root(name: str) -> Sentence:
    return say(
        N_('"{name}" is not known: there are subscriber.…, list.… and campaign.…'), name=name
    )


def unknown(root: str, name: str, known: Collection[str]) -> Sentence:
    """The fault of an unknown name: suggests the nearest known name, or lists them all."""
    near = difflib.get_close_matches(name, known, 1, 0.5)
    if near:
        return say(
            N_("{root}.{name} is not known: did you mean {root}.{near}?"),
            root=root,
            name=name,
            near=near[0],
        )
    return say(
        N_("{root}.{name} is not known: there are {known}"),
        root=root,
        name=name,
        known=", ".join(sorted(known)),
    )


def compiled(source: str, language: str) -> Callable[[Values], str]:
    """Compile an expression into a function from a copy's values to the text in that copy.

    Raises ExpressionError. The function never raises: it returns "" where a person lacks a value
    that is compared or joined, so that one person's data holds no copy back.
    """
    names(source)
    expression = _SANDBOX.compile_expression(source, undefined_to_none=False)

    def evaluate(values: Values) -> str:
        try:
            return shown(expression(values), language)
        except (ArithmeticError, TypeError, ValueError, UndefinedError):
            return ""

    return evaluate


def shown(value: object, language: str) -> str:
    """A value as one line of text in a language, without control characters."""
    if value is None or isinstance(value, Undefined):
        return ""
    if isinstance(value, bool):
        return translations(language).gettext(N_("yes") if value else N_("no"))
    if isinstance(value, date):
        return dates.written(value, "long", language)
    if isinstance(value, float):
        return str(format_decimal(value, locale=language))
    return "".join(map(_visible, str(value)))


def _visible(character: str) -> str:
    return character if character.isprintable() or character in _INVISIBLE else " "


# No-break spaces, joiners and the soft hyphen: Python calls them unprintable, and prose needs them.
_INVISIBLE = "\u00a0\u202f\u200d\u200c\u00ad"
