"""The web version: the letter as it was frozen, under an address that holds for ever."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from mailer.campaign.published import PublishedLetter, frozen_letter, published
from mailer.letter.letter import Letter, LetterError
from mailer.letter.press import Pressed, press
from mailer.letter.theme import Theme
from mailer.message import file_names
from mailer.sender import Identity
from web.pages import CLOSED, Pages, guarded, number_of

log = logging.getLogger("pli.web")

KEPT = 32

# Mail programs need their styles inline, so the web version has them so too. Pictures of ours
# stand in the page; what the author shows from elsewhere is his, as in the mail.
POLICY = CLOSED.format(forms="'none'") + "; style-src 'unsafe-inline'; img-src data: https:"

FILE_POLICY = "sandbox; default-src 'none'; base-uri 'none'; frame-ancestors 'none'"


class WebVersions:
    """The pages under /l/; the letters last asked for stay pressed."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._pressed: OrderedDict[tuple[int, str], tuple[Pressed, str]] = OrderedDict()

    def routes(self) -> list[Route]:
        """One address for each letter of each list, and one for each file that came with it."""
        page = "/l/{name}/{number:number}"
        return [
            Route(page, self.show, methods=["GET"]),
            Route(page + "/{at:number}.{kind}", self.attachment, methods=["GET"]),
        ]

    async def show(self, request: Request) -> Response:
        """The letter of the latest campaign of this number that went out to this list."""
        found = await self._published(request)
        if found is None:
            return self._unknown(request)
        tag = f'"{found.frozen_hash[:32]}-{found.list.id}"'
        headers = {**guarded(POLICY), "Cache-Control": "public, max-age=300", "ETag": tag}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        try:
            pressed, language = await self._press(found)
        except LetterError as fault:
            # Frozen by an older version, which sent what this one judges too deep.
            told = {"campaign": found.campaign_id, "reason": str(fault)}
            log.warning("web.letter_not_shown", extra=told)
            return self._pages.page(
                "public/letter_not_shown.html.j2",
                self._pages.language_for(request),
                status_code=410,
            )
        headers["Content-Language"] = language
        return HTMLResponse(pressed.web(found.list), headers=headers)

    async def attachment(self, request: Request) -> Response:
        """A file that came with the letter, to be kept: no browser shows it under our address."""
        found = await self._published(request)
        if found is None:
            return self._unknown(request)
        try:
            pressed, _ = await self._press(found)
        except LetterError:
            return self._unknown(request)
        at = number_of(request, "at")
        if not 1 <= at <= len(pressed.attachments):
            return self._unknown(request)
        attachment = pressed.attachments[at - 1]
        if attachment.kind != request.path_params["kind"]:
            return self._unknown(request)
        headers = {
            **guarded(FILE_POLICY),
            "Cache-Control": "public, max-age=300",
            "Content-Disposition": file_names.for_http(attachment.name),
            "Content-Type": attachment.media_type,
        }
        return Response(attachment.data, headers=headers)

    async def _published(self, request: Request) -> PublishedLetter | None:
        name, number = request.path_params["name"], number_of(request, "number")
        async with self._pages.database.reading() as session:
            return await published(session, list_name=name, number=number)

    async def _press(self, found: PublishedLetter) -> tuple[Pressed, str]:
        kept = (found.campaign_id, found.frozen_hash)
        if kept not in self._pressed:
            async with self._pages.database.reading() as session:
                letter, theme, identity = await frozen_letter(
                    session, campaign_id=found.campaign_id
                )
            pressed = await asyncio.to_thread(_pressed_for_the_web, letter, theme, identity)
            self._pressed[kept] = pressed, letter.language
            if len(self._pressed) > KEPT:
                self._pressed.popitem(last=False)
        self._pressed.move_to_end(kept)
        return self._pressed[kept]

    def _unknown(self, request: Request) -> Response:
        language = self._pages.language_for(request)
        return self._pages.page("public/unknown_letter.html.j2", language, status_code=404)


def _pressed_for_the_web(letter: Letter, theme: Theme, identity: Identity) -> Pressed:
    """With its web version, which is made when it is asked for: not on the loop that also sends."""
    pressed = press(letter, theme, identity)
    pressed.web_pieces()
    return pressed
