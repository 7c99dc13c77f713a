"""Web hooks: what providers of relays tell of copies, under /hooks/NAME.

It is answered at once: 200 after the commit, 401 if nothing proves who calls, 413 if it is too
large. What it means is found out later.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from mailer.bounces.relays.events import NoEvents
from mailer.bounces.tokens import Tokens
from mailer.intake import hooks
from mailer.intake.hooks import LARGEST, Hook, NotProven
from pli.database import Database, DatabaseAway
from web.pages import beginning, guarded

log = logging.getLogger("pli.web")


class Hooks:
    """The pages under /hooks/."""

    def __init__(
        self,
        database: Database,
        known: Sequence[Hook],
        tokens: Tokens,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._tokens = tokens
        self._hooks = {it.name: it for it in known}
        self._now = now

    def routes(self) -> list[Route]:
        """A page for each hook; nothing else stands below /hooks/."""
        return [
            Route(f"/hooks/{name}", self._answering(hook), methods=["POST"])
            for name, hook in self._hooks.items()
        ]

    def _answering(self, hook: Hook) -> Callable[[Request], object]:
        async def answer(request: Request) -> Response:
            return await self._taken(hook, request)

        return answer

    async def _taken(self, hook: Hook, request: Request) -> Response:
        length = request.headers.get("content-length", "0")
        if length.isdigit() and int(length) > LARGEST:
            return _plain("too large", 413)
        body = await beginning(request, LARGEST + 1)
        if len(body) > LARGEST:
            return _plain("too large", 413)
        key = request.query_params.get("key", "")
        now = self._now()
        try:
            # In a thread: a signature may need a certificate that is fetched.
            told = await asyncio.to_thread(hook.read, body, dict(request.headers), key, now)
            if told.confirmation is not None:
                await hooks.confirm(self._database, hook, told.confirmation, now=now)
            async with self._database.begin() as session:
                await hooks.take(session, hook, told.documents, tokens=self._tokens, now=now)
        except NotProven as error:
            log.warning("hook.not_proven", extra={"hook": hook.name, "reason": str(error)})
            return _plain("not proven", 401)
        except NoEvents:
            return _plain("no events", 400)
        except DatabaseAway:
            return _plain("try again later", 503, {"Retry-After": "60"})
        except OSError as error:
            log.warning("hook.not_asked", extra={"hook": hook.name, "error": type(error).__name__})
            return _plain("try again later", 503, {"Retry-After": "60"})
        return _plain("kept", 200)


def _plain(text: str, code: int, more: dict[str, str] | None = None) -> Response:
    headers = {**guarded("default-src 'none'"), "Cache-Control": "no-store", **(more or {})}
    return PlainTextResponse(f"{text}\n", code, headers)
