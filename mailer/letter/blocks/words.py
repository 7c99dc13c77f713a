"""The words and figures that blocks say by themselves, in the language of the letter."""

from __future__ import annotations

from datetime import time

from babel.numbers import format_decimal

from mailer.letter import dates
from mailer.letter.blocks.kinds import Event, Way
from pli.language import N_, translations

VOTES = N_("Vote")
UNIT = N_("votes")
AGENDA = N_("Dates")
CONTENTS = N_("In this letter")
NOTES = N_("Footnotes")
_WAYS = {Way.FOR: N_("For"), Way.AGAINST: N_("Against"), Way.ABSTENTION: N_("Abstention")}
_IN_ALL = N_("in all")
_RESULTS = N_(": {results} ({total} {unit} in all).")
_ALL_DAY = {"fr": "EEEE d MMMM y", "en": "EEEE, d MMMM y"}


def told(text: str, language: str) -> str:
    """One of the words above in a language."""
    return translations(language).gettext(text)


def way(of: Way, language: str) -> str:
    """What a way to vote is called."""
    return told(_WAYS[of], language)


def in_all(language: str) -> str:
    """What stands behind the number of all votes."""
    return told(_IN_ALL, language)


def results(numbers: str, all_votes: str, unit: str, language: str) -> str:
    """A vote in one sentence, behind what was voted on."""
    return told(_RESULTS, language).format(results=numbers, total=all_votes, unit=unit)


def number(of: int, language: str) -> str:
    """A whole number with the spaces or commas of a language."""
    return str(format_decimal(of, locale=language))


def day(event: Event, language: str) -> str:
    """The day of an event, with its name and its year."""
    return dates.written(event.day, _ALL_DAY[language], language)


def hours(event: Event) -> str:
    """From when to when; "" for a whole day."""
    if event.begins is None:
        return ""
    return _hour(event.begins) + (f"–{_hour(event.ends)}" if event.ends else "")


def _hour(of: time) -> str:
    return f"{of:%H:%M}"
