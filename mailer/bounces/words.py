"""What came back, in sentences for people."""

from __future__ import annotations

from collections.abc import Mapping

from mailer.bounce_models import Effect
from mailer.bounces.report import Action, Kind, Reason, Weight
from pli.language import N_, Sentence, say, say_n

REASONS: Mapping[Reason, str] = {
    Reason.UNKNOWN_USER: N_("The mailbox does not exist (any more)."),
    Reason.UNKNOWN_HOST: N_("The domain of the address does not exist, or takes no mail."),
    Reason.MOVED: N_("The mailbox has moved to another address."),
    Reason.DISABLED: N_("The mailbox was disabled, or not used for long."),
    Reason.FULL: N_("The mailbox was full."),
    Reason.TOO_LARGE: N_("The letter was too large for this mailbox."),
    Reason.POLICY: N_("The provider refused the letter by its rules."),
    Reason.SPAM: N_("The provider took the letter for spam."),
    Reason.AUTH: N_("The provider could not verify the sender (SPF, DKIM, DMARC)."),
    Reason.RATE: N_("The provider took no more letters from us at that time."),
    Reason.CONTENT: N_("The provider refused something in the letter."),
    Reason.GREYLISTED: N_("The provider wanted a later try, and no try came through."),
    Reason.NETWORK: N_("The provider's server could not be reached."),
    Reason.EXPIRED: N_("The letter was tried again and again, and given up."),
    Reason.LOOP: N_("The letter went in a circle between servers."),
    Reason.SYSTEM: N_("The provider's server had a fault."),
    Reason.PROVIDER_LIST: N_(
        "The relay keeps a list of its own, and writes to this address no more. Take the address "
        "off that list, on the pages of the relay."
    ),
    Reason.COMPLAINT: N_("The person marked the letter as spam."),
    Reason.OTHER: N_("The letter came back, and nothing says why."),
}
WEIGHTS: Mapping[Weight, str] = {
    Weight.CERTAIN: N_("certainly gone"),
    Weight.LIKELY: N_("likely gone"),
    Weight.TEMPORARY: N_("passing"),
    Weight.POLICY: N_("about us"),
    Weight.COMPLAINT: N_("complaint"),
    Weight.NONE: N_("no failure"),
}
EFFECTS: Mapping[Effect, str] = {
    Effect.NONE: N_("noted"),
    Effect.WAITING: N_("barred when the campaign ends"),
    Effect.HELD: N_("held: came in a burst"),
    Effect.SUPPRESSED: N_("barred"),
    Effect.UNDONE: N_("taken back"),
    Effect.FORMER: N_("about an earlier address"),
}
LIKELY_IN_A_BURST = say(N_("only noted: came in a burst"))
_ACTIONS: Mapping[str, str] = {
    Action.DELAYED: N_("The letter was delayed on its way."),
    Action.DELIVERED: N_("The provider reports that the letter was delivered."),
    Action.RELAYED: N_("The letter was passed on to a server that sends no reports."),
    Action.EXPANDED: N_("The letter was delivered to a list of addresses."),
    "leave": N_("The person asked the provider to be taken off."),
}


def sentence(action: str, reason: str, diagnostic: str = "") -> Sentence:
    """What came back of one copy, and what the provider said."""
    if action in _ACTIONS:
        return say(_ACTIONS[action])
    known = {it.value: words for it, words in REASONS.items()}
    what = say(known.get(reason, REASONS[Reason.OTHER]))
    if not diagnostic:
        return what
    return say(N_("{what} The provider said: “{text}”"), what=what, text=diagnostic)


def counted(reason: str, n: int) -> Sentence:
    """How many copies of a campaign came back for a reason after they had been sent."""
    return say_n(
        "{n} copy came back after it was sent: {why}",
        "{n} copies came back after they were sent: {why}",
        n,
        why=sentence(Action.FAILED, reason),
    )


def weight(of: str) -> Sentence:
    """How much an answer weighs."""
    return say(WEIGHTS[Weight(of)])


def effect(of: Effect, kind: str = Kind.FAILURE) -> Sentence:
    """What follows from it for the address; `kind`: what came back, or its action."""
    if of is Effect.NONE and kind == Kind.LEAVE:
        return say(N_("left the list"))
    return say(EFFECTS[of])
