"""A fake of SNS: an authority that signs, and a service at which its certificate is fetched."""

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


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def _certificate() -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.example")])
    begins = datetime.now(UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(_key().public_key())
        .serial_number(7)
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=9))
        .sign(_key(), hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


@dataclass
class Service:
    """The service as its clients see it; `asked` is what was fetched of it."""

    asked: list[str] = field(default_factory=list)
    away: bool = False

    def __call__(self, host: str, path: str) -> bytes:
        self.asked.append(f"https://{host}{path}")
        if self.away:
            raise OSError("away")
        return _certificate() if path.endswith(".pem") else b"<ok/>"


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
