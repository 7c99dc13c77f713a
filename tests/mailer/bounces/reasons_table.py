"""The table of reasons in docs/bounces.md: `python -m tests.mailer.bounces.reasons_table`."""

from __future__ import annotations

from collections.abc import Iterator

from mailer.bounces.judging import BY_CODE, judge
from mailer.bounces.report import Action, Reason, Recipient, Weight
from mailer.bounces.words import REASONS, WEIGHTS

SISIMAI = {
    Reason.UNKNOWN_USER: "userunknown",
    Reason.UNKNOWN_HOST: "hostunknown, notaccept",
    Reason.MOVED: "hasmoved",
    Reason.DISABLED: "suspend, suppressed",
    Reason.FULL: "mailboxfull, systemfull",
    Reason.TOO_LARGE: "emailtoolarge, exceedlimit",
    Reason.POLICY: "policyviolation, securityerror, blocked, rejected, filtered, norelaying",
    Reason.SPAM: "spamdetected, badreputation",
    Reason.AUTH: "authfailure, requireptr",
    Reason.RATE: "ratelimited, toomanyconn, speeding",
    Reason.CONTENT: "contenterror, virusdetected, notcompliantrfc",
    Reason.GREYLISTED: "–",
    Reason.NETWORK: "networkerror, failedstarttls",
    Reason.EXPIRED: "expired",
    Reason.LOOP: "networkerror",
    Reason.SYSTEM: "systemerror, mailererror, syntaxerror",
    Reason.PROVIDER_LIST: "–",
    Reason.COMPLAINT: "feedback",
    Reason.OTHER: "undefined, onhold",
}
"""What the reasons of Sisimai are here."""


def rows() -> Iterator[str]:
    """Yield the table's lines."""
    yield "| reason | in words | codes | usual weight | in Sisimai |"
    yield "|---|---|---|---|---|"
    for reason, words in REASONS.items():
        codes = [code for code, it in BY_CODE.items() if it is reason]
        told = ", ".join(f"5.{it}" for it in codes) or "–"
        weight = _weight(reason, codes)
        yield f"| `{reason.value}` | {words} | {told} | {weight} | {SISIMAI[reason]} |"


def _weight(reason: Reason, codes: list[str]) -> str:
    """The weight of a failure with the first of its codes and nothing else said."""
    if reason is Reason.COMPLAINT:
        return "complaint"
    if reason is Reason.PROVIDER_LIST:  # no code tells it: only events of relays do
        return WEIGHTS[Weight.POLICY]
    named = f"5.{codes[0]}" if codes else _WORDS.get(reason, "")
    status = named if codes else ""
    verdict = judge(Recipient("a@example.org", Action.FAILED, status, "" if codes else named))
    assert verdict.reason is reason, (reason, verdict)
    return WEIGHTS[verdict.weight]


_WORDS = {
    Reason.SPAM: "554 5.7.1 rejected as spam",
    Reason.POLICY: "550 5.7.1 refused by policy",
    Reason.CONTENT: "554 5.6.0 contains a virus",
    Reason.GREYLISTED: "451 4.7.1 greylisted",
}

if __name__ == "__main__":
    print("\n".join(rows()))
