"""Messages of SNS: who signed one, and what it says. Amazon's, and those that speak as it does."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from mailer.bounces.relays import events
from mailer.intake.sns_certificates import (
    SERVICES,
    Certificates,
    Fetch,
    NotSigned,
    Place,
    fetched,
    place_of,
)

_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        "Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type",
    ),
    "UnsubscribeConfirmation": (
        "Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type",
    ),
}  # fmt: skip
_HASHES: Mapping[str, hashes.HashAlgorithm] = {"1": hashes.SHA1(), "2": hashes.SHA256()}  # noqa: S303


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A subscription of our topic that waits to be confirmed: its token, and where to ask."""

    token: str
    place: Place


@dataclass(slots=True)
class Topic:
    """One topic of a service, whose messages count."""

    service: str
    arn: str
    fetch: Fetch = fetched
    _certificates: Certificates = field(init=False)

    def __post_init__(self) -> None:
        self._certificates = Certificates(SERVICES[self.service], self.fetch)

    def read(self, body: bytes) -> dict[str, Any] | Confirmation | None:
        """The JSON in a message that is signed, or what is to be confirmed; None: neither.

        Raises NotSigned, and OSError if the service cannot be asked.
        """
        message = _parsed(body)
        if message["TopicArn"] != self.arn:
            raise NotSigned("another topic")
        self._verify(message)
        if message["Type"] == "SubscriptionConfirmation":
            place = place_of(message["SubscribeURL"])
            if not SERVICES[self.service].hosts.fullmatch(place.host):
                raise NotSigned("no address of the service")
            return Confirmation(message["Token"], place)
        if message["Type"] != "Notification":
            return None
        if events.too_deep(message["Message"].encode("utf-8", "replace")):
            raise NotSigned("no event")
        try:
            told = json.loads(message["Message"])
        except (ValueError, RecursionError):
            raise NotSigned("no event") from None
        if not isinstance(told, dict):
            raise NotSigned("no event")
        return told

    def confirm(self, confirmation: Confirmation) -> None:
        """Ask the service to send us the topic's messages; raises OSError."""
        self.fetch(*confirmation.place)

    def _verify(self, message: Mapping[str, str]) -> None:
        algorithm = _HASHES.get(message["SignatureVersion"])
        if algorithm is None:
            raise NotSigned("another version of signatures")
        key = self._certificates.of(message["SigningCertURL"]).public_key()
        signed = "".join(
            f"{name}\n{message[name]}\n" for name in _SIGNED[message["Type"]] if name in message
        )
        try:
            signature = base64.b64decode(message["Signature"], validate=True)
            if not isinstance(key, rsa.RSAPublicKey):
                raise NotSigned("another kind of key")
            key.verify(signature, signed.encode(), padding.PKCS1v15(), algorithm)
        except (binascii.Error, ValueError, InvalidSignature):
            raise NotSigned("a wrong signature") from None


def _parsed(body: bytes) -> dict[str, str]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise NotSigned("no message") from None
    if not isinstance(found, dict):
        raise NotSigned("no message")
    message = {str(name): it for name, it in found.items() if isinstance(it, str)}
    if message.get("Type") not in _SIGNED:
        raise NotSigned("another kind of message")
    needed = {"SignatureVersion", "Signature", "SigningCertURL", *_SIGNED[message["Type"]]}
    if not needed - {"Subject"} <= set(message):
        raise NotSigned("no whole message")
    return message
