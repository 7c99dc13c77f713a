"""Links by mail as a way in: invitations, resets, and signing in; who has none any more."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts import (
    enrolling,
    links,
    passwords,
    people,
    recovery,
    rights,
)
from accounts.factors import Factor
from accounts.limits import Wait
from accounts.links import LinkRefusal
from accounts.models import LinkKind
from accounts.rights import Right
from accounts.signing_in import (
    NeedsEnrolment,
    NeedsSecondFactor,
    Policy,
    Refused,
    SignedIn,
    Visitor,
)
from accounts.signing_in_by_link import AskedLink
from pli.actor import Actor
from pli.database import Database
from pli.keys import Keys
from subscribers.address import Address
from tests import factories as make
from tests.accounts.sign_in_steps import (
    ANOTHER,
    OTHER,
    PASSWORD,
    POLICY,
    ask,
    give_code,
    here,
    knock,
    somebody,
    told,
    use,
    with_app,
)

ROOT = Actor.system("root")
SECOND = timedelta(seconds=1)
STEP = timedelta(seconds=30)


async def test_an_invitation_leads_to_a_password_or_a_passkey(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        account = await make.an_account(session, "anne", Right.AUTHOR, active=False, now=now)
        made = await links.make(
            session, account_id=account.id, kind=LinkKind.INVITE, binding=None, by=ROOT, now=now
        )
    assert made is not None
    entry = await use(database, made, now, None)
    assert isinstance(entry, NeedsEnrolment)
    assert entry.ways == {Factor.PASSWORD, Factor.PASSKEY}
    assert await here(database, entry.secret, now=now) is None
    hashed = await passwords.hashed(PASSWORD, names=("Anne",))
    async with database.begin() as session:
        signed_in = await enrolling.with_password(
            session, cookie=entry.secret, password=hashed, policy=POLICY, now=now
        )
    assert isinstance(signed_in, SignedIn)
    assert await here(database, signed_in.secret, now=now)
    assert await use(database, made, now, None) is LinkRefusal.DEAD
    assert isinstance(await knock(database, keys, "anne", PASSWORD, now=now), SignedIn)


async def test_a_reset_link_leads_by_the_app_to_a_new_password_and_not_further(
    database: Database, keys: Keys, now: datetime
) -> None:
    anne, app, _ = await with_app(database, keys, now)
    old = await knock(database, keys, "anne", PASSWORD, now=now)
    asked = await ask(database, now)
    assert isinstance(asked, AskedLink)
    assert (asked.account_id, asked.kind) == (anne, LinkKind.RESET)
    entry = await use(database, asked.made, now)
    assert isinstance(entry, NeedsSecondFactor)
    later = now + 2 * STEP
    enrols = await give_code(database, keys, entry.secret, app.at(later), now=later)
    assert isinstance(enrols, NeedsEnrolment)
    assert enrols.ways == {Factor.PASSWORD, Factor.PASSKEY}
    assert await here(database, enrols.secret, now=later) is None
    new = await passwords.hashed(OTHER, names=())
    async with database.begin() as session:
        opened = await enrolling.with_password(
            session, cookie=enrols.secret, password=new, policy=POLICY, now=later
        )
    assert isinstance(opened, SignedIn)
    assert await here(database, opened.secret, now=later)
    assert isinstance(old, NeedsSecondFactor)
    assert (
        await give_code(database, keys, old.secret, app.at(later + STEP), now=later + STEP)
        == Refused()
    ), "what was begun with the old password is over"
    assert await knock(database, keys, "anne", PASSWORD, now=later) == Refused()
    assert isinstance(await knock(database, keys, "anne", OTHER, now=later), NeedsSecondFactor)


async def test_a_link_in_another_browser_takes_its_code(database: Database, now: datetime) -> None:
    await somebody(database, now, Right.READER)
    asked = await ask(database, now)
    assert isinstance(asked, AskedLink)
    assert await use(database, asked.made, now, ANOTHER) is LinkRefusal.OTHER_BROWSER
    assert await use(database, asked.made, now, ANOTHER, "x") is LinkRefusal.WRONG_CODE
    assert (await told(database))[0].why == "link"
    entry = await use(database, asked.made, now, ANOTHER, asked.made.code)
    assert isinstance(entry, NeedsEnrolment)


async def test_a_link_as_a_way_in_is_for_readers_where_the_setting_allows_it(
    database: Database, now: datetime
) -> None:
    anne = await somebody(database, now, Right.READER, password=None)
    allowed = Policy(sign_in_links=True)
    strict = Policy(two_for_all=True, sign_in_links=True)

    async def kind(policy: Policy) -> LinkKind | None:
        asked = await ask(database, now, policy=policy)
        return asked.kind if isinstance(asked, AskedLink) else None

    assert [await kind(it) for it in (POLICY, allowed, strict)] == [
        LinkKind.RESET,
        LinkKind.SIGN_IN,
        LinkKind.RESET,
    ]
    async with database.begin() as session:
        await rights.grant(
            session, account_id=anne, right=Right.SENDER, list_id=None, by=ROOT, now=now
        )
    assert await kind(allowed) is LinkKind.RESET


async def test_five_links_are_asked_for_from_a_network_then_one_waits(
    database: Database, keys: Keys, now: datetime
) -> None:
    await somebody(database, now, Right.READER)
    nobody = Address.parse("nobody@example.org")
    for address in (None, nobody, nobody, nobody):
        assert await ask(database, now, address) is None
    assert isinstance(await ask(database, now), AskedLink)
    assert await ask(database, now) == Wait(15 * SECOND), "whatever the address is"
    assert isinstance(await ask(database, now, visitor=Visitor.of("198.51.100.1")), AskedLink)
    assert isinstance(await knock(database, keys, "anne", PASSWORD, now=now), SignedIn)
    assert isinstance(await ask(database, now + 15 * SECOND), AskedLink)


async def test_a_closed_account_has_no_way_in(
    database: Database, keys: Keys, now: datetime
) -> None:
    anne, app, codes = await with_app(database, keys, now)
    half = await knock(database, keys, "anne", PASSWORD, now=now)
    asked = await ask(database, now)
    assert isinstance(half, NeedsSecondFactor)
    assert isinstance(asked, AskedLink)
    async with database.begin() as session:
        await people.close(session, account_id=anne, by=ROOT, now=now)
    later = now + 2 * STEP
    for code in (app.at(later), codes[0]):
        assert await give_code(database, keys, half.secret, code, now=later) == Refused()
    assert await use(database, asked.made, now) is LinkRefusal.DEAD
    assert await knock(database, keys, "anne", PASSWORD, now=now) == Refused()
    assert await ask(database, now) is None


async def test_a_reset_takes_every_factor_and_a_new_link_begins_anew(
    database: Database, keys: Keys, now: datetime
) -> None:
    anne, _, codes = await with_app(database, keys, now)
    async with database.begin() as session:
        await people.reset(session, account_id=anne, by=ROOT, now=now)
        made = await links.make(
            session, account_id=anne, kind=LinkKind.RESET, binding=None, by=ROOT, now=now
        )
        assert await recovery.left(session, account_id=anne) == 0
    assert len(codes) == 10
    assert await knock(database, keys, "anne", PASSWORD, now=now) == Refused()
    assert made is not None
    entry = await use(database, made, now, None)
    assert isinstance(entry, NeedsEnrolment)
    assert entry.ways == {Factor.PASSWORD, Factor.PASSKEY}
