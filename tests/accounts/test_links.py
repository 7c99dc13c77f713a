"""Links of mails: looked at as often as one likes, used once."""

from __future__ import annotations

import asyncio
import base64
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from accounts import links, people, tokens
from accounts.links import LinkRefusal, Looked, Made, Used
from accounts.models import LinkKind, SignInLink
from pli.actor import Actor
from pli.database import Database
from tests import factories as make

ROOT = Actor.system("root")
BROWSER, ANOTHER = tokens.new(), tokens.new()


async def made(
    database: Database,
    account_id: int,
    now: datetime,
    kind: LinkKind = LinkKind.RESET,
    binding: str | None = BROWSER,
) -> Made:
    async with database.begin() as session:
        link = await links.make(
            session, account_id=account_id, kind=kind, binding=binding, by=ROOT, now=now
        )
    assert link is not None
    return link


async def somebody(database: Database, now: datetime, *, active: bool = True) -> int:
    async with database.begin() as session:
        return (await make.an_account(session, "anne", active=active, now=now)).id


async def use(
    database: Database,
    link: Made | str,
    now: datetime,
    binding: str | None = BROWSER,
    code: str | None = None,
) -> Used | LinkRefusal:
    token = link if isinstance(link, str) else link.token
    async with database.begin() as session:
        return await links.use(session, token=token, binding=binding, code=code, now=now)


async def look(
    database: Database, link: Made, now: datetime, binding: str | None = BROWSER
) -> Looked | None:
    async with database.reading() as session:
        return await links.look(session, token=link.token, binding=binding, now=now)


async def test_looking_changes_nothing_and_using_is_done_once(
    database: Database, now: datetime
) -> None:
    anne = await somebody(database, now)
    link = await made(database, anne, now)
    for _ in range(3):
        assert await look(database, link, now) == Looked(LinkKind.RESET, needs_code=False)
    assert await use(database, link, now) == Used(LinkKind.RESET, anne, "Anne")
    assert await look(database, link, now) is None
    assert await use(database, link, now) is LinkRefusal.DEAD


async def test_of_two_uses_at_once_one_counts(database: Database, now: datetime) -> None:
    link = await made(database, await somebody(database, now), now)
    done = await asyncio.gather(*(use(database, link, now) for _ in range(6)))
    assert sum(isinstance(it, Used) for it in done) == 1
    assert done.count(LinkRefusal.DEAD) == 5


async def test_another_browser_takes_the_six_digits(database: Database, now: datetime) -> None:
    anne = await somebody(database, now)
    link = await made(database, anne, now)
    assert link.code is not None
    for browser in (ANOTHER, None):
        looked = await look(database, link, now, browser)
        assert looked == Looked(LinkKind.RESET, needs_code=True)
        assert await use(database, link, now, browser) is LinkRefusal.OTHER_BROWSER
    wrong = "000000" if link.code != "000000" else "000001"
    assert await use(database, link, now, ANOTHER, wrong) is LinkRefusal.WRONG_CODE
    spaced = f" {link.code[:3]} {link.code[3:]}"
    assert isinstance(await use(database, link, now, ANOTHER, spaced), Used)


async def test_after_five_wrong_codes_at_once_the_link_is_dead(
    database: Database, now: datetime
) -> None:
    link = await made(database, await somebody(database, now), now)
    done = await asyncio.gather(*(use(database, link, now, ANOTHER, f"x{n}") for n in range(12)))
    assert done.count(LinkRefusal.WRONG_CODE) == 5
    assert done.count(LinkRefusal.DEAD) == 7
    assert await use(database, link, now, ANOTHER, link.code) is LinkRefusal.DEAD
    assert await use(database, link, now) is LinkRefusal.DEAD


async def test_an_invitation_is_bound_to_no_browser_and_lives_for_a_day(
    database: Database, now: datetime
) -> None:
    anne = await somebody(database, now, active=False)
    link = await made(database, anne, now, LinkKind.INVITE, None)
    assert link.code is None
    assert link.until == now + timedelta(days=1)
    late = now + timedelta(days=1)
    assert await look(database, link, late) is None
    assert await use(database, link, late) is LinkRefusal.DEAD
    assert isinstance(await use(database, link, late - timedelta(seconds=1), ANOTHER), Used)


async def test_what_was_asked_for_lives_for_a_quarter_of_an_hour(
    database: Database, now: datetime
) -> None:
    link = await made(database, await somebody(database, now), now)
    assert await use(database, link, now + timedelta(minutes=15)) is LinkRefusal.DEAD
    assert isinstance(await use(database, link, now + timedelta(minutes=14)), Used)


async def test_a_link_fits_the_state_of_its_account(database: Database, now: datetime) -> None:
    anne = await somebody(database, now, active=False)
    invitation = await made(database, anne, now, LinkKind.INVITE, None)

    async def possible(kind: LinkKind, binding: str | None) -> bool:
        async with database.begin() as session:
            return bool(
                await links.make(
                    session, account_id=anne, kind=kind, binding=binding, by=ROOT, now=now
                )
            )

    assert not await possible(LinkKind.RESET, BROWSER)
    assert not await possible(LinkKind.INVITE, BROWSER)
    async with database.begin() as session:
        await people.activate(session, account_id=anne)
    assert not await possible(LinkKind.INVITE, None)
    assert await possible(LinkKind.SIGN_IN, BROWSER)
    async with database.begin() as session:
        await people.close(session, account_id=anne, by=ROOT, now=now)
    assert not await possible(LinkKind.RESET, None)
    assert await use(database, invitation, now) is LinkRefusal.DEAD
    async with database.begin() as session:
        assert not await links.make(
            session, account_id=4711, kind=LinkKind.RESET, binding=None, by=ROOT, now=now
        )


async def test_five_links_an_hour_are_made_for_those_who_ask_also_at_once(
    database: Database, now: datetime
) -> None:
    anne = await somebody(database, now)

    async def ask(when: datetime) -> bool:
        async with database.begin() as session:
            return bool(
                await links.make(
                    session,
                    account_id=anne,
                    kind=LinkKind.RESET,
                    binding=BROWSER,
                    by=Actor.nobody(),
                    now=when,
                )
            )

    assert sum(await asyncio.gather(*(ask(now) for _ in range(9)))) == 5
    assert await ask(now + timedelta(hours=1))


async def test_a_used_link_takes_the_others_of_its_account_with_it(
    database: Database, now: datetime
) -> None:
    anne = await somebody(database, now)
    one, other = await made(database, anne, now), await made(database, anne, now)
    assert isinstance(await use(database, one, now), Used)
    assert await use(database, other, now) is LinkRefusal.DEAD


async def test_the_table_lets_nobody_in(database: Database, now: datetime) -> None:
    link = await made(database, await somebody(database, now), now)
    async with database.reading() as session:
        row = (await session.scalars(select(SignInLink))).one()
    assert link.code is not None
    raw = base64.urlsafe_b64decode(link.token + "=")
    for kept in (row.token_hash, row.binding, row.code_hash):
        assert kept is not None
        assert kept not in (raw, link.token.encode(), BROWSER.encode())
        assert kept != tokens.digest(link.code)
    assert link.token not in repr(link)
    async with database.begin() as session:
        assert await links.sweep(session, now=now + timedelta(hours=1)) == 0
        assert await links.sweep(session, now=now + timedelta(hours=2)) == 1


@pytest.mark.parametrize("token", ["", "\0", "\ud800", "\u202e", "x" * 1_000_000])
async def test_what_is_no_token_is_dead(database: Database, now: datetime, token: str) -> None:
    assert await use(database, token, now, token, token) is LinkRefusal.DEAD


@given(st.text(max_size=400), st.text(max_size=400))
def test_every_text_has_a_hash_and_two_short_texts_never_the_same(one: str, other: str) -> None:
    assert len(tokens.digest(one)) == 32
    if one != other and max(len(one), len(other)) <= tokens.LONGEST:
        assert tokens.digest(one) != tokens.digest(other)


async def test_what_is_handed_out_fits_the_state_and_stands_in_the_office(
    database: Database, now: datetime
) -> None:
    anne = await somebody(database, now, active=False)

    async def handed() -> Made | None:
        async with database.begin() as session:
            return await links.hand_out(session, account_id=anne, by=ROOT, now=now)

    invitation = await handed()
    assert invitation is not None
    assert await look(database, invitation, now, None) == Looked(LinkKind.INVITE, needs_code=False)
    async with database.begin() as session:
        await people.activate(session, account_id=anne)
    lost = await handed()
    assert lost is not None
    assert (lost.until, lost.code) == (now + timedelta(days=1), None)
    assert await look(database, lost, now, None) == Looked(LinkKind.RESET, needs_code=False)
    async with database.begin() as session:
        await people.close(session, account_id=anne, by=ROOT, now=now)
    assert await handed() is None
    assert (
        links.url("https://bureau.example.org", "x") == "https://bureau.example.org/office/link/x"
    )
