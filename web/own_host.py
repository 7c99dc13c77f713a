"""Keeps the public pages off the host that belongs to the office alone."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from web.office.address import OfficeAddress
from web.office.cookies import PATH
from web.pages import guarded


class OwnHost:
    """Answers 404 to whatever is asked of the office's host and is not of the office."""

    def __init__(self, app: ASGIApp, office: OfficeAddress) -> None:
        self._app = app
        self._office = office

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is of the office, and what is asked of another host."""
        if scope["type"] == "http":
            host = Headers(scope=scope).get("host", "")
            path: str = scope["path"]
            of_office = path == PATH or path.startswith((f"{PATH}/", "/static/"))
            if self._office.origin(host) is not None and not of_office:
                answer = PlainTextResponse("", 404, guarded("default-src 'none'"))
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)
