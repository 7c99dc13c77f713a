"""The office's two cookies: the session's secret, and a secret of the browser before signing in."""

from __future__ import annotations

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from accounts import tokens
from web.office.address import OfficeAddress

SESSION = "pli_office"
BROWSER = "pli_browser"
PATH = "/office"


def session_of(request: Request) -> str:
    """The session's secret that the browser has, or nothing."""
    return request.cookies.get(SESSION, "")[: tokens.LONGEST + 1]


def browser_of(request: Request) -> str:
    """The browser's own secret, or a new one."""
    said = request.cookies.get(BROWSER, "")
    return said if 40 <= len(said) <= tokens.LONGEST else tokens.new()


def give_session(
    response: Response, secret: str, *, until: datetime, now: datetime, address: OfficeAddress
) -> None:
    """Let the browser keep a session's secret."""
    seconds = max(0, int((until - now).total_seconds()))
    _give(response, SESSION, secret, address, seconds)


def take_session(response: Response, address: OfficeAddress) -> None:
    """Let the browser forget the session's secret."""
    _give(response, SESSION, "", address, 0)


def give_browser(response: Response, secret: str, address: OfficeAddress) -> None:
    """Let the browser keep its own secret, until it is closed."""
    _give(response, BROWSER, secret, address, None)


def _give(
    response: Response, name: str, value: str, address: OfficeAddress, seconds: int | None
) -> None:
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path=PATH,
        secure=address.is_secure,
        httponly=True,
        samesite="lax",
    )
