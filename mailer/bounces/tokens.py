"""Reads our tokens in addresses and Message-IDs of whatever domain; the key alone proves them.

The sender's domain may have changed since a letter left, and a relay may have written its own.
"""

from __future__ import annotations

from mailer.links import Links, OptOutToken
from pli.keys import Keys

_KEPT = 16


class Tokens:
    """Reads the tokens of one installation."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._by_domain: dict[str, Links] = {}

    def of_return_path(self, address: str) -> int | None:
        """The number that a return path names; None if we did not write it."""
        return self._at(address).read_return_path(address)

    def of_message_id(self, message_id: str) -> int | None:
        """The number that a Message-ID names; None if we did not write it."""
        return self._at(message_id).read_message_id(message_id)

    def of_envelope_id(self, envelope_id: str) -> int | None:
        """The number that an ENVID names, with which a copy was handed to its relay."""
        return self.of_return_path(f"bounce+{envelope_id.strip()}@")

    def of_unsubscribe(self, token: str) -> int | None:
        """The delivery whose unsubscribe link has this token; None if we did not write it."""
        read = self._at("").read_unsubscribe(token)
        return read.delivery_id if read else None

    def of_leave_address(self, address: str) -> OptOutToken | None:
        """Who leaves which list by a mail to this address; None if we did not write it."""
        return self._at(address).read_leave_address(address)

    def _at(self, address: str) -> Links:
        domain = address.strip().strip("<>").rpartition("@")[2].lower()
        if domain not in self._by_domain:
            if len(self._by_domain) >= _KEPT:
                self._by_domain.clear()
            self._by_domain[domain] = Links(self._keys, "", domain)
        return self._by_domain[domain]
