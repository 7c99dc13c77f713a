"""A fake of SNS, Amazon's and Scaleway's: it signs, and its certificates are fetched there."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

HOST = "sns.eu-west-3.amazonaws.com"
TOPIC = "arn:aws:sns:eu-west-3:123456789012:pli"
CERTIFICATE = f"https://{HOST}/SimpleNotificationService-0123.pem"
SUBSCRIBE = f"https://{HOST}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=abc"
SCALEWAY_TOPIC = "arn:scw:sns:fr-par:project-5d3f5e2c-0000-4000-8000-000000000001:pli"
SCALEWAY_PLACE = "https://messaging.s3.fr-par.scw.cloud/fr-par/sns"
SCALEWAY_CERTIFICATE = f"{SCALEWAY_PLACE}/sns_certificate_0123.crt"
SCALEWAY_SUBSCRIBE = (
    "https://sns.mnq.fr-par.scaleway.com/?Action=ConfirmSubscription"
    f"&TopicArn={SCALEWAY_TOPIC}&Token=abc"
)


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def _authority() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def certificate(issued: bool = False) -> bytes:
    """The certificate by which messages are signed: self-signed, or issued by the authority."""
    return _made("sns.example", _key(), *(("authority", _authority()) if issued else ()))


@cache
def authority() -> bytes:
    """The certificate of the authority."""
    return _made("authority", _authority())


def _made(
    subject: str,
    key: rsa.RSAPrivateKey,
    issuer: str = "",
    by: rsa.RSAPrivateKey | None = None,
) -> bytes:
    begins = datetime.now(UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer or subject))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=9))
        .sign(by or key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


@dataclass
class Service:
    """The service as its clients see it; `asked` is what was fetched of it."""

    asked: list[str] = field(default_factory=list)
    away: bool = False
    issued: bool = False
    """Whether the authority issued the certificate."""

    def __call__(self, host: str, path: str) -> bytes:
        self.asked.append(f"https://{host}{path}")
        if self.away:
            raise OSError("away")
        if path.endswith("/sns-trust-chain.pem"):
            return authority()
        return certificate(self.issued) if path.endswith((".pem", ".crt")) else b"<ok/>"


def message(told: Mapping[str, Any] | str, version: str = "2", **changes: str) -> bytes:
    """A signed message; `changes` are made before it is signed."""
    fields = {
        "Type": "Notification",
        "MessageId": "m-1",
        "TopicArn": TOPIC,
        "Message": told if isinstance(told, str) else json.dumps(told),
        "Timestamp": "2026-11-28T10:00:00.000Z",
        "SignatureVersion": version,
        "SigningCertURL": CERTIFICATE,
        **changes,
    }
    names: tuple[str, ...] = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
    if fields["Type"] != "Notification":
        names = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
        fields = {"SubscribeURL": SUBSCRIBE, "Token": "abc", **fields}
    signed = "".join(f"{it}\n{fields[it]}\n" for it in names if it in fields)
    kind = hashes.SHA1() if version == "1" else hashes.SHA256()  # noqa: S303
    signature = _key().sign(signed.encode(), padding.PKCS1v15(), kind)
    return json.dumps({**fields, "Signature": base64.b64encode(signature).decode()}).encode()
