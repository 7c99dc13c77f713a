"""Second factors in the office: an app, recovery codes, passkeys, and proving it once more."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime

import pyotp
import pytest

from accounts import people
from accounts.rights import Right
from pli.actor import Actor
from pli.database import Database
from pli.keys import Keys
from tests.accounts.authenticator import Authenticator
from tests.web.office.mails import mails
from tests.web.office.person import FROM_HERE, ORIGIN, PASSWORD, Person, Town, a_town


@pytest.fixture
async def town(database: Database, keys: Keys, now: datetime) -> AsyncIterator[Town]:
    async with a_town(database, keys, now) as town:
        yield town


def app_of(person: Person) -> pyotp.TOTP:
    """The app that reads the secret on the page."""
    found = re.search(r'class="secret">([A-Z2-7 ]+)<', person.text)
    assert found is not None
    return pyotp.TOTP(found[1].replace(" ", ""))


def codes_of(person: Person) -> list[str]:
    """The recovery codes on the page."""
    return re.findall(r"<li>([a-z2-9]{4}(?:-[a-z2-9]{4}){3})</li>", person.text)


async def with_app(town: Town, person: Person, name: str) -> tuple[pyotp.TOTP, list[str]]:
    """Somebody signs in, and has to set up an app."""
    await person.sign_in(name)
    assert "How you will sign in" in person.text
    await person.send("/office/enrol/app")
    app = app_of(person)
    await person.send("/office/enrol/app/code", code=app.at(town.clock.at))
    codes = codes_of(person)
    assert len(codes) == 10
    return app, codes


async def ask(person: Person, ask_path: str, action: str) -> str:
    """What the module of the page asks the server."""
    token = person.forms()[action]["token"]
    answer = await person.client.post(ask_path, data={"token": token}, headers=FROM_HERE)
    assert answer.status_code == 200, answer.text
    return answer.text


async def test_a_sender_sets_up_an_app_and_signs_in_with_it_from_then_on(town: Town) -> None:
    await town.hire("anne", Right.SENDER)
    async with town.somebody() as anne:
        app, _codes = await with_app(town, anne, "anne")
        assert (await anne.go("/office/sendings")).status_code == 200
        await anne.send("/office/sign-out")
        town.wait(minutes=1)
        page = await anne.sign_in("anne")
        assert "One more proof" in anne.text
        assert (await anne.go("/office/sendings")).url.path == "/office/sign-in"
        await anne.sign_in("anne")
        page = await anne.send("/office/sign-in/code", code=app.at(town.clock.at))
        assert page.url.path == "/office/"


async def test_a_code_works_once_and_a_wrong_one_keeps_the_page(town: Town) -> None:
    await town.hire("anne", Right.SENDER)
    async with town.somebody() as anne, town.somebody() as thief:
        app, _codes = await with_app(town, anne, "anne")
        town.wait(minutes=1)
        code = app.at(town.clock.at)
        anne.forget()
        for it, lets_in in ((anne, True), (thief, False)):
            await it.sign_in("anne")
            page = await it.send("/office/sign-in/code", code=code)
            assert (page.url.path == "/office/") is lets_in
        assert "not right, or was used already" in thief.text
        assert "/office/sign-in/code" in thief.forms()


async def test_a_wrong_first_code_shows_the_same_secret_again(town: Town) -> None:
    await town.hire("anne", Right.SENDER)
    async with town.somebody() as anne:
        await anne.sign_in("anne")
        await anne.send("/office/enrol/app")
        app = app_of(anne)
        page = await anne.send("/office/enrol/app/code", code="000000")
        assert page.status_code == 422
        assert app_of(anne).secret == app.secret
        late = app.at(int(town.clock.at.timestamp()) - 120)
        await anne.send("/office/enrol/app/code", code=late)
        assert "clock of that device is about 120 seconds slow" in anne.text
        await anne.send("/office/enrol/app/code", code=app.at(town.clock.at))
        assert codes_of(anne)


async def test_a_recovery_code_stands_in_for_the_app_once(town: Town) -> None:
    await town.hire("anne", Right.SENDER)
    async with town.somebody() as anne:
        _app, codes = await with_app(town, anne, "anne")
        for lets_in in (True, False):
            anne.forget()
            await anne.sign_in("anne")
            page = await anne.send("/office/sign-in/code", code=codes[3].upper())
            assert (page.url.path == "/office/") is lets_in
        anne.forget()
        await anne.sign_in("anne")
        await anne.send("/office/sign-in/code", code=codes[4])
        await anne.go("/office/me")
        assert "8 codes are left" in anne.text
        await anne.send("/office/me/codes")
        assert not set(codes_of(anne)) & set(codes)


async def test_who_has_no_device_is_offered_no_codes_that_would_stand_in_for_one(
    town: Town,
) -> None:
    await town.hire("anne", Right.READER)
    async with town.somebody() as anne:
        await anne.sign_in("anne")
        await anne.go("/office/me")
        assert "/office/me/codes" not in anne.forms()
        assert "Recovery codes" not in anne.text
        await anne.send("/office/me/app")
        await anne.send("/office/me/app/code", code=app_of(anne).at(town.clock.at))
        assert len(codes_of(anne)) == 10
        await anne.go("/office/me")
        assert "/office/me/codes" in anne.forms()


async def test_a_passkey_is_made_and_lets_one_in_without_anything_else(town: Town) -> None:
    await town.hire("anne", Right.OPERATOR)
    key = Authenticator(ORIGIN)
    async with town.somebody() as anne, town.somebody() as elsewhere:
        await anne.sign_in("anne")
        options = await ask(anne, "/office/enrol/passkey/ask", "/office/enrol/passkey")
        await anne.send(
            "/office/enrol/passkey", answer=key.create(options), name="Téléphone <b>\u202e"
        )
        assert len(codes_of(anne)) == 10
        page = await anne.go("/office/me")
        assert "Téléphone <b>" in anne.text
        assert "<b>" not in page.text
        await elsewhere.go("/office/sign-in")
        options = await ask(elsewhere, "/office/sign-in/passkey/ask", "/office/sign-in/passkey")
        page = await elsewhere.send("/office/sign-in/passkey", answer=key.get(options))
        assert page.status_code == 200
        assert (await elsewhere.go("/office/me")).url.path == "/office/me"


async def test_a_passkeys_answer_is_worth_nothing_in_another_browser(town: Town) -> None:
    await town.hire("anne", Right.READER)
    key = Authenticator(ORIGIN)
    async with town.somebody() as anne, town.somebody() as thief:
        await anne.sign_in("anne")
        await anne.go("/office/me")
        options = await ask(anne, "/office/me/passkeys/ask", "/office/me/passkeys")
        await anne.send("/office/me/passkeys", answer=key.create(options), name="a")
        anne.forget()
        await anne.go("/office/sign-in")
        await thief.go("/office/sign-in")
        options = await ask(anne, "/office/sign-in/passkey/ask", "/office/sign-in/passkey")
        answer = key.get(options)
        page = await thief.send("/office/sign-in/passkey", answer=answer)
        assert page.status_code == 422
        for wrong in ("", "{}", "null", "[1]", "x" * 70_000, '{"response": {}}'):
            page = await thief.send("/office/sign-in/passkey", answer=wrong)
            assert page.status_code == 422


async def test_a_cloned_passkey_is_refused_and_its_person_is_told(town: Town) -> None:
    await town.hire("anne", Right.READER)
    key = Authenticator(ORIGIN)
    async with town.somebody() as anne, town.somebody() as thief:
        await anne.sign_in("anne")
        await anne.go("/office/me")
        options = await ask(anne, "/office/me/passkeys/ask", "/office/me/passkeys")
        await anne.send("/office/me/passkeys", answer=key.create(options), name="a")
        clone = key.clone()
        for it, device, code in ((anne, key, 200), (thief, clone, 422)):
            if it is anne:
                it.forget()
            await it.go("/office/sign-in")
            options = await ask(it, "/office/sign-in/passkey/ask", "/office/sign-in/passkey")
            page = await it.send("/office/sign-in/passkey", answer=device.get(options))
            assert page.status_code == code
    assert "tried to come into the office" in str((await mails(town))[-1].get_content())


async def test_changing_factors_asks_for_a_fresh_proof_and_keeps_what_was_typed(
    town: Town,
) -> None:
    await town.hire("anne", Right.SENDER)
    async with town.somebody() as anne:
        app, _codes = await with_app(town, anne, "anne")
        await anne.go("/office/me")
        town.wait(minutes=61)
        page = await anne.send("/office/me/password", password="un tout autre mot de passe")
        assert page.status_code == 403
        assert "Are you still there?" in anne.text
        assert "un tout autre" not in page.text
        await anne.send("/office/confirm", code="123456")
        assert "not right" in anne.text
        page = await anne.send("/office/confirm", code=app.at(town.clock.at))
        assert "Go on where you were" in anne.text
        page = await anne.send("/office/me/password")
        assert page.status_code == 422, "a password is not kept"
        page = await anne.send("/office/me/password", password="un tout autre mot de passe")
        assert page.url.path == "/office/me"
        assert page.status_code == 200


async def test_what_was_typed_after_the_session_ended_comes_back(town: Town) -> None:
    await town.hire("anne", Right.READER)
    async with town.somebody() as anne:
        await anne.sign_in("anne")
        await anne.go("/office/me")
        town.wait(hours=13)
        page = await anne.send(
            "/office/me", name="Anne <i>Martin</i>", zone="Europe/Madrid", language="fr"
        )
        assert page.status_code == 401
        assert "What you typed is kept" in anne.text
        page = await anne.send(
            "/office/sign-in", address="anne@example.org", password="a wrong password"
        )
        page = await anne.send("/office/sign-in", address="anne@example.org", password=PASSWORD)
        assert "Anne <i>Martin</i>" in anne.text
        assert "<i>" not in page.text
        page = await anne.send("/office/me")
        assert (page.url.path, page.status_code) == ("/office/me", 200)
        assert anne.forms()["/office/me"]["zone"] == "Europe/Madrid"
        assert 'lang="fr"' in page.text


async def test_a_closed_account_is_out_at_once_and_comes_in_by_nothing(town: Town) -> None:
    account = await town.hire("anne", Right.READER)
    async with town.somebody() as anne:
        await anne.sign_in("anne")
        async with town.database.begin() as session:
            await people.close(
                session, account_id=account.id, by=Actor.system("root"), now=town.clock.at
            )
        assert (await anne.go("/office/sendings")).url.path == "/office/sign-in"
        assert (await anne.sign_in("anne")).status_code == 422
        await anne.go("/office/link")
        await anne.send("/office/link", address="anne@example.org")
    assert await mails(town) == []


async def test_sessions_are_listed_and_ended_and_those_of_others_are_not_there(
    town: Town,
) -> None:
    await town.hire("anne", Right.READER)
    await town.hire("bruno", Right.READER)
    async with town.somebody() as anne, town.somebody() as phone, town.somebody() as bruno:
        await phone.sign_in("anne")
        await bruno.sign_in("bruno")
        await anne.sign_in("anne")
        await anne.go("/office/me")
        assert anne.text.count("Firefox, Linux") >= 2
        (end,) = [it for it in anne.forms() if it.endswith("/end")]
        await bruno.go("/office/me")
        token = bruno.forms()["/office/me"]["token"]
        answer = await bruno.client.post(end, data={"token": token}, headers=FROM_HERE)
        assert answer.status_code == 404
        assert (await phone.go("/office/me")).url.path == "/office/me"
        await anne.send(end)
        assert (await phone.go("/office/me")).url.path == "/office/sign-in"
        assert (await anne.go("/office/me")).url.path == "/office/me"


async def test_the_last_factor_that_is_needed_cannot_be_taken_away(town: Town) -> None:
    await town.hire("olga", Right.OPERATOR)
    one, other = Authenticator(ORIGIN), Authenticator(ORIGIN)
    async with town.somebody() as olga:
        await olga.sign_in("olga")
        options = await ask(olga, "/office/enrol/passkey/ask", "/office/enrol/passkey")
        await olga.send("/office/enrol/passkey", answer=one.create(options), name="one")
        await olga.go("/office/me")
        (remove,) = [it for it in olga.forms() if it.endswith("/remove")]
        page = await olga.send(remove)
        assert page.status_code == 422
        assert "you could not sign in any more" in olga.text
        await olga.go("/office/me")
        options = await ask(olga, "/office/me/passkeys/ask", "/office/me/passkeys")
        await olga.send("/office/me/passkeys", answer=other.create(options), name="other")
        await olga.go("/office/me")
        assert (await olga.send(remove)).url.path == "/office/me"
        assert len([it for it in olga.forms() if it.endswith("/remove")]) == 1


async def test_an_app_is_taken_away_where_the_rest_suffices(town: Town) -> None:
    await town.hire("anne", Right.READER)
    await town.hire("serge", Right.SENDER)
    async with town.somebody() as anne, town.somebody() as serge:
        await anne.sign_in("anne")
        await anne.go("/office/me")
        await anne.send("/office/me/app")
        await anne.send("/office/me/app/code", code=app_of(anne).at(town.clock.at))
        await anne.go("/office/me")
        assert (await anne.send("/office/me/app/remove")).url.path == "/office/me"
        assert "No app for codes is in use." in anne.text
        assert "/office/me/app/remove" not in anne.forms()
        await with_app(town, serge, "serge")
        await serge.go("/office/me")
        page = await serge.send("/office/me/app/remove")
        assert page.status_code == 422
        assert "without this app you could not sign in any more" in serge.text
        await serge.go("/office/me")
        assert "An app for codes is in use." in serge.text
