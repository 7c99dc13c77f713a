"""Whoever calls a hook cannot make Pli ask a service again and again."""

from __future__ import annotations

import pytest

from mailer.intake.sns_certificates import (
    AWAY_SECONDS,
    FETCHES,
    KEPT,
    REFUSED_KEPT,
    REFUSED_SECONDS,
    SERVICES,
    WITHIN_SECONDS,
    Certificates,
    NotSigned,
)
from tests.mailer.intake.sns_authority import CERTIFICATE, HOST, Service


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def at(name: str) -> str:
    return f"https://{HOST}/{name}.pem"


def test_a_certificate_is_fetched_once_and_what_is_none_is_not_asked_again_for_a_while() -> None:
    clock, asked = Clock(), list[str]()

    def fetch(host: str, path: str) -> bytes:
        asked.append(f"{host}{path}")
        return b"no certificate"

    service = Service()
    good = Certificates(SERVICES["ses"], service, clock)
    assert good.of(CERTIFICATE) is good.of(CERTIFICATE)
    assert service.asked == [CERTIFICATE]
    bad = Certificates(SERVICES["ses"], fetch, clock)
    for _ in range(3):
        with pytest.raises(NotSigned, match="no certificate"):
            bad.of(at("a"))
    assert asked == [f"{HOST}/a.pem"]
    clock.now += REFUSED_SECONDS
    with pytest.raises(NotSigned):
        bad.of(at("a"))
    assert len(asked) == 2


def test_a_service_that_is_away_is_asked_again_soon_and_never_often() -> None:
    clock, service = Clock(), Service(away=True)
    certificates = Certificates(SERVICES["ses"], service, clock)
    for said in ("away", "did not answer a moment ago"):
        with pytest.raises(OSError, match=said):
            certificates.of(CERTIFICATE)
    service.away = False
    clock.now += AWAY_SECONDS
    certificates.of(CERTIFICATE)
    assert len(service.asked) == 2


def test_of_endless_addresses_a_few_are_asked_in_a_minute_and_what_is_known_still_counts() -> None:
    clock, service = Clock(), Service()
    certificates = Certificates(SERVICES["ses"], service, clock)
    certificates.of(CERTIFICATE)
    service.away = True
    for n in range(200):
        with pytest.raises(OSError, match=r"away|too many"):
            certificates.of(at(f"forged{n}"))
    assert len(service.asked) == FETCHES
    certificates.of(CERTIFICATE)
    clock.now += WITHIN_SECONDS
    service.away = False
    for n in range(KEPT):
        certificates.of(at(f"new{n}"))
    clock.now += WITHIN_SECONDS
    certificates.of(CERTIFICATE)  # the oldest made room
    assert len(service.asked) == FETCHES + KEPT + 1
    assert len(certificates._known) == KEPT
    assert len(certificates._refused) <= REFUSED_KEPT
