"""Nobody is greeted "Bonjour ,": a missing value has a word in its place, or a warning tells."""

from __future__ import annotations

import pytest

from mailer.letter import expressions, gaps
from tests.mailer.letter.rendered import LIST, MARIE, html, pressed, text


@pytest.mark.parametrize(
    "source",
    [
        'subscriber.first_name or "camarade"',
        'subscriber.first_name | default("camarade")',
        'subscriber.first_name | d("camarade")',
        'subscriber.first_name | default("camarade", true)',
        'subscriber.first_name | default("camarade", false)',
        'subscriber.first_name | trim | default("camarade")',
        'subscriber.first_name if subscriber.first_name else "camarade"',
        'subscriber.first_name if subscriber.first_name is defined else "camarade"',
        'subscriber.first_name if subscriber.first_name is not none else "camarade"',
        '"camarade" if subscriber.first_name == "" else subscriber.first_name',
        '"camarade" if subscriber.first_name is undefined else subscriber.first_name',
        'subscriber.first_name if subscriber.first_name != "" else "camarade"',
        'subscriber.first_name or subscriber.last_name or "camarade"',
    ],
)
@pytest.mark.parametrize("first_name", ["", " ", "\u00a0", None])
def test_a_missing_name_is_found_missing_by_every_kind_of_test(
    source: str, first_name: str | None
) -> None:
    said = expressions.compiled(source, "fr")
    person = {} if first_name is None else {"first_name": first_name}
    assert said({"subscriber": person}) == "camarade"
    assert said({"subscriber": {"first_name": "Zoé"}}) == "Zoé"
    assert gaps.unguarded(source) == ()


@pytest.mark.parametrize(("value", "said"), [(0, "0"), (False, "non"), (3, "3")])
def test_zero_and_no_are_values(value: object, said: str) -> None:
    asked = expressions.compiled('subscriber.x | default("rien")', "fr")
    assert asked({"subscriber": {"x": value}}) == said


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("subscriber.first_name", ("first_name",)),
        ("subscriber.first_name | upper", ("first_name",)),
        ("subscriber.first_name | default", ("first_name",)),
        ('"Cher " ~ subscriber.first_name', ("first_name",)),
        ('("Cher " ~ subscriber.first_name) or "x"', ("first_name",)),
        ("subscriber.first_name or subscriber.last_name", ("last_name",)),
        ("subscriber.first_name | default(subscriber.last_name)", ("last_name",)),
        ('subscriber.first_name if subscriber.mandat else "x"', ("first_name",)),
        ('"élue" if subscriber.mandat == "E" else "élu"', ()),
        ('"élue" if subscriber.mandat', ()),
        ("subscriber.mandat and subscriber.mandat | upper", ()),
        ("subscriber.email", ()),
        ("list.title ~ campaign.number", ()),
        ("subscriber.age > 60", ()),
    ],
)
def test_an_expression_without_a_word_for_a_missing_value_is_found(
    source: str, names: tuple[str, ...]
) -> None:
    assert gaps.unguarded(source) == names


def test_copy_text_and_web_version_agree_for_a_person_without_values() -> None:
    nobody = MARIE._replace(first_name="")
    body = 'Bonjour {{ subscriber.first_name | default("camarade") }},'
    for part in (html(body, nobody), text(body, nobody), pressed(body).web(LIST)):
        assert "Bonjour camarade," in part
