"""Under which address the office answers, and which paths somebody may be led to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from pli.loopback import is_loopback

_USUAL = {"http": 80, "https": 443}
_OURS = re.compile(r"/office/[!-~]*")
# What browsers take for a way up or out, also as it is written with percent signs (WHATWG URL).
_OUT = re.compile(r"\\|//|\.\.|^[^?]*%(?:2e|2f|5c)", re.IGNORECASE)
_LONGEST = 1_000


@dataclass(frozen=True, slots=True)
class OfficeAddress:
    """The office's address in parts; `own`: it has a host that the public pages do not have."""

    scheme: str
    host: str
    port: int
    own: bool

    @classmethod
    def of(cls, url: str, *, public_url: str) -> Self:
        """From the setting, if there is one, else from the address of the public pages."""
        mine, public = _parts(url or public_url), _parts(public_url)
        both_here = is_loopback(mine[1]) and is_loopback(public[1])
        return cls(*mine, own=mine[1:] != public[1:] and not both_here)

    def origin(self, host: str) -> str | None:
        """The origin of a request with this Host header, or None if that names another server.

        An office on this machine answers to all names and ports of this machine, but to no other:
        else any web site could let its own name lead here. `localhost` is another origin than
        127.0.0.1, and browsers offer passkeys only there.
        """
        try:
            parts = urlsplit(f"//{host.lower()}")
            named, port = parts.hostname or "", parts.port or _USUAL.get(self.scheme, 0)
        except ValueError:  # the header names no host
            return None
        if is_loopback(self.host):
            answers = is_loopback(named)
        else:
            answers = (named.rstrip("."), port) == (self.host, self.port)
        if not answers or parts.username is not None or parts.path:
            return None
        return f"{self.scheme}://{parts.netloc}"

    @property
    def is_here(self) -> bool:
        """Whether the office is on this machine only."""
        return is_loopback(self.host)

    @property
    def is_secure(self) -> bool:
        """Whether cookies are for https only; Safari takes no such cookie on http://localhost."""
        return self.scheme == "https"


def path_of_ours(text: str) -> str:
    """A page of the office to which somebody wants to go on; else nothing."""
    ours = len(text) <= _LONGEST and _OURS.fullmatch(text) and not _OUT.search(text)
    return text if ours else ""


def _parts(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or "").rstrip("."), parts.port or _USUAL[parts.scheme]
