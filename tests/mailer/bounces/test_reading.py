"""Whatever comes back, the reader answers soon, and calls nothing certain without a proof."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.bounces.formats import dsn
from mailer.bounces.judging import CERTAIN, judge
from mailer.bounces.mail import READ, opened
from mailer.bounces.phrases import says_no_host, says_unknown
from mailer.bounces.reading import read
from mailer.bounces.report import Action, Kind, Reason, Recipient, Stage, Weight
from mailer.bounces.whose import whose
from tests.paths import ROOT
from tests.specimens.bounces.pieces import TOKENS, block, notification, plain

MAILS = [it.read_bytes() for it in sorted((ROOT / "tests/specimens/bounces").rglob("*.eml"))]
SPEED = 200
"""Mails a second on one core, at least (measured: some thousands)."""


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    mail = bytearray(draw(st.sampled_from(MAILS))[:20_000])
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(mail)))
        until = min(len(mail), at + draw(st.integers(0, 200)))
        match draw(st.sampled_from(("cut", "repeat", "put", "swap", "end"))):
            case "cut":
                del mail[at:until]
            case "repeat":
                mail[at:at] = mail[at:until] * draw(st.integers(1, 20))
            case "put":
                mail[at:at] = draw(st.binary(max_size=40))
            case "swap":
                mail[at:until] = bytes(reversed(mail[at:until]))
            case "end":
                del mail[at:]
    return bytes(mail)


@given(mutated())
def test_a_mutated_mail_is_read_and_nothing_is_certain_without_a_proof(raw: bytes) -> None:
    report = read(raw)
    assert len(report.recipients) <= dsn.MOST
    whose(opened(raw), "", report.envelope_id, TOKENS)
    for it in report.recipients:
        assert (it.verdict.weight is Weight.NONE) == (it.recipient.action is not Action.FAILED)
        if it.verdict.weight is Weight.CERTAIN:
            said = f"{it.recipient.status} {it.recipient.diagnostic}"
            assert any(code in said for code in (*CERTAIN, "5.1.2")) or says_unknown(said)


@given(st.binary(max_size=2_000))
def test_octets_that_are_no_mail_are_nothing(raw: bytes) -> None:
    assert not any(it.verdict.weight is Weight.CERTAIN for it in read(raw).recipients)


@given(
    st.builds(
        Recipient,
        st.just("a@example.net"),
        st.sampled_from(Action),
        st.from_regex(r"[245]\.[0-7]\.(10|[0-9]|2[0-8])|", fullmatch=True),
        st.text(max_size=100)
        | st.sampled_from(("550 User unknown", "550 5.1.1 no such user", "host not found")),
        st.sampled_from((None, *Stage)),
    )
)
def test_only_what_says_so_is_certain(recipient: Recipient) -> None:
    verdict = judge(recipient)
    if verdict.weight is Weight.CERTAIN:
        assert recipient.action is Action.FAILED
        assert recipient.stage is not Stage.DATA
        assert not recipient.status.startswith(("2", "4"))
        assert verdict.reason in (Reason.UNKNOWN_USER, Reason.UNKNOWN_HOST, Reason.MOVED)
        assert (
            recipient.status in CERTAIN
            or says_unknown(recipient.diagnostic)
            or says_no_host(recipient.diagnostic)
            or any(code in recipient.diagnostic for code in CERTAIN)
        )


@pytest.mark.parametrize(
    ("status", "diagnostic", "stage", "reason", "weight"),
    [
        ("5.1.1", "", None, Reason.UNKNOWN_USER, Weight.CERTAIN),
        ("5.1.1", "550 5.1.1 user unknown", Stage.DATA, Reason.UNKNOWN_USER, Weight.LIKELY),
        ("", "550 user unknown", Stage.RCPT, Reason.UNKNOWN_USER, Weight.CERTAIN),
        ("", "550 user unknown", None, Reason.UNKNOWN_USER, Weight.LIKELY),
        ("", "450 user unknown", Stage.RCPT, Reason.UNKNOWN_USER, Weight.TEMPORARY),
        ("5.1.1", "450 4.1.1 user unknown", None, Reason.UNKNOWN_USER, Weight.TEMPORARY),
        ("5.1.1", "550 5.1.1 user unknown, rate limited", None, Reason.RATE, Weight.POLICY),
        ("5.1.1", "550 5.1.1 sender address rejected", None, Reason.POLICY, Weight.POLICY),
        ("5.1.1", "550 5.1.1 access denied", None, Reason.POLICY, Weight.POLICY),
        ("5.1.1", "550 5.1.1 too many invalid recipients", None, Reason.RATE, Weight.POLICY),
        ("5.1.1", "550 5.1.1 user unknown (directory timed out)", None,
         Reason.UNKNOWN_USER, Weight.LIKELY),
        ("5.1.1", "550 5.1.1 user temporarily unknown", None,
         Reason.UNKNOWN_USER, Weight.LIKELY),
        ("5.1.1", "550 5.1.1 <spam@policy.example.net>: user unknown", None,
         Reason.UNKNOWN_USER, Weight.CERTAIN),
        ("5.1.1", "550 5.1.1 user unknown https://example.net/policy/spam", None,
         Reason.UNKNOWN_USER, Weight.CERTAIN),
        ("5.2.2", "552 5.2.2 mailbox full", None, Reason.FULL, Weight.TEMPORARY),
        ("5.2.1", "550 5.2.1 This mailbox has been blocked due to inactivity", None,
         Reason.DISABLED, Weight.TEMPORARY),
        ("", "all relevant MX records point to non-existent hosts", None,
         Reason.UNKNOWN_HOST, Weight.LIKELY),
        ("5.7.1", "", None, Reason.POLICY, Weight.POLICY),
        ("5.7.26", "", None, Reason.AUTH, Weight.POLICY),
        ("", "", None, Reason.OTHER, Weight.TEMPORARY),
        ("9.9.9", "999 nonsense", None, Reason.OTHER, Weight.TEMPORARY),
    ],
)  # fmt: skip
def test_a_verdict_follows_from_code_words_and_stage(
    status: str, diagnostic: str, stage: Stage | None, reason: Reason, weight: Weight
) -> None:
    verdict = judge(Recipient("a@example.net", Action.FAILED, status, diagnostic, stage))
    assert (verdict.reason, verdict.weight) == (reason, weight)


@pytest.mark.parametrize(
    "said",
    [
        "La boite aux lettres de ce correspondant est pleine", "boite aux lettres saturée",
        "casella di posta piena", "caixa de correio cheia", "Postfach überfüllt",
        "messagerie résiliée par le client", "boite verrouillée", "mailbox under migration",
        "cette adresse n'est plus active", "account on hold", "recipient callout failed",
        "LDAP lookup failed", "unable to verify recipient", "this mail looks suspicious",
        "message held in quarantine", "Your IP is not welcome here", "no external mail here",
        "Cet utilisateur n'accepte pas les courriels", "message rejeté par le destinataire",
        "rejected, see https://www.spamhaus.org/query/ip/192.0.2.1", "over limits of recipients",
        "письмо похоже на что-то", "疑似垃圾邮件", "=?utf-8?q?pass=C3=A9_au_filtre?=",
        "RESOLVER.RST.NotAuthorized; not authorized", "#550 5.1.1 RESOLVER.ADR.Ambiguous##",
        "Adresse rejetée, trop de destinataires", ("so much " * 10 + "\n") * 70,
    ],
)  # fmt: skip
def test_a_certain_code_beside_words_that_doubt_it_is_not_certain(said: str) -> None:
    for recipient in (
        Recipient("a@example.net", Action.FAILED, "5.1.1", f"550 5.1.1 {said}"),
        Recipient("a@example.net", Action.FAILED, "", f"550 User unknown: {said}", Stage.RCPT),
    ):
        assert judge(recipient).weight not in (Weight.CERTAIN, Weight.COMPLAINT)
    bare = read(notification(1, f"Bonjour,\n{said}\n", block("5.1.1")))
    assert [it.verdict.weight is Weight.CERTAIN for it in bare.recipients] == [False]


@pytest.mark.parametrize(
    "said",
    [
        "Adresse inconnue, veuillez vérifier l'adresse du destinataire", "unknown user",
        "The account does not exist. Check the spelling and try again", "",
    ],
)  # fmt: skip
def test_advice_on_the_spelling_of_an_address_is_no_doubt(said: str) -> None:
    verdict = judge(Recipient("a@example.net", Action.FAILED, "5.1.1", f"550 5.1.1 {said}"))
    assert verdict.weight is Weight.CERTAIN


def test_a_core_reads_hundreds_of_mails_a_second() -> None:
    begun = time.process_time()
    for it in MAILS:
        read(it)
    assert len(MAILS) / (time.process_time() - begun) > SPEED


@pytest.mark.parametrize(
    "body",
    [
        "<" * 200_000,
        "a@b.example " * 20_000,
        "@" * 200_000,
        ("Final-Recipient: rfc822; a@b.example\nStatus: 5.1.1\n\n") * 4_000,
        "> " * 100_000,
        ("<a@b.example>:\n550 5.1.1 no\n\n") * 6_000,
        "&lt;" * 50_000,
        "=?utf-8?q?a?= " * 15_000,
    ],
    ids=lambda it: str(it)[:12],
)
def test_a_hostile_text_takes_no_long_time(body: str) -> None:
    mail = plain("From: MAILER-DAEMON@mx.example.net\nSubject: failure notice\n", body)
    begun = time.process_time()
    report = read(mail)
    assert time.process_time() - begun < 1
    assert len(report.recipients) <= dsn.MOST


def test_a_bounce_of_thirty_megabytes_is_read_by_its_beginning() -> None:
    mail = notification(1, "Sorry.\n", block("5.1.1", "550 5.1.1 User unknown"))
    begun = time.process_time()
    report = read(mail + b"x" * 30_000_000)
    assert time.process_time() - begun < 1
    assert len(mail) < READ
    assert report.kind is Kind.FAILURE


def test_a_report_on_ten_thousand_recipients_is_read_as_far_as_the_limit() -> None:
    blocks = [block("5.1.1", "550 no", "failed", f"p{n}@example.net") for n in range(10_000)]
    assert len(read(notification(1, "Sorry.\n", *blocks)).recipients) == dsn.MOST


def test_of_several_recipients_ours_is_found_and_of_one_it_is_ours() -> None:
    other = block("5.2.2", "552 full", "failed", "other@example.net")
    both = read(notification(1, "", block("5.1.1", "550 5.1.1 no such user"), other))
    found = both.about("MARIE@recipients.example.net")
    assert found is not None
    assert found.verdict.weight is Weight.CERTAIN
    assert both.about("nobody@example.net") is None
    passed_on = read(notification(1, "", other)).about("marie@recipients.example.net")
    assert passed_on is not None
    assert passed_on.verdict.reason is Reason.FULL
