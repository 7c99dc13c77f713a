"""What came in, in words for people."""

from __future__ import annotations

from collections.abc import Mapping

from mailer.bounces.report import Kind
from mailer.intake.tallies import Sort
from pli.language import N_, Sentence, say

KINDS: Mapping[str, str] = {
    Kind.FAILURE: N_("a letter came back"),
    Kind.DELAY: N_("a notice of delay"),
    Kind.SUCCESS: N_("a notice of success"),
    Kind.COMPLAINT: N_("a complaint"),
    Kind.LEAVE: N_("a wish to leave, told by a provider"),
    Kind.AUTO_REPLY: N_("an automatic answer"),
    Kind.NOTE: N_("a note for staff"),
    Kind.RECEIPT: N_("a read receipt"),
    Kind.OTHER: N_("nothing that Pli knows"),
    Sort.LEFT: N_("a person left"),
    Sort.STOP: N_("a wish to leave that nothing proves"),
    Sort.REPLY: N_("an answer, left where it is"),
    Sort.FORWARDED: N_("an answer, passed on"),
    Sort.PROBE: N_("a trial of the doctor"),
    Sort.NOISE: N_("too many of one sender: dropped"),
    Sort.TRACKING: N_("who opens and clicks: dropped unread"),
    Sort.UNREADABLE: N_("a mail that its mailbox does not give out"),
    Sort.SUBSCRIBED: N_("a topic's subscription, confirmed"),
    Sort.FAULT: N_("a fault of Pli: kept"),
}


def kind(name: str) -> Sentence:
    """What was counted under this name."""
    return say(KINDS[name])
