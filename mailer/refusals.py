"""Refusals that are not about one recipient: the relay refuses us, and would refuse everybody.

They are known by what the relay says: for what we are (5.7.x, any refusal of the sender, a copy
that cannot be handed over), or in the same words to many. What calls a recipient unknown never
counts here: mailer/ledger/unknown_users.py judges that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable
from dataclasses import dataclass

from mailer import answer_words
from mailer.models import Stage
from mailer.outcomes import Kind, Outcome, calls_unknown
from pli.language import N_, Sentence, say

LATEST = 200
"""How many of the last answers are judged together."""
LEAST = 5
"""Fewer refusals prove nothing about the sender."""
NO_SMTPUTF8 = "5.6.7"
"""The only code of copies not offered to the relay that is about the address (RFC 6531)."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a campaign pauses: `n` of the last `total` copies were refused as `latest` was."""

    n: int
    total: int
    latest: Outcome

    def tell(self) -> Sentence:
        """In the relay's words, and what to do."""
        text = answer_words.without_addresses(self.latest.text)
        said = {"code": self.latest.code, "text": text}
        refused = say(
            N_("{n} of the last {total} copies were refused for what we are: {code} {text}")
            if is_about_us(self.latest)
            else N_("{n} of the last {total} copies were refused in the same words: {code} {text}"),
            n=self.n,
            total=self.total,
            **said,
        )
        # Code, text and stage are not told twice: by them, the copies that were refused alike are
        # found again.
        return say(
            N_("{refused}: {advice}"),
            refused=refused,
            advice=_advice(self.latest),
            stage=self.latest.stage.value,
            **said,
        )


def judge_latest(latest: Collection[Outcome], share: float) -> Refused | None:
    """Whether at least `LEAST` of the latest outcomes, and this `share`, are refusals of us."""
    enough = max(LEAST, share * len(latest))
    refused = [it for it in latest if it.kind is Kind.FAILED]
    if len(refused) < enough:
        return None
    refused = [it for it in refused if not _is_about_the_recipient(it)]
    about_us = [it for it in refused if is_about_us(it)]
    if len(about_us) >= enough:
        return Refused(len(about_us), len(latest), about_us[-1])
    same: dict[Hashable, list[Outcome]] = defaultdict(list)
    for it in refused:
        same[_signature(it)].append(it)
    most = max(same.values(), key=len, default=[])
    return Refused(len(most), len(latest), most[-1]) if len(most) >= enough else None


def is_about_us(outcome: Outcome) -> bool:
    """Whether a refusal is by its code, or its stage, about the sender or the letter."""
    if outcome.kind is not Kind.FAILED:
        return False
    enhanced = outcome.enhanced or ""
    if outcome.stage is Stage.CONNECT:
        return enhanced != NO_SMTPUTF8
    return outcome.stage is Stage.MAIL or enhanced.startswith("5.7.")


def alike(one: Outcome, other: Outcome) -> bool:
    """Whether two refusals are one and the same refusal of us."""
    if _is_about_the_recipient(one) or _is_about_the_recipient(other):
        return False
    if is_about_us(one) and is_about_us(other):
        return True
    return _signature(one) == _signature(other)


def _is_about_the_recipient(outcome: Outcome) -> bool:
    not_offered = outcome.stage is Stage.CONNECT and outcome.enhanced == NO_SMTPUTF8
    return not_offered or calls_unknown(outcome)


def _signature(outcome: Outcome) -> Hashable:
    return outcome.stage, outcome.code, outcome.enhanced, answer_words.alike(outcome.text)


def _advice(refused: Outcome) -> Sentence:
    """What a person can do about it, as far as the words of the relay say."""
    if refused.stage is Stage.CONNECT or refused.code == 552 or refused.enhanced == "5.3.4":
        return say(N_("make the letter smaller, or ask the relay's operator for more"))
    about = answer_words.subject_of(refused.text)
    match about:
        case answer_words.Subject.LOGIN:
            return say(N_("the relay wants a login: put user and password into its URL"))
        case answer_words.Subject.RATE:
            return say(N_("send fewer an hour (relay_per_hour), or ask the relay's operator"))
        case answer_words.Subject.GREETING:
            return say(N_("greet the relay by this machine's full name (relay_ehlo_name)"))
        case answer_words.Subject.REPUTATION:
            return say(N_("ask the relay's operator; wait, and do not try again and again"))
    if about is answer_words.Subject.SENDER or refused.stage is Stage.MAIL:
        return say(N_("use a sender that the relay accepts (the setting sender)"))
    return say(N_("ask the relay's operator what it wants of us"))
