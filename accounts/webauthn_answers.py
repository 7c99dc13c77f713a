"""What browsers and passkeys are asked and answer, by the library `webauthn`. Asks no table.

An answer comes from outside: whatever is wrong with it, it proves nothing, and the reason is
nobody's business. The library is loaded when the first passkey is asked for.
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

from accounts.names import tidy

R = TypeVar("R")

LONGEST_ANSWER = 64 * 1024
_WAIT_MILLISECONDS = 300_000
_WRONG = (
    ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError,
    EOFError,
)  # fmt: skip
"""What parsers raise at bytes that are no answer, beside the library's own errors.

cbor2 raises EOFError (CBORDecodeEOF) for what ends too early.
"""


@dataclass(frozen=True, slots=True)
class Site:
    """The office as passkeys know it: its host, its origin, and the name that people are shown."""

    host: str
    origin: str
    name: str

    @classmethod
    def of(cls, url: str, *, name: str) -> Self | None:
        """The site at a URL; None where browsers offer no passkeys.

        They refuse an IP address as a domain, and everything but https, except for localhost.
        """
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        local = host == "localhost" or host.endswith(".localhost")
        if not host or not (parts.scheme == "https" or (parts.scheme == "http" and local)):
            return None
        try:
            ip_address(host)
        except ValueError:
            origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"
            return cls(host, origin, tidy(name) or host)
        return None


@dataclass(frozen=True, slots=True)
class Created:
    """A new passkey: its id, its public key (COSE), its count, and how it can be reached."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: Sequence[str]


def creation_options(
    site: Site,
    *,
    challenge: bytes,
    handle: bytes,
    address: str,
    name: str,
    known: Sequence[tuple[bytes, Sequence[str]]],
) -> str:
    """PublicKeyCredentialCreationOptionsJSON; `known` are the credentials that exist already."""
    import webauthn
    from webauthn.helpers import structs

    return webauthn.options_to_json(
        webauthn.generate_registration_options(
            rp_id=site.host,
            rp_name=site.name,
            user_id=handle,
            user_name=address,
            user_display_name=name,
            challenge=challenge,
            timeout=_WAIT_MILLISECONDS,
            authenticator_selection=structs.AuthenticatorSelectionCriteria(
                resident_key=structs.ResidentKeyRequirement.REQUIRED,
                user_verification=structs.UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=_descriptors(known),
        )
    )


def request_options(
    site: Site, *, challenge: bytes, known: Sequence[tuple[bytes, Sequence[str]]]
) -> str:
    """PublicKeyCredentialRequestOptionsJSON; without `known`, any passkey may answer."""
    import webauthn
    from webauthn.helpers import structs

    return webauthn.options_to_json(
        webauthn.generate_authentication_options(
            rp_id=site.host,
            challenge=challenge,
            timeout=_WAIT_MILLISECONDS,
            allow_credentials=_descriptors(known),
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        )
    )


def challenge_of(answer: str) -> bytes | None:
    """The challenge that an answer says it answers; nothing is proved by that."""

    def read() -> bytes:
        client = json.loads(_bytes(_document(answer)["response"]["clientDataJSON"]))
        return _bytes(client["challenge"])

    return _or_none(read)


def credential_of(answer: str) -> bytes | None:
    """The credential that an answer names; nothing is proved by that."""
    return _or_none(lambda: _bytes(_document(answer)["rawId"]))


def created(site: Site, answer: str, challenge: bytes) -> Created | None:
    """The passkey that was made, or None if the answer does not prove one."""
    import webauthn

    def verify() -> Created:
        document = _document(answer)
        found = webauthn.verify_registration_response(
            credential=document,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
        said = document["response"].get("transports") or []
        transports = [it for it in said if isinstance(it, str) and it in _transports()]
        return Created(
            found.credential_id, found.credential_public_key, found.sign_count, transports
        )

    made = _or_none(verify)
    return made if made is None or len(made.credential_id) <= _LONGEST_ID else None


def proved(
    site: Site, answer: str, challenge: bytes, *, public_key: bytes, handle: bytes
) -> int | None:
    """The passkey's own count, if it signed this challenge for this site; else None.

    The caller judges the count: here, each count is taken.
    """
    import webauthn

    def verify() -> int | None:
        document = _document(answer)
        said = document["response"].get("userHandle")
        if said is not None and _bytes(said) != handle:
            return None
        return webauthn.verify_authentication_response(
            credential=document,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        ).new_sign_count

    return _or_none(verify)


_LONGEST_ID = 1023
"""In bytes: WebAuthn 3, 4, "Credential ID"."""


def _document(answer: str) -> dict[str, Any]:
    if len(answer) > LONGEST_ANSWER:
        raise ValueError("too long")
    document = json.loads(answer)
    if not isinstance(document, dict) or not isinstance(document.get("response"), Mapping):
        raise ValueError("no answer")
    return document


def _bytes(text: Any) -> bytes:
    from webauthn import base64url_to_bytes

    if not isinstance(text, str):
        raise ValueError("no text")
    return base64url_to_bytes(text)


def _or_none(read: Callable[[], R]) -> R | None:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        return read()
    except (*_WRONG, binascii.Error, InvalidSignature, UnsupportedAlgorithm, WebAuthnException):
        return None


def _transports() -> set[str]:
    from webauthn.helpers.structs import AuthenticatorTransport

    return {it.value for it in AuthenticatorTransport}


def _descriptors(known: Sequence[tuple[bytes, Sequence[str]]]) -> list[Any]:
    from webauthn.helpers import structs

    return [
        structs.PublicKeyCredentialDescriptor(
            id=credential_id, transports=[structs.AuthenticatorTransport(it) for it in transports]
        )
        for credential_id, transports in known
    ]
