"""The relay's check-up against a real server: each step is told, and nothing is sent unasked."""

from __future__ import annotations

import pytest

from mailer.sender import Mailbox
from mailer.smtp import relay_checkup
from mailer.smtp.relay import Relay as Address
from pli.checks import Check, State
from tests.certificates import authority
from tests.relay import Relay

FROM = "bounce+00@example.org"
WRITER = Mailbox("Comité d’essai", "contact@example.org")


@pytest.fixture
def _trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority() / "ca.pem"))


async def found(relay: Relay) -> dict[str, Check]:
    checks = await relay_checkup.check(Address.parse(relay.url), FROM, WRITER.address)
    return {check.name: check for check in checks}


@pytest.mark.usefixtures("_trusted")
@pytest.mark.parametrize("tls", ["none", "starttls", "implicit"])
async def test_a_good_relay_is_fine_and_gets_nothing(tls: str) -> None:
    with Relay(tls=tls, login=tls != "none").running() as relay:
        checks = await found(relay)
        assert relay.received == []
    told = {name: str(check.told) for name, check in checks.items()}
    # The test's certificate is valid for two days, which is worth a warning.
    stood = {name: check.state for name, check in checks.items() if name != "relay.tls"}
    assert set(stood.values()) == {State.OK}, told
    assert "PIPELINING" in told["relay.features"]
    assert "50 MB" in told["relay.size"]
    assert FROM in told["relay.sender"]
    if tls == "none":
        assert "this machine" in told["relay.tls"]
    else:
        assert "TLSv1" in told["relay.tls"]
        assert checks["relay.tls"].state is State.WARNING
        assert "logged in" in told["relay.login"]
    assert [it for it in relay.commands if it.startswith("RSET")]


async def test_a_relay_without_pipelining_is_slower() -> None:
    with Relay(pipelining=False).running() as relay:
        checks = await found(relay)
    assert checks["relay.features"].state is State.WARNING


@pytest.mark.parametrize(
    ("offer", "state", "said"),
    [("SIZE 90000", State.WARNING, "90 kB"), ("SIZE 0", State.OK, "no largest size")],
)
async def test_the_largest_size_is_told(offer: str, state: State, said: str) -> None:
    def script(stage: str, _recipient: str, _times: int) -> str | None:
        return f"250-relay.example.org\r\n250 {offer}" if stage == "ehlo" else None

    with Relay(script).running() as relay:
        told = (await found(relay))["relay.size"]
    assert told.state is state
    assert said in str(told.told)


@pytest.mark.usefixtures("_trusted")
@pytest.mark.parametrize(
    ("stage", "reply", "said"),
    [
        ("connect", "554 5.7.1 not you", "not you"),
        ("auth", "535 5.7.8 wrong password", "refuses user or password"),
        ("starttls", "454 4.7.0 no TLS now", "no TLS now"),
    ],
)
async def test_a_step_that_is_refused_stops_a_sending(stage: str, reply: str, said: str) -> None:
    def script(asked: str, _recipient: str, _times: int) -> str | None:
        return reply if asked == stage else None

    with Relay(script, tls="starttls", login=True).running() as relay:
        (only,) = (await found(relay)).values()
    assert only.state is State.ERROR
    assert said in str(only.told)


async def test_a_sender_the_relay_does_not_take_stops_a_sending() -> None:
    def script(stage: str, _recipient: str, _times: int) -> str | None:
        return "553 5.7.1 Sender address rejected" if stage == "mail" else None

    with Relay(script).running() as relay:
        told = (await found(relay))["relay.sender"]
    assert told.state is State.ERROR
    assert "553 5.7.1 Sender address rejected" in str(told.told)


async def test_a_message_to_oneself_arrives() -> None:
    with Relay().running() as relay:
        told = await relay_checkup.send(
            Address.parse(relay.url), FROM, WRITER, "moi@example.org", "fr"
        )
    (mail,) = relay.received
    assert told.state is State.OK
    assert "queued as" in str(told.told)
    assert (mail.mail_from, mail.recipient) == (FROM, "moi@example.org")
    assert mail.message["Subject"] == "Pli\N{NO-BREAK SPACE}: un message à vous-même"
    assert "Comité d’essai" in mail.message["From"]
    assert "arrivé" in mail.message.get_content()


async def test_a_message_to_an_address_beyond_ascii_is_sent_as_such() -> None:
    with Relay().running() as relay:
        told = await relay_checkup.send(
            Address.parse(relay.url), FROM, WRITER, "zoé@example.org", "en"
        )
    assert told.state is State.OK
    assert [mail.recipient for mail in relay.received] == ["zoé@example.org"]


@pytest.mark.parametrize("stage", ["rcpt", "body-received"])
async def test_a_message_that_is_refused_is_told_with_the_reply(stage: str) -> None:
    def script(asked: str, _recipient: str, _times: int) -> str | None:
        return "550 5.7.1 no relaying" if asked == stage else None

    with Relay(script).running() as relay:
        told = await relay_checkup.send(
            Address.parse(relay.url), FROM, WRITER, "moi@example.org", "en"
        )
    assert told.state is State.ERROR
    assert "550 5.7.1 no relaying" in str(told.told)


@pytest.mark.parametrize(
    ("reply", "state", "said"),
    [
        ("550 5.7.1 sender not allowed", State.ERROR, "another sender, a login"),
        ("554 relay access denied", State.ERROR, "to contact@example.org"),
        ("450 4.7.1 greylisted", State.WARNING, "in some minutes"),
    ],
)
async def test_a_sender_who_is_refused_when_a_recipient_is_named_is_told(
    reply: str, state: State, said: str
) -> None:
    def script(stage: str, recipient: str, times: int) -> str | None:
        del recipient, times
        return reply if stage == "rcpt" else None

    with Relay(script).running() as relay:
        check = (await found(relay))["relay.sender"]
        assert "RSET" in relay.commands
    assert check.state is state
    assert said in f"{check.told} {check.remedy}"
    assert reply[4:] in str(check.told)
