"""Sendmail's sections: who had fatal errors, who waits, and the transcript of the session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mailer.bounces import addresses, stages
from mailer.bounces.formats.paragraphs import LONGEST, MOST, status_in
from mailer.bounces.report import Action, Recipient

_WAITS = ("transient non-fatal errors", "message still undelivered", "will keep trying")
_DONE = ("had successful delivery notifications", "successfully delivered", "(relayed to")


def recipients(text: str) -> Sequence[Recipient]:
    """The recipients of each section, with their reason or the last answer to the session."""
    lowered = text.lower()
    begins = lowered.find("transcript of session")
    session = text[begins:] if begins >= 0 else ""
    found: dict[str, Recipient] = {}
    action = Action.FAILED
    last = ""
    for line in (text[:begins] if begins >= 0 else text).split("\n"):
        said = line.strip()
        if said.startswith("-----"):
            action = _action(said.lower())
        elif said.startswith("(reason:") and last:
            reason = said.removeprefix("(reason:").strip(" )")[:LONGEST]
            found[last] = replace(
                found[last],
                diagnostic=reason,
                status=status_in(reason),
                stage=stages.told(reason) or stages.told(session),
            )
        elif said.startswith("(expanded from:") and last:
            original = addresses.bare(said.removeprefix("(expanded from:").strip(" )"))
            found[last] = replace(found[last], original=original)
        elif (named := addresses.bare(said)) and len(found) < MOST:
            last = named
            found.setdefault(named, Recipient(named, action))
    return [it if it.diagnostic else _told_by(session, it) for it in found.values()]


def _action(section: str) -> Action:
    if any(it in section for it in _WAITS):
        return Action.DELAYED
    return Action.DELIVERED if any(it in section for it in _DONE) else Action.FAILED


def _told_by(session: str, recipient: Recipient) -> Recipient:
    """What the session says of a recipient: the lines that name them, else the answers."""
    lines = [it.strip() for it in session.split("\n")]
    named = [it for it in lines if recipient.address.lower() in it.lower()]
    answers = [it for it in lines if it[:3].isdigit() or it.startswith("<<< ")]
    told = [it for it in named if it[:3].isdigit() or it.startswith("<<< ")] or answers
    diagnostic = " ".join(told or named)[:LONGEST]
    return replace(
        recipient,
        diagnostic=diagnostic,
        status=status_in(diagnostic),
        stage=stages.told(session),
    )
