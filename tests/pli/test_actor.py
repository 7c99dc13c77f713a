"""Who does something, and what is kept of that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pli.actor import LONGEST, Actor, ActorKind, is_same, kept

TEXTS = st.one_of(
    st.text(max_size=300),
    st.sampled_from(["anne (#3)", "x (#3, y)", "\0\u202e", "<b>" * 100, "a" * 5000, ""]),
)


@pytest.mark.parametrize(
    ("actor", "text"),
    [
        (Actor.account(3, "Anne Martin"), "Anne Martin (#3)"),
        (Actor.account(3, "Anne Martin", said_by="anne"), "Anne Martin (#3, anne)"),
        (Actor.system("anne"), "anne"),
        (Actor.nobody(), ""),
    ],
)
def test_what_is_kept_names_the_account_by_its_number(actor: Actor, text: str) -> None:
    assert actor.text == text


def test_an_account_is_the_same_after_another_name_and_on_the_command_line() -> None:
    kept = Actor.account(3, "Anne Martin").text
    assert is_same(kept, Actor.account(3, "Anne Petit", said_by="root").text)
    assert not is_same(kept, Actor.account(4, "Anne Martin").text)
    assert not is_same(kept, Actor.system("Anne Martin").text)
    assert is_same(Actor.system("anne").text, "anne")


@given(TEXTS, TEXTS)
def test_no_name_makes_one_actor_another(name: str, other: str) -> None:
    one, two = Actor.account(3, name, said_by=other), Actor.account(5, other)
    user = Actor.system(name)
    assert len(one.text) <= LONGEST
    assert len(user.text) <= LONGEST
    assert one.text.isprintable()
    assert not is_same(one.text, two.text)
    assert not is_same(one.text, user.text)
    assert is_same(one.text, Actor.account(3, other).text)
    assert user.kind is ActorKind.SYSTEM


@pytest.mark.parametrize(
    "actor",
    [
        Actor.account(3, "Anne (Martin)"),
        Actor.account(3, "Anne Martin", said_by="anne"),
        Actor.system("anne"),
        Actor.nobody(),
    ],
)
def test_a_kept_text_is_read_as_its_actor(actor: Actor) -> None:
    assert kept(actor.text) == actor


@given(TEXTS, TEXTS)
def test_every_kept_text_is_read_as_the_same_account_or_as_none(name: str, other: str) -> None:
    for actor in (Actor.account(3, name, said_by=other), Actor.system(name)):
        read = kept(actor.text)
        assert read.account_id == actor.account_id
        assert is_same(read.text, actor.text)
