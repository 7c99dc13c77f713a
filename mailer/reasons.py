"""Sentences for the codes in the tables: states, statuses, and why a copy was not sent."""

from __future__ import annotations

from collections.abc import Mapping

from mailer.models import CampaignState, Source, Status
from mailer.outcomes import Reason
from pli import audit_words
from pli.actor import NOBODY, Actor
from pli.language import N_, Sentence, say, say_n
from subscribers.consent import Hindrance

ALREADY = "already"
SET_ASIDE = "set_aside"
ERASED = "erased"
CANCELLED = "cancelled"

FAILURES = tuple(reason.value for reason in Reason)
"""The codes of a failed copy, in the order of the report."""

_STATES: Mapping[CampaignState, str] = {
    CampaignState.DRAFT: N_("draft"),
    CampaignState.APPROVED: N_("approved"),
    CampaignState.SCHEDULED: N_("scheduled"),
    CampaignState.PREPARED: N_("prepared, not started"),
    CampaignState.RUNNING: N_("running"),
    CampaignState.PAUSED: N_("paused"),
    CampaignState.CANCELLED: N_("cancelled"),
    CampaignState.FINISHED: N_("finished"),
}

_STATUSES: Mapping[Status, str] = {
    Status.EXCLUDED: N_("excluded"),
    Status.PENDING: N_("waiting"),
    Status.SENDING: N_("in work"),
    Status.SENT: N_("sent"),
    Status.FAILED: N_("failed"),
    Status.SKIPPED: N_("skipped"),
    Status.UNCERTAIN: N_("uncertain"),
}

_STATUSES_OF_ONE: Mapping[Status, str] = {
    Status.EXCLUDED: N_("not to be sent"),
    Status.PENDING: N_("waiting to be sent"),
    Status.SENDING: N_("being sent"),
    Status.SENT: N_("was sent"),
    Status.FAILED: N_("was refused"),
    Status.SKIPPED: N_("not sent after all"),
    Status.UNCERTAIN: N_("perhaps sent"),
}

_SENTENCES: Mapping[Status, Mapping[str, str]] = {
    Status.EXCLUDED: {
        Hindrance.SUPPRESSED.value: N_(
            "The address must not be written to: it does not exist, complained or objected."
        ),
        Hindrance.LEFT.value: N_("Had left the list before this sending."),
        Hindrance.UNCONFIRMED.value: N_("Has not confirmed the subscription."),
        Hindrance.PAUSED.value: N_("Has paused the subscription."),
        ALREADY: N_("Was already in an earlier sending of this letter."),
        SET_ASIDE: N_("Was set aside for this sending, with a list or a segment."),
    },
    Status.SKIPPED: {
        Hindrance.LEFT.value: N_("Left the list during the sending, before this copy went out."),
        Hindrance.SUPPRESSED.value: N_(
            "The address was barred during the sending: it does not exist, complained or objected."
        ),
        Hindrance.UNCONFIRMED.value: N_("The subscription was no longer confirmed."),
        Hindrance.PAUSED.value: N_("Paused the subscription before this copy went out."),
        ERASED: N_("The person was erased before this copy went out."),
        CANCELLED: N_("The sending was cancelled before this copy went out."),
    },
    Status.FAILED: {
        Reason.UNKNOWN_USER.value: N_("The address does not exist (any more)."),
        Reason.MAILBOX_FULL.value: N_("The mailbox is full."),
        Reason.POLICY.value: N_("The provider refuses mail from us, or this mail, by its rules."),
        Reason.TOO_LARGE.value: N_("The letter is too large for this mailbox."),
        Reason.GAVE_UP.value: N_("Tried again and again, and given up."),
        Reason.OTHER.value: N_("Not sent for another reason, which each copy tells."),
    },
}

_UNCERTAIN = N_(
    "The connection broke, or the program was stopped, before the relay answered: "
    "nobody can know whether this copy left."
)


_PROOFS: Mapping[tuple[Source, Status], str] = {
    (Source.LOG, Status.SENT): N_("Was in doubt: the relay's log shows that it took the copy."),
    (Source.LOG, Status.FAILED): N_(
        "Was in doubt: the relay's log shows that it refused the copy."
    ),
    (Source.JOURNAL, Status.SENT): N_(
        "Was in doubt: the sender's own journal shows that the relay took the copy."
    ),
    (Source.JOURNAL, Status.FAILED): N_(
        "Was in doubt: the sender's own journal shows that the relay refused the copy."
    ),
    (Source.NOTICE, Status.SENT): N_(
        "Was in doubt, and had left: a notice about this very copy came back."
    ),
    (Source.OPT_OUT, Status.SENT): N_(
        "Was in doubt, and arrived: the unsubscribe link of this very copy was used."
    ),
}


def state(of: CampaignState) -> Sentence:
    """The state of a campaign."""
    return say(_STATES[of])


def status(of: Status) -> Sentence:
    """The status of copies."""
    return say(_STATUSES[of])


def status_of_one(of: Status) -> Sentence:
    """The status of one copy."""
    return say(_STATUSES_OF_ONE[of])


def counted(of: Status, n: int) -> Sentence:
    """So many copies of a status, as a part of a sum or of a legend."""
    match of:
        case Status.EXCLUDED:
            return say_n("{n:n} excluded", "{n:n} excluded", n)
        case Status.PENDING:
            return say_n("{n:n} waiting", "{n:n} waiting", n)
        case Status.SENDING:
            return say_n("{n:n} in work", "{n:n} in work", n)
        case Status.SENT:
            return say_n("{n:n} sent", "{n:n} sent", n)
        case Status.FAILED:
            return say_n("{n:n} failed", "{n:n} failed", n)
        case Status.SKIPPED:
            return say_n("{n:n} skipped", "{n:n} skipped", n)
        case Status.UNCERTAIN:
            return say_n("{n:n} uncertain", "{n:n} uncertain", n)


def sentence(of: Status, code: str | None) -> Sentence | None:
    """Why a copy has its status; None if there is nothing to explain.

    A code that this version does not know is shown as it stands.
    """
    if of is Status.UNCERTAIN:
        return say(_UNCERTAIN)
    if code is None or of not in _SENTENCES:
        return None
    known = _SENTENCES[of].get(code)
    return say(known) if known else say(N_("Reason: {code}."), code=code)


def proof(source: Source, status: Status) -> Sentence:
    """How it is known what became of a copy that was in doubt."""
    known = _PROOFS.get((source, status))
    if known:
        return say(known)
    return say(N_("Was in doubt, and settled by: {source}."), source=source.value)


def settled(source: Source, n: int) -> Sentence:
    """How many copies were in doubt until a source showed what had become of them."""
    if source is Source.LOG:
        return say_n(
            "{n} copy was in doubt until the relay's log told what had become of it.",
            "{n} copies were in doubt until the relay's log told what had become of them.",
            n,
        )
    if source is Source.JOURNAL:
        return say_n(
            "{n} copy was in doubt until the sender's own journal told what had become of it.",
            "{n} copies were in doubt until the sender's own journal told what had become of them.",
            n,
        )
    if source is Source.NOTICE:
        return say_n(
            "{n} copy was in doubt until a notice about it came back: it had left.",
            "{n} copies were in doubt until notices about them came back: they had left.",
            n,
        )
    return say_n(
        "{n} copy was in doubt until its unsubscribe link was used: it had arrived.",
        "{n} copies were in doubt until their unsubscribe links were used: they had arrived.",
        n,
    )


def decided(maker: Actor, approver: Actor) -> Sentence | None:
    """Who made a campaign and who approved it; None if neither is known."""
    if approver != NOBODY and maker != NOBODY:
        return say(
            N_("Made by {maker}; approved by {approver}."),
            maker=audit_words.who(maker),
            approver=audit_words.who(approver),
        )
    if maker != NOBODY:
        return say(N_("Made by {maker}."), maker=audit_words.who(maker))
    if approver != NOBODY:
        return say(N_("Approved by {approver}."), approver=audit_words.who(approver))
    return None


IS_BARRED = N_("The address is barred: Pli does not write to it any more.")


def barred(n: int, campaign_id: int) -> Sentence:
    """How many addresses are barred by what came back, or was answered, in a campaign."""
    return say_n(
        "{n} address that was called unknown is barred: "
        '"pli subscriber lift --campaign {id}" takes that back.',
        "{n} addresses that were called unknown are barred: "
        '"pli subscriber lift --campaign {id}" takes that back.',
        n,
        id=campaign_id,
    )
