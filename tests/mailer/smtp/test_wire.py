"""Every row of docs/outcomes.md, against a real server that replies so, in clear and over TLS."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from dataclasses import dataclass

import pytest

from mailer.models import Stage
from mailer.outcomes import Kind, Reason, is_gone, reason_of
from mailer.smtp.relay import Relay as Address
from mailer.smtp.smtp_courier import TIMEOUTS, SMTPCourier
from mailer.smtp.transaction import Timeouts
from pli.language import Sentence
from tests.certificates import authority
from tests.mailer.smtp.parcels import Parcel, told
from tests.paths import ROOT
from tests.relay import DROP, STALL, Relay, Reply, Script

RESTS = (0.01, 0.01)
TLS = ("none", "starttls", "implicit")
LONG = b"250 2.0.0 " + b"x" * 5_000 + b"\r\n"
ENDLESS = b"250-2.0.0 and\r\n" * 200
BINARY = b"\x16\x03\x01\x00\xff\x00-\x80\r\n"


@pytest.fixture(autouse=True)
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make this machine trust the tests' certificate authority."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority() / "ca.pem"))


@dataclass(frozen=True)
class Case:
    """What the server does with one copy, and what should become of that copy."""

    row: str
    stage: str
    reply: Reply
    kind: Kind
    at: Stage
    code: int = 0
    reason: Reason | None = None
    gone: bool = False

    def __str__(self) -> str:
        reply = self.reply if isinstance(self.reply, str) else f"{self.reply[:12]!r}"
        return f"{self.row}-{self.stage}-{reply[:24]}"


def sent(row: str, reply: str) -> Case:
    return Case(row, "body-received", reply, Kind.SENT, Stage.BODY, int(reply[:3]))


def deferred(row: str, stage: str, reply: Reply, at: Stage, code: int = 0) -> Case:
    return Case(row, stage, reply, Kind.DEFERRED, at, code)


def failed(row: str, stage: str, reply: str, reason: Reason, *, gone: bool = False) -> Case:
    at = STAGES[stage]
    return Case(row, stage, reply, Kind.FAILED, at, int(reply[:3]), reason, gone)


def uncertain(row: str, stage: str, reply: Reply, code: int = 0) -> Case:
    return Case(row, stage, reply, Kind.UNCERTAIN, Stage.BODY, code)


STAGES = {
    "mail": Stage.MAIL,
    "rcpt": Stage.RCPT,
    "data": Stage.DATA,
    "body": Stage.BODY,
    "body-received": Stage.BODY,
}
BEFORE = ("mail", "rcpt", "data")

CASES = [
    failed("E2", "mail", "550 5.7.1 not this sender", Reason.POLICY),
    failed("E2", "mail", "552 5.3.4 too large", Reason.TOO_LARGE),
    failed("E2", "mail", "501 what sender", Reason.OTHER),
    *(deferred("E3", it, "451 4.3.0 later", STAGES[it], 451) for it in BEFORE),
    deferred("E3", "rcpt", "450-4.7.1 grey\r\n450 4.7.1 listed", Stage.RCPT, 450),
    deferred("E3", "rcpt", "452 4.2.2 full just now", Stage.RCPT, 452),
    failed("E4", "rcpt", "550 no such user", Reason.UNKNOWN_USER),
    failed("E4", "rcpt", "553 bad name", Reason.UNKNOWN_USER),
    failed("E4", "rcpt", "550 5.2.2 full", Reason.MAILBOX_FULL),
    failed("E4", "rcpt", "552 5.2.2 full", Reason.MAILBOX_FULL),
    failed("E4", "rcpt", "554 5.7.1 policy", Reason.POLICY),
    failed("E4", "rcpt", "530 5.7.0 not let in there", Reason.POLICY),
    failed("E4", "rcpt", "552 5.3.4 size", Reason.TOO_LARGE),
    failed("E4", "rcpt", "550 5.4.1 else", Reason.OTHER),
    failed("E5", "rcpt", "550 5.1.1 nobody", Reason.UNKNOWN_USER, gone=True),
    failed("E5", "rcpt", "550-5.1.1 nobody\r\n550 5.1.1 here", Reason.UNKNOWN_USER, gone=True),
    deferred("E6", "rcpt", "552 too many recipients", Stage.RCPT, 552),
    failed("E7", "data", "554 5.7.1 no", Reason.POLICY),
    failed("E7", "data", "550 5.1.1 nobody", Reason.UNKNOWN_USER),
    failed("E7", "data", "503 sequence", Reason.OTHER),
    *(deferred("E9", it, "421 4.3.2 closing", STAGES[it], 421) for it in BEFORE),
    *(deferred("E10", it, DROP, STAGES[it]) for it in BEFORE),
    *(deferred("E11", it, BINARY, STAGES[it]) for it in BEFORE),
    *(deferred("E11", it, LONG, STAGES[it]) for it in BEFORE),
    *(deferred("E11", it, ENDLESS, STAGES[it]) for it in BEFORE),
    *(deferred("E11", it, "no reply", STAGES[it]) for it in BEFORE),
    *(deferred("E11", it, "199 too low", STAGES[it]) for it in BEFORE),
    *(deferred("E11", it, "600 too high", STAGES[it]) for it in BEFORE),
    *(deferred("E11", it, b"250-yes\r\n550 no\r\n", STAGES[it]) for it in BEFORE),
    deferred("E12", "mail", "354 go on", Stage.MAIL, 354),
    deferred("E12", "rcpt", "354 go on", Stage.RCPT, 354),
    deferred("E12", "data", "250 2.0.0 fine", Stage.DATA, 250),
    deferred("E12", "data", "334 say more", Stage.DATA, 334),
    deferred("E12", "data", b"354 go on\r\n250 2.0.0 queued\r\n", Stage.DATA),
    deferred("E12", "data", b"354 go on\r\n25", Stage.DATA),
    sent("L1", "250 2.0.0 queued"),
    sent("L1", "250-2.0.0 queued\r\n250 2.0.0 as 4F1A"),
    sent("L1", "251 will forward"),
    sent("L1", "252"),
    deferred("L2", "body-received", "452 4.3.1 full", Stage.BODY, 452),
    deferred("L2", "body-received", "451", Stage.BODY, 451),
    deferred("L2", "body-received", "421 4.3.2 closing", Stage.BODY, 421),
    failed("L3", "body-received", "552 5.3.4 too large", Reason.TOO_LARGE),
    failed("L3", "body-received", "552 storage exceeded", Reason.TOO_LARGE),
    failed("L3", "body-received", "554 5.7.1 spam", Reason.POLICY),
    failed("L3", "body-received", "550 5.1.1 nobody", Reason.UNKNOWN_USER),
    failed("L3", "body-received", "554", Reason.OTHER),
    uncertain("L4", "body-received", DROP),
    uncertain("L4", "body", DROP),
    *(
        uncertain("L5", "body-received", it)
        for it in (BINARY, LONG, ENDLESS, "ok", "199 x", "600 x", b"250-yes\r\n550 no\r\n")
    ),
    uncertain("L5", "body-received", "354 go on", 354),
]


STALLED = [
    *(deferred("E10", it, STALL, STAGES[it]) for it in BEFORE),
    uncertain("L4", "body-received", STALL),
]


def script_of(case: Case) -> Script:
    """A script that causes a case's trouble for the recipient called bad."""

    def script(stage: str, recipient: str, _times: int) -> Reply | None:
        return case.reply if stage == case.stage and "bad" in recipient else None

    return script


@dataclass(frozen=True)
class Trouble:
    """What goes wrong before any copy can be sent, and what a person is told."""

    row: str
    stage: str
    reply: Reply | None
    said: str
    tls: tuple[str, ...] = TLS

    def __str__(self) -> str:
        return f"{self.row}-{self.stage}-{self.reply!r:.24}"


# The courier tries these again after each rest, so there is one try more than rests.
PASSING = [
    Trouble("C1", "connect", DROP, "cannot be used: .*onnect"),
    *(
        Trouble("C2", stage, f"{code} 4.3.2 not now", f"{code} 4.3.2 not now", tls)
        for code in (421, 454)
        for stage, tls in (("connect", TLS), ("ehlo", TLS), ("starttls", ("starttls",)))
    ),
    Trouble("C2", "auth", "454 4.7.0 not now", "454 4.7.0 not now"),
    Trouble("C2", "auth", "421 4.3.2 not now", "cannot be used"),
    *(
        Trouble("C3", stage, reply, "cannot be used", tls)
        for reply in (DROP, BINARY, b"250-2.0.0 and\r\n" * 4_000, b"x" * 40_000)
        for stage, tls in (("ehlo", TLS), ("starttls", ("starttls",)), ("auth", TLS))
    ),
    Trouble("C3", "connect", BINARY, "cannot be used"),
]
# The courier tells these at once, for another try would end in the same way.
LASTING = [
    Trouble("C4", "connect", "554 5.7.1 no service for you", "refuses every .*554 5.7.1 no serv"),
    Trouble("C4", "ehlo", "550 5.7.1 bad name", "refuses every .*550 5.7.1 bad name"),
    Trouble("C5", "starttls", "502 5.5.1 what?", "refuses every .*502", ("starttls",)),
    Trouble("C8", "auth", "535 5.7.8 wrong", "refuses user or password: 535 5.7.8 wrong"),
    Trouble("C8", "auth", "534 5.7.9 too weak", "refuses user or password: 534"),
]


def everywhere(troubles: list[Trouble]) -> list[tuple[Trouble, str]]:
    return [(it, tls) for it in troubles for tls in it.tls]


def script_of_trouble(trouble: Trouble, times: int = 10**6) -> Script:
    return lambda stage, _who, n: trouble.reply if stage == trouble.stage and n <= times else None


async def carry(
    relay: Relay, parcels: list[Parcel], timeouts: Timeouts = TIMEOUTS, url: str = ""
) -> list[str]:
    troubles: list[Sentence] = []
    courier = SMTPCourier(
        Address.parse(url or relay.url),
        connections=1,
        rests=RESTS,
        timeouts=timeouts,
        on_trouble=troubles.append,
    )
    courier.post(parcels)
    await told(parcels)
    await courier.close(1)
    return [str(it) for it in troubles]


def check(case: Case, relay: Relay, parcels: list[Parcel]) -> None:
    for parcel in parcels:
        (outcome,) = parcel.outcomes
        assert parcel.back == 0
        if "bad" not in parcel.rcpt_to:
            assert (outcome.kind, outcome.stage, outcome.code) == (Kind.SENT, Stage.BODY, 250)
            continue
        assert (outcome.kind, outcome.stage, outcome.code) == (case.kind, case.at, case.code)
        assert outcome.text.isprintable()
        assert is_gone(outcome) is case.gone
        if case.reason is not None:
            assert reason_of(outcome) is case.reason
    got = relay.recipients
    if case.kind is Kind.UNCERTAIN:
        assert max(got.values()) == 1
        got = Counter({who: n for who, n in got.items() if "bad" not in who})
    taken = [it for it in parcels if "bad" not in it.rcpt_to or case.kind is Kind.SENT]
    assert got == {parcel.rcpt_to: 1 for parcel in taken}


# What a reply decides hangs on neither: `make test` has each reply once pipelined and once not.
IN_EACH_RUN = (("none", False), ("starttls", True))
WAYS = [
    pytest.param(
        tls,
        pipelining,
        id=f"{tls}-{'pipelined' if pipelining else 'stepwise'}",
        marks=() if (tls, pipelining) in IN_EACH_RUN else pytest.mark.proof,
    )
    for tls in TLS
    for pipelining in (True, False)
]


@pytest.mark.parametrize(("tls", "pipelining"), WAYS)
@pytest.mark.parametrize("case", CASES, ids=str)
async def test_what_the_relay_says_decides_what_becomes_of_that_copy_alone(
    case: Case, tls: str, pipelining: bool
) -> None:
    parcels = [Parcel(it) for it in ("bad-first", "good-1", "good-2", "bad-later", "good-3")]
    relay = Relay(script=script_of(case), tls=tls, pipelining=pipelining)
    with relay.running():
        assert await carry(relay, parcels) == []
    check(case, relay, parcels)


async def test_a_reply_that_does_not_come_is_not_waited_for_for_ever() -> None:
    """All cases at once, over each kind of connection, since each waits for a real timeout."""

    async def late(case: Case, tls: str, pipelining: bool) -> None:
        parcels = [Parcel(it) for it in ("good-1", "bad", "good-2")]
        relay = Relay(script=script_of(case), tls=tls, pipelining=pipelining)
        with relay.running():
            timeouts = Timeouts(envelope=1.0, body=1.0, watch=0.05)
            assert await carry(relay, parcels, timeouts) == []
        check(case, relay, parcels)

    async with asyncio.TaskGroup() as group:
        for case in STALLED:
            for tls in TLS:
                for pipelining in (True, False):
                    group.create_task(late(case, tls, pipelining))


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("code", ["550 5.1.1 nobody", "450 4.2.1 later"])
async def test_a_354_for_a_refused_recipient_gets_a_lone_dot(code: str, tls: str) -> None:
    """E8, RFC 2920 section 3.1: no letter is sent, and the refusal stands."""
    kind = Kind.FAILED if code.startswith("5") else Kind.DEFERRED
    case = Case("E8", "rcpt", code, kind, Stage.RCPT, int(code[:3]), gone=kind is Kind.FAILED)
    parcels = [Parcel(it) for it in ("bad-first", "good-1", "bad-later", "good-2")]
    relay = Relay(script=script_of(case), tls=tls, lenient=True)
    with relay.running():
        assert await carry(relay, parcels) == []
    check(case, relay, parcels)
    assert relay.strays == [b"", b""]


@pytest.mark.parametrize("end", [DROP, "421 4.3.2 closing", BINARY])
async def test_a_refusal_stands_though_the_connection_ends_behind_it(end: Reply) -> None:
    """E8: after a refusal at RCPT, the server answers DATA or the lone dot wrongly."""
    case = failed("E8", "rcpt", "550 5.1.1 nobody", Reason.UNKNOWN_USER, gone=True)
    for where in ("data", "body-received"):
        parcels = [Parcel(it) for it in ("bad-first", "good-1", "bad-later", "good-2")]

        def script(stage: str, who: str, times: int, where: str = where) -> Reply | None:
            return end if (stage, who) == (where, "") else script_of(case)(stage, who, times)

        relay = Relay(script=script, lenient=True)
        with relay.running():
            assert await carry(relay, parcels) == []
        check(case, relay, parcels)
        refused = [it for it in relay.commands if it.startswith("RCPT TO:<bad")]
        assert len(refused) == 2, "once each"


@pytest.mark.parametrize(("trouble", "tls"), everywhere(PASSING), ids=str)
async def test_a_relay_with_a_temporary_trouble_is_tried_again_then_a_person_is_told(
    trouble: Trouble, tls: str
) -> None:
    login = trouble.stage == "auth"
    once = Relay(script=script_of_trouble(trouble, 2 if login else 1), tls=tls, login=login)
    parcels = [Parcel(f"good-{n}") for n in range(3)]
    with once.running():
        assert await carry(once, parcels) == []
    check_all_went(once, parcels)
    always = Relay(script=script_of_trouble(trouble), tls=tls, login=login)
    parcels = [Parcel(f"good-{n}") for n in range(3)]
    with always.running():
        (said,) = await carry(always, parcels)
    assert re.search(trouble.said, said)
    assert always.connections == len(RESTS) + 1
    check_all_came_back(always, parcels)


@pytest.mark.parametrize(("trouble", "tls"), everywhere(LASTING), ids=str)
async def test_a_person_is_told_at_once_of_a_relay_that_refuses_us(
    trouble: Trouble, tls: str
) -> None:
    relay = Relay(script=script_of_trouble(trouble), tls=tls, login=trouble.stage == "auth")
    parcels = [Parcel(f"good-{n}") for n in range(3)]
    with relay.running():
        (said,) = await carry(relay, parcels)
    assert re.search(trouble.said, said)
    assert relay.connections == 1
    check_all_came_back(relay, parcels)


def check_all_went(relay: Relay, parcels: list[Parcel]) -> None:
    assert [[it.kind for it in parcel.outcomes] for parcel in parcels] == [[Kind.SENT]] * 3
    assert relay.recipients == {parcel.rcpt_to: 1 for parcel in parcels}


def check_all_came_back(relay: Relay, parcels: list[Parcel]) -> None:
    assert [(parcel.outcomes, parcel.back) for parcel in parcels] == [([], 1)] * 3
    assert not relay.received


@dataclass(frozen=True)
class Mistake:
    """A relay's URL that does not fit the relay; only a person can mend that."""

    row: str
    relay: Relay
    said: str
    change: tuple[str, str] = ("", "")
    trusting: bool = True


MISTAKES = [
    Mistake("C5", Relay(tls="starttls", offers_starttls=False), "offers no TLS"),
    Mistake("C6", Relay(tls="starttls"), "certificate that cannot be trusted", trusting=False),
    Mistake("C6", Relay(tls="implicit"), "certificate that cannot be trusted", trusting=False),
    Mistake("C6", Relay(tls="starttls", certificate="DNS:mx.example.org"), "IP address mismatch"),
    Mistake("C6", Relay(tls="implicit", certificate="DNS:mx.example.org"), "IP address mismatch"),
    Mistake("C7", Relay(tls="starttls"), "speaks no TLS there", ("smtp://", "smtps://")),
    Mistake("C8", Relay(login=True), "refuses user or password: 535", ("passe@", "autre@")),
    Mistake("C9", Relay(), "offers no login", ("smtp://", "smtp://user:password@")),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda it: f"{it.row}-{it.relay.tls}")
async def test_a_mistake_in_the_relays_address_is_told_at_once(
    mistake: Mistake, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not mistake.trusting:
        monkeypatch.delenv("SSL_CERT_FILE")
    parcels = [Parcel(f"good-{n}") for n in range(3)]
    with mistake.relay.running() as relay:
        (said,) = await carry(relay, parcels, url=relay.url.replace(*mistake.change))
    assert mistake.said in said
    assert relay.connections <= 1
    check_all_came_back(relay, parcels)


@pytest.mark.parametrize("url", ["smtp://127.0.0.1:9", "smtps://127.0.0.1:9", "smtp://no.invalid"])
async def test_a_person_is_told_after_the_rests_if_no_relay_answers(url: str) -> None:
    """C1."""
    parcels = [Parcel(f"good-{n}") for n in range(3)]
    (said,) = await carry(Relay(), parcels, url=url)
    assert "nobody answers at the relay" in said
    check_all_came_back(Relay(), parcels)


@pytest.mark.parametrize("reply", [STALL, b"220-still\r\n220-wait"])
@pytest.mark.parametrize("tls", TLS)
async def test_a_relay_that_does_not_greet_to_the_end_is_not_waited_for(
    tls: str, reply: Reply
) -> None:
    """C3: silence."""
    silent = Trouble("C3", "connect", reply, "")
    relay = Relay(script=script_of_trouble(silent), tls=tls)
    parcels = [Parcel(f"good-{n}") for n in range(3)]
    with relay.running():
        (said,) = await carry(relay, parcels, Timeouts(greeting=0.2))
    assert "does not answer in time" in said
    check_all_came_back(relay, parcels)


async def test_words_slipped_in_before_tls_are_not_heard() -> None:
    """RFC 3207 section 4.2: an attacker between could send anything there."""
    slipped = Trouble("C7", "starttls", b"220 go on\r\n250-x\r\n250 PIPELINING\r\n", "")
    relay = Relay(script=script_of_trouble(slipped), tls="starttls", pipelining=False)
    parcels = [Parcel(f"good-{n}") for n in range(3)]
    with relay.running():
        assert await carry(relay, parcels) == []
    check_all_went(relay, parcels)


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("code", [530, 534, 535, 538])
async def test_a_relay_that_wants_a_login_first_is_no_fault_of_the_person(
    code: int, tls: str, pipelining: bool
) -> None:
    """E1."""
    refusal = Trouble("E1", "mail", f"{code} 5.7.0 Must issue STARTTLS", "")
    relay = Relay(script=script_of_trouble(refusal), tls=tls, pipelining=pipelining)
    parcels = [Parcel(f"good-{n}") for n in range(3)]
    with relay.running():
        (said,) = await carry(relay, parcels)
    assert f"wants a login or TLS: {code} 5.7.0 Must issue STARTTLS" in said
    check_all_came_back(relay, parcels)


@pytest.mark.parametrize("stage", ["mail", "data", "body-received"])
@pytest.mark.parametrize("reply", [DROP, BINARY, "421 4.3.2 closing"])
async def test_a_relay_that_ends_every_connection_does_not_get_the_whole_campaign(
    stage: str, reply: Reply
) -> None:
    """E13: each connection costs one copy a try; after the rests, the other copies wait."""
    relay = Relay(script=lambda at, *_: reply if at == stage else None)
    parcels = [Parcel(f"good-{n}") for n in range(10)]
    with relay.running():
        (said,) = await carry(relay, parcels)
    assert "breaks off every connection" in said
    tried = [parcel for parcel in parcels if parcel.outcomes]
    assert len(tried) == relay.connections == len(RESTS) + 1
    assert all(len(parcel.outcomes) + parcel.back == 1 for parcel in parcels)


@pytest.mark.parametrize("method", ["PLAIN", "LOGIN"])
async def test_a_login_is_given_in_either_manner(method: str) -> None:
    other = {"PLAIN": "LOGIN", "LOGIN": "PLAIN"}[method]
    relay = Relay(
        script=lambda stage, who, _n: "535 5.7.8 no" if (stage, who) == ("auth", other) else None,
        tls="starttls",
        login=True,
    )
    parcels = [Parcel(f"good-{n}") for n in range(3)]
    with relay.running():
        assert await carry(relay, parcels) == []
    check_all_went(relay, parcels)


@pytest.mark.parametrize("tls", TLS)
def test_replies_decide_alike_without_uvloop(tls: str) -> None:
    """asyncio has transports and TLS of its own; one case of each row is tried with them."""

    async def all_rows() -> None:
        for case in {case.row: case for case in CASES}.values():
            await test_what_the_relay_says_decides_what_becomes_of_that_copy_alone(case, tls, True)
        for trouble in (it for it in LASTING if tls in it.tls):
            await test_a_person_is_told_at_once_of_a_relay_that_refuses_us(trouble, tls)

    asyncio.run(all_rows())


def test_the_table_in_the_manual_and_these_rows_are_the_same() -> None:
    """The tests cover exactly the rows of docs/outcomes.md that are about a copy."""
    page = ROOT / "docs" / "outcomes.md"
    told = {
        row: (what, again.startswith("yes"), "yes" in kept)
        for row, what, again, kept in re.findall(
            r"^\| ([CEL]\d+) \| [^|]+ \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", page.read_text(), re.M
        )
    }
    settled = {
        it.row: (it.kind.value, it.kind is Kind.DEFERRED, it.gone) for it in [*CASES, *STALLED]
    }
    waits: list[Trouble | Mistake] = [*PASSING, *LASTING, *MISTAKES]
    waiting = {it.row: ("waits", False, False) for it in waits}
    in_words = {
        "E1": ("waits", False, False),
        "E8": ("as refused", False, False),
        "E13": ("waits, but for one copy a connection", False, False),
    }
    assert told == settled | waiting | in_words
