"""pli campaign settle and retry: settle copies in doubt by logs, send copies again."""

from __future__ import annotations

import gzip
import os
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import click
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from accounts.abilities import Ability
from commands.acting import acting, by_option, why_option
from commands.common import (
    LANGUAGE,
    Context,
    _,
    answering,
    as_json,
    confirm,
    console,
    declined,
    now,
    running,
    show_json,
    tell,
)
from commands.report_table import visible
from mailer.campaign import barring, lifecycle
from mailer.campaign.finding import find_campaign, lists_of
from mailer.ledger import answers, doubt, evidence
from mailer.ledger.answers import Answers
from mailer.ledger.doubt import Doubt
from mailer.ledger.evidence import Proof
from mailer.ledger.postfix_log import Seen
from mailer.models import CampaignState, Source
from mailer.reasons import FAILURES
from mailer.report import summary
from pli.errors import PliError
from pli.language import N_, Sentence, say, say_n

STDIN = "-"
SHOWN = 10
_GZIP = b"\x1f\x8b"
_LONGEST_LINE = 65_536
_STEP = 10_000
"""After how many lines the bar moves."""


class LogError(PliError):
    """A log cannot be read to its end."""


@click.command(help=_("Settle copies in doubt by what the relay's log says of them."))
@click.argument("campaign")
@click.option(
    "--log",
    "files",
    multiple=True,
    required=True,
    metavar="FILE",
    help=_("A Postfix log, also gzip; several, the oldest first; - reads the standard input."),
)
@by_option
@as_json
@running
async def settle(
    context: Context, campaign: str, files: Sequence[str], person: str | None, as_json: bool
) -> None:
    """Settle copies that the log shows as sent; a copy that it lacks stays in doubt.

    Lines may be missing from a log, so a missing line proves nothing.
    """
    async with context.open() as installation:
        async with installation.database.reading() as session:
            campaign_id = await summary.find(session, campaign)
            its = await lists_of(session, campaign_id=campaign_id)
            by = await acting(session, person, Ability.SETTLE, lists=its)
            doubted = await doubt.of(session, campaign_id, installation.keys)
        seen = Seen()
        proofs = _read(doubted, files, seen, quiet=as_json) if doubted.copies else []
        async with installation.database.begin() as session:
            settled = await evidence.settle_by(
                session,
                campaign_id=campaign_id,
                proofs=proofs,
                source=Source.LOG,
                by=by,
                now=now(),
            )
        async with installation.database.reading() as session:
            left = (await summary.progress(session, campaign_id)).uncertain
    before = len(doubted.copies)
    is_no_log = bool(before) and not seen.of_postfix
    if as_json:
        show_json(
            {"campaign": campaign_id, "in_doubt": before, "settled": settled, "uncertain": left}
        )
        if is_no_log:
            tell(_is_no_log(files, seen), stderr=True)
        return
    tell(say_n("{n} copy was in doubt.", "{n} copies were in doubt.", before))
    if is_no_log:
        tell(_is_no_log(files, seen), stderr=True)
        return
    if before:
        tell(
            say_n(
                "{n} is settled: the log shows that the relay took it.",
                "{n} are settled: the log shows that the relay took them.",
                settled,
            )
        )
    if left:
        tell(
            say_n(
                '{n} stays in doubt: "pli campaign retry {id} --uncertain" sends it again.',
                '{n} stay in doubt: "pli campaign retry {id} --uncertain" sends them again.',
                left,
                id=campaign_id,
            )
        )


@click.command(help=_("Send failed or uncertain copies again, under the same Message-ID."))
@click.argument("campaign")
@click.option("--failed", is_flag=True, help=_("Those that failed."))
@click.option(
    "--reply",
    default="",
    metavar="PATTERN",
    help=_(
        'Of the failed, those whose last reply has this in it; * stands for anything: "452*full".'
    ),
)
@click.option(
    "--reason", type=click.Choice(FAILURES), help=_("Of the failed, those that failed for this.")
)
@click.option(
    "--uncertain", is_flag=True, help=_("Copies in doubt: nobody can know whether they arrived.")
)
@click.option(
    "--lift/--no-lift",
    default=None,
    help=_(
        "Whether to write again to those whom an answer barred (5.1.1); else they are left out."
    ),
)
@by_option
@why_option
@click.option("--yes", is_flag=True, help=_("Ask nothing."))
@running
async def retry(
    context: Context,
    campaign: str,
    failed: bool,
    reply: str,
    reason: str | None,
    uncertain: bool,
    lift: bool | None,
    person: str | None,
    why: str,
    yes: bool,
) -> None:
    """Send copies again; a person decides, for an uncertain copy may have arrived."""
    if not (failed or uncertain):
        raise click.UsageError(_("say which: --failed, --uncertain, or both"))
    if reply and not failed:
        raise click.UsageError(_("--reply chooses among the failed: add --failed"))
    if reason and not failed:
        raise click.UsageError(_("--reason chooses among the failed: add --failed"))
    of_reason = reason or ""
    async with context.open() as installation:
        await installation.refuse_a_stranger()
        async with installation.database.reading() as session:
            campaign_id = await summary.find(session, campaign)
            its = await lists_of(session, campaign_id=campaign_id)
            by = await acting(session, person, Ability.RETRY, lists=its)
            doubtful = (await summary.progress(session, campaign_id)).uncertain * uncertain
            answered = await answers.of_failed(
                session, campaign_id, pattern=reply, reason=of_reason, limit=SHOWN
            )
            barred = failed * await barring.barred_among_failed(
                session, campaign_id=campaign_id, reply=reply, reason=of_reason
            )
        if failed and not yes:
            _show(answered)
        if barred and lift is None:
            lift = _asks_to_lift(barred, campaign_id, yes=yes)
        left_out = 0 if lift else barred
        meant = doubtful + answered.copies * failed - left_out
        question = say_n(
            "Send {n} copy of campaign {id} again?",
            "Send {n} copies of campaign {id} again?",
            meant,
            id=campaign_id,
        )
        if meant and not confirm(question, yes=yes):
            raise declined()
        async with installation.database.begin() as session:
            if barred and lift:
                await barring.lift(session, campaign_id=campaign_id, reply=reply, by=by, now=now())
            copies = await lifecycle.retry(
                session,
                campaign_id=campaign_id,
                uncertain=uncertain,
                failed=failed,
                reply=reply,
                reason=of_reason,
                by=by,
                why=why,
            )
            state = (await find_campaign(session, campaign_id)).state
    if not copies:
        tell(say(N_("No copy of campaign {id} is meant by that: nothing changed."), id=campaign_id))
        return
    if state is CampaignState.PAUSED:
        tell(
            say_n(
                '{n} copy waits again, in a paused campaign: "pli campaign resume {id}" goes on.',
                '{n} copies wait again, in a paused campaign: "pli campaign resume {id}" goes on.',
                copies,
                id=campaign_id,
            )
        )
        return
    tell(
        say_n(
            '{n} copy waits again: "pli serve", or the same "pli send", sends it.',
            '{n} copies wait again: "pli serve", or the same "pli send", sends them.',
            copies,
        )
    )


def _asks_to_lift(barred: int, campaign_id: int, *, yes: bool) -> bool:
    """Say how many addresses are barred, and whether a person wants them written to again."""
    if yes:
        tell(
            say_n(
                "{n} of these addresses is barred and left out: "
                '"pli subscriber lift --campaign {id}", then this again, sends it, too.',
                "{n} of these addresses are barred and left out: "
                '"pli subscriber lift --campaign {id}", then this again, sends them, too.',
                barred,
                id=campaign_id,
            ),
            stderr=True,
        )
        return False
    return confirm(
        say_n(
            "{n} of these addresses is barred, for the relay called it unknown. Write to it again?",
            "{n} of these addresses are barred, for the relay called them unknown. "
            "Write to them again?",
            barred,
        ),
        yes=False,
    )


def _show(answers: Answers) -> None:
    """Show the replies to the failed copies, on stderr, before the question is asked."""
    table = Table(box=None, show_header=False)
    table.add_column(justify="right")
    table.add_column(overflow="fold")
    for text, n in answers.most:
        table.add_row(str(n), Text(visible(text) or _("no reply")))
    if answers.kinds > len(answers.most):
        more = say(N_("and {n} other replies"), n=answers.kinds - len(answers.most))
        table.add_row("…", more.tell(LANGUAGE))
    console(stderr=True).print(table)


def _read(doubted: Doubt, files: Sequence[str], seen: Seen, *, quiet: bool) -> list[Proof]:
    """Every proof in these logs, read one after the other as one log, with a bar on stderr."""
    shown = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=console(stderr=True),
        disable=quiet,
        transient=True,
    )
    # Reading the logs never awaits: without `answering`, Ctrl-C would wait for the last line.
    with shown, answering():
        return list(doubted.proofs((_log(name, shown) for name in files), seen))


def _is_no_log(files: Sequence[str], seen: Seen) -> Sentence:
    named = ", ".join(_("standard input") if it == STDIN else it for it in files)
    return say_n(
        "{files}: the {n} line in it is not Postfix's, so nothing is known of these copies: "
        "name the log of the relay that took the letters.",
        "{files}: none of the {n} lines is Postfix's, so nothing is known of these copies: "
        "name the log of the relay that took the letters.",
        seen.lines,
        files=named,
    )


def _log(name: str, shown: Progress) -> tuple[str, Iterator[bytes]]:
    """The name of a log as messages give it, and its lines."""
    label = _("standard input") if name == STDIN else Path(name).name
    return label, _lines(name, shown, _("Reading {file}").format(file=label))


def _lines(name: str, shown: Progress, description: str) -> Iterator[bytes]:
    """Yield a log line by line; a line that is too long is cut, so that memory stays small."""
    with _opened(name) as (raw, file):
        size = os.fstat(raw.fileno()).st_size
        task = shown.add_task(description, total=size or None)
        read = 0
        try:
            while line := file.readline(_LONGEST_LINE):
                read += 1
                if read % _STEP == 0 and raw.seekable():
                    shown.update(task, completed=raw.tell())
                yield line
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise LogError(
                N_("{file}: the compressed file is damaged ({reason})"), file=name, reason=error
            ) from error
        shown.update(task, completed=size)


@contextmanager
def _opened(name: str) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Open a log: the file itself, and the file to read lines from, unpacked if it is gzip.

    The first bytes tell gzip, never the name.
    """
    with open(sys.stdin.fileno() if name == STDIN else name, "rb", closefd=name != STDIN) as raw:
        if raw.peek(2)[:2] == _GZIP:
            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield raw, cast(IO[bytes], unpacked)
        else:
            yield raw, raw
