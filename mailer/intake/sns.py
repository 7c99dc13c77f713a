"""Messages of SNS: who signed one, and what it says. Amazon's, and those that speak as it does.

Nothing is fetched from an address that is not the service's own, and only by https: the address
stands in the message, and anybody may have written that.
"""

from __future__ import annotations

import base64
import binascii
import http.client
import json
import logging
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from mailer.bounces.relays import events

log = logging.getLogger("pli.intake")

HOSTS = {
    "ses": re.compile(r"sns\.[a-z0-9-]{3,32}\.amazonaws\.com(\.cn)?"),
    "scaleway": re.compile(r"sns\.mnq\.[a-z]{2}-[a-z]{3}\.scaleway\.com"),
}
"""The hosts of each service, whose certificates are believed."""
SECONDS = 10.0
LARGEST = 64_000
"""Octets of a certificate, or of an answer."""
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


class NotSigned(Exception):
    """A message is not signed by the service, or is of another topic; the text says why."""


class Fetch(Protocol):
    """Fetches a page by https."""

    def __call__(self, host: str, path: str) -> bytes:
        """The body of an answer of 200; raises OSError for anything else."""


def fetched(host: str, path: str) -> bytes:
    """Fetch by https, without following a redirect."""
    connection = http.client.HTTPSConnection(
        host, timeout=SECONDS, context=ssl.create_default_context()
    )
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read(LARGEST)
    except http.client.HTTPException as error:
        raise OSError(type(error).__name__) from None
    finally:
        connection.close()
    if answer.status != 200:
        raise OSError(f"HTTP {answer.status}")
    return body


@dataclass(slots=True)
class Topic:
    """One topic: which service has it, and the certificates that were fetched already."""

    service: str
    arn: str
    fetch: Fetch = fetched
    _certificates: dict[tuple[str, str], x509.Certificate] = field(default_factory=dict)

    def read(self, body: bytes) -> dict[str, Any] | None:
        """The JSON in a message that is signed; None: a subscription was confirmed by it.

        Raises NotSigned, and OSError if the service cannot be asked.
        """
        message = _parsed(body)
        if message["TopicArn"] != self.arn:
            raise NotSigned("another topic")
        self._verify(message)
        if message["Type"] == "SubscriptionConfirmation":
            host, path = self._own_address(message["SubscribeURL"])
            self.fetch(host, path)
            log.info("intake.subscribed")
            return None
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

    def _verify(self, message: Mapping[str, str]) -> None:
        algorithm = _HASHES.get(message["SignatureVersion"])
        if algorithm is None:
            raise NotSigned("another version of signatures")
        certificate = self._certificate(message["SigningCertURL"])
        key = certificate.public_key()
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

    def _certificate(self, address: str) -> x509.Certificate:
        host, path = self._own_address(address)
        if not path.endswith(".pem"):
            raise NotSigned("no certificate's address")
        if (host, path) not in self._certificates:
            try:
                found = x509.load_pem_x509_certificate(self.fetch(host, path))
            except ValueError:
                raise NotSigned("no certificate") from None
            self._certificates = {(host, path): found}
        found = self._certificates[host, path]
        if not found.not_valid_before_utc <= datetime.now(UTC) <= found.not_valid_after_utc:
            raise NotSigned("a certificate that is over")
        return found

    def _own_address(self, address: str) -> tuple[str, str]:
        """Host and path of an address of the service; raises NotSigned for any other."""
        try:
            parts = urlsplit(address)
            port = parts.port
        except ValueError:
            raise NotSigned("no address of the service") from None
        host = parts.hostname or ""
        if (
            parts.scheme != "https"
            or not HOSTS[self.service].fullmatch(host)
            or parts.username is not None
            or port not in (None, 443)
            or not parts.path.startswith("/")
            or any(ord(it) <= 32 or ord(it) > 126 for it in address)
        ):
            raise NotSigned("no address of the service")
        return host, parts.path + (f"?{parts.query}" if parts.query else "")


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
