"""Which people a rule selects; both databases agree."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from pli.database import Database
from pli.keys import Keys
from subscribers import attributes, lists, people, segments
from subscribers.address import Address
from subscribers.models import AttributeType, Subscriber, SubscriptionState
from subscribers.rules import Among, And, Comparison, Has, Not, Or, Rule, RuleError
from subscribers.segments import SegmentError
from subscribers.selection import clause
from subscribers.values import Value, as_compared
from tests import factories as make
from tests.examples import examples

ATTRIBUTES = {
    "departement": AttributeType.TEXT,
    "mandat": AttributeType.TEXT,
    "age": AttributeType.NUMBER,
    "entree": AttributeType.DATE,
    "adherent": AttributeType.BOOLEAN,
}
PEOPLE: dict[str, dict[str, Value]] = {
    "anne": {"departement": "44", "mandat": "Titulaire", "age": 40, "adherent": True},
    "bernard": {"departement": "49", "mandat": "suppléant", "age": 9, "entree": date(2026, 1, 31)},
    "chloe": {"departement": "2A", "mandat": "SUPPLE\u0301ANT", "age": 40.5, "adherent": False},
    "denis": {"departement": "44"},
    "emile": {"mandat": "É\"'\\%_", "age": -3},
}


@pytest.fixture
async def session(database: Database, keys: Keys, now: datetime) -> AsyncIterator[AsyncSession]:
    """Five people and two lists; Anne and Bernard are on `comite`, Chloé has left it."""
    async with database.begin() as session:
        for name, type in ATTRIBUTES.items():
            await attributes.declare(session, name=name, type=type, label=name)
        comite = await lists.create(session, name="comite", now=now)
        await lists.create(session, name="conseillers", now=now)
        for name, values in PEOPLE.items():
            person = await people.add(
                session,
                address=Address.parse(f"{name}@example.org"),
                keys=keys,
                first_name=name.title(),
                attributes=values,
                now=now,
            )
            if name in ("anne", "bernard", "chloe"):
                left = name == "chloe"
                state = SubscriptionState.LEFT if left else SubscriptionState.CONFIRMED
                await make.a_subscription(session, person.id, comite.id, now=now, state=state)
        yield session


async def _selected(session: AsyncSession, rule: Rule) -> str:
    known = await segments.vocabulary(session)
    rows = await session.scalars(
        select(Subscriber.email).where(clause(rule, known)).order_by(Subscriber.id)
    )
    return "".join(email[0] for email in rows)


@pytest.mark.parametrize(
    ("rule", "whom"),
    [
        ("departement in (44, 49) and not mandat = suppléant", "a"),
        ("departement = 44", "ad"),
        ('departement = "2a"', "c"),
        ("mandat = SUPPLÉANT", "bc"),
        ("mandat != suppléant", "ae"),
        ("not mandat = suppléant", "ae"),
        ("not (mandat = suppléant or age = 40)", "e"),
        ("not (mandat = suppléant and departement = 44)", "abce"),
        ("not has mandat", "d"),
        ("has mandat and not has age", ""),
        ("age > 9", "ac"),
        ("age < 10", "be"),
        ("age in (40, 40.5)", "ac"),
        ("age not in (40, 40.5)", "be"),
        ("entree <= 2026-01-31", "b"),
        ("entree < 2026-01-31", ""),
        ("entree before 2026-02-01", "b"),
        ("entree après 30/01/2026", "b"),
        ("adherent = oui", "a"),
        ("adherent != oui", "c"),
        (r"""mandat = "é\"'\\%_" """, "e"),
        ("first_name = ANNE", "a"),
        ("not has last_name", "abcde"),
        ("email = Anne@example.org", "a"),
        ("language = FR", "abcde"),
        ("list = comite", "ab"),
        ("list != comite", "cde"),
        ("list in (comite, conseillers) and age = 9", "b"),
        ("has list", "ab"),
    ],
)
async def test_a_rule_selects(session: AsyncSession, rule: str, whom: str) -> None:
    parsed = await segments.read(session, rule)
    assert await _selected(session, parsed) == whom
    assert await segments.count(session, parsed) == len(whom)


@pytest.mark.parametrize(
    ("written", "asked", "found"),
    [
        ("Val d’Oise", "val d'oise", True),
        ("Val d'Oise", "VAL D’OISE", True),
        ("Saint-Denis", "saint denis", True),
        ("Saint Denis", "Saint\u2011Denis", True),
        ("Loire – Atlantique", "loire-atlantique", True),
        ("2020-01", "2020 01", False),
        ("Oui", "oui", True),
        ("vrai", "yes", True),
        ("Yes", "TRUE", True),
        ("NON", "faux", True),
        ("no", "non", True),
        ("oui", "non", False),
        ("oui mais", "yes mais", False),
        ("Élu", "elu", False),
    ],
)
async def test_texts_compare_as_people_write_them(
    database: Database, keys: Keys, now: datetime, written: str, asked: str, found: bool
) -> None:
    async with database.begin() as session:
        await attributes.declare(session, name="note", type=AttributeType.TEXT, label="Note")
        await people.add(
            session,
            address=Address.parse("o’neil@example.org"),
            keys=keys,
            first_name=written,
            attributes={"note": written},
            now=now,
        )
        for rule in (f'note = "{asked}"', f'note in (x, "{asked}")', f'not note != "{asked}"'):
            read = await segments.read(session, rule)
            assert await segments.count(session, read) == found, rule
        read = await segments.read(session, f'first_name = "{written.upper()}"')
        assert await segments.count(session, read) == 1
        # An address is a name of its own: another apostrophe is another mailbox.
        for email, n in (("O’NEIL@example.org", 1), ("o'neil@example.org", 0)):
            read = await segments.read(session, f'email = "{email}"')
            assert await segments.count(session, read) == n


async def test_a_value_of_another_type_than_declared_is_missing_and_aborts_nothing(
    session: AsyncSession,
) -> None:
    await session.execute(
        update(Subscriber).where(Subscriber.email == "anne@example.org").values(folded={"age": "x"})
    )
    assert await _selected(session, await segments.read(session, "age > -9 or has age")) == "bce"


async def test_a_segment_is_a_saved_name_or_a_rule_by_its_space_or_colon(
    session: AsyncSession, now: datetime
) -> None:
    rule = await segments.read(session, "departement = 44")
    await segments.save(session, name="loire-atlantique", rule=rule, now=now)
    assert await segments.resolve(session, "loire-atlantique") == ("loire-atlantique", rule)
    assert await segments.resolve(session, "departement:44") == ("", rule)
    assert await segments.resolve(session, "departement = 44") == ("", rule)
    with pytest.raises(SegmentError, match='is "loire-atlantique" meant'):
        await segments.resolve(session, "loire-atlantic")
    with pytest.raises(SegmentError, match="a rule holds a space"):
        await segments.resolve(session, "departement=44")
    with pytest.raises(RuleError, match="departement in"):
        await segments.resolve(session, "departement in (44,")
    with pytest.raises(SegmentError):
        await segments.save(session, name="a b", rule=rule, now=now)

    other = await segments.read(session, "departement = 49")
    await segments.save(session, name="loire-atlantique", rule=other, now=now)
    assert await segments.resolve(session, "loire-atlantique") == ("loire-atlantique", other)
    assert [person.email for person in await segments.sample(session, other)] == [
        "bernard@example.org"
    ]


_texts = st.sampled_from(["44", "titulaire", "'; DROP TABLE subscriber; --", '")', "É\"'\\%_"])
_values: Mapping[str, st.SearchStrategy[Value]] = {
    "departement": _texts,
    "mandat": _texts | st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=9),
    "age": st.sampled_from([9, 40, 40.5, -3]) | st.integers(-(2**53), 2**53),
    "entree": st.sampled_from([date(2026, 1, 31), date(2000, 1, 1)]),
    "adherent": st.booleans(),
}
_tests = st.sampled_from(sorted(_values)).flatmap(
    lambda name: (
        st.just(Has(name))
        | st.builds(
            Comparison,
            st.just(name),
            st.sampled_from(["=", "!=", "<", "<=", ">", ">="]),
            _values[name],
        )
        | st.builds(Among, st.just(name), st.lists(_values[name], min_size=1).map(tuple))
    )
)
_rules: st.SearchStrategy[Rule] = st.recursive(
    _tests,
    lambda inner: (
        inner.map(Not)
        | st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple))
        | st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple))
    ),
    max_leaves=6,
)


@settings(
    max_examples=examples(150),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
async def test_any_rule_selects_whom_python_selects_and_harms_nothing(
    session: AsyncSession, data: st.DataObject
) -> None:
    rule = data.draw(_rules)
    expected = "".join(name[0] for name, values in PEOPLE.items() if _true(rule, values))
    assert await _selected(session, rule) == expected
    assert (await session.execute(text("SELECT count(*) FROM subscriber"))).scalar_one() == 5


def _true(rule: Rule, values: Mapping[str, Value]) -> bool | None:
    """Three-valued logic in Python: None where a value is missing."""
    match rule:
        case Has(field):
            return field in values
        case Comparison(field, operator, value):
            if field not in values:
                return None
            # Both values have the attribute's type, for the rule was checked.
            left: Any = as_compared(values[field])
            right: Any = as_compared(value)
            if isinstance(left, str) and isinstance(right, str):
                left, right = left.encode(), right.encode()
            answers: dict[str, bool] = {
                "=": left == right,
                "!=": left != right,
                "<": left < right,
                "<=": left <= right,
                ">": left > right,
                ">=": left >= right,
            }
            return answers[operator]
        case Among(field, among):
            if field not in values:
                return None
            return as_compared(values[field]) in [as_compared(value) for value in among]
        case Not(inner):
            truth = _true(inner, values)
            return None if truth is None else not truth
        case And(inner):
            truths = [_true(it, values) for it in inner]
            return False if False in truths else None if None in truths else True
        case Or(inner):
            truths = [_true(it, values) for it in inner]
            return True if True in truths else None if None in truths else False
