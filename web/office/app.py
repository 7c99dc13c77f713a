"""Builds the office: its routes behind their guard, and the pages that tell of an error."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import tzinfo
from functools import partial

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from mailer.report.outlook import Outlook, outlook
from pli.database import DatabaseAway
from pli.keys import Keys
from pli.language import N_, say
from web.live import Poller
from web.networks import NO_PROXIES, Networks
from web.office import assets, cookies
from web.office.address import OfficeAddress
from web.office.by_link import ByLink
from web.office.checking import Checker
from web.office.comparing import Comparing
from web.office.confirm import Confirm
from web.office.copy_lists import CopyLists
from web.office.counting import Counting
from web.office.enrol import Enrol
from web.office.guard import Guard
from web.office.office_routes import OfficeRoute
from web.office.options import OfficeOptions
from web.office.overview import Overview
from web.office.own import Own
from web.office.parts import Parts
from web.office.people import People
from web.office.person_card import PersonCard
from web.office.reporting import Reporting
from web.office.sending_actions import SendingActions
from web.office.sending_page import SendingPages
from web.office.settling_actions import SettlingActions
from web.office.sign_in import SignIn
from web.office.traces import Traces
from web.office.visit import HEADERS, OfficeContext, Visit
from web.office.watching import Watching
from web.office.wishing import Wishing
from web.office.writing import Writing
from web.pages import Pages

log = logging.getLogger("pli.web")


async def _outlook(
    options: OfficeOptions, session: AsyncSession, campaign_id: int, zone: tzinfo | None
) -> Outlook:
    return await outlook(
        session,
        campaign_id=campaign_id,
        plans=options.plans,
        providers=options.providers,
        zone=zone,
    )


class Office:
    """The office as an application of its own, and its assets."""

    def __init__(
        self,
        pages: Pages,
        keys: Keys,
        options: OfficeOptions,
        *,
        inbox: bool,
        networks: Networks = NO_PROXIES,
    ) -> None:
        self.address = OfficeAddress.of(options.url, public_url=pages.identity.public_url)
        self.live = Poller(pages.database, partial(_outlook, options), pages.now)
        self._context = OfficeContext(
            pages, keys, self.address, options, inbox, self.live, networks
        )
        self.guard = Guard(self._context, self.office_routes())

    def office_routes(self) -> Sequence[OfficeRoute]:
        """Every route of the office."""
        # One for all pages: a person has one count under way, and findings are kept once.
        counting = Counting()
        checker = Checker(counting)
        return [
            *SignIn().office_routes(),
            *ByLink().office_routes(),
            *Enrol().office_routes(),
            *Confirm().office_routes(),
            *Own().office_routes(),
            *SendingPages(counting, checker).office_routes(),
            *Overview(checker).office_routes(),
            *Watching().office_routes(),
            *Reporting().office_routes(),
            *CopyLists().office_routes(),
            *PersonCard().office_routes(),
            *Comparing().office_routes(),
            *SendingActions().office_routes(),
            *SettlingActions().office_routes(),
            *Writing().office_routes(),
            *Wishing().office_routes(),
            *People().office_routes(),
            *Traces().office_routes(),
            *(Parts().office_routes() if self.address.is_here else ()),
        ]

    def routes(self) -> list[BaseRoute]:
        """What the web application has to mount."""
        return [
            Route(cookies.PATH, self._enter, methods=["GET"]),
            Mount(cookies.PATH, self._application()),
            Route("/static/{name}", self._asset, methods=["GET"]),
        ]

    def _application(self) -> Starlette:
        app = Starlette(
            routes=self.guard.routes(),
            exception_handlers={
                HTTPException: self._refused,
                DatabaseAway: self._no_database,
                ClientDisconnect: self._left,
                Exception: self._broken,
            },
        )
        app.router.redirect_slashes = False
        return app

    async def _enter(self, request: Request) -> Response:
        self._only_here(request)
        return RedirectResponse(f"{cookies.PATH}/", 303, HEADERS)

    async def _asset(self, request: Request) -> Response:
        self._only_here(request)
        return await assets.serve(request)

    def _only_here(self, request: Request) -> None:
        if self.address.origin(request.headers.get("host", "")) is None:
            raise HTTPException(404)

    async def _refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 405 and request.method == "OPTIONS":
            return Response(status_code=204, headers=HEADERS | dict(error.headers or {}))
        if error.status_code == 404:
            heading = N_("There is no such page")
            advice = N_("The address may have been cut or mistyped, or you may not see this page.")
        else:
            heading, advice = N_("This is not possible here"), N_("Go back, and try another way.")
        response = await self._trouble(request, error.status_code, heading, advice)
        response.headers.update(dict(error.headers or {}))
        return response

    async def _left(self, request: Request, error: Exception) -> Response:
        """Nobody reads this: the page asked for something newer, or was closed, in mid-request."""
        del request, error
        return Response(status_code=499)

    async def _no_database(self, request: Request, error: Exception) -> Response:
        log.warning("web.no_database", extra={"error": type(error).__name__})
        response = await self._trouble(
            request,
            503,
            N_("We cannot answer just now"),
            N_("Nothing was changed. Please try again in a minute."),
            asks=False,
        )
        response.headers["Retry-After"] = "60"
        if request.method == "GET":
            # A page that looks again by itself goes on so, without JavaScript, too.
            response.headers["Refresh"] = "15"
        return response

    async def _broken(self, request: Request, error: Exception) -> Response:
        del error
        return await self._trouble(
            request,
            500,
            N_("Something went wrong on our side"),
            N_("Nothing was changed. Please try again, or tell who runs Pli here."),
            asks=False,
        )

    async def _trouble(
        self, request: Request, code: int, heading: str, advice: str, *, asks: bool = True
    ) -> Response:
        """A page for an error; `asks`: it may ask the database who is there."""
        pages = self._context.pages
        visit = Visit(request, self._context, "", pages.language_for(request), pages.now(), "-")
        if asks and self.address.origin(request.headers.get("host", "")) is not None:
            # An error must not end in another one: without a database, nobody is in.
            with suppress(DatabaseAway):
                visit = await self.guard.visit(request)
        return visit.page(
            "trouble",
            status_code=code,
            heading=say(heading).tell(visit.language),
            advice=say(advice).tell(visit.language),
        )
