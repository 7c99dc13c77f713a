"""Shows the demo's inbox: each mail as its reader sees it, and as it came over the wire.

Every mail is taken for hostile. Its HTML is a document of its own, sandboxed by its policy and by
its frame: it runs nothing and loads nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from pli import pages
from web import maildir
from web.maildir import Maildir
from web.pages import Pages, given_out, guarded, only_from_here

PAGE = 50
LONGEST_SHOWN = 500_000
_FIELDS = ("From", "To", "Subject", "Date", "List-Id", "Return-Path")

FRAME_POLICY = (
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)


class Inbox:
    """The pages under /inbox/."""

    def __init__(self, pages: Pages, folder: Path, *, office: bool) -> None:
        self._pages = pages
        self._mails = Maildir(folder)
        self._office = office

    def routes(self) -> list[Route]:
        """The routes; each answers only under this machine's own name."""
        shown: dict[str, Callable[[Request], Any]] = {
            "/inbox": self.mails,
            "/inbox/": self.mails,
            "/inbox/{key}": self.as_html,
            "/inbox/{key}/frame": self.frame,
            "/inbox/{key}/text": self.as_text,
            "/inbox/{key}/source": self.as_source,
            "/inbox/{key}/mail.eml": self.as_file,
        }
        return [
            Route(path, only_from_here(endpoint), methods=["GET"])
            for path, endpoint in shown.items()
        ]

    async def mails(self, request: Request) -> Response:
        """One page of the list of mails, the newest first."""
        asked = request.query_params.get("page", "")
        keys = await asyncio.to_thread(self._mails.keys)
        last = max(1, -(-len(keys) // PAGE))
        is_number = asked.isascii() and asked.isdigit() and len(asked) < 9
        number = min(max(1, int(asked)), last) if is_number else 1
        shown = keys[(number - 1) * PAGE : number * PAGE]
        heads = await asyncio.to_thread(lambda: [self._mails.head(key) for key in shown])
        mails = [(key, _fields(head)) for key, head in zip(shown, heads, strict=True)]
        return self._page(request, "inbox", mails=mails, total=len(keys), number=number, last=last)

    async def as_html(self, request: Request) -> Response:
        """The mail as its reader sees it, in a frame that can do nothing."""
        return await self._mail(request, "html")

    async def as_text(self, request: Request) -> Response:
        """The mail's plain text."""
        return await self._mail(request, "text")

    async def as_source(self, request: Request) -> Response:
        """The mail as it came, with its header."""
        return await self._mail(request, "source")

    async def frame(self, request: Request) -> Response:
        """The mail's HTML alone."""
        read = maildir.body(await self._data(request))
        return HTMLResponse(read.html, headers=_alone(FRAME_POLICY))

    async def as_file(self, request: Request) -> Response:
        """The mail as a file that mail programs open."""
        data = await self._data(request)
        headers = _alone("sandbox; default-src 'none'")
        headers["Content-Disposition"] = 'attachment; filename="mail.eml"'
        return Response(data, headers=headers, media_type="message/rfc822")

    async def _mail(self, request: Request, view: str) -> Response:
        data = await self._data(request)
        read = maildir.body(data)
        head = self._mails.head(request.path_params["key"])
        text = {"text": read.text, "source": data.decode("utf-8", "replace"), "html": ""}[view]
        return self._page(
            request,
            "mail",
            key=request.path_params["key"],
            fields=_fields(head),
            leave=list(maildir.web_addresses(maildir.header(head, "List-Unsubscribe"))),
            view=view,
            has_html=bool(read.html),
            files=read.files,
            text=text[:LONGEST_SHOWN],
            is_cut=len(text) > LONGEST_SHOWN,
        )

    async def _data(self, request: Request) -> bytes:
        data = await asyncio.to_thread(self._mails.read, request.path_params["key"])
        if data is None:
            raise HTTPException(404)
        return data

    def _page(self, request: Request, name: str, **values: Any) -> Response:
        language = self._pages.language_for(request)
        body = pages.render(
            f"inbox/{name}.html.j2",
            language,
            identity=self._pages.identity,
            office=self._office,
            inbox=True,
            **values,
        )
        return given_out(body, language, frames="'self'")


def _fields(head: Message) -> dict[str, str]:
    return {name: maildir.header(head, name) for name in _FIELDS}


def _alone(policy: str) -> dict[str, str]:
    return {
        **guarded(policy),
        "Cache-Control": "no-store",
        "X-DNS-Prefetch-Control": "off",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
