"""The guard of the office: each request passes here before any route sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl, quote

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from accounts import sessions
from accounts.abilities import Ability, Granted, OnLists
from accounts.sessions import Here
from pli.language import LANGUAGES, N_, say
from web.office import cookies, multipart, tokens
from web.office.confirm import confirm_page
from web.office.keeping import Kept
from web.office.office_routes import Lists, OfficeRoute, Who, check
from web.office.sign_in import sign_in_page
from web.office.visit import Link, OfficeContext, Visit
from web.pages import beginning

_MOST_FIELDS = 1_000
_LARGEST_NUMBER = 2**31 - 1


class Guard:
    """Lets people into routes: who one is, what one may, and whether a form is of ours."""

    def __init__(self, context: OfficeContext, routes: Sequence[OfficeRoute]) -> None:
        """Raises UndeclaredRouteError if a route does not say who may enter."""
        check(routes)
        self._context = context
        self._routes = routes

    def routes(self) -> list[Route]:
        """A route for each route."""
        return [Route(it.path, self._entrance(it), methods=list(it.methods)) for it in self._routes]

    async def visit(self, request: Request) -> Visit:
        """Who asks, without any judgement; 404 under a name that is not the office's."""
        origin = self._context.address.origin(request.headers.get("host", ""))
        if origin is None:
            raise HTTPException(404)
        visit = Visit(
            request,
            self._context,
            origin,
            self._context.pages.language_for(request),
            self._context.pages.now(),
            cookies.browser_of(request),
            cookie=cookies.session_of(request),
        )
        if visit.cookie:
            async with self._context.database.reading() as session:
                here = await sessions.resume(
                    session,
                    cookie=visit.cookie,
                    two_for_all=self._context.policy.two_for_all,
                    now=visit.now,
                )
            self.let_in(visit, here)
        return visit

    def let_in(self, visit: Visit, here: Here | None) -> None:
        """Let the visit be of somebody who is in."""
        visit.here = here
        if here is not None:
            visit.language = here.language if here.language in LANGUAGES else visit.language
            visit.navigation = [
                Link(f"{cookies.PATH}{it.path}", it.title)
                for it in self._routes
                if it.title and isinstance(it.needs, Ability) and _is_open(it, here.granted)
            ]

    def _entrance(self, route: OfficeRoute) -> Callable[[Request], Awaitable[Response]]:
        async def enter(request: Request) -> Response:
            visit = await self.visit(request)
            response = await self._enter(route, visit)
            if visit.here is None and request.cookies.get(cookies.BROWSER) != visit.browser:
                cookies.give_browser(response, visit.browser, self._context.address)
            return response

        return enter

    async def _enter(self, route: OfficeRoute, visit: Visit) -> Response:
        request = visit.request
        if visit.posted and (visit.here is not None or not route.files):
            if not tokens.is_from_here(request, visit.origin):
                return _refused(
                    visit,
                    403,
                    N_("This form did not come from the office"),
                    N_("Nothing was changed. Open the page in the office, and send it from there."),
                )
            if not await self._read_form(visit, route):
                return _refused(
                    visit,
                    413,
                    N_("This is too much"),
                    N_("Nothing was changed. A form of the office is much shorter."),
                )
        if visit.here is None and route.needs is not Who.ANYBODY:
            return self._to_sign_in(visit)
        if visit.posted and not self._has_token(route, visit):
            return self._old_form(visit)
        if any(
            isinstance(it, int) and it > _LARGEST_NUMBER
            for it in visit.request.path_params.values()
        ):
            raise HTTPException(404)
        if isinstance(route.needs, Ability):
            await self._judge(route, route.needs, visit)
        if route.confirmed and not visit.who.is_confirmed(now=visit.now):
            return self._to_confirm(visit)
        if visit.here is not None and visit.here.wants_touch(now=visit.now):
            async with self._context.database.begin() as session:
                await sessions.touch(session, session_id=visit.here.session_id, now=visit.now)
        return await route.endpoint(visit)

    def _has_token(self, route: OfficeRoute, visit: Visit) -> bool:
        """Whether the form's token is of this session, or of this browser before signing in."""
        said = visit.request.headers.get(tokens.HEADER) or str(visit.form.get("token", ""))
        if tokens.is_right(said, visit.token):
            return True
        of_browser = tokens.of_browser(self._context.keys, visit.browser)
        return route.needs is Who.ANYBODY and tokens.is_right(said, of_browser)

    async def _read_form(self, visit: Visit, route: OfficeRoute) -> bool:
        """Read what was typed; False if that is more than any form of this route holds."""
        body = await beginning(visit.request, route.largest + 1)
        if len(body) > route.largest:
            return False
        kind = visit.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "application/x-www-form-urlencoded":
            try:
                pairs = parse_qsl(
                    body.decode("utf-8", "replace"),
                    keep_blank_values=True,
                    max_num_fields=_MOST_FIELDS,
                )
            except ValueError:
                return False
            # PostgreSQL keeps no NUL, and nobody types one.
            visit.form = FormData([(name, value.replace("\0", "")) for name, value in pairs])
        elif kind == "application/json":
            visit.body = body
        elif kind == "multipart/form-data" and route.files:
            try:
                fields, visit.files = multipart.read(body, visit.request.headers["content-type"])
            except multipart.NotMultipart:
                return False
            visit.form = FormData([(name, value.replace("\0", "")) for name, value in fields])
        return True

    async def _judge(self, route: OfficeRoute, needs: Ability, visit: Visit) -> None:
        """Let pass, or answer 404: what one may not see is not there."""
        granted = visit.who.granted
        visit.lists = granted.lists_for(needs)
        values = visit.request.path_params
        if callable(route.lists):
            async with self._context.database.reading() as session:
                if not await self._covers(session, route, visit.lists, values):
                    raise HTTPException(404)
        elif not _is_open(route, granted):
            raise HTTPException(404)

    async def _covers(
        self, session: AsyncSession, route: OfficeRoute, lists: OnLists, values: dict[str, Any]
    ) -> bool:
        assert callable(route.lists)
        found = await route.lists(session, values)
        if found is None:
            return False
        return lists.cover(found) or (route.partly and bool(lists.among(found)))

    def _to_sign_in(self, visit: Visit) -> Response:
        """Lead to the sign-in page; what was typed waits there."""
        request = visit.request
        if visit.by_script:
            return _for_script(visit, 401, N_("Your session is over: sign in once more."))
        if visit.posted:
            kept = Kept.of(request.url.path, _pairs(visit.form))
            if not kept.text() and kept.fields and kept.path:
                # More than a form carries through signing in: the page itself keeps it.
                return visit.page(
                    "over_long", status_code=401, again=kept, sign_in=_sign_in(request)
                )
            return sign_in_page(visit, status_code=401, over=True, kept=kept)
        return visit.go(_sign_in(request))

    def _to_confirm(self, visit: Visit) -> Response:
        request = visit.request
        if visit.posted:
            kept = Kept.of(request.url.path, _pairs(visit.form))
            return confirm_page(visit, status_code=403, kept=kept)
        return visit.go(f"{cookies.PATH}/confirm?next={_here(request)}")

    def _old_form(self, visit: Visit) -> Response:
        """A form of another session, or of another browser: it may be sent once more."""
        if visit.by_script:
            return _for_script(visit, 403, N_("Your session is another one: load the page anew."))
        kept = Kept.of(visit.request.url.path, _pairs(visit.form)) if visit.here else None
        return visit.page(
            "old_form",
            status_code=403,
            again=kept if kept and kept.fields else None,
            kept="",
            next="",
        )


def _is_open(route: OfficeRoute, granted: Granted) -> bool:
    assert isinstance(route.needs, Ability)
    if route.lists is Lists.NONE:
        return granted.may(route.needs)
    return granted.may_somewhere(route.needs)


def _pairs(form: FormData) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in form.multi_items()]


def _sign_in(request: Request) -> str:
    return f"{cookies.PATH}/sign-in?next={_here(request)}"


def _here(request: Request) -> str:
    query = f"?{request.url.query}" if request.url.query else ""
    return quote(request.url.path + query, safe="")


def _for_script(visit: Visit, status_code: int, text: str) -> Response:
    """A refusal for a module of ours, with the way in."""
    way_in = f"{cookies.PATH}/sign-in?next={quote(f'{cookies.PATH}/sign-in/done', safe='')}"
    document = {"fault": say(text).tell(visit.language), "sign_in": way_in}
    return visit.answer(document, status_code=status_code)


def _refused(visit: Visit, status_code: int, heading: str, advice: str) -> Response:
    language = visit.language
    if visit.by_script:
        fault = f"{say(heading).tell(language)}. {say(advice).tell(language)}"
        return visit.answer({"fault": fault}, status_code=status_code)
    return visit.page(
        "trouble",
        status_code=status_code,
        heading=say(heading).tell(language),
        advice=say(advice).tell(language),
    )
