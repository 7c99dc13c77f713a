"""Encrypts a secret that has to be read again, under a key made of the installation's keys."""

from __future__ import annotations

import secrets

from pli.errors import PliError
from pli.keys import NAME_LENGTH, Keys
from pli.language import N_

_NONCE_BYTES = 12


class SealError(PliError):
    """What was sealed cannot be opened with these keys."""


def seal(keys: Keys, purpose: bytes, owner: int, secret: bytes) -> bytes:
    """A secret as AES-256-GCM, behind the name of its key; it opens for the same owner only."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(_NONCE_BYTES)
    name = keys.current
    sealed = AESGCM(_key(keys, purpose, name)).encrypt(nonce, secret, str(owner).encode())
    return name.encode() + nonce + sealed


def opened(keys: Keys, purpose: bytes, owner: int, sealed: bytes) -> bytes:
    """The secret; raises SealError if it was sealed by other keys, or for another owner."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    name = sealed[:NAME_LENGTH].decode("ascii", "replace")
    nonce = sealed[NAME_LENGTH : NAME_LENGTH + _NONCE_BYTES]
    try:
        return AESGCM(_key(keys, purpose, name)).decrypt(
            nonce, sealed[NAME_LENGTH + _NONCE_BYTES :], str(owner).encode()
        )
    except (KeyError, ValueError, InvalidTag):
        raise SealError(
            N_("a secret was sealed with other keys: bring back pli.keys from the backup")
        ) from None


def _key(keys: Keys, purpose: bytes, name: str) -> bytes:
    return keys.signer(b"seal " + purpose, name)(b"")
