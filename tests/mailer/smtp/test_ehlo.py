"""The name at EHLO and the envelope sender: what was set is said, and nothing that harms."""

from __future__ import annotations

import re
import socket
from dataclasses import replace
from typing import Any

import pytest

from mailer.smtp import relay_checkup
from mailer.smtp.relay import Relay as Address
from mailer.smtp.smtp_courier import SMTPCourier
from pli.checks import State
from pli.mail_names import address, host_name, is_public
from tests.certificates import authority
from tests.mailer.smtp.parcels import Parcel, told
from tests.relay import Relay


def said(relay: Relay) -> set[str]:
    return {it.split(" ", 1)[1] for it in relay.commands if it.upper().startswith("EHLO")}


async def carried(relay: Relay, **changes: Any) -> Relay:
    of = replace(Address.parse(relay.url), **changes)
    parcels = [Parcel("a"), Parcel("b")]
    courier = SMTPCourier(of, connections=1, rests=(0.01,))
    courier.post(parcels)
    await told(parcels)
    await courier.close(1)
    return relay


@pytest.mark.parametrize("tls", ["none", "starttls"])
async def test_the_name_that_was_set_is_said(tls: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority() / "ca.pem"))
    with Relay(tls=tls).running() as relay:
        await carried(relay, ehlo_names=("lettres.example.org",))
        await replace(Address.parse(relay.url), ehlo_names=("lettres.example.org",)).greet()
    assert said(relay) == {"lettres.example.org"}


async def test_a_name_for_this_machine_alone_is_said_to_this_machine() -> None:
    with Relay().running() as relay:
        await carried(relay, ehlo_names=("localhost",))
    assert said(relay) == {"localhost"}


@pytest.mark.parametrize("name", ["localhost", "serveur", "serveur.local"])
async def test_a_name_that_means_nothing_elsewhere_is_never_said_to_another_machine(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailer.smtp.relay.is_loopback", lambda _: False)
    with Relay().running() as relay:
        await carried(relay, ehlo_names=(name,))
        assert said(relay) == {"[127.0.0.1]"}
        of = replace(Address.parse(relay.url), ehlo_names=(name, "example.org"))
        (check,) = [
            it for it in await relay_checkup.check(of, "a@example.org") if it.name == "relay.ehlo"
        ]
    assert said(relay) == {"[127.0.0.1]", "example.org"}
    assert (check.state, str(check.told)) == (
        State.WARNING, f"Pli says EHLO example.org, and not {name}",
    )  # fmt: skip


def test_without_a_name_the_own_address_is_a_literal() -> None:
    of = Address("relay.example.org", 25, "none")
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as connected,
    ):
        assert of.says(connected) == "[127.0.0.1]"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Lettres.Example.ORG", "lettres.example.org"),
        ("comité.example.org", "xn--comit-fsa.example.org"),
        ("localhost", "localhost"),
        ("serveur", "serveur"),
        ("[192.0.2.1]", "[192.0.2.1]"),
        ("[IPv6:2001:db8::1]", "[IPv6:2001:db8::1]"),
        ("[ipv6:2001:DB8::1]", "[IPv6:2001:db8::1]"),
        ("192.0.2.1", None),
        ("[2001:db8::1]", None),
        ("[IPv6:192.0.2.1]", None),
        ("[999.0.0.1]", None),
        ("a b.example.org", None),
        ("a.example.org\r\nMAIL FROM:<x>", None),
        ("a_b.example.org", None),
        ("-a.example.org", None),
        ("a..example.org", None),
        ("example.org.", None),
        ("a" * 64 + ".example.org", None),
        (".".join(["a" * 60] * 5), None),
        ("", None),
    ],
)
def test_only_a_name_or_a_literal_is_taken(text: str, name: str | None) -> None:
    assert host_name(text) == name


def test_what_another_machine_can_make_something_of() -> None:
    names = ("a.example.org", "[192.0.2.1]", "localhost", "a", "a.local")
    assert [is_public(it) for it in names] == [True, True, False, False, False]


async def test_a_relay_that_rewrites_addresses_gets_the_copys_token_in_a_header() -> None:
    with Relay().running() as relay:
        await carried(relay, mark_header="X-Mailin-custom")
        (mail, *_) = relay.received
    assert mail.message["X-Mailin-custom"] == mail.mail_from
    assert mail.message["Subject"] == "x"


@pytest.mark.parametrize("pipelining", [True, False])
async def test_a_fixed_envelope_sender_takes_the_place_of_each_copys(pipelining: bool) -> None:
    with Relay(pipelining=pipelining).running() as relay:
        await carried(relay, envelope_sender="retours@example.org")
        checks = await relay_checkup.check(
            replace(Address.parse(relay.url), envelope_sender="retours@example.org"),
            "bounce+00@example.org",
        )
    senders = {re.findall("<(.*?)>", it)[0] for it in relay.commands if it.startswith("MAIL")}
    assert senders == {"retours@example.org"}
    assert {it.mail_from for it in relay.received} == {"retours@example.org"}
    assert "it takes mail from retours@example.org" in [str(it.told) for it in checks]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("retours@example.org", "retours@example.org"),
        ("retours@comité.example.org", "retours@xn--comit-fsa.example.org"),
        ("Bureau <bureau@example.org>", None),
        ("bureau", None),
        ("a@b@example.org", None),
        ("a@example.org\r\nRCPT TO:<x@y>", None),
        ("", None),
    ],
)
def test_an_address_of_the_settings(text: str, found: str | None) -> None:
    assert address(text) == found
