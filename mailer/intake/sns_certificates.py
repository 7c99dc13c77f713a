"""The certificates by which SNS signs, and services that speak as it does: each fetched once.

The address of a certificate stands in the message, and anybody may have written that. So nothing
is fetched but from the service's own place and by https; what gave no certificate is not asked
again for a while, and no more than a few fetches are made in a minute.

Sources: Amazon's "Verifying the signatures of Amazon SNS messages"; Scaleway's "Verifying webhook
signatures" (2025), which names the authority that must have issued a certificate.
"""

from __future__ import annotations

import http.client
import re
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature

SECONDS = 10.0
LARGEST = 64_000
"""Octets of a certificate, or of an answer."""
KEPT = 8
"""Certificates; a service has one or two at a time."""
REFUSED_SECONDS = 600.0
"""So long an address is not asked again that gave no certificate of the service."""
AWAY_SECONDS = 30.0
"""So long an address is not asked again that did not answer."""
REFUSED_KEPT = 100
FETCHES = 10
WITHIN_SECONDS = 60.0
"""At most FETCHES of certificates within so long: an address can be written in endless ways."""


class NotSigned(Exception):
    """A message is not signed by the service, or is of another topic; the text says why."""


class TooOften(OSError):
    """The service was asked so often, or so shortly before, that it is not asked now."""


class Place(NamedTuple):
    """Where something is fetched by https."""

    host: str
    path: str


class Fetch(Protocol):
    """Fetches a page by https."""

    def __call__(self, host: str, path: str) -> bytes:
        """The body of an answer of 200; raises OSError for anything else."""


@dataclass(frozen=True, slots=True)
class Service:
    """Where a service may be asked: hosts, the places of certificates, and of their issuers.

    `certificates` matches host and path. `issuers` is the place of the authority's certificates,
    in PEM, with {region} for what `certificates` calls so; None: the place alone proves one.
    """

    hosts: re.Pattern[str]
    certificates: re.Pattern[str]
    issuers: Place | None = None


SERVICES: Mapping[str, Service] = {
    "ses": Service(
        re.compile(r"sns\.[a-z0-9-]{3,32}\.amazonaws\.com(\.cn)?"),
        re.compile(r"sns\.[a-z0-9-]{3,32}\.amazonaws\.com(\.cn)?/[A-Za-z0-9_.-]{1,120}\.pem"),
    ),
    "scaleway": Service(
        re.compile(r"sns\.mnq\.[a-z]{2}-[a-z]{3}\.scaleway\.com"),
        re.compile(
            r"messaging\.s3\.(?:fr-par|nl-ams)\.scw\.cloud"
            r"/(?P<region>[a-z]{2}-[a-z]{3})/sns/[A-Za-z0-9_-]{1,120}\.(?:crt|pem)"
        ),
        Place("messaging.s3.fr-par.scw.cloud", "/{region}/sns/sns-trust-chain.pem"),
    ),
}
"""The services whose messages are believed, by the kind of relay."""


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


def place_of(address: str) -> Place:
    """Host and path of an address by https, on the usual port; raises NotSigned for any other."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise NotSigned("no address of the service") from None
    if (
        parts.scheme != "https"
        or parts.username is not None
        or port not in (None, 443)
        or not parts.path.startswith("/")
        or any(ord(it) <= 32 or ord(it) > 126 for it in address)
    ):
        raise NotSigned("no address of the service")
    return Place(parts.hostname or "", parts.path + (f"?{parts.query}" if parts.query else ""))


class Certificates:
    """The certificates of one service that were fetched, and what gave none."""

    def __init__(
        self, service: Service, fetch: Fetch, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._service = service
        self._fetch = fetch
        self._clock = clock
        self._known: dict[Place, x509.Certificate] = {}
        self._refused: dict[Place, tuple[float, Exception]] = {}
        self._fetches: deque[float] = deque(maxlen=FETCHES)
        # Hooks are read in threads.
        self._one = threading.Lock()

    def of(self, address: str) -> x509.Certificate:
        """The certificate at an address of the service, if it holds now.

        Raises NotSigned, and OSError if the service cannot be asked.
        """
        place = place_of(address)
        named = self._service.certificates.fullmatch("".join(place))
        if named is None:
            raise NotSigned("no certificate's address")
        found = self._known.get(place) or self._asked(place, named.groupdict())
        if not _holds(found):
            raise NotSigned("a certificate that is over")
        return found

    def _asked(self, place: Place, named: Mapping[str, str]) -> x509.Certificate:
        self._refuse_again(place)
        if not self._one.acquire(timeout=SECONDS):
            raise TooOften("another certificate is being fetched")
        try:
            if place in self._known:
                return self._known[place]
            self._refuse_again(place)
            self._count()
            try:
                found = self._proven(place, named)
            except (NotSigned, OSError) as error:
                self._remember(place, error)
                raise
            self._known = dict([*self._known.items(), (place, found)][-KEPT:])
            return found
        finally:
            self._one.release()

    def _proven(self, place: Place, named: Mapping[str, str]) -> x509.Certificate:
        try:
            found = x509.load_pem_x509_certificate(self._fetch(*place))
        except ValueError:
            raise NotSigned("no certificate") from None
        if self._service.issuers is not None:
            host, path = self._service.issuers
            if not _is_issued(found, self._fetch(host, path.format_map(named))):
                raise NotSigned("a certificate of another authority")
        return found

    def _refuse_again(self, place: Place) -> None:
        until, error = self._refused.get(place, (0.0, None))
        if error is None or self._clock() >= until:
            return
        if isinstance(error, NotSigned):
            raise NotSigned(str(error))
        raise TooOften("it did not answer a moment ago")

    def _remember(self, place: Place, error: Exception) -> None:
        seconds = REFUSED_SECONDS if isinstance(error, NotSigned) else AWAY_SECONDS
        others = [it for it in self._refused.items() if it[0] != place]
        self._refused = dict([*others, (place, (self._clock() + seconds, error))][-REFUSED_KEPT:])

    def _count(self) -> None:
        now = self._clock()
        if len(self._fetches) == FETCHES and now < self._fetches[0] + WITHIN_SECONDS:
            raise TooOften("too many addresses of certificates")
        self._fetches.append(now)


def _holds(certificate: x509.Certificate) -> bool:
    return certificate.not_valid_before_utc <= datetime.now(UTC) <= certificate.not_valid_after_utc


def _is_issued(certificate: x509.Certificate, authority: bytes) -> bool:
    """Whether one of the authority's certificates issued this one."""
    try:
        issuers: Sequence[x509.Certificate] = x509.load_pem_x509_certificates(authority)
    except ValueError:
        return False
    return any(_holds(it) and _issued_by(certificate, it) for it in issuers)


def _issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
