"""Why a copy came back, and how much that weighs: of its status, its words and its stage.

A person loses letters only for what is certain. Receivers hide filters behind "user unknown": of 83
real mails that say so without a certain code, 32 were filters and 9 something else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailer.bounces import doubts, phrases
from mailer.bounces.report import Action, Judged, Reason, Recipient, Stage, Verdict, Weight

_CODE = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")

CERTAIN = ("5.1.1", "5.1.10", "5.1.3", "5.1.6")
"""Codes that say for certain that there is no such mailbox; 5.1.2 if its host is not found, too."""
BY_CODE: Mapping[str, Reason] = {
    "1.1": Reason.UNKNOWN_USER, "1.2": Reason.UNKNOWN_HOST, "1.3": Reason.UNKNOWN_USER,
    "1.6": Reason.MOVED, "1.7": Reason.POLICY, "1.8": Reason.POLICY, "1.10": Reason.UNKNOWN_HOST,
    "2.1": Reason.DISABLED, "2.2": Reason.FULL, "2.3": Reason.TOO_LARGE,
    "3.1": Reason.SYSTEM, "3.2": Reason.SYSTEM, "3.3": Reason.SYSTEM, "3.4": Reason.TOO_LARGE,
    "3.5": Reason.SYSTEM,
    "4.1": Reason.NETWORK, "4.2": Reason.NETWORK, "4.3": Reason.SYSTEM, "4.4": Reason.NETWORK,
    "4.5": Reason.SYSTEM, "4.6": Reason.LOOP, "4.7": Reason.EXPIRED,
    "7.8": Reason.AUTH, "7.13": Reason.DISABLED, "7.17": Reason.MOVED, "7.18": Reason.MOVED,
    "7.20": Reason.AUTH, "7.21": Reason.AUTH, "7.22": Reason.AUTH, "7.23": Reason.AUTH,
    "7.24": Reason.AUTH, "7.25": Reason.AUTH, "7.26": Reason.AUTH, "7.28": Reason.RATE,
}  # fmt: skip
"""What enhanced codes say without their class (RFC 3463, 7372, 7293, 7505, and IANA's table)."""
_BY_SUBJECT = {"6": Reason.CONTENT, "7": Reason.POLICY}
VAGUE = ("0.0", "1.0", "2.0", "3.0", "4.0", "5.0")
"""Codes that say nothing but their class."""
_GONE = (Reason.UNKNOWN_USER, Reason.UNKNOWN_HOST, Reason.MOVED)
_LETS_PASS = (Reason.GREYLISTED,)
# A full mailbox, too, is told in words of size: there the code decides.
_BLAMES_US = tuple(it for it in phrases.ABOUT_US if it is not Reason.TOO_LARGE)


def judged(recipient: Recipient) -> Judged:
    """A recipient with the verdict on what is said of them."""
    return Judged(recipient, judge(recipient))


def judge(recipient: Recipient) -> Verdict:
    """Why a recipient's copy came back, and how much that weighs.

    What is not `failed` weighs nothing. Whatever is not certain is read the milder way: a code and
    words that contradict each other are never certain.
    """
    codes = _codes(recipient)
    names = phrases.named(recipient.diagnostic)
    reason = _reason(codes, names, recipient)
    if recipient.action is not Action.FAILED:
        return Verdict(reason, Weight.NONE)
    return Verdict(reason, _weight(reason, codes, names, recipient))


def _codes(recipient: Recipient) -> tuple[str, ...]:
    """The enhanced codes of a recipient: its status, and those that its diagnostic holds."""
    found = [recipient.status, *_CODE.findall(recipient.diagnostic[: phrases.LOOKED_AT])]
    return tuple(dict.fromkeys(it for it in found if it))


def _reason(codes: tuple[str, ...], names: tuple[Reason, ...], recipient: Recipient) -> Reason:
    by_code = [it for it in map(_by_code, codes) if it is not None]
    about_us = [it for it in (*names, *by_code) if it in _BLAMES_US]
    if about_us:
        return next((it for it in about_us if it is not Reason.POLICY), Reason.POLICY)
    if Reason.UNKNOWN_HOST in by_code and phrases.says_unknown(recipient.diagnostic):
        return Reason.UNKNOWN_USER  # Exchange: 5.1.10 RESOLVER.ADR.RecipNotFound
    if phrases.says_no_host(recipient.diagnostic) and not set(by_code) - _OF_HOSTS:
        return Reason.UNKNOWN_HOST
    for found in (*by_code, *names):
        if found in phrases.LIMITS:
            return _limit(found, names)
    if by_code:
        return by_code[-1] if by_code[0] is Reason.EXPIRED else by_code[0]
    return names[0] if names else _unsaid(codes)


_OF_HOSTS = {Reason.UNKNOWN_HOST, Reason.NETWORK, Reason.SYSTEM}


def _limit(found: Reason, names: tuple[Reason, ...]) -> Reason:
    """5.2.1 is told of every mailbox that takes nothing: words may say more."""
    for better in (Reason.FULL, Reason.MOVED, Reason.UNKNOWN_USER):
        if found is Reason.DISABLED and better in names and Reason.DISABLED not in names:
            return better
    return found


def _by_code(code: str) -> Reason | None:
    class_, _, detail = code.partition(".")
    if class_ == "2" or detail in VAGUE:
        return None
    return BY_CODE.get(detail) or _BY_SUBJECT.get(detail.partition(".")[0])


def _unsaid(codes: tuple[str, ...]) -> Reason:
    """Nothing is told: a failure with a code of passing trouble was given up on."""
    return Reason.EXPIRED if codes and codes[0].startswith("4.") else Reason.OTHER


def _weight(
    reason: Reason, codes: tuple[str, ...], names: tuple[Reason, ...], recipient: Recipient
) -> Weight:
    if reason in phrases.ABOUT_US and reason not in _LETS_PASS:
        return Weight.POLICY
    if reason not in _GONE or any(it.startswith(("2.", "4.")) for it in codes):
        return Weight.TEMPORARY
    if not _is_refused(recipient):
        return Weight.TEMPORARY
    blamed = any(it in phrases.ABOUT_US or it in phrases.LIMITS for it in names)
    telling = [it for it in codes if it[2:] not in VAGUE[:2]]
    passing = phrases.says_passing(recipient.diagnostic)
    doubted = _is_doubted(reason, recipient.diagnostic)
    if blamed or passing or doubted or recipient.stage is Stage.DATA:
        return Weight.LIKELY
    if telling:
        sure = all(_is_certain(it, recipient) for it in telling)
        return Weight.CERTAIN if sure else Weight.LIKELY
    at_rcpt = recipient.stage is Stage.RCPT and phrases.says_unknown(recipient.diagnostic)
    return Weight.CERTAIN if at_rcpt else Weight.LIKELY


def _is_doubted(reason: Reason, diagnostic: str) -> bool:
    # "The domain does not accept mail" is what RFC 7505 has servers say.
    return doubts.raises(diagnostic) and not (
        reason is Reason.UNKNOWN_HOST and phrases.says_null_mx(diagnostic)
    )


def _is_certain(code: str, recipient: Recipient) -> bool:
    if code == "5.1.2":
        return phrases.says_no_host(recipient.diagnostic)
    return code in CERTAIN


def _is_refused(recipient: Recipient) -> bool:
    """Whether no reply of three digits contradicts a failure for good."""
    for word in recipient.diagnostic[: phrases.LOOKED_AT].replace("-", " ", 4).split()[:6]:
        if len(word) == 3 and word.isdigit():
            return not word.startswith("4")
    return True
