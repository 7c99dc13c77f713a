"""Passkeys, by a software authenticator that makes real ES256 signatures."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import challenges, passkeys, tokens, webauthn_answers
from accounts.passkeys import PasskeyError, PasskeyRefusal, Proved, Refused, Seen, Site
from pli import audit
from pli.actor import Actor
from pli.audit import AuditAction
from pli.database import Database
from tests import factories as make
from tests.accounts.authenticator import Authenticator, packed

ROOT = Actor.system("root")
ORIGIN = "https://bureau.orme.example.org"
SITE = Site("bureau.orme.example.org", ORIGIN, "Comité du Val-d'Orme")
BROWSER, ANOTHER = tokens.new(), tokens.new()


async def somebody(database: Database, now: datetime, name: str = "anne") -> int:
    async with database.begin() as session:
        return (await make.an_account(session, name, now=now)).id


async def asked_to_register(database: Database, account_id: int, now: datetime) -> str:
    async with database.begin() as session:
        return await passkeys.ask_to_register(
            session, account_id=account_id, site=SITE, binding=BROWSER, now=now
        )


async def register(
    database: Database,
    account_id: int,
    answer: str,
    now: datetime,
    binding: str = BROWSER,
    name: str = "Téléphone",
) -> Seen:
    async with database.begin() as session:
        return await passkeys.register(
            session,
            account_id=account_id,
            site=SITE,
            answer=answer,
            binding=binding,
            name=name,
            by=ROOT,
            now=now,
        )


async def registered(
    database: Database, account_id: int, now: datetime, device: Authenticator | None = None
) -> Authenticator:
    device = device or Authenticator(ORIGIN)
    options = await asked_to_register(database, account_id, now)
    await register(database, account_id, device.create(options), now)
    return device


async def asked(database: Database, now: datetime, account_id: int | None = None) -> str:
    async with database.begin() as session:
        return await passkeys.ask(
            session, site=SITE, binding=BROWSER, account_id=account_id, now=now
        )


async def prove(
    database: Database,
    answer: str,
    now: datetime,
    binding: str = BROWSER,
    account_id: int | None = None,
) -> Proved | Refused:
    async with database.begin() as session:
        return await passkeys.prove(
            session, site=SITE, answer=answer, binding=binding, account_id=account_id, now=now
        )


INVALID = Refused(PasskeyRefusal.INVALID)


async def test_a_passkey_is_made_and_lets_its_person_in(database: Database, now: datetime) -> None:
    anne = await somebody(database, now)
    options = json.loads(await asked_to_register(database, anne, now))
    assert options["rp"] == {"name": SITE.name, "id": SITE.host}
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["attestation"] == "none"
    device = await registered(database, anne, now)
    wanted = json.loads(await asked(database, now))
    assert (wanted["userVerification"], wanted["allowCredentials"]) == ("required", [])
    proved = await prove(database, device.get(json.dumps(wanted)), now + timedelta(minutes=1))
    assert isinstance(proved, Proved)
    assert (proved.account_id, proved.name) == (anne, "Anne")
    async with database.reading() as session:
        (seen,) = await passkeys.listed(session, account_id=anne)
    assert seen == Seen(proved.passkey_id, "Téléphone", now, now + timedelta(minutes=1))
    again = json.loads(await asked_to_register(database, anne, now))
    (known,) = again["excludeCredentials"]
    assert known["id"] == packed(device.credential_id)
    assert known["transports"] == ["internal", "hybrid"]


async def test_an_answer_is_good_once_in_its_browser_and_for_five_minutes(
    database: Database, now: datetime
) -> None:
    device = await registered(database, await somebody(database, now), now)
    answer = device.get(await asked(database, now))
    assert await prove(database, answer, now, ANOTHER) == INVALID
    assert await prove(database, answer, now + challenges.LIFE) == INVALID
    assert isinstance(await prove(database, answer, now), Proved)
    assert await prove(database, answer, now) == INVALID


async def test_of_one_answer_at_once_one_use_counts(database: Database, now: datetime) -> None:
    device = await registered(database, await somebody(database, now), now)
    answer = device.get(await asked(database, now))
    done = await asyncio.gather(*(prove(database, answer, now) for _ in range(5)))
    assert sum(isinstance(it, Proved) for it in done) == 1
    assert done.count(INVALID) == 4


async def test_a_challenge_of_ones_own_or_for_something_else_is_refused(
    database: Database, now: datetime
) -> None:
    anne = await somebody(database, now)
    device = await registered(database, anne, now)
    options = await asked(database, now)
    invented = packed(b"x" * 32)
    assert await prove(database, device.get(options, challenge=invented), now) == INVALID
    to_register = json.loads(await asked_to_register(database, anne, now))["challenge"]
    assert await prove(database, device.get(options, challenge=to_register), now) == INVALID
    to_confirm = await asked(database, now, anne)
    assert await prove(database, device.get(to_confirm), now) == INVALID
    assert isinstance(await prove(database, device.get(to_confirm), now, account_id=anne), Proved)


async def test_another_persons_passkey_confirms_nothing(database: Database, now: datetime) -> None:
    anne, jean = await somebody(database, now), await somebody(database, now, "jean")
    await registered(database, anne, now)
    other = await registered(database, jean, now)
    options = await asked(database, now, anne)
    assert len(json.loads(options)["allowCredentials"]) == 1
    assert await prove(database, other.get(options), now, account_id=anne) == INVALID


async def test_another_key_under_a_known_name_is_refused(database: Database, now: datetime) -> None:
    device = await registered(database, await somebody(database, now), now)
    forged = Authenticator(
        ORIGIN, credential_id=device.credential_id, handle=device.handle, count=9
    )
    assert await prove(database, forged.get(await asked(database, now)), now) == INVALID
    device.handle = b"somebody else"
    assert await prove(database, device.get(await asked(database, now)), now) == INVALID
    async with database.reading() as session:
        page = await audit.events(session, action=AuditAction.PASSKEY_REFUSED)
    assert page.events == [], "who has not the key makes no alarm"


async def test_a_count_that_falls_is_refused_and_told(database: Database, now: datetime) -> None:
    anne = await somebody(database, now)
    device = await registered(database, anne, now)
    thief = device.clone()
    assert isinstance(await prove(database, device.get(await asked(database, now)), now), Proved)
    cloned = Refused(PasskeyRefusal.CLONED, anne)
    assert await prove(database, thief.get(await asked(database, now)), now) == cloned
    async with database.reading() as session:
        (event,) = (await audit.events(session, action=AuditAction.PASSKEY_REFUSED)).events
    assert event.object_id == anne
    device.counts = 0
    assert await prove(database, device.get(await asked(database, now)), now) == cloned


async def test_a_passkey_that_never_counts_is_taken_again_and_again(
    database: Database, now: datetime
) -> None:
    device = Authenticator(ORIGIN, counts=0)
    await registered(database, await somebody(database, now), now, device)
    for _ in range(2):
        answer = device.get(await asked(database, now))
        assert isinstance(await prove(database, answer, now), Proved)


async def test_an_unverified_person_and_a_foreign_site_are_refused(
    database: Database, now: datetime
) -> None:
    anne = await somebody(database, now)
    device = await registered(database, anne, now)
    device.verifies = False
    assert await prove(database, device.get(await asked(database, now)), now) == INVALID
    device.verifies, device.origin = True, "https://bureau.orme.example.net"
    assert await prove(database, device.get(await asked(database, now)), now) == INVALID
    for bad in (Authenticator(ORIGIN, verifies=False), Authenticator("http://localhost:8080")):
        answer = bad.create(await asked_to_register(database, anne, now))
        with pytest.raises(PasskeyError, match="could not be checked"):
            await register(database, anne, answer, now)


async def test_a_registration_is_good_once_for_its_account_and_browser(
    database: Database, now: datetime
) -> None:
    anne, jean = await somebody(database, now), await somebody(database, now, "jean")
    device = Authenticator(ORIGIN)
    answer = device.create(await asked_to_register(database, anne, now))
    for account_id, binding, at in (
        (jean, BROWSER, now),
        (anne, ANOTHER, now),
        (anne, BROWSER, now + challenges.LIFE),
    ):
        with pytest.raises(PasskeyError, match="could not be checked"):
            await register(database, account_id, answer, at, binding)
    await register(database, anne, answer, now)
    with pytest.raises(PasskeyError, match="could not be checked"):
        await register(database, anne, answer, now)
    with pytest.raises(PasskeyError, match="registered already"):
        await registered(database, jean, now, device)


async def test_passkeys_are_renamed_and_removed_by_their_own_account(
    database: Database, now: datetime
) -> None:
    anne, jean = await somebody(database, now), await somebody(database, now, "jean")
    device = await registered(database, anne, now)
    async with database.begin() as session:
        (seen,) = await passkeys.listed(session, account_id=anne)
        which = {"passkey_id": seen.id}
        assert not await passkeys.rename(session, account_id=jean, name="x", **which)
        assert await passkeys.rename(session, account_id=anne, name="<b>\u202ePC\0</b>", **which)
        with pytest.raises(PasskeyError, match="needs a name"):
            await passkeys.rename(session, account_id=anne, name="\u200b", **which)
        (seen,) = await passkeys.listed(session, account_id=anne)
        assert seen.name == "<b>PC</b>"
        assert not await passkeys.remove(session, account_id=jean, by=ROOT, now=now, **which)
        assert await passkeys.remove(session, account_id=anne, by=ROOT, now=now, **which)
    assert await prove(database, device.get(await asked(database, now)), now) == INVALID


async def test_an_account_has_twenty_passkeys_at_most(
    sqlite_url: str, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passkeys, "MOST", 2)
    database = Database(sqlite_url)
    anne = await somebody(database, now)
    for _ in range(2):
        await registered(database, anne, now)
    with pytest.raises(PasskeyError, match="2 passkeys at most"):
        await asked_to_register(database, anne, now)
    await database.close()


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://bureau.orme.example.org", SITE),
        ("https://bureau.orme.example.org/office/", SITE),
        ("http://localhost:8080", Site("localhost", "http://localhost:8080", SITE.name)),
        (
            "https://u:p@Orme.example:8443",
            Site("orme.example", "https://orme.example:8443", SITE.name),
        ),
        ("http://127.0.0.1:8080", None),
        ("https://192.0.2.1", None),
        ("https://[2001:db8::1]", None),
        ("http://bureau.orme.example.org", None),
        ("", None),
    ],
)
def test_a_site_offers_passkeys_where_browsers_do(url: str, site: Site | None) -> None:
    assert Site.of(url, name=SITE.name) == site


async def test_no_answer_is_no_proof(sqlite_url: str, now: datetime) -> None:
    database = Database(sqlite_url)
    anne = await somebody(database, now)
    device = await registered(database, anne, now)
    sound = json.loads(device.get(await asked(database, now)))
    for answer in (
        "",
        "\0",
        "null",
        "[]",
        "[" * 60_000,
        "1" * 60_000,
        "x" * 1_000_000,
        '{"response": 1}',
        json.dumps(sound | {"rawId": "é"}),
        json.dumps(sound | {"type": "password"}),
        json.dumps(sound | {"id": 1}),
    ):
        assert await prove(database, answer, now) == INVALID
        with pytest.raises(PasskeyError):
            await register(database, anne, answer, now)
    await database.close()


DEVICE = Authenticator(ORIGIN, handle=b"h" * 32)
CHALLENGE = b"c" * 32
ASKED = json.dumps({"rpId": SITE.host, "challenge": packed(CHALLENGE)})
TO_MAKE = json.dumps(
    {"rp": {"id": SITE.host}, "user": {"id": packed(b"h" * 32)}, "challenge": packed(CHALLENGE)}
)
PIECES = st.sampled_from(
    ["clientDataJSON", "authenticatorData", "signature", "userHandle", "attestationObject"]
)


@given(PIECES, st.binary(max_size=300) | st.just(b"[" * 40_000), st.integers(0, 300))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_spoiled_bytes_prove_nothing_and_stop_nothing(piece: str, bytes_: bytes, at: int) -> None:
    made, used = json.loads(DEVICE.create(TO_MAKE)), json.loads(DEVICE.get(ASKED))
    key = webauthn_answers.created(SITE, json.dumps(made), CHALLENGE)
    assert key is not None
    for answer in (made, used):
        before = answer["response"].get(piece)
        if before is None:
            continue
        raw = webauthn_answers._bytes(before)
        spoiled = raw[:at] + bytes_ + raw[at + len(bytes_) :]
        if spoiled == raw:
            continue
        answer["response"][piece] = packed(spoiled)
        text, begun = json.dumps(answer), time.perf_counter()
        webauthn_answers.challenge_of(text)
        webauthn_answers.credential_of(text)
        webauthn_answers.created(SITE, text, CHALLENGE)
        assert (
            webauthn_answers.proved(
                SITE, text, CHALLENGE, public_key=key.public_key, handle=b"h" * 32
            )
            is None
        )
        assert time.perf_counter() - begun < 5


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda it: (
            st.lists(it)
            | st.dictionaries(
                st.sampled_from(["response", "rawId", "id", "type", "clientDataJSON"]), it
            )
        ),
    )
)
def test_every_document_is_judged(document: object) -> None:
    text = json.dumps(document)
    assert webauthn_answers.created(SITE, text, CHALLENGE) is None
    assert webauthn_answers.challenge_of(text) is None or isinstance(document, dict)
