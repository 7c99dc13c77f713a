"""What is proposed while a rule is typed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pli.database import Database
from pli.keys import Keys
from subscribers import attributes, rules, segments
from subscribers.completing import MOST, Completion, Wanted, complete, quoted
from subscribers.models import AttributeType
from subscribers.rules import RuleError, Vocabulary
from tests import factories as make
from tests.examples import examples

KNOWN = Vocabulary(
    {
        "departement": AttributeType.TEXT,
        "age": AttributeType.NUMBER,
        "suppleant": AttributeType.BOOLEAN,
        "adhesion": AttributeType.DATE,
    },
    frozenset({"membres", "elus-cse"}),
)


def at_end(text: str) -> Completion:
    return complete(text, len(text), KNOWN)


@pytest.mark.parametrize(
    ("text", "wanted", "some"),
    [
        ("", Wanted.FIELD, ["departement", "list", "not", "has"]),
        ("dep", Wanted.FIELD, ["departement"]),
        ("has dep", Wanted.FIELD, ["departement"]),
        ("not ", Wanted.FIELD, ["age"]),
        ("departement ", Wanted.COMPARISON, ["=", "in ("]),
        ("age ", Wanted.COMPARISON, ["<", ">="]),
        ("adhesion ", Wanted.COMPARISON, ["before"]),
        ("suppleant ", Wanted.COMPARISON, ["=", "!="]),
        ("suppleant = ", Wanted.VALUE, ["true", "false"]),
        ("list = el", Wanted.VALUE, ["elus-cse"]),
        ("list in (membres, ", Wanted.VALUE, ["elus-cse"]),
        ("age > 3 ", Wanted.JOIN, ["and", "or"]),
        ("(age > 3 ", Wanted.JOIN, ["and", ")"]),
        ("departement in (44, 49) ", Wanted.JOIN, ["and"]),
        ("has age ", Wanted.JOIN, ["or"]),
        ("age > 3 and ", Wanted.FIELD, ["departement"]),
    ],
)
def test_a_rule_goes_on_with_what_can_stand_there(
    text: str, wanted: Wanted, some: Sequence[str]
) -> None:
    found = at_end(text)
    assert found.wanted is wanted
    assert set(some) <= set(found.proposals)


def test_text_is_not_asked_what_comes_before_and_yes_or_no_is_not_listed() -> None:
    assert "<" not in at_end("departement ").proposals
    assert at_end("suppleant ").proposals == ["=", "!="]


def test_a_proposal_replaces_the_word_under_the_cursor() -> None:
    found = complete("depart = 44", 3, KNOWN)
    assert (found.start, found.end, found.proposals) == (0, 6, ["departement"])


def test_what_cannot_be_read_gets_no_proposals() -> None:
    assert at_end("@@ ( ").proposals == ()


@settings(max_examples=examples(300))
@given(st.text('départemnag<>=!()"«» ,44éin', max_size=30), st.integers(-3, 40))
def test_no_text_breaks_the_proposals_and_there_are_twenty_at_most(text: str, at: int) -> None:
    found = complete(text, at, KNOWN)
    assert len(found.proposals) <= MOST
    assert 0 <= found.start <= found.end <= len(text)


@given(st.text(min_size=1, max_size=30))
def test_a_quoted_value_is_read_as_that_value(value: str) -> None:
    try:
        rule = rules.parse(f"departement = {quoted(value)}", KNOWN)
    except RuleError:
        return  # a value of nothing but spaces, or with a line break: no rule holds one
    assert str(rule).startswith("departement = ")


async def test_values_that_few_people_have_and_names_are_not_proposed(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        await attributes.declare(
            session, name="departement", type=AttributeType.TEXT, label="Département"
        )
        people = await make.members(
            session, keys, await make.a_list(session, "membres", now=now), 7, now=now
        )
        for n, it in enumerate(people):
            it.attributes = {"departement": "Loire Atlantique" if n < 5 else "Vendée"}
    async with database.reading() as session:
        found = await segments.complete(session, "departement = lo", 16)
        assert found.proposals == ['"Loire Atlantique"']
        assert (await segments.complete(session, "departement = ", 14)).proposals == [
            '"Loire Atlantique"'
        ]
        assert (await segments.complete(session, "email = ", 8)).proposals == []
