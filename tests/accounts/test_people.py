"""Accounts are made, changed, closed and opened again."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import unicodedata
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import links, names, people, sessions
from accounts.factors import Factor
from accounts.models import AccountState, LinkKind, Stage
from accounts.people import AccountError
from pli import audit
from pli.actor import Actor
from pli.audit import AuditAction
from pli.database import Database
from subscribers.address import Address
from tests import factories as make
from tests.accounts.sign_in_steps import PASSWORD, here
from tests.paths import ROOT as CHECKOUT

ROOT = Actor.system("root")
ANNE = Address.parse("Anne@Example.org")


async def test_an_account_is_invited_and_found_by_every_spelling_of_its_address(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        assert not await people.anybody(session)
        row = await people.invite(session, address=ANNE, name=" Anne  Martin ", by=ROOT, now=now)
        assert (row.name, row.state, row.created_by) == (
            "Anne Martin",
            AccountState.INVITED,
            "root",
        )
        assert await people.anybody(session)
    async with database.reading() as session:
        found = await people.get(session, Address.parse("anne@EXAMPLE.org"))
        assert found.id == row.id
        with pytest.raises(AccountError, match="nobody of the office has that address"):
            await people.get(session, Address.parse("jean@example.org"))


async def test_each_fault_of_an_account_is_told_at_once(database: Database, now: datetime) -> None:
    async with database.begin() as session:
        with pytest.raises(AccountError) as told:
            await people.invite(
                session,
                address=ANNE,
                name="\u202e \0\u200d",
                language="xx" * 5000,
                zone="Mars/" + "x" * 5000,
                by=ROOT,
                now=now,
            )
    lines = told.value.lines("fr")
    assert len(lines) == 3
    assert max(map(len, lines)) < 200


async def test_one_address_has_one_account_also_at_one_moment(
    database: Database, now: datetime
) -> None:
    async def invite() -> str:
        async with database.begin() as session:
            try:
                await people.invite(session, address=ANNE, name="Anne", by=ROOT, now=now)
            except AccountError as error:
                return str(error)
            return "made"

    said = await asyncio.gather(*(invite() for _ in range(4)))
    assert sorted(set(said)) == [
        "Anne@example.org: somebody of the office has that address",
        "made",
    ]
    assert said.count("made") == 1


async def test_closing_ends_every_session_and_link_at_once(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        anne = await make.an_account(session, "anne", password=PASSWORD, now=now)
        opened = await sessions.open_(
            session,
            account_id=anne.id,
            stage=Stage.WHOLE,
            proved={Factor.PASSKEY},
            browser="",
            now=now,
        )
        link = await links.make(
            session, account_id=anne.id, kind=LinkKind.RESET, binding=None, by=ROOT, now=now
        )
    assert link is not None
    assert await here(database, opened.secret, now=now)
    async with database.begin() as session:
        assert await people.close(session, account_id=anne.id, by=ROOT, now=now)
        assert not await people.close(session, account_id=anne.id, by=ROOT, now=now)
        assert not await people.anybody(session)
    assert await here(database, opened.secret, now=now) is None
    async with database.begin() as session:
        with pytest.raises(AccountError, match="a closed account has that address: reopen it"):
            await people.invite(session, address=ANNE, name="Anne", by=ROOT, now=now)
        assert await people.reopen(session, account_id=anne.id, by=ROOT, now=now)
        assert not await people.reopen(session, account_id=anne.id, by=ROOT, now=now)
        assert await links.look(session, token=link.token, binding=None, now=now) is None
        told = [it.action for it in (await audit.events(session)).events]
    assert await here(database, opened.secret, now=now) is None
    assert told[:3] == [
        AuditAction.ACCOUNT_REOPENED,
        AuditAction.SESSIONS_ENDED,
        AuditAction.ACCOUNT_CLOSED,
    ]


@pytest.mark.parametrize(
    ("factor", "state"),
    [
        (None, AccountState.INVITED),
        ("password", AccountState.ACTIVE),
        ("passkey", AccountState.ACTIVE),
    ],
)
async def test_who_was_closed_without_any_factor_is_invited_again(
    database: Database, now: datetime, factor: str | None, state: AccountState
) -> None:
    async with database.begin() as session:
        password = PASSWORD if factor == "password" else None
        anne = (await make.an_account(session, "anne", password=password, now=now)).id
        if factor == "passkey":
            await make.a_passkey(session, anne, now=now)
        await people.close(session, account_id=anne, by=ROOT, now=now)
        await people.reopen(session, account_id=anne, by=ROOT, now=now)
        assert (await people.by_id(session, anne)).state is state


async def test_a_name_a_language_and_a_zone_are_changed_apart(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        anne = await make.an_account(session, "anne", now=now)
        await people.change(session, account_id=anne.id, name="Anne Petit", by=ROOT, now=now)
        await people.change(session, account_id=anne.id, language="en", by=ROOT, now=now)
        await people.change(session, account_id=anne.id, zone="Indian/Reunion", by=ROOT, now=now)
        with pytest.raises(AccountError, match="neither fr nor en"):
            await people.change(session, account_id=anne.id, language="de", by=ROOT, now=now)
        for verb in (people.close, people.reopen, people.reset):
            with pytest.raises(AccountError, match="no account 4711"):
                await verb(session, account_id=4711, by=ROOT, now=now)
    async with database.reading() as session:
        (row,) = await people.everybody(session)
    assert (row.name, row.language, row.zone) == ("Anne Petit", "en", "Indian/Reunion")


@given(
    st.text(max_size=400)
    | st.sampled_from(["\0", "a\u202eb", "a" * 5000, "<script>alert(1)</script>", "e\u0301"])
)
def test_a_name_is_one_visible_line(raw: str) -> None:
    name = names.tidy(raw)
    assert len(name) <= names.LONGEST
    assert name == names.tidy(name)
    assert not [
        it for it in name if unicodedata.category(it)[0] == "C" and it not in "\u200c\u200d"
    ]
    assert "\n" not in name
    assert name == name.strip()
    name.encode()


def test_accounts_work_for_a_program_that_has_loaded_no_subscribers() -> None:
    code = (
        "import accounts.signing_in, sys; from sqlalchemy.orm import configure_mappers;"
        "configure_mappers(); print([it for it in sys.modules if it.startswith('subscribers')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
    assert done.stderr == ""
