"""The doors: what the web server answers, put together from plain values and injected objects."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from mailer.links import Links
from mailer.sender import Identity
from pli.database import Database, DatabaseAway
from pli.hosts import is_loopback
from pli.keys import Keys
from pli.language import N_, say
from web.inbox import Inbox
from web.leaving import Leaving
from web.letters import WebVersions
from web.office import Office
from web.pages import Pages, guarded

log = logging.getLogger("pli.web")


def _wall_clock() -> datetime:
    return datetime.now(UTC)


def create_app(
    database: Database,
    *,
    keys: Keys,
    identity: Identity,
    language: str = "fr",
    office: bool = False,
    inbox: Path | None = None,
    now: Callable[[], datetime] = _wall_clock,
) -> Starlette:
    """The web application; `inbox` is the Maildir of the demo.

    The staff's pages (`office`, and the inbox) know no accounts yet. They exist only where the
    public address itself is this machine's loopback, whatever is asked for: a server that listens
    on the loopback may well stand behind a proxy that lets everybody in.
    """
    pages = Pages(database, identity, language, now)
    at_home = is_loopback(urlsplit(identity.public_url).hostname or "")
    shows_office = office and at_home
    shows_inbox = inbox is not None and at_home
    public = StaticPages(pages, shows_office, shows_inbox)
    routes = [
        *public.routes(),
        *Leaving(pages, Links(keys, identity.public_url, identity.domain)).routes(),
        *WebVersions(pages).routes(),
    ]
    if shows_office:
        routes += Office(pages, inbox=shows_inbox).routes()
    if shows_inbox and inbox is not None:
        routes += Inbox(pages, inbox, office=shows_office).routes()
    app = Starlette(
        routes=routes,
        exception_handlers={
            HTTPException: public.refused,
            DatabaseAway: public.no_database,
            Exception: public.broken,
        },
    )
    # A redirect would lose the POST of a one-click button (RFC 8058 section 3.1).
    app.router.redirect_slashes = False
    return app


class StaticPages:
    """The pages that speak of nothing in particular, and the answers when something is wrong."""

    def __init__(self, pages: Pages, office: bool, inbox: bool) -> None:
        self._pages = pages
        self._office = office
        self._inbox = inbox

    def routes(self) -> list[Route]:
        """The front page, and what machines ask for."""
        return [
            Route("/", self.home, methods=["GET"]),
            Route("/healthz", self.health, methods=["GET"]),
            Route("/favicon.ico", self.no_icon, methods=["GET"]),
        ]

    async def home(self, request: Request) -> Response:
        """Whose letters these are, and how to reach them."""
        return self._pages.page(
            "public/home.html.j2",
            self._pages.language_for(request),
            office=self._office,
            inbox=self._inbox,
        )

    async def health(self, request: Request) -> Response:
        """Whether the database answers."""
        del request
        try:
            await self._pages.database.now()
        except DatabaseAway:
            log.warning("web.unhealthy")
            return _plain("the database does not answer\n", 503)
        return _plain("ok\n", 200)

    async def no_icon(self, request: Request) -> Response:
        """Browsers ask for one; there is none."""
        del request
        return Response(status_code=204, headers={"Cache-Control": "public, max-age=86400"})

    async def refused(self, request: Request, error: Exception) -> Response:
        """404, 405 and the like, on a page that helps; OPTIONS is told what is possible."""
        assert isinstance(error, HTTPException)
        headers = dict(error.headers or {})
        if error.status_code == 405 and request.method == "OPTIONS":
            return Response(status_code=204, headers=headers)
        if error.status_code == 404:
            heading = N_("There is no such page")
            advice = N_("The address may have been cut or mistyped.")
        else:
            heading = N_("This is not possible here")
            advice = N_("Go back, and try another way.")
        return self._trouble(request, error.status_code, heading, advice, headers)

    async def no_database(self, request: Request, error: Exception) -> Response:
        """The database is busy or away: whoever asked may ask again."""
        log.warning("web.no_database", extra={"error": type(error).__name__})
        return self._trouble(
            request,
            503,
            N_("We cannot answer just now"),
            N_("Nothing was changed. Please try again in a minute."),
            {"Retry-After": "60"},
        )

    async def broken(self, request: Request, error: Exception) -> Response:
        """Our fault; the log knows more."""
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
