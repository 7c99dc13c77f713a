"""Passwords: which are taken, and how they are compared."""

from __future__ import annotations

import time
from collections.abc import Collection
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from accounts import password_rules, passwords
from accounts.models import Account
from accounts.passwords import PasswordError
from pli import audit
from pli.actor import Actor
from pli.audit import AuditAction
from pli.database import Database
from tests import factories as make
from tests.examples import examples

NAMES = ("Anne Lefèvre", "anne.lefevre@example.org", "Comité du Val-d'Orme")


@pytest.fixture
def cheap_hashes() -> None:
    """Here, hashes are what they are at work."""


def faults(password: str, names: Collection[str] = NAMES) -> str:
    return " / ".join(str(it) for it in password_rules.faults(password, names=names))


@pytest.mark.parametrize(
    "password",
    [
        "quatre grands bateaux bleus",
        "cheval-correct-agrafe",
        "Property of nobody!",
        "un pêcheur lefèvre au bord du lac",
        "12 vaches 34 veaux",
        "n°4711 rue de la Paix",
        "日本語のとても長い合言葉です",
        "ħ₧ƒŁ€¶ŧ←↓→øþ",
        "mille-huit-cent-trente",
        " espaces   au  bord ",
    ],
)
def test_what_nobody_guesses_is_taken(password: str) -> None:
    assert faults(password) == ""


@pytest.mark.parametrize(
    ("password", "told"),
    [
        ("", "fewer than 12"),
        ("onze lettre", "fewer than 12"),
        ("azertyuiop-dit-le-roi", '"azert" is a row'),
        ("le roi dit MLKJH tout haut", '"mlkjh" is a row'),
        ("qwertzui und der rest", '"qwert" is a row'),
        ("mot de passe 12345678", '"1234" is a row'),
        ("mot de passe no 9876", '"9876" is a row'),
        ("&é\"'(-è_çà mon clavier", "is a row"),
        ("printemps 2024 au lac", '"2024" is a year'),
        ("ne le 14/07/1968 au lac", '"1968" is a year'),
        ("aaaaaaaaaaaaaaa", "repeats itself"),
        ("Bateau!Bateau!Bateau!", "repeats itself"),
        ("bateaubateau", "repeats itself"),
        ("vive le zzzz du lac", "repeats itself"),
        ("anne lefevre", "hardly more than a name"),
        ("AnneLefèvre75!", "hardly more than a name"),
        ("comiteduvaldorme", "hardly more than a name"),
        ("Val-d'Orme-Anne-42", "hardly more than a name"),
        ("a" * 1_000_000, "more than 1000"),
        ("ﷺ" * 1000, "more than 1000"),
    ],
)
def test_what_anybody_tries_is_told(password: str, told: str) -> None:
    assert told in faults(password)


def test_every_fault_is_told_at_once() -> None:
    assert faults("azerty1999").count(" / ") == 2


def test_a_megabyte_is_judged_by_its_length_alone() -> None:
    begun = time.process_time()
    assert len(password_rules.faults("ab" * 500_000, names=NAMES)) == 1
    assert time.process_time() - begun < 0.5


@given(st.text(max_size=1200) | st.from_regex(r"(.{1,50})\1{0,30}", fullmatch=True))
@settings(max_examples=examples(200))
def test_every_text_is_judged_soon(password: str) -> None:
    begun = time.process_time()
    found = password_rules.faults(password, names=(password[:30], *NAMES))
    assert time.process_time() - begun < 2
    assert all(it.tell("fr") for it in found)
    assert bool(found) or len(password_rules.normalised(password)) >= password_rules.SHORTEST


async def test_the_same_password_of_another_keyboard_is_the_same() -> None:
    composed, apart = "été à la plage, où ça", "e\u0301te\u0301 a\u0300 la plage, ou\u0300 c\u0327a"
    kept = (await passwords.hashed(composed, names=())).text
    assert kept.startswith("$argon2id$")
    assert (await passwords.compared(apart, kept)).right
    assert (await passwords.compared(composed.replace("à", "ａ\u0300"), kept)).right
    assert not (await passwords.compared(composed.upper(), kept)).right


async def test_whatever_is_typed_is_compared() -> None:
    kept = (await passwords.hashed("quatre grands bateaux bleus", names=())).text
    for typed in ("", "\0", "\ud800", "\u202e", "x" * 1_000_000, "nobody"):
        for against in (kept, None):
            compared = await passwords.compared(typed, against)
            assert not compared.right, ascii(typed[:9])
            assert compared.better is None
    assert not (await passwords.compared("nobody has this password", None)).right


async def test_where_nobody_has_the_address_the_work_is_the_same() -> None:
    kept = (await passwords.hashed("quatre grands bateaux bleus", names=())).text
    await passwords.compared("x", None)
    took: dict[str | None, float] = {}
    for against in (kept, None):
        runs = []
        for _ in range(5):
            begun = time.perf_counter()
            await passwords.compared("un tout autre mot de passe", against)
            runs.append(time.perf_counter() - begun)
        took[against] = min(runs)
    assert 0.3 < took[kept] / took[None] < 3


async def test_a_weaker_hash_is_made_anew() -> None:
    from pwdlib import PasswordHash
    from pwdlib.hashers.argon2 import Argon2Hasher

    weak = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=1024, parallelism=1),))
    kept = weak.hash("quatre grands bateaux bleus")
    compared = await passwords.compared("quatre grands bateaux bleus", kept)
    assert compared.right
    assert compared.better is not None
    assert (await passwords.compared("quatre grands bateaux bleus", compared.better)).better is None


async def test_a_password_is_kept_as_its_hash_and_no_other_is_overwritten(
    database: Database, now: datetime
) -> None:
    with pytest.raises(PasswordError, match="a year") as told:
        await passwords.hashed("azerty 1999", names=NAMES)
    assert len(told.value.sentences) == 3
    hashed = await passwords.hashed("quatre grands bateaux bleus", names=NAMES)
    assert hashed.text not in repr(hashed)
    async with database.begin() as session:
        anne = await make.an_account(session, "anne", now=now)
        by = Actor.account(anne.id, "Anne")
        await passwords.keep(session, account_id=anne.id, password=hashed, by=by, now=now)
        await passwords.strengthen(session, account_id=anne.id, kept="another", better="worse")
    async with database.reading() as session:
        assert await session.scalar(select(Account.password)) == hashed.text
        event = (await audit.events(session)).events[0]
    assert (event.action, event.object_id, event.why) == (AuditAction.PASSWORD_SET, anne.id, "")
