"""Delivery status notifications (RFC 3464, 6533), in their part or printed into a text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from mailer.bounces import addresses, stages
from mailer.bounces.formats import paragraphs
from mailer.bounces.formats.quoted_letter import parted
from mailer.bounces.mail import LONGEST_LINE, Mail, words_of
from mailer.bounces.report import Action, Recipient

MOST = 100
"""Recipients that are read of one report: a copy of ours has one."""
TYPES = ("message/delivery-status", "message/global-delivery-status", "text/delivery-status")
_ACTIONS: Mapping[str, Action] = {
    **{it.value: it for it in Action},
    "failure": Action.FAILED, "fail": Action.FAILED, "bounced": Action.FAILED,
    "undeliverable": Action.FAILED, "delay": Action.DELAYED, "deferred": Action.DELAYED,
    "deliverable": Action.DELIVERED, "delivery": Action.DELIVERED, "expand": Action.EXPANDED,
}  # fmt: skip
_BEGINS = ("reporting-mta:", "final-recipient:", "original-recipient:")
_OF_A_RECIPIENT = (
    "final-recipient", "original-recipient", "action", "status", "remote-mta", "diagnostic-code",
    "x-postfix-diagnostic", "last-attempt-date", "final-log-id", "will-retry-until",
    "x-actual-recipient", "x-display-name",
)  # fmt: skip

Block = dict[str, str]


@dataclass(frozen=True, slots=True)
class Blocks:
    """What a notification says of the message, and of each recipient."""

    recipients: Sequence[Recipient]
    envelope_id: str = ""


def in_a_part(mail: Mail) -> Blocks | None:
    """What a delivery-status part says; None if there is none that names a recipient."""
    for part in mail.of_type(*TYPES):
        if found := _read(part.text.split("\n"), mail.text):
            return found
    return None


def in_a_text(mail: Mail) -> Blocks | None:
    """What blocks say that are printed into a text, perhaps quoted by a mail program."""
    for part in mail.parts:
        if part.returned or part.type in TYPES:
            continue
        lines = [it.lstrip("> \t") if it[:1] in "> \t" else it for it in part.text.split("\n")]
        begin = next((n for n, it in enumerate(lines) if it.lower().startswith(_BEGINS)), None)
        if begin is None:
            continue
        # Folded lines lost their space above: whatever is no field goes on with the one before.
        found = _read(lines[begin:], part.text, joins=True)
        if found and any(it.status or it.diagnostic for it in found.recipients):
            return found
    return None


def _read(lines: Sequence[str], said: str, *, joins: bool = False) -> Blocks | None:
    recipients: list[Recipient] = []
    envelope_id = ""
    for block in _blocks(lines, joins=joins):
        if "original-envelope-id" in block:
            envelope_id = addresses.from_xtext(block["original-envelope-id"].strip())
        if "final-recipient" in block or "original-recipient" in block or "action" in block:
            recipients.append(_recipient(block))
        if len(recipients) >= MOST:
            break
    named = [it for it in recipients if it.address or it.original or it.status]
    if len(named) == 1 and named[0].stage is None:
        named = [replace(named[0], stage=stages.told(said))]
    if any(not it.diagnostic for it in named):
        told = {it.address.lower(): it for it in paragraphs.recipients(parted(said)[0])}
        named = [it if it.diagnostic else _told_above(it, told) for it in named]
    if len(named) == 1 and not named[0].diagnostic:
        # A bare code: what the server says to people may tell more, or something else.
        text = " ".join(parted(said)[0].split())[: paragraphs.LONGEST]
        named = [replace(named[0], diagnostic=text)]
    return Blocks(named, envelope_id) if named else None


def _told_above(recipient: Recipient, told: Mapping[str, Recipient]) -> Recipient:
    """A recipient with what the text for people says; OpenSMTPD tells the answer only there."""
    above = told.get(recipient.address.lower())
    if above is None:
        return recipient
    return replace(recipient, diagnostic=above.diagnostic, stage=recipient.stage or above.stage)


def _recipient(block: Block) -> Recipient:
    status = next((it for it in block.get("status", "").split() if it[:1] in "245"), "")
    diagnostic = block.get("diagnostic-code") or block.get("x-postfix-diagnostic") or ""
    kind, semicolon, rest = diagnostic.partition(";")
    diagnostic = rest.strip() if semicolon and len(kind) < 20 and " " not in kind else diagnostic
    diagnostic = words_of(diagnostic)
    final = addresses.typed(block.get("final-recipient", ""))
    original = addresses.typed(block.get("original-recipient", ""))
    action = block.get("action", "").strip().lower().split()
    return Recipient(
        address=final or original,
        action=_action(action[0].strip(";,.") if action else "", status),
        status=status.strip("();,"),
        diagnostic=diagnostic,
        stage=stages.told(diagnostic),
        remote=block.get("remote-mta", "").rpartition(";")[2].strip(),
        original=original,
    )


def _action(said: str, status: str) -> Action:
    """What became of it; without a word that is known, a class of the status says it."""
    if said in _ACTIONS:
        return _ACTIONS[said]
    classes = {"2": Action.DELIVERED, "4": Action.DELAYED, "5": Action.FAILED}
    return classes.get(status[:1], Action.DELAYED)


def _blocks(lines: Sequence[str], *, joins: bool) -> Iterator[Block]:
    """Yield the blocks of fields; a field that a block has already begins the next one."""
    block: Block = {}
    name = ""
    for line in lines:
        field, colon, value = line.partition(":")
        key = field.strip().lower()
        begins = bool(colon) and bool(key) and " " not in key and line[:1] not in " \t"
        if not line.strip():
            if block:
                yield block
            block, name = {}, ""
        elif begins and not (joins and name and key not in _KNOWN and not key.startswith("x-")):
            if key in block and key in _OF_A_RECIPIENT:
                yield block
                block = {}
            name = key
            block.setdefault(name, value.strip())
        elif name and len(block[name]) < LONGEST_LINE:
            block[name] += " " + line.strip()
    if block:
        yield block


_KNOWN = (
    *_OF_A_RECIPIENT, "reporting-mta", "arrival-date", "received-from-mta", "dsn-gateway",
    "original-envelope-id",
)  # fmt: skip
