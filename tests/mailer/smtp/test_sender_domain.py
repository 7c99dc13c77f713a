"""The check of the sender's domain, which asks a real name server."""

from __future__ import annotations

import pytest

from mailer.smtp import sender_domain
from pli.checks import State
from tests.nameserver import PUBLIC, SOUND, Zone, answering
from tests.servers import free_port


async def stands(zone: Zone, domain: str = "example.org") -> dict[str, tuple[State, str]]:
    with answering(zone) as server:
        checks = await sender_domain.check(domain, server)
    return {it.name: (it.state, f"{it.told} {it.remedy or ''}") for it in checks}


def without(part: str, kind: str) -> Zone:
    left = {name: it for name, it in SOUND[part].items() if name != kind}
    return {**SOUND, part: left}


async def test_a_domain_with_mx_spf_and_dmarc_is_fine() -> None:
    found = await stands(SOUND)
    assert {state for state, _ in found.values()} == {State.OK}
    assert "mx.example.org" in found["dns.mx"][1]
    assert "v=spf1 mx -all" in found["dns.spf"][1]
    assert "p=reject" in found["dns.dmarc"][1]


@pytest.mark.parametrize(
    ("zone", "name", "state", "said"),
    [
        (without("example.org", "MX"), "dns.mx", State.WARNING, "no MX"),
        (without("example.org", "TXT"), "dns.spf", State.WARNING, "no SPF"),
        (without("_dmarc.example.org", "TXT"), "dns.dmarc", State.WARNING, "v=DMARC1; p=none"),
        (
            {**SOUND, "example.org": {"MX": ["0 ."], "TXT": ['"v=spf1 -all"']}},
            "dns.mx",
            State.ERROR,
            "takes no mail",
        ),
        (
            {**SOUND, "example.org": {**SOUND["example.org"], "TXT": ['"v=spf1 +all"']}},
            "dns.spf",
            State.WARNING,
            "whole world",
        ),
        (
            {
                **SOUND,
                "example.org": {
                    **SOUND["example.org"],
                    "TXT": ['"v=spf1 mx -all"', '"v=spf1 a -all"', '"v=spf10"'],
                },
            },
            "dns.spf",
            State.WARNING,
            "2 SPF records",
        ),
    ],
    ids=["no mx", "no spf", "no dmarc", "null mx", "spf for all", "two spf"],
)
async def test_what_is_missing_is_told_with_what_to_do(
    zone: Zone, name: str, state: State, said: str
) -> None:
    found = await stands(zone)
    assert found[name][0] is state
    assert said in found[name][1]
    assert [it for it in found if found[it][0] is not State.OK] == [name]


async def test_a_record_in_pieces_is_read_as_one_and_other_texts_are_none() -> None:
    texts = ['"google-site-verification=x"', '"v=spf1 mx" " -all"']
    zone = {**SOUND, "example.org": {**SOUND["example.org"], "TXT": texts}}
    assert (await stands(zone))["dns.spf"][0] is State.OK


async def test_the_policy_of_the_domain_above_counts() -> None:
    zone = {**SOUND, "lettres.example.org": SOUND["example.org"]}
    assert (await stands(zone, "lettres.example.org"))["dns.dmarc"][0] is State.OK


async def test_a_domain_that_there_is_not_stops_a_sending() -> None:
    assert (await stands(PUBLIC))["dns"][0] is State.ERROR


async def test_a_name_server_that_knows_no_name_at_all_is_offline() -> None:
    state, said = (await stands({}))["dns"]
    assert state is State.WARNING
    assert "offline" in said


async def test_no_name_server_is_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender_domain, "SECONDS", 0.3)
    (only,) = await sender_domain.check("example.org", f"127.0.0.1:{free_port()}")
    assert only.state is State.WARNING
    assert "offline" in str(only.told)


async def test_what_is_no_name_server_is_refused() -> None:
    for server in ("127.0.0.1:port", "name.example"):
        with pytest.raises(sender_domain.ResolverError, match="no name server"):
            await sender_domain.check("example.org", server)


async def test_the_domain_of_a_fixed_envelope_sender_is_asked_for_its_spf() -> None:
    zone = {
        **SOUND,
        "relay.example": {"TXT": ['"v=spf1 a -all"']},
        "retours.example.org": {"TXT": ['"v=spf1 mx -all"']},
    }
    with answering(zone) as server:
        checks = await sender_domain.check(
            "example.org", server, envelope=["relay.example", "retours.example.org", "nobody.org"]
        )
    told = [(it.name, it.state, str(it.told)) for it in checks[3:]]
    assert told == [
        ("dns.spf", State.OK, "SPF: v=spf1 a -all"),
        (
            "dns.dmarc",
            State.WARNING,
            "the envelope is of relay.example, the letter of example.org: SPF cannot help it",
        ),
        ("dns.spf", State.OK, "SPF: v=spf1 mx -all"),
        ("dns.spf", State.WARNING, "nobody could be asked about nobody.org"),
    ]
