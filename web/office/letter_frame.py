"""The frozen letter of a draft in all its forms, each at an address of its own, to be framed."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from accounts.abilities import Ability
from mailer.campaign import freezing
from mailer.letter import snapshot
from mailer.letter.letter import Letter
from mailer.letter.press import Pressed, press
from mailer.links import Links
from mailer.recipient import ListLine, Recipient
from mailer.sender import Identity
from web.office import draft_page
from web.office.draft_page import lists_of_sending
from web.office.office_routes import OfficeRoute
from web.office.visit import HEADERS, Visit

POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self'"
)
"""Mail programs need styles in the page. Nothing runs, and nothing is loaded from elsewhere."""
FORMS = ("mail", "text", "web")
_KEPT = 8
SAMPLE = ("Camille", "Martin", "camille.martin@example.org")
"""An invented member: the frame shows nobody's name."""


class LetterFrame:
    """The addresses /office/sendings/ID/letter/FORM; the letters last asked for stay pressed."""

    def __init__(self) -> None:
        self._pressed: OrderedDict[str, tuple[Pressed, Letter, Identity]] = OrderedDict()

    def office_routes(self) -> Sequence[OfficeRoute]:
        """For who may see the draft."""
        return [
            OfficeRoute(
                f"/sendings/{{id:number}}/letter/{form}",
                getattr(self, form),
                Ability.SEE_DRAFTS,
                lists_of_sending,
            )
            for form in FORMS
        ]

    async def mail(self, visit: Visit) -> Response:
        """The mail as an invented member gets it; its links lead nowhere."""
        pressed, letter, identity = await self._frozen(visit)
        keys = visit.context.keys
        links = Links(keys, identity.public_url, identity.domain)
        return _framed(pressed.preview(_sample(letter), links, keys.current))

    async def text(self, visit: Visit) -> Response:
        """The part of plain text."""
        pressed, letter, identity = await self._frozen(visit)
        keys = visit.context.keys
        links = Links(keys, identity.public_url, identity.domain)
        text = pressed.text(_sample(letter), links, keys.current)
        return PlainTextResponse(
            text, headers={**HEADERS, "Content-Security-Policy": POLICY}, media_type="text/plain"
        )

    async def web(self, visit: Visit) -> Response:
        """The page on the web."""
        pressed, letter, _ = await self._frozen(visit)
        return _framed(pressed.web(_sample(letter).list))

    async def _frozen(self, visit: Visit) -> tuple[Pressed, Letter, Identity]:
        async with visit.context.database.reading() as session:
            draft = await draft_page.load(session, visit)
            if draft.campaign.state not in draft_page.DECIDED:
                raise HTTPException(404)
            key = draft.campaign.frozen_hash
            if key in self._pressed:
                self._pressed.move_to_end(key)
                return self._pressed[key]
            text = await freezing.frozen_text(session, draft.campaign.id)
        self._pressed[key] = await asyncio.to_thread(_pressed, text)
        if len(self._pressed) > _KEPT:
            self._pressed.popitem(last=False)
        return self._pressed[key]


def _pressed(text: str) -> tuple[Pressed, Letter, Identity]:
    letter, theme, identity = snapshot.thaw(text)
    return press(letter, theme, identity), letter, identity


def _sample(letter: Letter) -> Recipient:
    first, last, address = SAMPLE
    return Recipient(
        delivery_id=0,
        subscriber_id=0,
        email=address,
        first_name=first,
        last_name=last,
        language=letter.language,
        attributes={},
        list=ListLine(0, "exemple", "Exemple"),
    )


def _framed(page: str) -> Response:
    return HTMLResponse(page, headers={**HEADERS, "Content-Security-Policy": POLICY})
