"""What mail servers wrote before the standard, and still write: each known by its first words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mailer.bounces import addresses, stages
from mailer.bounces.formats import paragraphs, transcript
from mailer.bounces.formats.quoted_letter import parted
from mailer.bounces.mail import Mail, words_of
from mailer.bounces.report import Action, How, Recipient


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a mail in a server's own words says of its recipients."""

    how: How
    recipients: Sequence[Recipient]


def read(mail: Mail) -> Dialect | None:
    """What a mail says in the words of a server that is known; None if no server's are."""
    said, _ = parted(mail.text)
    lowered = said.lower()
    for how, reader in (
        (How.QMAIL, _qmail),
        (How.EXIM, _exim),
        (How.TRANSCRIPT, _transcript),
        (How.EXCHANGE, _exchange),
    ):
        found = reader(mail, said, lowered)
        if found:
            return Dialect(how, found)
    return None


def _qmail(mail: Mail, said: str, lowered: str) -> Sequence[Recipient]:
    del mail
    if not any(it in lowered for it in _OF_QMAIL):
        return ()
    action = Action.DELAYED if "will keep trying" in lowered else Action.FAILED
    return paragraphs.recipients(said, action)


_OF_QMAIL = (
    "this is the qmail-send program", "this is the mail delivery agent at",
    "i'm afraid i wasn't able to deliver your message", "i wasn't able to deliver your message",
    "this is the machine generated message from mail service",
)  # fmt: skip


def _exim(mail: Mail, said: str, lowered: str) -> Sequence[Recipient]:
    named = mail.first("x-failed-recipients")
    ours = "created automatically by mail delivery software" in lowered
    if not named and not ours:
        return ()
    waits = any(it in lowered for it in _EXIM_WAITS)
    action = Action.DELAYED if waits and not named else Action.FAILED
    found = paragraphs.recipients(said, action)
    if named:
        wanted = [it for it in map(addresses.bare, named.split(",")) if it][: paragraphs.MOST]
        told = {it.address.lower(): it for it in found}
        text = " ".join(said.split())[: paragraphs.LONGEST]
        only = text if len(wanted) == 1 else ""
        found = [
            told.get(it.lower()) or Recipient(it, action, paragraphs.status_in(only), only)
            for it in wanted
        ]
    return found


_EXIM_WAITS = (
    "has not yet been delivered", "not been delivered to all of its recipients after",
    "no action is required on your part", "delivery attempts will continue",
)  # fmt: skip


def _transcript(mail: Mail, said: str, lowered: str) -> Sequence[Recipient]:
    if any(it in lowered for it in _OF_SENDMAIL):
        return transcript.recipients(said)
    if any(it in lowered for it in _OF_POSTFIX):
        subject = words_of(mail.first("subject")).lower()
        waits = "will be retried until" in lowered or "this is a warning only" in lowered
        waits = waits or "delayed mail" in subject or "still in the queue" in lowered
        action = Action.DELAYED if waits else Action.FAILED
        if "successfully delivered" in subject or "delivery status notification" in lowered[:200]:
            action = Action.FAILED if "could not" in lowered else Action.DELIVERED
        return paragraphs.recipients(said, action)
    return ()


_OF_SENDMAIL = ("transcript of session follows", "had permanent fatal errors", "(reason: ")
_OF_POSTFIX = (
    "this is the mail system at host", "this is the postfix program at host",
    "this is the mailer-daemon, please do not reply", "i'm sorry to have to inform you",
    "je suis le systeme de messagerie", "this is the mail system on host",
)  # fmt: skip


def _exchange(mail: Mail, said: str, lowered: str) -> Sequence[Recipient]:
    if not any(it in lowered for it in _OF_EXCHANGE):
        return ()
    waits = "this message hasn't been delivered yet" in lowered or "delivery is delayed" in lowered
    action = Action.DELAYED if waits else Action.FAILED
    found = [it for it in paragraphs.recipients(said, action) if it.diagnostic]
    if not found:
        sender = addresses.bare(mail.first("to")).lower()
        named = [it for it in dict.fromkeys(addresses.within(said)) if it.lower() != sender]
        found = [Recipient(it, action) for it in named[:1]]
    if len(found) == 1:  # what is told in several places is told of this one
        text = " ".join(said.split())[: paragraphs.LONGEST]
        found = [
            replace(
                found[0],
                status=found[0].status or paragraphs.status_in(text),
                diagnostic=found[0].diagnostic or text,
                stage=found[0].stage or stages.told(text),
            )
        ]
    return found


_OF_EXCHANGE = (
    "delivery has failed to these recipients", "did not reach some or all of the intended",
    "the following recipient(s) cannot be reached", "recipient(s) could not be reached",
    "failure reasons", "your message can't be delivered", "couldn't be delivered",
    "diagnostic information for administrators", "la remise a echoue",
    "n'a pas pu etre remis aux destinataires", "échec de la remise", "la remise a échoué",
    "this message hasn't been delivered yet", "delivery is delayed to these recipients",
)  # fmt: skip
