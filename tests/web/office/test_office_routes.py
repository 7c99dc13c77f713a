"""Each route of the office, with each right, on own, other, mixed and missing lists."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from accounts.abilities import MAY, Ability
from accounts.models import (
    AccountRight,
    AccountState,
    OfficeSession,
    SignInFailure,
    SignInLink,
)
from accounts.rights import Right
from mailer.letter.drafts import making, pictures
from pli.actor import Actor
from pli.database import Database
from pli.files import shipped
from pli.keys import Keys
from pli.tables import Audit
from tests import factories as make
from tests.factories.letters import PIXEL
from tests.web.client import LOCAL_IDENTITY
from tests.web.office.deciding import an_office_that_sends
from tests.web.office.mails import invited
from tests.web.office.person import FROM_HERE, ORIGIN, Person, Town, a_town
from tests.web.office.signed import signed_in
from web.office.app import Office
from web.office.assets import assets
from web.office.guard import Guard
from web.office.office_routes import Lists, OfficeRoute, UndeclaredRouteError, Who
from web.office.options import OfficeOptions
from web.office.visit import OfficeContext, Visit
from web.pages import Pages

TABLE = {
    "/": "signed in",
    "/sign-in": "anybody",
    "/sign-in/code": "anybody",
    "/sign-in/done": "signed in",
    "/sign-in/passkey": "anybody",
    "/sign-in/passkey/ask": "anybody",
    "/sign-out": "signed in",
    "/link": "anybody",
    "/link/{token}": "anybody",
    "/enrol": "anybody",
    "/enrol/app": "anybody",
    "/enrol/app/code": "anybody",
    "/enrol/passkey": "anybody",
    "/enrol/passkey/ask": "anybody",
    "/enrol/password": "anybody",
    "/confirm": "signed in",
    "/confirm/passkey": "signed in",
    "/confirm/passkey/ask": "signed in",
    "GET /me": "signed in",
    "POST /me": "signed in",
    "/me/password": "signed in",
    "/me/app": "signed in",
    "/me/app/code": "signed in",
    "/me/app/remove": "signed in",
    "/me/codes": "signed in",
    "/me/passkeys": "signed in",
    "/me/passkeys/ask": "signed in",
    "/me/passkeys/{id:number}/remove": "signed in",
    "/me/sessions/end-others": "signed in",
    "/me/sessions/{id:number}/end": "signed in",
    "/sendings": {Right.SENDER, Right.READER, Right.WHO},
    "/sendings/{id:number}": {Right.AUTHOR, Right.SENDER, Right.READER, Right.WHO},
    "/sendings/{id:number}/stream": {Right.AUTHOR, Right.SENDER, Right.READER, Right.WHO},
    "/sendings/{id:number}/paper": {Right.SENDER, Right.READER, Right.WHO},
    "/sendings/{id:number}/report.json": {Right.SENDER, Right.READER, Right.WHO},
    "/sendings/{id:number}/story": {Right.WHO},
    "/people/{id:number}": {Right.WHO},
    "/people/{id:number}/sendings/{sending:number}": {Right.WHO},
    "/sendings/{id:number}/copies": {Right.WHO},
    "/sendings/{id:number}/export": {Right.WHO},
    "/sendings/{id:number}/start": {Right.SENDER},
    "/sendings/{id:number}/pause": {Right.SENDER},
    "/sendings/{id:number}/resume": {Right.SENDER},
    "/sendings/{id:number}/cancel": {Right.SENDER},
    "/sendings/{id:number}/hours": {Right.SENDER},
    "/sendings/{id:number}/retry": {Right.SENDER},
    "/sendings/{id:number}/doubts": {Right.SENDER},
    "/compare": {Right.SENDER, Right.READER, Right.WHO},
    "/sendings/{id:number}/who": {Right.AUTHOR},
    "/sendings/{id:number}/numbers": {Right.AUTHOR},
    "/sendings/{id:number}/complete": {Right.AUTHOR},
    "/sendings/{id:number}/check": {Right.AUTHOR, Right.SENDER},
    "/sendings/{id:number}/tick": {Right.AUTHOR, Right.SENDER},
    "/sendings/{id:number}/approve": {Right.AUTHOR, Right.SENDER},
    "/sendings/{id:number}/ask": {Right.AUTHOR, Right.SENDER},
    "/sendings/{id:number}/test": {Right.AUTHOR, Right.SENDER},
    "/sendings/{id:number}/letter/mail": {Right.AUTHOR, Right.SENDER},
    "/sendings/{id:number}/letter/text": {Right.AUTHOR, Right.SENDER},
    "/sendings/{id:number}/letter/web": {Right.AUTHOR, Right.SENDER},
    "/sendings/{id:number}/approved": {Right.SENDER},
    "/sendings/{id:number}/back": {Right.SENDER},
    "/sendings/{id:number}/release": {Right.SENDER},
    "/sendings/{id:number}/stop": {Right.SENDER},
    "/letters/{id:number}/send": {Right.AUTHOR},
    "/campaigns": {Right.SENDER, Right.READER, Right.WHO},
    "/report/{id:number}": {Right.AUTHOR, Right.SENDER, Right.READER, Right.WHO},
    "/letters": {Right.AUTHOR, Right.SENDER},
    "/letters/new": {Right.AUTHOR},
    "GET /letters/{id:number}": {Right.AUTHOR, Right.SENDER},
    "POST /letters/{id:number}": {Right.AUTHOR},
    "PUT /letters/{id:number}": {Right.AUTHOR},
    "/letters/{id:number}/blocks": {Right.AUTHOR, Right.SENDER},
    "/letters/{id:number}/token": "signed in",
    "/letters/{id:number}/presence": {Right.AUTHOR, Right.SENDER},
    "/letters/{id:number}/preview": {Right.AUTHOR, Right.SENDER},
    "/letters/{id:number}/preview/{key}": {Right.AUTHOR, Right.SENDER},
    "/letters/{id:number}/convert": {Right.AUTHOR},
    "GET /letters/{id:number}/pictures": {Right.AUTHOR, Right.SENDER},
    "POST /letters/{id:number}/pictures": {Right.AUTHOR},
    "GET /letters/{id:number}/pictures/{name}": {Right.AUTHOR, Right.SENDER},
    "POST /letters/{id:number}/pictures/{name}": {Right.AUTHOR},
    "/letters/{id:number}/fields": {Right.AUTHOR, Right.SENDER},
    "/letters/{id:number}/history": {Right.AUTHOR, Right.SENDER},
    "/letters/{id:number}/history/{version:number}": {Right.AUTHOR, Right.SENDER},
    "/letters/{id:number}/restore": {Right.AUTHOR},
    "/letters/{id:number}/state": {Right.AUTHOR},
    "GET /letters/{id:number}/test": {Right.AUTHOR},
    "POST /letters/{id:number}/test": {Right.AUTHOR},
    "/wishes": {Right.KEEPER},
    "/wishes/{id:number}/leave": {Right.KEEPER},
    "/wishes/{id:number}/dismiss": {Right.KEEPER},
    "GET /accounts": {Right.OPERATOR},
    "POST /accounts": {Right.OPERATOR},
    "/accounts/{id:number}": {Right.OPERATOR},
    "/accounts/{id:number}/rights": {Right.OPERATOR},
    "/accounts/{id:number}/rights/take": {Right.OPERATOR},
    "/accounts/{id:number}/close": {Right.OPERATOR},
    "/accounts/{id:number}/reopen": {Right.OPERATOR},
    "/accounts/{id:number}/end-sessions": {Right.OPERATOR},
    "/accounts/{id:number}/reset": {Right.OPERATOR},
    "/accounts/{id:number}/link": {Right.OPERATOR},
    "/looked": {Right.RIGHTS},
    "/audit": {Right.OPERATOR},
    "/house": "anybody",
}
"""Who may enter which route; a new route is written here by the person who adds it.

The method stands before a path that has several routes.
"""


def where(path: str, number: int, sending: int = 1) -> str:
    """The address of a route, with this number of a thing."""
    return "/office" + (
        path.replace("{id:number}", str(number))
        .replace("{sending:number}", str(sending))
        .replace("{version:number}", "1")
        .replace("{name}", "image.png")
    )


ENDLESS = "/sendings/{id:number}/stream"
"""Its answer lasts as long as somebody watches: tests ask for its head."""
OF_A_RUNNING_ONE = {
    **dict.fromkeys(
        ("who", "check", "tick", "approve", "test", "release", "stop", "ask", "approved", "back"),
        303,
    ),
    **dict.fromkeys(("numbers", "complete"), 200),
}
"""What the routes of a draft answer for a sending that runs: they lead on."""
OF_A_DRAFT = {*OF_A_RUNNING_ONE, "mail", "text", "web"}
LEADS_ON = ("/campaigns", "/report/{id:number}")
"""Former addresses: they show nothing, and lead to where the guard asks again."""


@pytest.fixture
async def town(database: Database, keys: Keys, now: datetime) -> AsyncIterator[Town]:
    async with a_town(database, keys, now) as town:
        yield town


def the_office(database: Database, keys: Keys, now: datetime, url: str = ORIGIN) -> Office:
    pages = Pages(database, replace(LOCAL_IDENTITY, public_url=url), "en", lambda: now)
    return Office(pages, keys, OfficeOptions(), inbox=False)


async def test_the_routes_are_those_of_the_table(
    database: Database, keys: Keys, now: datetime
) -> None:
    found: dict[str, object] = {}
    routes = the_office(database, keys, now).office_routes()
    times = Counter(it.path for it in routes)
    for it in routes:
        named = it.path if times[it.path] == 1 else f"{' '.join(it.methods)} {it.path}"
        if isinstance(it.needs, Ability):
            found[named] = {right for right in Right if it.needs in MAY[right]}
        else:
            found[named] = "anybody" if it.needs is Who.ANYBODY else "signed in"
    assert found == TABLE


async def test_the_page_of_all_parts_is_on_this_machine_only(
    database: Database, keys: Keys, now: datetime
) -> None:
    office = the_office(database, keys, now, "https://lettres.example.org")
    assert "/house" not in {it.path for it in office.office_routes()}


@pytest.mark.parametrize(
    "needs",
    [{}, {"lists": Lists.NONE}, {"needs": Ability.SEE_NUMBERS}],
    ids=["nothing", "no right", "no lists"],
)
async def test_a_route_that_does_not_say_who_may_enter_stops_the_start(
    database: Database, keys: Keys, now: datetime, needs: dict[str, object]
) -> None:
    async def open_to_all(visit: Visit) -> Response:
        raise AssertionError(visit)

    office = the_office(database, keys, now)
    pages = Pages(database, LOCAL_IDENTITY, "en", lambda: now)
    context = OfficeContext(pages, keys, office.address, OfficeOptions(), False, office.live)
    with pytest.raises(UndeclaredRouteError):
        Guard(context, [OfficeRoute("/x", open_to_all, **needs)])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "rights",
    [
        pytest.param((None, Right.AUTHOR), id="nobody and authors"),
        pytest.param(
            tuple(it for it in Right if it is not Right.AUTHOR),
            id="everybody else",
            marks=pytest.mark.proof,
        ),
    ],
)
async def test_every_route_with_every_right_on_every_kind_of_list(
    sqlite_url: str, keys: Keys, now: datetime, rights: Sequence[Right | None]
) -> None:
    # Thousands of requests, whose answers the guard gives: one kind of database is enough.
    database = Database(sqlite_url)
    async with a_town(database, keys, now, an_office_that_sends(keys=keys)) as town:
        await _every_route_with(town, rights)
    await database.close()


def _expected(
    route: OfficeRoute, right: Right | None, scope: str, sees: str, method: str
) -> tuple[int, ...]:
    """The answers of a route to somebody with a right.

    `scope`: the right is on the own list, or on all. `sees`: all or some of the lists of the
    sending, none, or there is no such sending.
    """
    if right is None or route.needs not in MAY[right]:
        return (404,)
    if route.lists is Lists.NONE and scope != "all":
        return (404,)
    if route.path.startswith("/wishes/"):
        return (303,)  # somebody may have decided a moment before
    if route.path in LEADS_ON:
        return (303,)
    last = route.path.rpartition("/")[2]
    if route.path.startswith("/sendings/{id:number}/") and last in OF_A_DRAFT:
        return (OF_A_RUNNING_ONE.get(last, 404),) if sees == "all" else (404,)
    if route.path in ("/sendings/{id:number}", ENDLESS):
        # An author is told that the own letter is sent, if it is of all its lists.
        some = sees == "some" and Ability.SEE_NUMBERS in MAY[right]
        return (200,) if sees == "all" or some else (404,)
    if "/sendings/{id" in route.path or "/people/{id" in route.path:
        if sees != "all" and not (sees == "some" and route.partly):
            return (404,)
        # A form without what it asks for is refused; one that asks for nothing is done.
        return (303, 422) if method == "POST" else (200,)
    if sees == "missing":
        return (404,) if "{id" in route.path else (200,)
    return (200,) if "GET" in route.methods else (303,)


SEES = {
    "own": {"own": "all", "mixed": "some", "other": "none"},
    "all": {"own": "all", "mixed": "all", "other": "all"},
}
"""How many of the lists of each sending somebody sees whose right is on the own list, or on all."""


async def _every_route_with(town: Town, rights: Sequence[Right | None]) -> None:
    now = town.clock.at
    async with town.database.begin() as session:
        own = await make.a_list(session, "own", now=now)
        other = await make.a_list(session, "other", now=now)
        people = {
            kind: (await make.a_person(session, town.keys, kind, *on, now=now)).id
            for kind, on in {"own": [own], "other": [other], "mixed": [own, other]}.items()
        }
        sendings = {
            kind: (
                await make.a_campaign(
                    session, town.keys, on, of=replace(make.letter(), number=number), now=now
                )
            ).id
            for number, (kind, on) in enumerate(
                {"own": [own], "other": [other], "mixed": [own, other]}.items(), 300
            )
        }
        drafts = await _drafts(session, {"own": own.id, "other": other.id}, now)
    sendings["missing"] = people["missing"] = 9_999
    victim = await town.hire("victim")
    office = the_office(town.database, town.keys, now)
    every = [it for it in office.office_routes() if isinstance(it.needs, Ability)]
    of_drafts = [it for it in every if it.path.startswith("/letters/{id")]
    routes = [it for it in every if it not in of_drafts]
    wrong = []
    for right in rights:
        only_on_all = right in (Right.RIGHTS, Right.OPERATOR)
        scopes: dict[str, list[int | None]] = (
            {"all": [None]}
            if only_on_all or not right
            else {
                "own": [own.id],
                "all": [None],
            }
        )
        for scope, lists in scopes.items():
            name = f"{right.value if right else 'nobody'}-{scope}"
            account = await town.hire(name, *([right] if right else []), lists=lists)
            async with town.somebody() as person:
                token = await signed_in(town, person, account)
                wrong += await _wrong_of_drafts(person, token, of_drafts, right, scope, drafts)
                for route in routes:
                    allowed = right is not None and route.needs in MAY[right]
                    for kind in ("own", "other", "mixed", "missing"):
                        sees = kind if kind == "missing" else SEES[scope][kind]
                        number = sendings[kind] if "/sendings/" in route.path else victim.id
                        if route.path.startswith("/people/"):
                            number = people[kind]
                        if kind == "missing":
                            number = 9_999
                        path = where(route.path, number, sendings[kind])
                        for method in route.methods:
                            expected = _expected(route, right, scope, sees, method)
                            answer = await person.client.request(
                                "HEAD" if route.path == ENDLESS else method,
                                path,
                                data={"token": token, "right": "reader", "list": "all"}
                                if method == "POST"
                                else None,
                                headers=FROM_HERE,
                            )
                            posted_to = (route.path, method)
                            if posted_to in NOTHING_NAMED and allowed:
                                expected = (422,)  # nobody is named
                            if answer.status_code not in expected:
                                wrong.append((name, method, path, kind, answer.status_code))
    assert wrong == []


NOTHING_NAMED = {("/accounts", "POST"), ("/letters/new", "POST")}


async def _drafts(session: AsyncSession, lists: dict[str, int], now: datetime) -> dict[str, int]:
    """A manuscript with a picture for each of these lists."""
    root = Actor.system("root")
    drafts = {}
    for kind, list_id in lists.items():
        drafts[kind] = await making.create(
            session, list_id=list_id, top="", body="x", by=root, now=now
        )
        await pictures.put(
            session, draft_id=drafts[kind], name="image.png", data=PIXEL, by=root, now=now
        )
    return drafts


async def _wrong_of_drafts(
    person: Person,
    token: str,
    routes: Sequence[OfficeRoute],
    right: Right | None,
    scope: str,
    drafts: dict[str, int],
) -> list[tuple[object, ...]]:
    """What the routes of a manuscript answer wrongly: it is there, or 404."""
    seen = {"own": ["own"], "all": ["own", "other"]}[scope]
    headers = {**FROM_HERE, "X-Pli-Token": token}
    wrong: list[tuple[object, ...]] = []
    for route, kind in itertools.product(routes, ("own", "other", "missing")):
        allowed = right is not None and route.needs in MAY[right] and kind in seen
        path = where(route.path, drafts.get(kind, 9_999))
        for method in route.methods:
            data = {"state": "writing"} if method == "POST" else None
            answer = await person.client.request(method, path, data=data, headers=headers)
            is_there = answer.status_code not in (401, 403, 404, 500)
            if is_there != allowed or answer.status_code in (401, 403, 500):
                wrong.append((right, scope, method, path, kind, answer.status_code))
    return wrong


async def test_who_is_not_in_is_led_to_the_sign_in_page_from_every_route(town: Town) -> None:
    office = the_office(town.database, town.keys, town.clock.at)
    async with town.somebody() as stranger:
        for route in office.office_routes():
            if route.needs is Who.ANYBODY:
                continue
            path = where(route.path, 1)
            for method in route.methods:
                answer = await stranger.client.request(method, path, headers=FROM_HERE)
                assert answer.status_code == (303 if method == "GET" else 401), path
                assert "no-store" in answer.headers["cache-control"]
                assert "script-src 'self'" in answer.headers["content-security-policy"]
    async with town.database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(AccountRight)) == 0


async def test_asking_for_a_head_is_reading_and_changes_nothing_on_any_route(town: Town) -> None:
    olga = await town.hire("olga", *Right)
    path = await invited(town, "anne", Right.READER)
    office = the_office(town.database, town.keys, town.clock.at)
    async with town.somebody() as person:
        await signed_in(town, person, olga)
        before = await _rows(town)
        reading = {it.path for it in office.office_routes() if "GET" in it.methods}
        for route in office.office_routes():
            at = path if "{token}" in route.path else "/office" + route.path
            answer = await person.client.head(at.replace("{id:number}", str(olga.id)))
            expected = (200, 303, 404) if route.path in reading else (405,)
            assert answer.status_code in expected, at
            assert "set-cookie" not in answer.headers, at
        assert await _rows(town) == before


async def _rows(town: Town) -> list[object]:
    """How much there is of what signing in and the audit write."""
    async with town.database.reading() as session:
        counts: list[object] = [
            await session.scalar(select(func.count()).select_from(it))
            for it in (OfficeSession, SignInLink, SignInFailure, Audit)
        ]
        used = await session.scalars(select(SignInLink.used_at))
        return [*counts, *used]


async def test_the_navigation_has_only_routes_that_one_may_enter(town: Town) -> None:
    expected = {
        Right.AUTHOR: {"/office/letters"},
        Right.SENDER: {"/office/sendings", "/office/letters"},
        Right.KEEPER: {"/office/wishes"},
        Right.READER: {"/office/sendings"},
        Right.WHO: {"/office/sendings"},
        Right.RIGHTS: {"/office/looked"},
        Right.OPERATOR: {"/office/accounts", "/office/audit"},
    }
    for right, paths in expected.items():
        account = await town.hire(right.value, right)
        async with town.somebody() as person:
            await signed_in(town, person, account)
            page = await person.go("/office/")
            assert page.status_code == 200
            nav = page.text.split("<nav")[1].split("</nav>")[0]
            assert set(re.findall(r'href="([^"]+)"', nav)) == paths | {"/office/me"}
            for path in paths:
                assert (await person.go(path)).status_code == 200


async def test_a_closed_account_is_out_of_every_route(town: Town) -> None:
    account = await town.hire("anne", Right.OPERATOR)
    async with town.somebody() as anne:
        await signed_in(town, anne, account)
        assert (await anne.go("/office/accounts")).url.path == "/office/accounts"
        async with town.database.begin() as session:
            row = await session.get_one(type(account), account.id)
            row.state = AccountState.CLOSED
        assert (await anne.go("/office/accounts")).url.path == "/office/sign-in"


TEMPLATES = [
    *sorted((shipped("templates") / "office").glob("*.j2")),
    shipped("templates") / "reports" / "report.html.j2",
]
INLINE = re.compile(
    r"<style|\bstyle\s*=|<script(?![^>]*\b(?:src=|type=.application/json))|\son\w+\s*="
    r"|javascript:|srcdoc|https?://",
    re.I,
)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda it: it.name)
def test_no_template_of_the_office_has_a_script_or_a_style_of_its_own(template: Path) -> None:
    assert INLINE.findall(template.read_text()) == []


async def test_assets_never_change_under_their_name_and_are_small(town: Town) -> None:
    async with town.somebody() as somebody:
        total = 0
        for it in assets().values():
            answer = await somebody.go(it.path)
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]
            assert answer.headers["x-content-type-options"] == "nosniff"
            if not it.path.startswith("/static/editor."):  # of one page alone, and compressed
                total += len(answer.content)
        assert total < 40_000
        assert (await somebody.go("/static/office.0000000000000000.css")).status_code == 404
        assert (await somebody.go("/static/..%2foffice.css")).status_code == 404
