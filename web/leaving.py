"""Leaving a list: GET asks, POST acts, and for an hour the same click can be taken back.

No cookie, no session, no redirect, no look at Origin (RFC 8058 section 3.1): mail providers press
the button for their readers. Links are followed by scanners, so GET never acts (section 3.2).
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mailer.campaign import leaving_by_link
from mailer.links import Links, OptOutToken
from subscribers import optout
from subscribers.optout import OnList
from web.pages import Pages, beginning

LARGEST_BODY = 16_384
_ONE_CLICK = b"One-Click"


class Leaving:
    """The pages under /u/."""

    def __init__(self, pages: Pages, links: Links) -> None:
        self._pages = pages
        self._links = links

    def routes(self) -> list[Route]:
        """The page and its two buttons."""
        return [
            Route("/u/{token}", self.answer, methods=["GET", "POST"]),
            Route("/u/{token}/undo", self.undo, methods=["POST"]),
        ]

    async def answer(self, request: Request) -> Response:
        """GET asks, POST acts."""
        return await (self.leave(request) if request.method == "POST" else self.ask(request))

    async def ask(self, request: Request) -> Response:
        """One button; whoever is not on the list any more is told so."""
        token = self._token(request)
        if token is None:
            return self._unknown(request)
        async with self._pages.database.reading() as session:
            tie = await _tie(session, token)
        if not tie.subscribed:
            return self._page(request, "left", tie, undo=None)
        return self._page(request, "ask", tie)

    async def leave(self, request: Request) -> Response:
        """Out at once; the way back is offered for what this very click did, and nothing else."""
        token = self._token(request)
        if token is None:
            return self._unknown(request)
        body = await beginning(request, LARGEST_BODY)
        now = self._pages.now()
        async with self._pages.database.begin() as session:
            source = "one-click" if _ONE_CLICK in body else "unsubscribe page"
            record = await leaving_by_link.leave(session, token=token, source=source, now=now)
            tie = await _tie(session, token)
        undo = None
        if record is not None:
            expires = int((now + optout.UNDO_FOR).timestamp())
            undo = self._links.undo(token.subscriber_id, token.list_id, record, expires)
        return self._page(request, "left", tie, undo=undo)

    async def undo(self, request: Request) -> Response:
        """Take one click back, by the token that only the page after that click held."""
        token = self._token(request)
        if token is None:
            return self._unknown(request)
        form = parse_qs((await beginning(request, LARGEST_BODY)).decode("ascii", "replace"))
        now = self._pages.now()
        told = self._links.read_undo(form.get("undo", [""])[0], now.timestamp())
        async with self._pages.database.begin() as session:
            if told and (told.subscriber_id, told.list_id) == (token.subscriber_id, token.list_id):
                await optout.undo(session, consent_record_id=told.consent_record_id, now=now)
            tie = await _tie(session, token)
        if tie.subscribed:  # by this click, or by the one before it
            return self._page(request, "restored", tie)
        return self._page(request, "too_late", tie, status_code=410)

    def _token(self, request: Request) -> OptOutToken | None:
        return self._links.read_unsubscribe(request.path_params["token"])

    def _page(
        self, request: Request, name: str, tie: OnList, *, status_code: int = 200, **values: Any
    ) -> Response:
        language = self._pages.language_for(request, tie.language)
        return self._pages.page(
            f"public/{name}.html.j2",
            language,
            status_code=status_code,
            list_title=tie.title,
            here=f"/u/{request.path_params['token']}",
            **values,
        )

    def _unknown(self, request: Request) -> Response:
        language = self._pages.language_for(request)
        return self._pages.page("public/unknown_link.html.j2", language, status_code=404)


async def _tie(session: AsyncSession, token: OptOutToken) -> OnList:
    """What the page speaks of."""
    return await optout.on_list(session, subscriber_id=token.subscriber_id, list_id=token.list_id)
