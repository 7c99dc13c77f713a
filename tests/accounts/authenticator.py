"""A passkey in software: it makes and signs real ES256 credentials, and can be made to lie."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import struct
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def packed(value: bytes) -> str:
    """Base64url without its padding, as browsers write bytes."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def unpacked(text: str) -> bytes:
    """The bytes of a base64url text."""
    return base64.urlsafe_b64decode(text + "==")


@dataclass
class Authenticator:
    """One credential; `counts` is by how much its count grows with each use."""

    origin: str
    counts: int = 1
    verifies: bool = True
    count: int = 0
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))
    handle: bytes = b""

    def create(self, options: str) -> str:
        """The answer to PublicKeyCredentialCreationOptionsJSON."""
        asked = json.loads(options)
        self.handle = unpacked(asked["user"]["id"])
        data = self._data(asked["rp"]["id"], ATTESTED) + (
            b"\0" * 16
            + struct.pack(">H", len(self.credential_id))
            + self.credential_id
            + self._public_key()
        )
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer(
            {
                "clientDataJSON": packed(self._client("webauthn.create", asked["challenge"])),
                "attestationObject": packed(attestation),
                "transports": ["internal", "hybrid", "carrier-pigeon"],
            }
        )

    def get(self, options: str, *, challenge: str | None = None) -> str:
        """The answer to PublicKeyCredentialRequestOptionsJSON, or to another challenge."""
        asked = json.loads(options)
        client = self._client("webauthn.get", challenge or asked["challenge"])
        data = self._data(asked["rpId"])
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {
                "clientDataJSON": packed(client),
                "authenticatorData": packed(data),
                "signature": packed(signature),
                "userHandle": packed(self.handle),
            }
        )

    def clone(self) -> Authenticator:
        """A thief's copy, with the count of this moment."""
        return Authenticator(
            self.origin,
            self.counts,
            self.verifies,
            self.count,
            self.key,
            self.credential_id,
            self.handle,
        )

    def _data(self, host: str, flags: int = 0) -> bytes:
        self.count += self.counts
        flags |= PRESENT | (VERIFIED if self.verifies else 0)
        return hashlib.sha256(host.encode()).digest() + struct.pack(">BI", flags, self.count)

    def _client(self, kind: str, challenge: str) -> bytes:
        said: dict[str, Any] = {"type": kind, "challenge": challenge, "origin": self.origin}
        return json.dumps(said).encode()

    def _public_key(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})

    def _answer(self, response: dict[str, Any]) -> str:
        name = packed(self.credential_id)
        document = {"id": name, "rawId": name, "type": "public-key", "response": response}
        return json.dumps(document)
