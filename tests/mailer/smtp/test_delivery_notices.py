"""A relay that offers DSN is asked for notices under the copy's token; any other sees no change."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.bounces.addresses import from_xtext, typed
from mailer.bounces.tokens import Tokens
from mailer.links import Links
from mailer.smtp.delivery_notices import NOTIFY, mail_parameters, rcpt_parameters
from mailer.smtp.relay import Relay as Address
from mailer.smtp.smtp_courier import SMTPCourier
from tests.factories import KEYS
from tests.mailer.smtp.parcels import Parcel, told
from tests.relay import Relay

LINKS = Links(KEYS, "https://lettres.example.org", "example.org")
RETURN_PATH = LINKS.marks(7, "ab").return_path
TOKEN = RETURN_PATH.partition("@")[0].removeprefix("bounce+")


async def commands(relay: Relay, asked: str, address: str = "p+1@example.org") -> list[str]:
    """What a relay is told when a copy is carried to it."""
    courier = SMTPCourier(replace(Address.parse(relay.url), notify=NOTIFY[asked]), connections=1)
    parcel = Parcel("p1")
    parcel.mail_from, parcel.rcpt_to = RETURN_PATH, address
    parcel.smtputf8 = not address.isascii()
    courier.post([parcel])
    await told([parcel])
    await courier.close(1)
    assert [it.code for it in parcel.outcomes] == [250]
    return [it for it in relay.commands if it.startswith(("MAIL", "RCPT"))]


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize(
    ("asked", "notify"), [("failure", "FAILURE,DELAY"), ("success", "SUCCESS,FAILURE,DELAY")]
)
async def test_a_relay_that_offers_dsn_is_asked_for_notices(
    pipelining: bool, asked: str, notify: str
) -> None:
    with Relay(pipelining=pipelining, dsn=True).running() as relay:
        mail, rcpt = await commands(relay, asked)
    assert mail.startswith(f"MAIL FROM:<{RETURN_PATH}>")
    assert mail.endswith(f" RET=HDRS ENVID={TOKEN}")
    assert rcpt == f"RCPT TO:<p+1@example.org> NOTIFY={notify} ORCPT=rfc822;p+2B1@example.org"


async def test_an_address_in_utf8_is_named_in_utf8() -> None:
    with Relay(dsn=True).running() as relay:
        mail, rcpt = await commands(relay, "failure", "zoë+1@example.org")
    assert " SMTPUTF8 " in mail
    assert rcpt.endswith("NOTIFY=FAILURE,DELAY ORCPT=utf-8;zoë\\x{2B}1@example.org")


@pytest.mark.parametrize(("offers", "asked"), [(False, "success"), (True, "off")])
async def test_nothing_changes_where_dsn_is_not_offered_or_not_wanted(
    offers: bool, asked: str
) -> None:
    with Relay(dsn=offers).running() as relay:
        told_to_it = " ".join(await commands(relay, asked))
    assert not any(it in told_to_it for it in ("NOTIFY", "ENVID", "RET=", "ORCPT"))


def test_an_envelope_id_is_a_token_that_is_read_again() -> None:
    envid = mail_parameters(RETURN_PATH).partition("ENVID=")[2]
    assert Tokens(KEYS).of_envelope_id(envid) == 7
    assert Tokens(KEYS).of_envelope_id(envid[:-1] + "0") is None
    assert mail_parameters("bounces@relay.example.net") == " RET=HDRS"


@given(st.from_regex(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}@example\.org", fullmatch=True))
def test_an_address_in_xtext_is_read_as_it_was_written(address: str) -> None:
    said = rcpt_parameters(address, "FAILURE").partition("ORCPT=")[2]
    kind, _, written = said.partition(";")
    assert kind == "rfc822"
    assert from_xtext(written) == address
    assert not set(written) & set(" =")


@given(st.from_regex(r"[a-zà-ÿ+=\\]{1,20}é@example\.org", fullmatch=True))
def test_an_address_in_utf8_is_read_as_it_was_written(address: str) -> None:
    said = rcpt_parameters(address, "FAILURE").partition("ORCPT=")[2]
    assert typed(said) == address
