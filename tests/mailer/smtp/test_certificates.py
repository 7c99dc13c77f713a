"""A certificate that cannot be trusted: each kind is told in its own words, by real servers."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailer.smtp.relay import Relay as Address
from mailer.smtp.relay import RelayRefusal
from tests.certificates import authority
from tests.relay import Relay

HERE = "IP:127.0.0.1"


@pytest.fixture
def _trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority() / "ca.pem"))


async def told(certificate: str, tls: str = "implicit") -> str:
    with Relay(tls=tls, certificate=certificate).running() as relay:
        with pytest.raises(RelayRefusal) as refused:
            await Address.parse(relay.url).greet()
        assert str(relay.port) in str(refused.value)
    (line,) = refused.value.lines("en")
    assert "certificate that cannot be trusted" in line
    assert "{" not in line
    (french,) = refused.value.lines("fr")
    assert "certificat" in french
    return line


@pytest.mark.usefixtures("_trusted")
@pytest.mark.parametrize("tls", ["implicit", "starttls"])
@pytest.mark.parametrize(
    ("certificate", "said"),
    [
        ("DNS:mx.example.org", "it has another name: IP address mismatch"),
        (f"self:{HERE}", "it signs itself"),
        (f"expired:{HERE}", "it has expired"),
        (f"early:{HERE}", "it is not valid yet"),
    ],
)
async def test_each_kind_has_its_own_sentence(certificate: str, said: str, tls: str) -> None:
    assert said in await told(certificate, tls)


async def test_an_authority_of_ones_own_is_told_how_to_be_trusted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    line = await told(HERE)
    assert "its authority is not known here" in line
    assert "SSL_CERT_FILE" in line
    assert "SSL_CERT_FILE" in await told(f"self:{HERE}")


async def test_a_file_of_authorities_that_is_not_there_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "absent.pem"))
    assert "the file that SSL_CERT_FILE names is not there" in await told(HERE)


@pytest.mark.usefixtures("_trusted")
async def test_a_certificate_of_an_authority_that_is_named_is_trusted() -> None:
    with Relay(tls="implicit").running() as relay:
        await Address.parse(relay.url).greet()
