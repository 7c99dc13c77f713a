"""What all pages have in common: their language, their headers, their response."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from urllib.parse import urlsplit

from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from mailer.sender import Identity
from pli import pages
from pli.database import Database
from pli.language import LANGUAGES
from pli.loopback import is_loopback

CLOSED = "default-src 'none'; base-uri 'none'; form-action {forms}; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class Pages:
    """What all pages need: values and injected objects; `language` is the last choice."""

    database: Database
    identity: Identity
    language: str
    now: Callable[[], datetime]
    zone: tzinfo | None = None
    """By whose clocks hours are told; None: this machine's."""

    def language_for(self, request: Request, written_in: str | None = None) -> str:
        """The language of the page's subject, else the reader's first that we know, else ours."""
        if written_in in LANGUAGES:
            return written_in
        return _accepted(request.headers.get("accept-language", "")) or self.language

    def page(
        self,
        template: str,
        language: str,
        *,
        status_code: int = 200,
        cache: str = "no-store",
        **values: Any,
    ) -> HTMLResponse:
        """A response with a template of ours, rendered with `values`."""
        body = pages.render(template, language, identity=self.identity, zone=self.zone, **values)
        return given_out(body, language, status_code=status_code, cache=cache)


def given_out(
    body: str,
    language: str,
    *,
    status_code: int = 200,
    cache: str = "no-store",
    frames: str = "'none'",
) -> HTMLResponse:
    """A response with a page that has our style sheet, and loads and runs nothing."""
    policy = (
        CLOSED.format(forms="'self'")
        + f"; style-src {pages.style_source()}; frame-src {frames}; child-src {frames}"
    )
    return HTMLResponse(
        body, status_code, {**guarded(policy), "Cache-Control": cache, "Content-Language": language}
    )


def guarded(policy: str) -> dict[str, str]:
    """The headers of every answer: tokens must not leak by referrers or search engines."""
    return {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
    }


def only_from_here(
    endpoint: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """Answer only under this machine's own name, and through no proxy; else 404.

    Otherwise any web site could let its own name lead to this machine, and read the page in a
    visitor's browser.
    """

    async def answer(request: Request) -> Response:
        try:
            here = is_loopback(urlsplit(f"//{request.headers.get('host', '')}").hostname or "")
        except ValueError:  # the Host header names no host
            here = False
        if not here or any(name in request.headers for name in _PROXIED):
            raise HTTPException(404)
        return await endpoint(request)

    return answer


_PROXIED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


async def beginning(request: Request, limit: int) -> bytes:
    """The first `limit` octets of a request's body; does not wait for more."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) >= limit:
            break
    return body[:limit]


class Number(Convertor[int]):
    """A number in a path, of as many digits as a number of ours has: int refuses 5,000 of them."""

    regex = "[0-9]{1,10}"

    def convert(self, value: str) -> int:
        """The number."""
        return int(value)

    def to_string(self, value: int) -> str:
        """As it stands in a path."""
        return str(value)


register_url_convertor("number", Number())


def _accepted(header: str) -> str | None:
    """Our language with the highest weight in Accept-Language (RFC 9110 section 12.5.4)."""
    weights: dict[str, float] = {}
    for choice in header.lower().split(","):
        name, _, weight = choice.partition(";q=")
        language = name.strip().partition("-")[0]
        try:
            weights.setdefault(language, float(weight or 1))
        except ValueError:
            continue
    known = [language for language in LANGUAGES if weights.get(language, 0) > 0]
    return max(known, key=lambda language: weights[language], default=None)
