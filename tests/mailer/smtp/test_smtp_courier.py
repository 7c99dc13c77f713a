"""The courier against a real SMTP server that is told how to misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from mailer.models import Stage
from mailer.outcomes import Kind, Reason, judge, reason_of
from mailer.smtp.relay import Relay as Address
from mailer.smtp.relay import RelayError
from mailer.smtp.smtp_courier import SMTPCourier
from pli.language import Sentence
from tests.mailer.smtp.parcels import BODY, Parcel, told
from tests.relay import DROP, Relay, Script


@asynccontextmanager
async def carried(
    relay: Relay, parcels: list[Parcel], connections: int = 2
) -> AsyncIterator[SMTPCourier]:
    courier = SMTPCourier(Address.parse(relay.url), connections=connections, rests=(0.01,))
    courier.post(parcels)
    await told(parcels)
    yield courier
    await courier.close(1)


def at(where: str, name: str, reply: str, *, times: int = 10**6) -> Script:
    return lambda stage, recipient, n: (
        reply if (stage, recipient.split("@")[0]) == (where, name) and n <= times else None
    )


@pytest.mark.parametrize("pipelining", [True, False])
async def test_every_copy_arrives_once_and_whole(pipelining: bool) -> None:
    parcels = [Parcel(f"p{n}") for n in range(100)]
    # So slow that all connections are open before one of them could send everything.
    with Relay(pipelining=pipelining, delay=0.01).running() as relay:
        async with carried(relay, parcels, connections=4):
            assert relay.connections == 4
    assert relay.recipients == {parcel.rcpt_to: 1 for parcel in parcels}
    assert {mail.data for mail in relay.received} == {BODY.replace(b"\r\n..", b"\r\n.")}
    assert all(
        [(it.kind, it.code, it.stage) for it in parcel.outcomes] == [(Kind.SENT, 250, Stage.BODY)]
        for parcel in parcels
    )


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize(
    ("where", "reply", "kind", "stage", "reason"),
    [
        ("rcpt", "550 5.1.1 no such user", Kind.FAILED, Stage.RCPT, Reason.UNKNOWN_USER),
        ("rcpt", "552 5.2.2 mailbox full", Kind.FAILED, Stage.RCPT, Reason.MAILBOX_FULL),
        ("rcpt", "552 too many recipients", Kind.DEFERRED, Stage.RCPT, None),
        ("rcpt", "451 4.7.1 greylisted", Kind.DEFERRED, Stage.RCPT, None),
        ("rcpt", "550-5.7.1 not\r\n550 5.7.1 you", Kind.FAILED, Stage.RCPT, Reason.POLICY),
        ("data", "554 5.7.1 no", Kind.FAILED, Stage.DATA, Reason.POLICY),
        ("data", "451 later", Kind.DEFERRED, Stage.DATA, None),
        ("body-received", "552 5.3.4 too big", Kind.FAILED, Stage.BODY, Reason.TOO_LARGE),
        ("body-received", "452 4.3.1 full", Kind.DEFERRED, Stage.BODY, None),
        ("body-received", DROP, Kind.UNCERTAIN, Stage.BODY, None),
        ("body-received", "what is this", Kind.UNCERTAIN, Stage.BODY, None),
        ("body", DROP, Kind.UNCERTAIN, Stage.BODY, None),
        ("rcpt", DROP, Kind.DEFERRED, Stage.RCPT, None),
        ("data", DROP, Kind.DEFERRED, Stage.DATA, None),
        ("rcpt", "421 4.3.2 closing", Kind.DEFERRED, Stage.RCPT, None),
        ("body-received", "421 4.3.2 closing", Kind.DEFERRED, Stage.BODY, None),
    ],
)
async def test_one_copys_misfortune_is_told_by_stage_and_leaves_the_others_alone(
    pipelining: bool, where: str, reply: str, kind: Kind, stage: Stage, reason: Reason | None
) -> None:
    parcels = [Parcel(f"p{n}") for n in range(10)]
    script = at(where, "p4", reply)
    with Relay(script=script, pipelining=pipelining).running() as relay:
        async with carried(relay, parcels, connections=1):
            pass
    (outcome,) = parcels[4].outcomes
    assert (outcome.kind, outcome.stage) == (kind, stage)
    if reason is not None:
        assert reason_of(outcome) is reason
    others = [parcel for parcel in parcels if parcel is not parcels[4]]
    assert all([it.kind for it in parcel.outcomes] == [Kind.SENT] for parcel in others)
    assert relay.recipients == {parcel.rcpt_to: 1 for parcel in others}


@pytest.mark.parametrize("pipelining", [True, False])
async def test_a_connection_carries_no_more_than_it_may(pipelining: bool) -> None:
    """An envelope behind the last body would be one too many, and the relay would answer 421."""
    parcels = [Parcel(f"p{n}") for n in range(10)]
    with Relay(pipelining=pipelining).running() as relay:
        courier = SMTPCourier(Address.parse(relay.url), connections=1, messages_per_connection=3)
        courier.post(parcels)
        await told(parcels)
        await courier.close(1)
    verbs = [it[:4] for it in relay.commands if it[:4] in ("EHLO", "MAIL")]
    assert "".join(it[0] for it in verbs).split("E")[1:] == ["MMM", "MMM", "MMM", "M"]


async def test_an_address_outside_ascii_asks_for_smtputf8_and_others_do_not() -> None:
    parcels = [Parcel("zoé"), Parcel("zoe")]
    with Relay().running() as relay:
        async with carried(relay, parcels, connections=1):
            pass
    mails = [it for it in relay.commands if it.startswith("MAIL")]
    assert [("SMTPUTF8" in it) for it in mails] == [True, False]
    assert relay.recipients["zoé@example.org"] == 1


async def test_a_relay_without_smtputf8_is_not_asked_and_the_copy_says_why() -> None:
    parcels = [Parcel("zoé"), Parcel("b")]
    with Relay(smtputf8=False).running() as relay:
        async with carried(relay, parcels, connections=1):
            pass
    (outcome,) = parcels[0].outcomes
    assert (outcome.kind, outcome.code, outcome.text) == (
        Kind.FAILED, 553, "5.6.7 the relay does not offer SMTPUTF8",
    )  # fmt: skip
    assert set(relay.recipients) == {"b@example.org"}


async def test_a_copy_that_is_not_wanted_any_more_comes_back_untouched() -> None:
    parcels = [Parcel("a"), Parcel("b", wanted=False), Parcel("c")]
    with Relay().running() as relay:
        async with carried(relay, parcels, connections=1):
            pass
    assert parcels[1].back == 1
    assert not parcels[1].outcomes
    assert set(relay.recipients) == {"a@example.org", "c@example.org"}


async def test_a_relay_that_is_not_there_is_trouble_and_no_copy_is_blamed() -> None:
    troubles: list[Sentence] = []
    courier = SMTPCourier(
        Address.parse("smtp://127.0.0.1:9?tls=none"), connections=3, rests=(0.01, 0.01)
    )
    courier.on_trouble = troubles.append
    parcels = [Parcel(f"p{n}") for n in range(5)]
    courier.post(parcels)
    await told(parcels)
    await courier.close(0)
    assert len(troubles) == 1
    assert "127.0.0.1:9" in str(troubles[0])
    assert not any(parcel.outcomes for parcel in parcels)


async def test_closing_gives_waiting_copies_back_and_tells_the_end_of_sent_ones() -> None:
    parcels = [Parcel(f"p{n}") for n in range(50)]
    with Relay(delay=0.05).running() as relay:
        courier = SMTPCourier(Address.parse(relay.url), connections=2)
        courier.post(parcels)
        await asyncio.sleep(0.3)
        await courier.close(2)
    sent = [parcel for parcel in parcels if parcel.outcomes]
    assert 0 < len(sent) < 50
    assert all(len(parcel.outcomes) + parcel.back == 1 for parcel in parcels)
    assert relay.recipients == {parcel.rcpt_to: 1 for parcel in sent}


@pytest.mark.parametrize("size", ["²", "9" * 5_000, "-1", "much", ""], ids=lambda it: it[:5])
async def test_a_size_that_is_no_number_is_no_limit(size: str) -> None:
    def offer(stage: str, _recipient: str, _times: int) -> bytes | None:
        told = f"250-relay\r\n250-PIPELINING\r\n250 SIZE {size}\r\n"
        return told.encode() if stage == "ehlo" else None

    parcels = [Parcel("p1"), Parcel("p2")]
    with Relay(script=offer).running() as relay:
        async with carried(relay, parcels):
            assert relay.recipients == {parcel.rcpt_to: 1 for parcel in parcels}


def test_only_a_clear_reply_fails_a_copy() -> None:
    assert judge(Stage.RCPT, 354, "").kind is Kind.DEFERRED
    assert judge(Stage.BODY, 354, "").kind is Kind.UNCERTAIN
    assert judge(Stage.MAIL, 250, "").kind is Kind.DEFERRED


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://x", "must begin with"),
        ("smtp://", "names no host"),
        ("smtp://u:p@relay.example.org?tls=none", "in clear"),
        ("smtp://h:99999", "not a URL"),
        ("smtps://h?tls=none", "leave out"),
        ("smtp://user@h", "go together"),
    ],
)
def test_a_relays_url_is_refused_with_what_is_wrong(url: str, fault: str) -> None:
    with pytest.raises(RelayError, match=fault) as refused:
        Address.parse(url)
    assert "u:p@" not in str(refused.value).split("(")[0]
