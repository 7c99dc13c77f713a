"""The small language of segments: which rules parse, and what an error points at."""

from __future__ import annotations

import contextlib
import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscribers.folding import tidy
from subscribers.models import AttributeType
from subscribers.rules import (
    Among,
    And,
    Comparison,
    Has,
    Not,
    Or,
    Rule,
    RuleError,
    Vocabulary,
    parse,
)

WORDS = Vocabulary(
    {
        "departement": AttributeType.TEXT,
        "mandat": AttributeType.TEXT,
        "age": AttributeType.NUMBER,
        "entree": AttributeType.DATE,
        "adherent": AttributeType.BOOLEAN,
    },
    frozenset({"comite", "conseillers-44"}),
)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        (
            'departement in (44, 49) and not mandat = "suppléant"',
            'departement in ("44", "49") and not mandat = "suppléant"',
        ),
        ("Département=44", 'departement = "44"'),
        ("departement:44", 'departement = "44"'),
        ("departement = 2A", 'departement = "2A"'),
        ("mandat = « suppléant »", 'mandat = "suppléant"'),
        ("mandat = 'l\\'élu'", 'mandat = "l\'élu"'),
        (r'mandat = "a\"b\\c"', r'mandat = "a\"b\\c"'),
        ("mandat not in (a, b)", 'not mandat in ("a", "b")'),
        ("age >= 18 or age<-3.50", "age >= 18 or age < -3.5"),
        ('age = "3,5"', "age = 3.5"),
        ("age <> 0.00001", "age != 0.00001"),
        ("entree < 2026-01-31", "entree < 2026-01-31"),
        ('entree = "31/01/2026"', "entree = 2026-01-31"),
        ("adherent = oui", "adherent = true"),
        ("adherent = non et has mandat", "adherent = false and has mandat"),
        ("mandat = non et mandat != Non", 'mandat = "non" and mandat != "Non"'),
        ("mandat in (oui, non)", 'mandat in ("oui", "non")'),
        ("entree before 2026-01-31", "entree < 2026-01-31"),
        ("entree Après 31/01/2026 et age avant 18", "entree > 2026-01-31 and age < 18"),
        ("((has age))", "has age"),
        ("not (has age or has mandat)", "not (has age or has mandat)"),
        ("has age and (has age or has mandat)", "has age and (has age or has mandat)"),
        ("(has age and has age) or has mandat", "has age and has age or has mandat"),
        ("list = comite", 'list = "comite"'),
        ("list in (comite, conseillers-44)", 'list in ("comite", "conseillers-44")'),
        ("list != comite ou email = a@example.org", 'list != "comite" or email = "a@example.org"'),
        (
            "NOT has language\nAND first_name = O'Neil",
            'not has language and first_name = "O\'Neil"',
        ),
    ],
)
def test_a_rule_has_one_canonical_text(text: str, canonical: str) -> None:
    rule = parse(text, WORDS)
    assert str(rule) == canonical
    assert parse(canonical, WORDS) == rule


@pytest.mark.parametrize(
    ("text", "at", "problem"),
    [
        ("", 0, "expected the name of an attribute"),
        ("departement in (44,", 19, "expected a value"),
        ("departement in (44", 18, "expected “,” and a further value, or “)”"),
        ("departement in 44", 15, "expected “(” and the values"),
        ("departement", 11, "expected a comparison"),
        ("departement = ", 14, "expected a value"),
        ("departement = and has age", 14, "expected a value"),
        ("age = vingt", 6, '"vingt" is not a number'),
        ("age = 99999999999999999", 6, "too large"),
        ("entree > 2026-02-30", 9, "is not a date"),
        ("adherent = 44", 11, "neither yes nor no"),
        ("mandat = a b", 11, "expected “and”, “or” or the end"),
        ("(has age", 8, "expected “and”, “or” or “)”"),
        ("has age)", 7, "expected “and”, “or” or the end"),
        ("departemnt = 44", 0, "is departement meant?"),
        ("zzz = 44", 0, "there are email, first_name"),
        ('mandat = "sup', 9, "never closed"),
        ("mandat = «sup", 9, "never closed"),
        ("mandat & age", 7, "cannot hold &"),
        ('mandat = ""', 9, "not has mandat"),
        ('mandat = "a\nb"', 9, "line break"),
        ("list = comit", 7, "is comite meant?"),
        ("list < comite", 5, "= or !="),
        ("mandat = not a", 9, "expected a value"),
        ("mandat < 2020-01-01", 7, "pli attribute edit mandat --type date (or number)"),
        ("mandat before 2020-01-01", 7, "mandat is text: before would compare letters"),
        ("departement ≥ 9", 12, "departement is text: ≥ would compare letters"),
        ("last_name > m", 10, "last_name is text: > would compare letters"),
        ("email < m", 6, "email is text"),
        ("adherent > oui", 9, "adherent is yes or no"),
        ("nom = X", 0, "there is no attribute nom: is last_name meant?"),
        ("Prénom = X", 0, "is first_name meant?"),
        ("courriel = X", 0, "is email meant?"),
        ("langue = fr", 0, "is language meant?"),
        ("mandat between a", 7, "expected a comparison"),
        ("mandat not = a", 11, "expected “in”"),
        ("(" * 60 + "has age" + ")" * 60, 50, "nested more than 50"),
        ("not " * 60 + "has age", 200, "nested more than 50"),
        (" or ".join(["has age"] * 401), 4400, "more than 400 things"),
        ("x" * 10_001, 10_000, "longer than 10000"),
    ],
)
def test_what_does_not_parse_is_pointed_at(text: str, at: int, problem: str) -> None:
    with pytest.raises(RuleError) as refused:
        parse(text, WORDS)
    assert problem in str(refused.value)
    assert refused.value.position == at


def test_the_caret_stands_under_the_character() -> None:
    with pytest.raises(RuleError) as refused:
        parse("has age and\n  département in (44, é", WORDS)
    _, line, caret = str(refused.value).split("\n")
    assert line == "    département in (44, é"
    assert caret.index("^") == len(line)
    with pytest.raises(RuleError) as refused:
        parse("has age and " * 30 + "age = ? and " + "has age and " * 30, WORDS)
    _, line, caret = str(refused.value).split("\n")
    assert line[caret.index("^")] == "?"
    assert len(line) < 80


_texts = st.text(min_size=1, max_size=20).filter(lambda text: tidy(text) == text)
_numbers = st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9).map(
    lambda number: int(number) if number.is_integer() else number
)
_values = {
    "mandat": _texts,
    "first_name": _texts,
    "age": _numbers,
    "entree": st.dates(min_value=date(1900, 1, 1)),
    "adherent": st.booleans(),
}


@st.composite
def _tests(draw: st.DrawFn) -> Rule:
    name = draw(st.sampled_from([*_values, "list"]))
    if name == "list":
        on_lists: list[Rule] = [
            Has("list"),
            Comparison("list", "!=", "comite"),
            Among("list", ("comite",)),
        ]
        return draw(st.sampled_from(on_lists))
    if draw(st.integers(0, 4)) == 0:
        return Has(name)
    if draw(st.booleans()):
        return Among(name, tuple(draw(st.lists(_values[name], min_size=1, max_size=3))))
    operators = ["=", "!=", "<", "<=", ">", ">="] if name in ("age", "entree") else ["=", "!="]
    operator = draw(st.sampled_from(operators))
    return Comparison(name, operator, draw(_values[name]))


def _joined(kind: type[And] | type[Or]) -> st.SearchStrategy[Rule]:
    return st.lists(rules, min_size=2, max_size=3).map(lambda them: kind(tuple(them)))


rules: st.SearchStrategy[Rule] = st.deferred(
    lambda: _tests() | _tests() | rules.map(Not) | _joined(And) | _joined(Or)
)


@given(rules)
def test_a_canonical_text_parses_to_the_rule_it_came_from(rule: Rule) -> None:
    assert parse(str(rule), WORDS) == rule


@given(st.text(max_size=60) | st.text(alphabet="()=<>,!\"'«» \\.-aegdt01", max_size=60))
def test_whatever_is_written_parses_or_is_pointed_at(text: str) -> None:
    try:
        rule = parse(text, WORDS)
    except RuleError as error:
        told = error
    else:
        assert parse(str(rule), WORDS) == rule
        return
    assert str(told).count("\n") == 2


@pytest.mark.parametrize(
    "opens", ["first_name = «", 'first_name = "', "first_name = '", "first_name = “", "a", "a+", ""]
)
@pytest.mark.parametrize(
    "sign", [" ", "+", "a", ".", "'", '"', "\\\\", "«", "-", "\u00a0", "a+", " a"]
)
def test_no_rule_takes_more_than_linear_time(opens: str, sign: str) -> None:
    begun = time.process_time()
    with contextlib.suppress(RuleError):
        parse((opens + sign * 10_000)[:10_000], Vocabulary())
    assert time.process_time() - begun < 1
