"""Signed addresses, written and read: unsubscribe, undo, return path, Message-ID.

A token is the name of its key, numbers as varints, and a part of an HMAC over both. Each purpose
has an HMAC of its own. A copy's Message-ID and return path show two parts of one HMAC. A token
holds no address, and outlives the rows that it names. Reading rebuilds the whole token and compares
in constant time, so that every token has exactly one spelling.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

from pli.keys import NAME_LENGTH, Keys

UNSUBSCRIBE = b"unsubscribe"
UNDO = b"undo"
LEAVE = b"leave by mail"
COPY = b"message id"  # older than the signed return paths, which share it

# The part of a signature that a token shows: 128 bits if it acts on a person (RFC 8058 3.1:
# unforgeable), 80 bits if it only sorts mail. A copy needs two of those; neither reveals the other.
ACTING = slice(16)
MESSAGE_ID = slice(10)
RETURN_PATH = slice(10, 20)

FIRST_NUMBER = 2**40
"""Links and Message-IDs of notices use numbers from here on, which no delivery will reach."""

LONGEST = 200
LONGEST_LOCAL = 64
"""Octets before the @ of an address (RFC 5321 4.5.3.1.1)."""
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
    """What an undo link says: whose opt-out may be taken back, and which consent record it made."""

    subscriber_id: int
    list_id: int
    consent_record_id: int


class Marks(NamedTuple):
    """How a copy is recognised again: by its Message-ID and its envelope sender (VERP)."""

    message_id: str
    return_path: str


class Links:
    """Writes and reads the addresses of one installation; `mail_domain` is an A-label."""

    def __init__(self, keys: Keys, public_url: str, mail_domain: str) -> None:
        self._keys = keys
        self._unsubscribe = f"{public_url}/u/"
        self._web = f"{public_url}/l/"
        self._domain = mail_domain
        self._signers: dict[tuple[bytes, str], tuple[bytes, Callable[[bytes], bytes]]] = {}

    def unsubscribe(self, subscriber_id: int, list_id: int, delivery_id: int, key: str) -> str:
        """The address at which this person leaves this list."""
        token = self._token(UNSUBSCRIBE, key, (subscriber_id, list_id, delivery_id), ACTING)
        return self._unsubscribe + _web_text(token)

    def read_unsubscribe(self, token: str) -> OptOutToken | None:
        """What an unsubscribe link says; None for any token that we did not write."""
        read = self._read_web(UNSUBSCRIBE, token, 3)
        if read is None:
            return None
        key, (subscriber_id, list_id, delivery_id) = read
        return OptOutToken(subscriber_id, list_id, delivery_id, key)

    def leave_address(
        self, subscriber_id: int, list_id: int, delivery_id: int, key: str
    ) -> str | None:
        """The address to which a mail takes this person off this list, as one click does.

        None if the numbers are so large that its local part would be too long.
        """
        token = self._token(LEAVE, key, (subscriber_id, list_id, delivery_id), ACTING)
        local = f"leave+{_mail_text(token)}"
        return f"{local}@{self._domain}" if len(local) <= LONGEST_LOCAL else None

    def read_leave_address(self, address: str) -> OptOutToken | None:
        """What such an address says; relays may have changed the case. None: not ours."""
        local, _, domain = address.strip().strip("<>").rpartition("@")
        if domain.lower() != self._domain.lower() or local[:6].lower() != "leave+":
            return None
        token = _hexadecimal(local[6:])
        read = self._read(LEAVE, token, 3, ACTING) if token else None
        if read is None:
            return None
        key, (subscriber_id, list_id, delivery_id) = read
        return OptOutToken(subscriber_id, list_id, delivery_id, key)

    def undo(self, subscriber_id: int, list_id: int, consent_record_id: int, expires: int) -> str:
        """A token that takes back this one opt-out, until `expires` (seconds of the epoch)."""
        numbers = (subscriber_id, list_id, consent_record_id, expires)
        return _web_text(self._token(UNDO, self._keys.current, numbers, ACTING))

    def read_undo(self, token: str, now: float) -> UndoToken | None:
        """What an undo token says; None if we did not write it, or if it has expired."""
        read = self._read_web(UNDO, token, 4)
        if read is None:
            return None
        subscriber_id, list_id, consent_record_id, expires = read[1]
        return UndoToken(subscriber_id, list_id, consent_record_id) if now < expires else None

    def web_version(self, list_name: str, number: int) -> str:
        """The address of a letter's web version."""
        return f"{self._web}{quote(list_name, safe='')}/{number}"

    def marks(self, delivery_id: int, key: str) -> Marks:
        """The marks of a copy, the same for each attempt.

        A return path has at most 49 octets before the @; RFC 5321 allows 64.
        """
        payload, signature = self._signed(COPY, key, (delivery_id,))
        return Marks(
            f"<{_mail_text(payload + signature[MESSAGE_ID])}@{self._domain}>",
            f"bounce+{_mail_text(payload + signature[RETURN_PATH])}@{self._domain}",
        )

    def read_return_path(self, address: str) -> int | None:
        """The delivery that a bounce is about, or None; relays may have changed the case."""
        local, _, domain = address.strip().strip("<>").rpartition("@")
        if domain.lower() != self._domain.lower() or local[:7].lower() != "bounce+":
            return None
        return self._read_mail(local[7:], RETURN_PATH)

    def read_message_id(self, message_id: str) -> int | None:
        """The delivery that a Message-ID belongs to; None if we did not write it."""
        local, _, domain = message_id.strip().strip("<>").rpartition("@")
        if domain.lower() != self._domain.lower():
            return None
        return self._read_mail(local, MESSAGE_ID)

    def _token(self, purpose: bytes, key: str, numbers: Sequence[int], part: slice) -> bytes:
        payload, signature = self._signed(purpose, key, numbers)
        return payload + signature[part]

    def _signed(self, purpose: bytes, key: str, numbers: Sequence[int]) -> tuple[bytes, bytes]:
        """A token's payload, and the signature of which the token shows a part."""
        known = self._signers.get((purpose, key))
        if known is None:
            known = self._signers[purpose, key] = key.encode(), self._keys.signer(purpose, key)
        name, sign = known
        payload = name + _varints(numbers)
        return payload, sign(payload)

    def _read_web(self, purpose: bytes, text: str, count: int) -> tuple[str, list[int]] | None:
        if not text.isascii() or len(text) > LONGEST:
            return None
        try:
            token = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except (binascii.Error, ValueError):
            return None
        read = self._read(purpose, token, count, ACTING)
        return read if read and hmac.compare_digest(_web_text(token), text) else None

    def _read_mail(self, text: str, part: slice) -> int | None:
        token = _hexadecimal(text)
        read = self._read(COPY, token, 1, part) if token else None
        return read[1][0] if read else None

    def _read(
        self, purpose: bytes, token: bytes, count: int, part: slice
    ) -> tuple[str, list[int]] | None:
        key = token[:NAME_LENGTH].decode("ascii", "replace")
        signed = part.stop - (part.start or 0)
        numbers = _read_varints(token[NAME_LENGTH:-signed], count)
        if numbers is None or key not in self._keys.tokens:
            return None
        ours = hmac.compare_digest(self._token(purpose, key, numbers, part), token)
        return (key, numbers) if ours else None


def _varints(numbers: Sequence[int]) -> bytes:
    """Numbers in groups of seven bits, the lowest first; a high bit means that more follow."""
    octets: list[int] = []
    for number in numbers:
        rest = number
        while rest > 127:
            octets.append(rest & 127 | 128)
            rest >>= 7
        octets.append(rest)
    return bytes(octets)


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
    # The same as urlsafe_b64encode, which takes twice the time.
    return binascii.b2a_base64(token, newline=False).translate(_URL_SAFE).rstrip(b"=").decode()


_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def _hexadecimal(text: str) -> bytes | None:
    """The token that a mail's text spells, in whatever case; None if it spells none."""
    text = text.lower()
    if not text.isascii() or len(text) > LONGEST:
        return None
    try:
        token = bytes.fromhex(text)
    except ValueError:
        return None
    # bytes.fromhex overlooks spaces.
    return token if token.hex() == text else None


def _mail_text(token: bytes) -> str:
    """Hexadecimal: a relay that folds case does no harm, and base 32 costs twice as much."""
    return token.hex()
