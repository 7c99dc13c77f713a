from __future__ import annotations

import timeit

from hypothesis import given
from hypothesis import strategies as st

from mailer.links import Links, OptOutToken, UndoToken
from pli.keys import Keys
from tests.factories import KEYS

ids = st.integers(0, 2**63 - 1)
LINKS = Links(KEYS, "https://lettres.example.org", "example.org")
OTHERS = Links(Keys({"ab": b"b" * 32}, b"z" * 32), "https://lettres.example.org", "example.org")


def token_of(url: str) -> str:
    return url.removeprefix("https://lettres.example.org/u/")


@given(ids, ids, ids)
def test_an_unsubscribe_link_is_read_as_it_was_written(person: int, list_: int, copy: int) -> None:
    url = LINKS.unsubscribe(person, list_, copy, "ab")
    assert LINKS.read_unsubscribe(token_of(url)) == OptOutToken(person, list_, copy, "ab")
    assert OTHERS.read_unsubscribe(token_of(url)) is None


@given(ids)
def test_a_return_path_survives_relays_that_change_its_case(copy: int) -> None:
    address = LINKS.marks(copy, "ab").return_path
    assert len(address.partition("@")[0]) <= 64
    assert LINKS.read_return_path(address) == copy
    assert LINKS.read_return_path(f"<{address.upper()}>") == copy
    assert OTHERS.read_return_path(address) is None


@given(ids)
def test_a_message_id_leads_back_to_its_copy_and_is_no_return_path(copy: int) -> None:
    message_id, return_path = LINKS.marks(copy, "ab")
    assert (message_id, return_path) == LINKS.marks(copy, "ab")
    assert LINKS.read_message_id(message_id) == copy
    assert LINKS.read_return_path(f"bounce+{message_id[1:-1]}") is None
    assert LINKS.read_message_id(f"<{return_path.removeprefix('bounce+')}>") is None


@given(ids, ids, ids, st.integers(0, 2**40))
def test_an_undo_token_ends_with_its_hour(person: int, list_: int, record: int, at: int) -> None:
    token = LINKS.undo(person, list_, record, at)
    assert LINKS.read_undo(token, at - 1) == UndoToken(person, list_, record)
    assert LINKS.read_undo(token, at) is None
    assert LINKS.read_unsubscribe(token) is None


@given(st.integers(0, 300), st.characters())
def test_no_other_spelling_of_a_token_is_taken(at: int, letter: str) -> None:
    token = token_of(LINKS.unsubscribe(5, 6, 7, "ab"))
    at %= len(token)
    changed = token[:at] + letter + token[at + 1 :]
    assert (LINKS.read_unsubscribe(changed) is None) == (changed != token)
    assert LINKS.read_unsubscribe(token + "=") is None
    assert LINKS.read_unsubscribe(token + "\n") is None
    assert LINKS.read_unsubscribe(token[:-1]) is None


@given(st.text())
def test_nonsense_is_no_token(text: str) -> None:
    assert LINKS.read_unsubscribe(text) is None
    assert LINKS.read_undo(text, 0) is None
    assert LINKS.read_return_path(text) is None
    assert LINKS.read_return_path(f"bounce+{text}@example.org") is None
    assert LINKS.read_message_id(f"<{text}@example.org>") is None


def test_a_link_goes_on_working_when_a_newer_key_signs() -> None:
    url = LINKS.unsubscribe(5, 6, 7, "ab")
    rotated = Links(
        Keys({"ab": b"a" * 32, "cd": b"c" * 32}, b""), "https://lettres.example.org", "x"
    )
    assert rotated.read_unsubscribe(token_of(url)) == OptOutToken(5, 6, 7, "ab")
    assert rotated.unsubscribe(5, 6, 7, "ab") == url


def test_what_stands_in_letters_already_sent_is_written_the_same_for_ever() -> None:
    link = LINKS.unsubscribe(1_234_567, 3, 98_765_432, "ab")
    assert token_of(link) == "YWKHrUsD-JSML5T8FFADdgHhydMINXn2RlY"
    assert LINKS.undo(5, 6, 7, 1_800_000_000) == "YWIFBgeApKfaBoUC2h7W6_OkuZIiqVSm6aQ"
    assert LINKS.marks(98_765_432, "ab") == (
        "<6162f8948c2f914e83b8d9dc821fe6f3@example.org>",
        "bounce+6162f8948c2fd219a8180d8e382347bb@example.org",
    )


def test_a_web_version_has_one_plain_address() -> None:
    assert LINKS.web_version("élus 44", 294) == "https://lettres.example.org/l/%C3%A9lus%2044/294"


def test_the_three_addresses_of_a_copy_cost_microseconds() -> None:
    def three() -> None:
        LINKS.unsubscribe(1_234_567, 3, 98_765_432, "ab")
        LINKS.marks(98_765_432, "ab")

    # 5 µs measured; the margin is for a machine that does other work beside.
    assert min(timeit.repeat(three, number=500, repeat=5)) / 500 < 60e-6
