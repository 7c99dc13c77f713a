"""pli campaign foresee: who would get a letter, and who not and why."""

from __future__ import annotations

from collections.abc import Sequence

import click

from commands.common import (
    LANGUAGE,
    Context,
    _,
    as_json,
    running,
    show_json,
    tell,
)
from commands.sending import segment_option, without_list, without_segment
from mailer import reasons
from mailer.campaign import addressees
from mailer.campaign.finding import CampaignError, find_campaign
from mailer.models import Status
from mailer.report import foresee as foreseeing
from mailer.report import summary
from mailer.report.foresee import Foreseen, LetterNumber
from pli.language import N_, Sentence, say_n


@click.command(help=_("Foresee who would get a letter, and who not and why; nothing is written."))
@click.argument("campaign", required=False)
@click.option("--list", "names", multiple=True, help=_("The list; several, in order."))
@segment_option
@without_list
@without_segment
@as_json
@running
async def foresee(
    context: Context,
    campaign: str | None,
    names: Sequence[str],
    segment: str,
    without_lists: Sequence[str],
    without_segments: Sequence[str],
    as_json: bool,
) -> None:
    """Foresee a campaign, or lists with a segment and who is set aside, as things stand."""
    if (campaign is None) is (not names):
        raise CampaignError(N_("name a campaign, or lists by --list"))
    async with context.open() as installation, installation.database.reading() as session:
        if campaign is not None:
            found = await find_campaign(session, await summary.find(session, campaign))
            to = await addressees.addressees_of(session, found)
            letter = LetterNumber(found.number, found.letter_hash, found.id)
        else:
            to = await addressees.chosen(
                session,
                list_names=names,
                segment=segment,
                without_lists=without_lists,
                without_segments=without_segments,
            )
            letter = foreseeing.NO_LETTER
        told = await addressees.told(session, to)
        foreseen = await foreseeing.foresee(session, to, letter)
    if as_json:
        show_json(_document(foreseen))
        return
    for sentence in (*told, *_lines(foreseen)):
        tell(sentence)


def _document(foreseen: Foreseen) -> dict[str, object]:
    last = foreseen.last
    return {
        "candidates": foreseen.candidates,
        "receiving": foreseen.receiving,
        "excluded": foreseen.excluded,
        "last": last
        and {
            "campaign": last.campaign,
            "letter": last.letter,
            "prepared": last.prepared,
            "new": last.new,
            "gone": last.gone,
        },
        "alarm": foreseen.alarm.tell(LANGUAGE) if foreseen.alarm else None,
    }


def _lines(foreseen: Foreseen) -> list[Sentence]:
    found = [say_n("{n} person would get it.", "{n} people would get it.", foreseen.receiving)]
    found += [
        say_n(
            "{n} person would not: {why}",
            "{n} people would not: {why}",
            n,
            why=reasons.sentence(Status.EXCLUDED, reason),
        )
        for reason, n in foreseen.excluded.items()
    ]
    if (last := foreseen.last) is not None:
        found += [
            say_n(
                "The last letter to these lists, no. {letter}, went to {n} person.",
                "The last letter to these lists, no. {letter}, went to {n} people.",
                last.prepared,
                letter=last.letter,
            ),
            say_n("Since then {n} person is new.", "Since then {n} people are new.", last.new),
            say_n(
                "{n} person who had it does not get this one.",
                "{n} people who had it do not get this one.",
                last.gone,
            ),
        ]
    if foreseen.alarm is not None:
        found.append(foreseen.alarm)
    return found
