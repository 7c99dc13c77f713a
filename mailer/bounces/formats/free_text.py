"""Bounces in no known form: a server wrote, and somewhere it names a recipient and a reason."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from email.message import Message

from flufl.bounce import all_failures

from mailer import answer_words
from mailer.bounces import addresses, phrases, stages
from mailer.bounces.formats import paragraphs
from mailer.bounces.formats.quoted_letter import parted
from mailer.bounces.mail import Mail, words_of
from mailer.bounces.report import Action, Recipient

LOOKED_AT = 16_000
_SERVERS = (
    "mailer-daemon", "postmaster", "maildaemon", "mail-daemon", "mailerdaemon", "bounce",
    "mail_daemon", "mailer_daemon", "daemon",
)  # fmt: skip
"""How the local part of a server's address begins."""
_CALLED = (
    "mail delivery subsystem", "mail delivery system", "mail delivery service", "mail delivery",
    "delivery system", "delivery subsystem", "mail administrator", "mail system", "mailer daemon",
    "postmaster", "system administrator",
)  # fmt: skip
"""How a server calls itself, and nothing else beside."""
_SUBJECTS = (
    "undeliverable", "undelivered", "delivery failed", "delivery failure", "returned mail",
    "mail delivery failed", "delivery status notification", "failure notice", "non remis",
    "delivery problem", "message not delivered", "mail system error", "non distribue",
    "non delivrable", "echec de la remise", "echec de remise", "echec de livraison",
    "nondeliverable",
    "mail could not be delivered", "unzustellbar", "nicht zugestellt", "could not be delivered",
    "not deliverable", "delivery error", "rejected mail", "mail failure", "message non distribue",
    "undelivered mail returned to sender", "delivery notification", "address error",
    "mail delivery error", "mail delivery failure", "warning could not send message",
    "message delayed", "delivery delayed", "retour a l expediteur", "courrier non remis",
)  # fmt: skip
_WAITS = (
    "delayed", "will be retried", "still trying", "not yet been delivered", "warning message only",
    "will keep trying", "retarde", "encore essayer", "sera retente", "temporarily delayed",
    "no action is required",
)  # fmt: skip


_ANSWERS = re.compile(r"\s*(?:re|rép|aw|tr|fw|fwd|wg) ?:", re.IGNORECASE)


def looks_like_a_bounce(mail: Mail) -> bool:
    """Whether a server wrote the mail, as its sender, return path or subject tell."""
    told = words_of(mail.first("subject"))[:300]
    # A person who answers a notice, or passes it on, keeps its subject.
    subject = "" if _ANSWERS.match(told) else answer_words.words(told)
    from_nobody = mail.first("return-path").strip() == "<>"
    return (
        _is_a_server(words_of(mail.first("from")).lower())
        or answer_words.has(subject, _SUBJECTS)
        or (from_nobody and bool(mail.returned))
    )


def _is_a_server(sender: str) -> bool:
    """Whether a sender's address or name is a server's: people have such words in theirs, too."""
    local = addresses.bare(sender).rpartition("@")[0] or sender.strip(' <>"').partition("@")[0]
    name = answer_words.words(sender.partition("<")[0]) if "<" in sender else ""
    return local.startswith(_SERVERS) or name.strip() in _CALLED


def read(mail: Mail) -> Sequence[Recipient]:
    """The recipients that a server's mail names; one without an address if it names none."""
    said, _ = parted(mail.text[:LOOKED_AT])
    whole = " ".join(said.split())[: paragraphs.LONGEST]
    action = Action.DELAYED if _waits(mail, said) else Action.FAILED
    telling = " ".join(_telling(said))[: paragraphs.LONGEST]
    told = [it for it in paragraphs.recipients(said, action) if it.diagnostic]
    if told and (len(told) > 1 or not telling or _tells(told[0].diagnostic)):
        return told
    named = [told[0].address] if told else [*_named(mail, said)][: paragraphs.MOST]
    diagnostic = telling or whole
    status, stage = paragraphs.status_in(diagnostic), stages.told(whole)
    found = named or [*_by_flufl(mail, said)] or [""]
    return [Recipient(it, action, status, diagnostic, stage) for it in found]


def _waits(mail: Mail, said: str) -> bool:
    subject = answer_words.words(words_of(mail.first("subject"))[:300])
    failed = answer_words.has(subject, ("failed", "failure", "undeliverable", "undelivered"))
    return not failed and answer_words.has(subject + answer_words.words(said), _WAITS)


def _telling(said: str) -> Iterator[str]:
    """Yield the lines that tell a reason."""
    for line in said.split("\n")[:200]:
        text = line.strip()[:500]
        if text and _tells(text):
            yield text


def _tells(text: str) -> bool:
    """Whether a line holds a reply's number, an enhanced code, or words of a reason."""
    numbers = (it.strip("<>#(:") for it in text.split()[:3])
    return (
        any(it.isdigit() and it[:1] in "45" and len(it) == 3 for it in numbers)
        or any(True for _ in paragraphs.codes(text))
        or phrases.says_unknown(text)
        or any(it in phrases.LIMITS for it in phrases.named(text))
    )


def _named(mail: Mail, said: str) -> Iterator[str]:
    """Yield the addresses that a text names, without those of the server and its sender."""
    ours = {it.lower() for name in ("from", "to", "reply-to", "return-path", "delivered-to")
            for it in addresses.within(mail.first(name))}  # fmt: skip
    for address in dict.fromkeys(addresses.within(said)):
        local = address.rpartition("@")[0].lower()
        if address.lower() not in ours and local not in _NO_RECIPIENT:
            yield address


_NO_RECIPIENT = (
    "postmaster",
    "mailer-daemon",
    "abuse",
    "support",
    "helpdesk",
    "noreply",
    "no-reply",
)


def _by_flufl(mail: Mail, said: str) -> Iterator[str]:
    """Yield addresses only: what flufl.bounce calls permanent mostly is not."""
    message = Message()
    message["From"] = mail.first("from").replace("\n", " ")[:300]
    message["Subject"] = words_of(mail.first("subject")).replace("\n", " ")[:300]
    lines = (it[:300].encode("ascii", "replace").decode() for it in said.split("\n")[:400])
    message.set_payload("\n".join(lines))
    # Whatever it cannot read raises what its regular expressions and parsers raise.
    with contextlib.suppress(Exception):
        waiting, failed = all_failures(message)
        for it in sorted({*waiting, *failed}):
            address = it.decode("ascii", "replace") if isinstance(it, bytes) else str(it)
            if addresses.is_address(address):
                yield address
