"""From which network a request comes, and how many at one time one network may have.

Behind a proxy every connection is the proxy's: only a proxy that the settings trust is believed in
what it says of its visitors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

MOST = 50
"""Requests, or connections, of one network at one time. A request takes some milliseconds."""
_LONGEST = 2_000
"""Octets of X-Forwarded-For that are read, from its end: there stands what the proxy saw."""


@dataclass(frozen=True, slots=True)
class Networks:
    """The proxies that are believed, as addresses or networks; what one network may have."""

    proxies: Sequence[str] = ()
    most: int = MOST

    def trusts(self, address: str) -> bool:
        """Whether this is one of the proxies."""
        try:
            found = _plain(address)
            return any(found in ip_network(it, strict=False) for it in self.proxies)
        except ValueError:
            return False

    def of(self, peer: str, forwarded: str) -> str | None:
        """The visitor's network; None if nobody who is believed names one."""
        if not self.trusts(peer):
            return None
        for said in reversed(forwarded[-_LONGEST:].split(",")):
            address = said.strip()
            if self.trusts(address):
                continue
            try:
                return network_of(address)
            except ValueError:
                return None
        return None


NO_PROXIES = Networks()


def network_of(address: str) -> str:
    """The /24 of an IPv4 address, the /64 of an IPv6 address; ValueError if it is none."""
    found = _plain(address)
    length = 64 if isinstance(found, IPv6Address) else 24
    return str(ip_network((found, length), strict=False))


def _plain(address: str) -> IPv4Address | IPv6Address:
    found = ip_address(address.partition("%")[0].strip("[]"))
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
