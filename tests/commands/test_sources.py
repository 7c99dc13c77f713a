"""Where Pli heard that somebody left is told in the reader's words."""

from __future__ import annotations

from commands.people.showing import SOURCES, _source
from mailer.intake import leaving_by_word
from pli.language import say


def test_each_source_of_our_own_has_words_and_what_somebody_wrote_stays_theirs() -> None:
    assert _source(leaving_by_word.SOURCE) == "by an answer to a letter"
    assert _source("fichier d’essai") == "fichier d’essai"
    assert all(say(it).tell("fr") != it for it in SOURCES.values())
