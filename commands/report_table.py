"""Draws a report for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from commands.common import LANGUAGE, _
from mailer import reasons
from mailer.bounces import words
from mailer.models import CampaignState, Status
from mailer.report.copies import Copy
from mailer.report.summary import Report
from pli.language import N_, Sentence, say

SHOWN = 20
"""How many copies of a status are listed one by one; the CSV lists them all."""

_WIDEST_BAR = 60
_MARKS = {
    Status.SENT: ("█", "green"),
    Status.SENDING: ("▓", "blue"),
    Status.PENDING: ("▒", "bright_black"),
    Status.FAILED: ("x", "red"),
    Status.SKIPPED: ("-", "yellow"),
    Status.UNCERTAIN: ("?", "magenta"),
    Status.EXCLUDED: ("░", "white"),
}
"""A sign and a colour for each status: paper, and many eyes, show no colour."""
_ENDS = (Status.SENT, Status.FAILED, Status.SKIPPED, Status.UNCERTAIN)


def draw(
    console: Console,
    report: Report,
    copies: Mapping[Status, Sequence[Copy]],
    zone: tzinfo | None = None,
) -> None:
    """Draw headline, sum, bar and the numbers by reason, then list the given `copies`."""
    console.print()
    console.print(_headline(report))
    console.print(_equations(report))
    if report.candidates:
        console.print(_bar(report, min(_WIDEST_BAR, console.width)))
    for table in _reasons(report):
        console.print(table)
        console.print()
    for status, some in copies.items():
        if some:
            console.print(_one_by_one(report, status, some))
            console.print()
    for sentence in _notes(report, zone):
        console.print(Text(sentence.tell(LANGUAGE)))


def _headline(report: Report) -> Text:
    title = say(N_("Letter {number}: {title}"), number=report.letter, title=visible(report.title))
    sending = say(
        N_("campaign {id} to {lists}, {state}"),
        id=report.campaign,
        lists=", ".join(report.lists),
        state=reasons.state(report.state),
    )
    return Text.assemble((title.tell(LANGUAGE), "bold"), " · ", sending.tell(LANGUAGE))


def _equations(report: Report) -> Text:
    """The sums, written out; pending and sending copies appear only if there are any."""
    candidates, prepared = _("candidates"), f"{report.prepared} " + _("prepared")
    on_their_way = [it for it in (Status.SENDING, Status.PENDING) if report.of(it)]
    terms = " + ".join(_counted(report, it) for it in (*_ENDS, *on_their_way))
    excluded = _counted(report, Status.EXCLUDED)
    return Text(
        f"{report.candidates} {candidates} = {excluded} + {prepared}\n{prepared} = {terms}\n"
    )


def _counted(report: Report, status: Status) -> str:
    return f"{report.of(status)} {reasons.status(status).tell(LANGUAGE)}"


def _bar(report: Report, width: int) -> Text:
    """A bar of all candidates; each status that occurs has one cell at least."""
    there = [status for status in _MARKS if report.of(status)]
    cells = {it: max(1, round(width * report.of(it) / report.candidates)) for it in there}
    cells[max(there, key=lambda it: cells[it])] += width - sum(cells.values())
    bar, legend = Text(), Text()
    for status in there:
        mark, colour = _MARKS[status]
        bar.append(mark * cells[status], colour)
        legend.append(f"{mark} ", colour)
        legend.append(f"{_counted(report, status)}   ")
    return bar + Text("\n") + legend + Text("\n")


def _reasons(report: Report) -> Iterator[Table]:
    by_reason: tuple[tuple[Status, Mapping[str, int]], ...] = (
        (Status.EXCLUDED, report.excluded),
        (Status.SKIPPED, report.skipped_for),
        (Status.FAILED, report.failures),
        (Status.UNCERTAIN, {"": report.uncertain}),
    )
    for status, numbers in by_reason:
        if not any(numbers.values()):
            continue
        table = _table(reasons.status(status), report.of(status))
        table.add_column(justify="right", style="bold")
        table.add_column()
        for code, n in sorted(numbers.items(), key=lambda it: -it[1]):
            if n:
                table.add_row(str(n), _sentence(status, code))
        yield table


def _one_by_one(report: Report, status: Status, copies: Sequence[Copy]) -> Table:
    """Each copy with its address, its reason, and the relay's answer below it."""
    table = _table(say(N_("{status}, one by one"), status=reasons.status(status)), None)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for copy in copies:
        about = Text(visible(copy.answer), "dim")
        if status is not Status.UNCERTAIN:  # all have one sentence, which `_reasons` showed
            about = _sentence(status, copy.reason).append("\n").append_text(about)
        if copy.proof:
            about.append(f"\n{copy.proof.tell(LANGUAGE)}")
        if copy.barred:
            about.append(f"\n{_(reasons.IS_BARRED)}")
        table.add_row(Text(visible(copy.email) or _("(erased)")), about)
    if report.of(status) > len(copies):
        more = say(
            N_('and {n} more: "--format csv" has them all'), n=report.of(status) - len(copies)
        )
        table.add_row("…", more.tell(LANGUAGE))
    return table


def _table(title: Sentence, n: int | None) -> Table:
    heading = title.tell(LANGUAGE).capitalize()
    return Table(
        title=heading if n is None else f"{heading} · {n}",
        title_justify="left",
        title_style="bold",
        show_header=False,
        box=None,
        padding=(0, 2, 0, 0),
    )


def _sentence(status: Status, code: str | None) -> Text:
    sentence = reasons.sentence(status, code)
    return Text(sentence.tell(LANGUAGE) if sentence else "")


def _notes(report: Report, zone: tzinfo | None) -> Iterator[Sentence]:
    """Yield what a person should know or do besides the numbers."""
    if told := reasons.decided(report.made_by, report.approved_by):
        yield told
    for source, n in report.settled_by.items():
        yield reasons.settled(source, n)
    for reason, n in sorted(report.bounces.items(), key=lambda it: -it[1]):
        yield words.counted(reason, n)
    if report.barred:
        yield reasons.barred(report.barred, report.campaign)
    if report.uncertain and report.state is CampaignState.FINISHED:
        yield say(
            N_('Uncertain copies can be sent again: "pli campaign retry {id} --uncertain"'),
            id=report.campaign,
        )
    if report.paused_for:
        yield say(N_("Paused: {reason}"), reason=report.paused_for)
    if report.next_try_at and report.state is CampaignState.RUNNING:
        yield say(
            N_("Next try at {time}."),
            time=report.next_try_at.astimezone(zone).strftime("%H:%M:%S"),
        )


def visible(text: str) -> str:
    """A text without control characters, for relays and senders write what they like."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)
