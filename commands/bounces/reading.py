"""pli bounce read: takes mails that came back, from files or from a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from commands.common import Context, _, as_json, now, running, show_json, tell
from commands.policy import bounce_rules_of
from mailer.bounces import words
from mailer.bounces.arrivals import read_arrival
from mailer.bounces.handling import Came
from mailer.bounces.mbox import mails_in
from mailer.bounces.tokens import Tokens
from mailer.campaign.taking_in import take_in_many
from pli.database import DatabaseAway
from pli.errors import PliError, reason_of
from pli.language import N_, Sentence, say

TRY_LATER = 75
"""EX_TEMPFAIL: the mail server that gives us a mail by a pipe keeps it, and tries again."""
LARGEST = 1_000_000
"""Octets that are read of a file: a larger mail is known, and judged, by its beginning."""


@click.command(
    help=_("Read mails that came back: files (mbox, too), or one mail from standard input (-).")
)
@click.argument("files", nargs=-1, required=True, metavar="FILE…", type=click.Path(path_type=Path))
@click.option(
    "--to",
    "came_to",
    default="",
    metavar="ADDRESS",
    help=_("The address that the mail was delivered to, if a mail server says it."),
)
@as_json
@running
async def read(context: Context, files: tuple[Path, ...], came_to: str, as_json: bool) -> None:
    """Record each mail once; a mail that was read before changes nothing."""
    found: list[tuple[str, Came]] = []
    faults: list[Sentence] = []

    def failed(name: str, error: Exception) -> None:
        told = N_("{file}: not recorded, for a fault of Pli ({error})")
        faults.append(say(told, file=name, error=type(error).__name__))

    try:
        async with context.open() as installation:
            tokens = Tokens(installation.keys)
            found += [
                it
                async for it in take_in_many(
                    installation.database,
                    _mails(files, faults),
                    read=lambda raw: read_arrival(
                        raw=raw, came_to=came_to, door="file", tokens=tokens
                    ),
                    rules=bounce_rules_of(installation.settings),
                    now=now,
                    failed=None if Path("-") in files else failed,
                )
            ]
    except PliError as error:
        # A mail server takes any other code for a refusal, and the mail would be lost.
        if not isinstance(error, DatabaseAway) and Path("-") not in files:
            raise
        for line in error.sentences:
            tell(line, stderr=True)
        sys.exit(TRY_LATER)
    except Exception as error:
        if Path("-") not in files:
            raise
        # Of ours, or of the database's: either way the mail must not be lost.
        told = N_("a fault of Pli ({error}): the mail server keeps the mail")
        tell(say(told, error=type(error).__name__), stderr=True)
        sys.exit(TRY_LATER)
    if as_json:
        show_json([_document(name, came) for name, came in found])
    else:
        for name, came in found:
            tell(_line(name, came))
    for fault in faults:
        tell(fault, stderr=True)
    if faults:
        sys.exit(1)


def _mails(files: tuple[Path, ...], faults: list[Sentence]) -> Iterator[tuple[str, bytes]]:
    """Yield each mail with its name; one that cannot be read is a fault, and the others go on."""
    for file in files:
        if str(file) == "-":
            yield "-", sys.stdin.buffer.read(LARGEST)
            # To the end: a mail server takes a pipe that closes early for a failure.
            while sys.stdin.buffer.read(LARGEST):
                pass
            continue
        try:
            with file.open("rb") as opened:
                for place, raw in enumerate(mails_in(opened, LARGEST), 1):
                    yield (file.name if place == 1 else f"{file.name}#{place}"), raw
        except OSError as error:
            faults.append(say(N_("{place}: {reason}"), place=file, reason=reason_of(error)))


def _line(name: str, came: Came) -> Sentence:
    if not came.new:
        return say(N_("{file}: was read before"), file=name)
    if came.bounce_id is not None:
        return say(
            N_("{file}: bounce {number}, {effect}"),
            file=name,
            number=came.bounce_id,
            effect=words.effect(came.effect, came.kind),
        )
    if came.number is None:
        return say(N_("{file}: carries no token of ours, and acts on nobody"), file=name)
    return say(N_("{file}: nothing follows from it"), file=name)


def _document(name: str, came: Came) -> dict[str, object]:
    return {
        "file": name,
        "new": came.new,
        "mail": came.mail_id,
        "kind": came.kind.value,
        "bounce": came.bounce_id,
        "effect": came.effect.value,
        "claimed": came.number is not None,
    }
