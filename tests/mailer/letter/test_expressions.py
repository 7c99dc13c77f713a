from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.letter import expressions
from mailer.letter.expressions import ExpressionError
from mailer.letter.letter import LetterError, parse_letter
from tests.factories import FRONT

FORBIDDEN = [
    '"x" * 1000000000',
    "10 ** 10 ** 10",
    "range(10 ** 9)",
    "range(3)",
    "subscriber.__class__.__mro__",
    "subscriber.first_name.upper()",
    "subscriber['first_name']",
    "subscriber",
    "self",
    "cycler.__init__.__globals__",
    "subscriber.first_name|replace('a', 'b')",
    "subscriber.first_name|map('upper')",
    "[1] * 5",
    "(subscriber.first_name for x in y)",
    "{'a': 1}",
    "1 + 1",
    "lipsum",
    "config",
    "list.foo",
    "campaign.foo",
    "subscriber.first_name if",
    "",
    "a b",
    "“x”",
    '"' + "x" * 600 + '"',
]


@pytest.mark.parametrize("source", FORBIDDEN)
def test_an_expression_can_neither_call_nor_loop_nor_reach_anything_else(source: str) -> None:
    with pytest.raises(ExpressionError):
        expressions.names(source)


def said(source: str, **person: Any) -> str:
    values = {"subscriber": person, "list": {"title": "L"}, "campaign": {"number": 294}}
    return expressions.compiled(source, "fr")(values)


def test_expressions_say_what_they_look_like() -> None:
    assert said('subscriber.first_name or "camarade"', first_name="") == "camarade"
    assert said('subscriber.first_name or "camarade"', first_name="Zoé") == "Zoé"
    assert said("subscriber.first_name | default('x', true) | upper") == "X"
    assert said('"élue" if subscriber.mandat == "E" else "élu"', mandat="E") == "élue"
    assert said('"n° " ~ campaign.number') == "n° 294"
    assert said("subscriber.departement in (44, 49)", departement=44) == "oui"
    assert said("'oui' if subscriber.age is defined and subscriber.age > 60 else ''") == ""


def test_a_missing_value_leaves_a_gap_and_never_stops_a_copy() -> None:
    assert said("subscriber.nothing") == ""
    assert said("subscriber.nothing > 3") == ""
    assert said("subscriber.age > 3", age="abc") == ""


def test_an_attribute_named_like_a_method_is_still_an_attribute() -> None:
    assert said("subscriber.items", items="clés") == "clés"
    assert said("subscriber.keys") == ""


def test_a_value_is_one_line_without_control_characters() -> None:
    assert said("subscriber.x", x="a\r\nb\0c") == "a  b c"


@given(st.text(max_size=60))
def test_any_text_is_read_without_a_crash(text: str) -> None:
    for found in expressions.find("{{" + text + "}}"):
        assert found.fault or found.source


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("{% if x %}", "has no meaning here"),
        ("{# note #}", "has no meaning here"),
        ("{{ subscriber.email", "is not closed"),
        ("{{ subscriber.\nemail }}", "is not closed"),
        ("[x](https://e.org/{{ subscriber.email }})", "stands in an address"),
        ("https://e.org/?a={{ subscriber.email }}", "stands in an address"),
        ("<https://e.org/{{ subscriber.email }}>", "stands in an address"),
        ("![x]({{ subscriber.email }}.png)", "stands in an address"),
        ("[x][y]\n\n[y]: https://e.org/{{ subscriber.email }}", "stands in an address"),
        ("[y]: https://e.org/{{ subscriber.email }}", "stands in an HTML tag"),
        ('<b class="{{ subscriber.email }}">x</b>', "stands in an HTML tag"),
        ("<{{ subscriber.email }}>", "stands in an HTML tag"),
    ],
)
def test_what_is_no_plain_expression_in_the_text_is_a_fault(body: str, fault: str) -> None:
    with pytest.raises(LetterError, match=fault):
        parse_letter(FRONT + body)


@pytest.mark.parametrize(
    "body", ["a {#id} b", "# Titre {.x}", "`{{ list.title }}`", "l'{{ list.title }}'"]
)
def test_what_only_looks_like_a_fault_is_none(body: str) -> None:
    parse_letter(FRONT + body)
