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
from mailer.campaign.leaving_by_link import Reach
from mailer.links import Links, OptOutToken
from subscribers import optout
from subscribers.optout import OnList
from web.pages import Pages, beginning

LARGEST_BODY = 16_384
_ONE_CLICK = b"One-Click"
_MOST_FIELDS = 100


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
        """One button; who is not on the list any more is told so."""
        token = self._token(request)
        if token is None:
            return self._unknown(request)
        async with self._pages.database.reading() as session:
            tie = await _tie(session, token)
            choices = await leaving_by_link.choices(session, token=token)
        if not tie.subscribed:
            return self._page(request, "left", tie, left=(), undo=(), choices=choices)
        return self._page(request, "ask", tie, choices=choices)

    async def leave(self, request: Request) -> Response:
        """Out at once; the way back is offered for what this very click did, and nothing else."""
        token = self._token(request)
        if token is None:
            return self._unknown(request)
        body = await beginning(request, LARGEST_BODY)
        one_click = _ONE_CLICK in body
        now = self._pages.now()
        async with self._pages.database.begin() as session:
            left = await leaving_by_link.leave(
                session,
                token=token,
                # RFC 8058 section 3.2: one click leaves the list of the letter, whatever else.
                reach=Reach.LIST if one_click else _reach(body),
                source="one-click" if one_click else "unsubscribe page",
                now=now,
            )
            tie = await _tie(session, token)
            choices = await leaving_by_link.choices(session, token=token)
        expires = int((now + optout.UNDO_FOR).timestamp())
        undo = [
            self._links.undo(token.subscriber_id, it.list_id, it.record, expires) for it in left
        ]
        titles = [it.title for it in left]
        return self._page(request, "left", tie, left=titles, undo=undo, choices=choices)

    async def undo(self, request: Request) -> Response:
        """Take one click back, by the tokens that only the page after that click held."""
        token = self._token(request)
        if token is None:
            return self._unknown(request)
        form = _form(await beginning(request, LARGEST_BODY))
        now = self._pages.now()
        read = [self._links.read_undo(it, now.timestamp()) for it in form.get("undo", [])]
        titles = []
        async with self._pages.database.begin() as session:
            for told in read:
                if told is None or told.subscriber_id != token.subscriber_id:
                    continue
                await optout.undo(session, consent_record_id=told.consent_record_id, now=now)
                back = await optout.on_list(
                    session, subscriber_id=told.subscriber_id, list_id=told.list_id
                )
                if back.subscribed:  # by this click, or by the one before it
                    titles.append(back.title)
            tie = await _tie(session, token)
        if titles or tie.subscribed:
            return self._page(request, "restored", tie, titles=titles or [tie.title])
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


def _form(body: bytes) -> dict[str, list[str]]:
    try:
        return parse_qs(body.decode("ascii", "replace"), max_num_fields=_MOST_FIELDS)
    except ValueError:
        return {}


def _reach(body: bytes) -> Reach:
    """What the page's form says; what nobody asked for is the list of the letter alone."""
    try:
        return Reach(_form(body).get("from", [Reach.LIST])[0])
    except ValueError:
        return Reach.LIST


async def _tie(session: AsyncSession, token: OptOutToken) -> OnList:
    """What the page speaks of."""
    return await optout.on_list(session, subscriber_id=token.subscriber_id, list_id=token.list_id)
