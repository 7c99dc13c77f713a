"""Where a form comes from: the browser's own word, and a token in each form.

The token is of the session, or of the browser for somebody who is not in yet. It stays the same
when the session gets a new secret, so that a form in another tab goes on working.
"""

from __future__ import annotations

import base64
import hmac

from starlette.requests import Request

from accounts.sessions import Here
from pli.keys import Keys

HEADER = "X-Pli-Token"
"""In which a module of ours gives the token, where it sends no form."""


def of_session(keys: Keys, here: Here) -> str:
    """The token for forms of somebody who is in."""
    # SQLite gives the number of a session that is over to another one; the end is another then.
    end = int(here.until.timestamp())
    return _token(keys, f"session {here.session_id} {here.account_id} {end}")


def of_browser(keys: Keys, secret: str) -> str:
    """The token for forms before signing in."""
    return _token(keys, f"browser {secret}")


def is_right(token: str, expected: str) -> bool:
    """Whether this is the token."""
    return hmac.compare_digest(token.encode(errors="replace"), expected.encode())


def is_from_here(request: Request, origin: str) -> bool:
    """Whether a page of ours sent this; a browser that says nothing of that is refused."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return request.headers.get("origin") == origin


def _token(keys: Keys, of: str) -> str:
    digest = keys.signer(b"form of the office", keys.current)(of.encode(errors="replace"))
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
