"""Every signed address, written and read: unsubscribe, undo, return path, Message-ID.

A token is the name of its key, numbers as varints, and a truncated HMAC over both under a purpose
of its own. It holds no address, and outlives the rows it names. Reading rebuilds the whole token
and compares in constant time, so that every token has exactly one spelling.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from pli.keys import NAME_LENGTH, Keys

UNSUBSCRIBE = b"unsubscribe"
UNDO = b"undo"
RETURN_PATH = b"return path"
MESSAGE_ID = b"message id"

# 128 bits for what acts on a person (RFC 8058 3.1: unforgeable); 80 for what only sorts mail.
ACTING = 16
SORTING = 10

LONGEST = 200
LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class OptOutToken:
    """What an unsubscribe link says: who leaves which list, from which copy, under which key."""

    subscriber_id: int
    list_id: int
    delivery_id: int
    key: str


@dataclass(frozen=True, slots=True)
class UndoToken:
    """What an undo link says: whose opt-out, by which consent record, may be taken back."""

    subscriber_id: int
    list_id: int
    consent_record_id: int


class Links:
    """Writes and reads the addresses of one installation; `mail_domain` is an A-label."""

    def __init__(self, keys: Keys, public_url: str, mail_domain: str) -> None:
        self._keys = keys
        self._unsubscribe = f"{public_url}/u/"
        self._web = f"{public_url}/l/"
        self._domain = mail_domain
        self._signers: dict[tuple[bytes, str, int], Callable[[bytes], bytes]] = {}

    def unsubscribe(self, subscriber_id: int, list_id: int, delivery_id: int, key: str) -> str:
        """Where this person leaves this list."""
        token = self._token(UNSUBSCRIBE, key, (subscriber_id, list_id, delivery_id), ACTING)
        return self._unsubscribe + _web_text(token)

    def read_unsubscribe(self, token: str) -> OptOutToken | None:
        """What stands in an unsubscribe link; None for any token that we did not write."""
        read = self._read_web(UNSUBSCRIBE, token, 3)
        if read is None:
            return None
        key, (subscriber_id, list_id, delivery_id) = read
        return OptOutToken(subscriber_id, list_id, delivery_id, key)

    def undo(self, subscriber_id: int, list_id: int, consent_record_id: int, expires: int) -> str:
        """A token that takes this very opt-out back until `expires` (seconds of the epoch)."""
        numbers = (subscriber_id, list_id, consent_record_id, expires)
        return _web_text(self._token(UNDO, self._keys.current, numbers, ACTING))

    def read_undo(self, token: str, now: float) -> UndoToken | None:
        """What an undo token says; None if it is not ours or its time is over."""
        read = self._read_web(UNDO, token, 4)
        if read is None:
            return None
        subscriber_id, list_id, consent_record_id, expires = read[1]
        return UndoToken(subscriber_id, list_id, consent_record_id) if now < expires else None

    def web_version(self, list_name: str, number: int) -> str:
        """Where a letter stands on the web."""
        return f"{self._web}{quote(list_name, safe='')}/{number}"

    def return_path(self, delivery_id: int, key: str) -> str:
        """The envelope's sender of one copy (VERP); 49 octets at most before the @ (RFC: 64)."""
        token = self._token(RETURN_PATH, key, (delivery_id,), SORTING)
        return f"bounce+{_mail_text(token)}@{self._domain}"

    def read_return_path(self, address: str) -> int | None:
        """The delivery a bounce came back for; relays may have changed the case."""
        local, _, domain = address.strip().strip("<>").rpartition("@")
        if domain.lower() != self._domain.lower() or local[:7].lower() != "bounce+":
            return None
        return self._read_mail(RETURN_PATH, local[7:])

    def message_id(self, delivery_id: int, key: str) -> str:
        """The Message-ID of one copy: the same for each attempt."""
        token = self._token(MESSAGE_ID, key, (delivery_id,), SORTING)
        return f"<{_mail_text(token)}@{self._domain}>"

    def read_message_id(self, message_id: str) -> int | None:
        """The delivery a Message-ID of ours belongs to."""
        local, _, domain = message_id.strip().strip("<>").rpartition("@")
        if domain.lower() != self._domain.lower():
            return None
        return self._read_mail(MESSAGE_ID, local)

    def _token(self, purpose: bytes, key: str, numbers: Sequence[int], length: int) -> bytes:
        sign = self._signers.get((purpose, key, length))
        if sign is None:
            sign = self._keys.signer(purpose, key, length)
            self._signers[purpose, key, length] = sign
        payload = key.encode() + _varints(numbers)
        return payload + sign(payload)

    def _read_web(self, purpose: bytes, text: str, count: int) -> tuple[str, list[int]] | None:
        if not text.isascii() or len(text) > LONGEST:
            return None
        try:
            token = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except (binascii.Error, ValueError):
            return None
        read = self._read(purpose, token, count, ACTING)
        return read if read and hmac.compare_digest(_web_text(token), text) else None

    def _read_mail(self, purpose: bytes, text: str) -> int | None:
        if not text.isascii() or len(text) > LONGEST:
            return None
        text = text.lower()
        try:
            token = bytes.fromhex(text)
        except ValueError:
            return None
        read = self._read(purpose, token, 1, SORTING)
        return read[1][0] if read and hmac.compare_digest(_mail_text(token), text) else None

    def _read(
        self, purpose: bytes, token: bytes, count: int, length: int
    ) -> tuple[str, list[int]] | None:
        key = token[:NAME_LENGTH].decode("ascii", "replace")
        numbers = _read_varints(token[NAME_LENGTH:-length], count)
        if numbers is None or key not in self._keys.tokens:
            return None
        ours = hmac.compare_digest(self._token(purpose, key, numbers, length), token)
        return (key, numbers) if ours else None


def _varints(numbers: Sequence[int]) -> bytes:
    """Numbers in groups of seven bits, the smallest first, the high bit saying that more come."""
    written = b""
    for number in numbers:
        rest = number
        while rest > 127:
            written += _OCTETS[rest & 127 | 128]
            rest >>= 7
        written += _OCTETS[rest]
    return written


_OCTETS = [bytes([n]) for n in range(256)]


def _read_varints(written: bytes, count: int) -> list[int] | None:
    numbers: list[int] = []
    number = shift = 0
    for byte in written:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            numbers.append(number)
            number = shift = 0
    whole = not shift and len(numbers) == count and max(numbers) <= LARGEST
    return numbers if whole else None


def _web_text(token: bytes) -> str:
    return base64.urlsafe_b64encode(token).rstrip(b"=").decode()


def _mail_text(token: bytes) -> str:
    """Hexadecimal: no relay that folds case harms it, and it costs half of what base 32 does."""
    return token.hex()
