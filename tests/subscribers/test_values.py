"""Texts become typed values, and headings become names."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pli.database import Database
from subscribers import attributes, lists
from subscribers.attributes import AttributeFault
from subscribers.folding import fold, slug, tidy
from subscribers.lists import ListError
from subscribers.models import AttributeType
from subscribers.values import Value, ValueFault, as_kept, read_value

NUMBER, DATE, BOOLEAN = AttributeType.NUMBER, AttributeType.DATE, AttributeType.BOOLEAN


@pytest.mark.parametrize(
    ("text", "type", "value"),
    [
        (" deux\n mots ", AttributeType.TEXT, "deux mots"),
        ("44", NUMBER, 44),
        ("1\u202f234,5", NUMBER, 1234.5),
        ("-0.50", NUMBER, -0.5),
        ("2026-01-31", DATE, date(2026, 1, 31)),
        ("31/01/2026", DATE, date(2026, 1, 31)),
        ("1.2.2026", DATE, date(2026, 2, 1)),
        ("Oui", BOOLEAN, True),
        ("FAUX", BOOLEAN, False),
    ],
)
def test_values_are_read_as_offices_write_them(
    text: str, type: AttributeType, value: Value
) -> None:
    assert read_value(text, type) == value


@pytest.mark.parametrize(
    ("text", "type"),
    [
        ("x" * 1001, AttributeType.TEXT),
        ("quarante", NUMBER),
        ("1e9", NUMBER),
        ("nan", NUMBER),
        ("٣", NUMBER),
        ("9" * 400, NUMBER),
        ("31/02/2026", DATE),
        ("01/31/2026", DATE),
        ("31/01/26", DATE),
        ("peut-être", BOOLEAN),
    ],
)
def test_what_is_no_such_value_is_refused(text: str, type: AttributeType) -> None:
    with pytest.raises(ValueFault):
        read_value(text, type)


@given(st.text(max_size=40), st.sampled_from(AttributeType))
def test_what_is_kept_reads_back_as_itself(text: str, type: AttributeType) -> None:
    try:
        value = read_value(text, type)
    except ValueFault:
        return
    assert read_value(str(as_kept(value)), type) == value


@given(st.text(max_size=40))
def test_folding_and_tidying_twice_is_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert tidy(tidy(text)) == tidy(text)
    assert slug(slug(text, "-"), "-") == slug(text, "-")


async def test_an_attribute_is_declared_once_with_one_type(database: Database) -> None:
    async with database.begin() as session:
        declare = partial(attributes.declare, session, name="age", label="Âge")
        assert await declare(type=NUMBER)
        assert not await declare(type=NUMBER)
        with pytest.raises(AttributeFault, match="declared already, as number"):
            await declare(type=DATE)
        for name in ("email", "list", "not", "Âge", "", "2a", "a" * 65):
            with pytest.raises(AttributeFault, match="cannot be called"):
                await attributes.declare(session, name=name, type=NUMBER, label="")


async def test_a_lists_name_can_stand_in_an_address(database: Database, now: datetime) -> None:
    async with database.begin() as session:
        for name in ("comite", "a", "44", "comite-44"):
            created = await lists.create(session, name=name, now=now)
            assert created.title == name
        for name in ("", "Comité", "a b", "-a", "a-", "a--b", "a/b", "a" * 65):
            with pytest.raises(ListError, match="cannot be called"):
                await lists.create(session, name=name, now=now)
        with pytest.raises(ListError, match="already"):
            await lists.create(session, name="comite", now=now)
        with pytest.raises(ListError, match='is "comite" meant'):
            await lists.get(session, "comités")
        with pytest.raises(ListError, match="pli list show"):
            await lists.get(session, "zzzzzz")
