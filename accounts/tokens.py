"""Random secrets that are handed out once, and the hashes by which they are known again."""

from __future__ import annotations

import hashlib
import secrets

SECRET_BYTES = 32
LONGEST = 200
"""A longer text is no secret of ours, and is not hashed."""


def new() -> str:
    """A new secret of 32 random bytes, in letters that cookies and addresses may hold."""
    return secrets.token_urlsafe(SECRET_BYTES)


def digest(secret: str) -> bytes:
    """The SHA-256 of whatever somebody hands in as a secret; 32 bytes, for every text there is."""
    return hashlib.sha256(secret[: LONGEST + 1].encode(errors="surrogatepass")).digest()
