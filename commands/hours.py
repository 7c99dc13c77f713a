"""The options for a campaign's sending hours, and the sentences that tell the hours."""

from __future__ import annotations

from datetime import datetime

import click

from commands.common import _, now
from commands.policy import usual_hours
from mailer.campaign.sending_hours import SendingHours
from pli import hours
from pli.errors import PliError
from pli.hours import Hour, zone_of
from pli.language import N_, Sentence, say
from pli.quiet import Quiet, QuietError, opening
from pli.settings import Settings

NONE = "none"

quiet = click.option(
    "--quiet",
    "quiet",
    metavar="21:00-07:00|none",
    help=_("The hours in which this campaign sends nothing, instead of those of the settings."),
)
not_after = click.option(
    "--not-after",
    "end",
    metavar="HOUR|none",
    help=_("Its end: what has not left by then waits, and a person decides."),
)


class HoursRefused(PliError):
    """A campaign cannot have these hours."""


def asked(
    settings: Settings,
    quiet: str | None,
    end: str | None,
    *,
    begins: Hour | None = None,
    before: SendingHours | None = None,
) -> SendingHours:
    """The hours that the options ask for; else the campaign's hours `before`, else the settings'.

    An end without a date is the next such hour after the campaign `begins`.
    """
    kept = before or usual_hours(settings)
    start = max(begins.moment, now()) if begins else now()
    return SendingHours(
        kept.quiet if quiet is None else _quiet(quiet),
        kept.zone if quiet is None else settings.timezone,
        kept.end if end is None else _end(end, settings.timezone, start),
    )


def told(of: SendingHours, at: datetime) -> Sentence | None:
    """The sentence for a person who starts a campaign within its quiet hours; None outside them."""
    if of.quiet is None:
        return None
    zone = zone_of(of.zone)
    found = opening(at, of.quiet, zone)
    if found.open or found.until is None:
        return None
    return say(
        N_("That is within its quiet hours ({quiet}): the first copy leaves at {time}."),
        quiet=str(of.quiet),
        time=f"{found.until.astimezone(zone):%H:%M}",
    )


def summary(campaign_id: int, of: SendingHours) -> Sentence:
    """One line that tells when a campaign may send."""
    return say(
        N_("Campaign {id}: quiet hours {quiet}, end {end}."),
        id=campaign_id,
        quiet=str(of.quiet) if of.quiet else say(N_("none")),
        end=of.end or say(N_("none")),
    )


def _quiet(text: str) -> Quiet | None:
    if text == NONE:
        return None
    try:
        return Quiet.parse(text)
    except QuietError as error:
        raise HoursRefused(
            N_("--quiet: “{text}” {reason}"), text=text, reason=error.sentences[0]
        ) from None


def _end(text: str, zone: str, start: datetime) -> Hour | None:
    return None if text == NONE else hours.parse(text, zone=zone, now=start)
