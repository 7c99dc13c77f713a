"""What an operator does with the people of the office, and what the audit tells of it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from accounts import people, rights
from accounts.models import AccountState
from accounts.rights import Right
from pli import audit
from pli.actor import Actor
from pli.audit import AuditAction, AuditObject
from pli.database import Database
from pli.keys import Keys
from subscribers import lists
from subscribers.address import Address
from tests import factories as make
from tests.web.office.mails import last_mail, mails
from tests.web.office.person import HOSTILE, Person, Town, a_town
from tests.web.office.signed import signed_in
from web.office.options import OfficeOptions


@pytest.fixture
async def town(database: Database, keys: Keys, now: datetime) -> AsyncIterator[Town]:
    async with a_town(database, keys, now) as town:
        yield town


async def an_operator(town: Town, person: Person) -> None:
    await signed_in(town, person, await town.hire("olga", Right.OPERATOR))


async def invite(person: Person, **typed: str) -> int:
    """Send the form for somebody new; the page's code."""
    await person.go("/office/accounts")
    given = {
        "name": "Bruno",
        "address": "bruno@example.org",
        "language": "en",
        "right": "reader",
        "list": "all",
    }
    return (await person.send("/office/accounts", None, **given | typed)).status_code


async def test_an_operator_invites_somebody_who_comes_by_the_mail(town: Town) -> None:
    async with town.database.begin() as session:
        members = await make.a_list(session, "membres", now=town.clock.at)
    async with town.somebody() as olga, town.somebody() as bruno:
        await an_operator(town, olga)
        assert await invite(olga, list=str(members.id)) == 200
        assert "invited" in olga.text
        path, code = await last_mail(town)
        assert code == ""
        await bruno.go(path)
        await bruno.send(path)
        await bruno.send("/office/enrol/password", password="quatre grands bateaux bleus")
        assert (await bruno.go("/office/sendings")).status_code == 200
        assert (await bruno.go("/office/accounts")).status_code == 404
    async with town.database.reading() as session:
        account = await people.get(session, Address.parse("bruno@example.org"))
        granted = await rights.granted(session, account_id=account.id)
    assert granted.rights[Right.READER].ids == {members.id}


@pytest.mark.parametrize(
    "typed",
    [
        {"name": ""},
        {"name": "\u202e"},
        {"address": "no address"},
        {"address": "olga@example.org"},
        {"right": "king"},
        {"list": "99"},
        {"list": "x"},
        {"language": "xx"},
    ],
    ids=str,
)
async def test_a_wrong_invitation_makes_nobody_and_keeps_what_was_typed(
    town: Town, typed: dict[str, str]
) -> None:
    async with town.somebody() as olga:
        await an_operator(town, olga)
        assert await invite(olga, **typed) == 422
        kept = olga.forms()["/office/accounts"]
        assert kept["name"] == typed.get("name", "Bruno")
        assert kept["address"] == typed.get("address", "bruno@example.org")
    async with town.database.reading() as session:
        assert len(await people.everybody(session)) == 1
    assert await mails(town) == []


async def test_rights_are_given_and_taken_but_not_ones_own(town: Town) -> None:
    anne = await town.hire("anne")
    async with town.somebody() as olga:
        await an_operator(town, olga)
        page = await olga.go(f"/office/accounts/{anne.id}")
        give = f"/office/accounts/{anne.id}/rights"
        await olga.send(give, right="sender", list="all")
        await olga.send(f"{give}/take")
        async with town.database.reading() as session:
            assert not (await rights.granted(session, account_id=anne.id)).rights
            events = (await audit.events(session, object_id=anne.id)).events
        assert [it.action for it in events[:2]] == [
            AuditAction.RIGHT_REVOKED,
            AuditAction.RIGHT_GRANTED,
        ]
        own = await olga.go("/office/me")
        (number,) = {it.account_id for it in events[:1]}
        own = await olga.go(f"/office/accounts/{number}")
        assert "/rights" not in "".join(olga.forms())
        assert page.status_code == own.status_code == 200


async def test_a_closed_account_is_out_within_the_request_and_may_be_reopened(
    town: Town,
) -> None:
    anne = await town.hire("anne", Right.READER)
    async with town.somebody() as olga, town.somebody() as person:
        await an_operator(town, olga)
        await person.sign_in("anne")
        await olga.go(f"/office/accounts/{anne.id}")
        assert "Firefox, Linux" in olga.text
        await olga.send(f"/office/accounts/{anne.id}/end-sessions")
        assert (await person.go("/office/me")).url.path == "/office/sign-in"
        await person.sign_in("anne")
        await olga.send(f"/office/accounts/{anne.id}/close")
        assert (await person.go("/office/me")).url.path == "/office/sign-in"
        await olga.send(f"/office/accounts/{anne.id}/reopen")
        assert (await person.sign_in("anne")).status_code == 200


async def test_somebody_who_lost_everything_begins_anew_by_a_mail(town: Town) -> None:
    anne = await town.hire("anne", Right.READER)
    async with town.somebody() as olga, town.somebody() as person:
        await an_operator(town, olga)
        await olga.go(f"/office/accounts/{anne.id}")
        await olga.send(f"/office/accounts/{anne.id}/reset")
        path, _code = await last_mail(town)
        assert (await person.sign_in("anne")).status_code == 422
        await person.go(path)
        await person.send(path)
        page = await person.send("/office/enrol/password", password="un autre mot de passe")
        assert page.url.path == "/office/"


async def test_an_old_proof_has_to_be_renewed_before_an_account_is_changed(town: Town) -> None:
    anne = await town.hire("anne", Right.READER)
    async with town.somebody() as olga:
        await an_operator(town, olga)
        await olga.go(f"/office/accounts/{anne.id}")
        town.wait(minutes=61)
        page = await olga.send(f"/office/accounts/{anne.id}/close")
        assert page.status_code == 403
        assert "Are you still there?" in olga.text
        assert olga.forms()["/office/confirm"]["kept"]
    async with town.database.reading() as session:
        assert (await people.by_id(session, anne.id)).state is AccountState.ACTIVE


async def test_somebody_invited_has_the_clocks_of_the_settings(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with a_town(database, keys, now, OfficeOptions(zone="Indian/Reunion")) as town:
        async with town.somebody() as olga:
            await an_operator(town, olga)
            assert await invite(olga) == 200
        async with database.reading() as session:
            bruno = await people.get(session, Address.parse("bruno@example.org"))
        assert bruno.zone == "Indian/Reunion"


async def test_what_is_done_without_being_seen_is_told(town: Town) -> None:
    anne = await town.hire("anne", Right.READER)
    async with town.somebody() as olga:
        await an_operator(town, olga)
        path = f"/office/accounts/{anne.id}"
        await olga.go(f"{path}?done=%3Cb%3E")
        assert 'class="done"' not in olga.text
        for action in ("link", "reset"):
            await olga.send(f"{path}/{action}")
            assert "A link is on its way by mail." in olga.text
        await olga.go("/office/me")
        await olga.send("/office/me", name="Olga", zone="Europe/Madrid", language="en")
        assert "This is saved." in olga.text
        await olga.send("/office/me/password", password="six petits moulins verts")
        assert "Your password is another now" in olga.text


async def test_the_audit_is_told_in_words_and_names_accounts_and_lists(town: Town) -> None:
    async with town.database.begin() as session:
        members = await make.a_list(session, "membres", now=town.clock.at)
    await town.hire("anne", Right.KEEPER, lists=[members.id])
    async with town.somebody() as olga, town.somebody() as anne:
        await anne.sign_in("anne")
        await an_operator(town, olga)
        await olga.go("/office/audit")
    told = " ".join(re.sub(r"<[^>]+>", " ", olga.text).split())
    assert "gave a right · account 1 (Anne) · list 1 (membres) keeper of the lists" in told
    assert "gave the first proof of two · account 1 (Anne) password" in told


async def test_the_audit_tells_operators_everything_and_the_rights_who_looked(
    town: Town,
) -> None:
    rita = await town.hire("rita", Right.RIGHTS)
    async with town.database.begin() as session:
        for n in range(60):
            audit.record(
                session,
                by=Actor.system(HOSTILE),
                action=AuditAction.PERSON_VIEWED,
                kind=AuditObject.PERSON,
                object_id=n + 1,
                why=HOSTILE,
                now=town.clock.at,
            )
    async with town.somebody() as olga, town.somebody() as person:
        await an_operator(town, olga)
        page = await olga.go("/office/audit")
        assert "looked at a person" in olga.text
        assert "<script>alert" not in page.text
        assert "<img" not in page.text
        older = re.search(r'href="(\?before=\d+)"', page.text)
        assert older is not None
        await olga.go("/office/audit" + older[1])
        assert "gave a right" in olga.text
        await signed_in(town, person, rita)
        page = await person.go("/office/looked")
        assert "looked at a person" in person.text
        assert "gave a right" not in person.text
        for odd in ("x", "-1", "9" * 30, "\u0661"):
            assert (await person.go(f"/office/looked?before={odd}")).status_code == 200


async def test_hostile_names_stay_text_on_every_page(town: Town) -> None:
    anne = await town.hire("anne", Right.READER)
    async with town.database.begin() as session:
        await people.change(
            session,
            account_id=anne.id,
            name=HOSTILE,
            by=Actor.system(HOSTILE),
            now=town.clock.at,
        )
        await lists.create(session, name="membres", title=HOSTILE, now=town.clock.at)
    async with town.somebody() as olga, town.somebody() as person:
        await an_operator(town, olga)
        await signed_in(town, person, anne)
        for who, path in (
            (olga, "/office/accounts"),
            (olga, f"/office/accounts/{anne.id}"),
            (olga, "/office/audit"),
            (person, "/office/me"),
            (person, "/office/sendings"),
        ):
            page = await who.go(path)
            assert page.status_code == 200
            assert "<script>alert" not in page.text, path
            assert "<img" not in page.text, path
            assert "\u202ealert" not in page.text, path
            assert "49" not in re.findall(r"\{\{|49", page.text), path
