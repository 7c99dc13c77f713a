"""Builds the web application from plain values and injected objects."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from mailer.bounces.tokens import Tokens
from mailer.intake.hooks import Hook
from mailer.links import Links
from mailer.sender import Identity
from pli.database import Database, DatabaseAway
from pli.keys import Keys
from pli.language import N_, say
from pli.loopback import is_loopback
from web.hooks import Hooks
from web.inbox import Inbox
from web.leaving import Leaving
from web.letters import WebVersions
from web.networks import NO_PROXIES, Networks
from web.office.app import Office
from web.office.options import OfficeOptions
from web.own_host import OwnHost
from web.pages import Pages, guarded, only_from_here
from web.patience import Patience

log = logging.getLogger("pli.web")

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _wall_clock() -> datetime:
    return datetime.now(UTC)


def create_app(
    database: Database,
    *,
    keys: Keys,
    identity: Identity,
    language: str = "fr",
    office: OfficeOptions | None = None,
    inbox: Path | None = None,
    zone: tzinfo | None = None,
    networks: Networks = NO_PROXIES,
    hooks: Sequence[Hook] = (),
    now: Callable[[], datetime] = _wall_clock,
) -> Starlette:
    """Build the web application; `inbox` is the Maildir of the demo.

    `office`: None if there is none here. `zone`: by whose clocks the staff is told.

    The inbox asks nobody to sign in. So it exists only if the public address itself is this
    machine's loopback, whatever the arguments say: a server that listens on the loopback may stand
    behind a proxy that lets everybody in.
    """
    pages = Pages(database, identity, language, now, zone)
    is_local = is_loopback(urlsplit(identity.public_url).hostname or "")
    shows_inbox = inbox is not None and is_local
    public = StaticPages(pages, office is not None and is_local, shows_inbox)
    routes: list[BaseRoute] = [
        *public.routes(),
        *Leaving(pages, Links(keys, identity.public_url, identity.domain)).routes(),
        *WebVersions(pages).routes(),
        *Hooks(database, hooks, Tokens(keys), now).routes(),
    ]
    mounted = (
        None
        if office is None
        else Office(pages, keys, office, inbox=shows_inbox, networks=networks)
    )
    if mounted is not None:
        routes += mounted.routes()
    if shows_inbox and inbox is not None:
        routes += Inbox(pages, inbox, office=mounted is not None).routes()
    app = Starlette(
        routes=routes,
        middleware=[Middleware(NoControlCharacters)],
        exception_handlers={
            HTTPException: public.refused,
            DatabaseAway: public.no_database,
            Exception: public.broken,
        },
    )
    # A redirect would lose the POST of a one-click button (RFC 8058 section 3.1).
    app.router.redirect_slashes = False
    # Within what makes pages of exceptions: a request that is refused gets one, too.
    app.router.middleware_stack = Patience(app.router.middleware_stack, networks)
    if mounted is not None:
        app.state.end_streams = mounted.live.close
    if mounted is not None and mounted.address.own:
        app.add_middleware(OwnHost, office=mounted.address)
    return app


class NoControlCharacters:
    """Under an address with a control character there is no page.

    PostgreSQL takes no NUL in a text, and a path with a line break behind it would be another.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, a strange one as if it asked for a page that there is not."""
        asked = scope.get("query_string", b"")
        if _CONTROL.search(scope.get("path", "")) or b"%00" in asked or b"\0" in asked:
            nowhere = {"path": "/-", "raw_path": b"/-", "query_string": b""}
            scope = {**scope, **nowhere}
        await self._app(scope, receive, send)


class StaticPages:
    """The home page, the answers for machines, and the pages that tell of an error."""

    def __init__(self, pages: Pages, office: bool, inbox: bool) -> None:
        self._pages = pages
        self._office = office
        self._inbox = inbox

    def routes(self) -> list[Route]:
        """The home page, and what machines ask for."""
        return [
            Route("/", self.home, methods=["GET"]),
            Route("/healthz", self.health, methods=["GET"]),
            Route("/favicon.ico", self.no_icon, methods=["GET"]),
            *(
                Route(path, only_from_here(self.moved), methods=["GET"])
                for path in ("/campaigns", "/report/{id:number}")
                if self._office
            ),
        ]

    async def moved(self, request: Request) -> Response:
        """Where these pages are now; they were on this machine only."""
        return RedirectResponse(f"/office{request.url.path}", 303, guarded("default-src 'none'"))

    async def home(self, request: Request) -> Response:
        """Who sends the letters, and how to reach the senders."""
        return self._pages.page(
            "public/home.html.j2",
            self._pages.language_for(request),
            office=self._office,
            inbox=self._inbox,
        )

    async def health(self, request: Request) -> Response:
        """Whether the database answers: 200, else 503."""
        del request
        try:
            await self._pages.database.now()
        except DatabaseAway:
            log.warning("web.unhealthy")
            return _plain("the database does not answer\n", 503)
        return _plain("ok\n", 200)

    async def no_icon(self, request: Request) -> Response:
        """No content: browsers ask for an icon, and there is none."""
        del request
        headers = {**guarded("default-src 'none'"), "Cache-Control": "public, max-age=86400"}
        return Response(status_code=204, headers=headers)

    async def refused(self, request: Request, error: Exception) -> Response:
        """Answer 404, 405 and the like with a helpful page; answer OPTIONS with the methods."""
        assert isinstance(error, HTTPException)
        headers = dict(error.headers or {})
        if error.status_code == 405 and request.method == "OPTIONS":
            headers |= guarded("default-src 'none'")
            return Response(status_code=204, headers=headers)
        if error.status_code == 404:
            heading = N_("There is no such page")
            advice = N_("The address may have been cut or mistyped.")
        elif error.status_code in (408, 429, 503):
            heading = N_("We cannot answer just now")
            advice = N_("Nothing was changed. Please try again in a minute.")
        else:
            heading = N_("This is not possible here")
            advice = N_("Go back, and try another way.")
        return self._trouble(request, error.status_code, heading, advice, headers)

    async def no_database(self, request: Request, error: Exception) -> Response:
        """The database is busy or away: the reader may try again."""
        log.warning("web.no_database", extra={"error": type(error).__name__})
        return self._trouble(
            request,
            503,
            N_("We cannot answer just now"),
            N_("Nothing was changed. Please try again in a minute."),
            {"Retry-After": "60"},
        )

    async def broken(self, request: Request, error: Exception) -> Response:
        """A fault of ours; the log says more."""
        del error
        return self._trouble(
            request,
            500,
            N_("Something went wrong on our side"),
            N_("Please try again, or write to us."),
            {},
        )

    def _trouble(
        self, request: Request, code: int, heading: str, advice: str, headers: dict[str, str]
    ) -> Response:
        language = self._pages.language_for(request)
        page = self._pages.page(
            "public/trouble.html.j2",
            language,
            status_code=code,
            code=code,
            heading=say(heading).tell(language),
            advice=say(advice).tell(language),
        )
        page.headers.update(headers)
        return page


def _plain(text: str, status: int) -> Response:
    headers = {**guarded("default-src 'none'"), "Cache-Control": "no-store"}
    return PlainTextResponse(text, status, headers)
