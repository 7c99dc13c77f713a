"""Status columns in exports of other systems: a person with a no becomes no subscriber."""

from __future__ import annotations

import pytest

from subscribers.csv_reading import read
from subscribers.status_words import Standing, Statuses, StatusFault, read_answers, survey

YES, LEFT, BOUNCED = Standing.YES, Standing.LEFT, Standing.BOUNCED
COMPLAINED, OBJECTED = Standing.COMPLAINED, Standing.OBJECTED


def surveyed(heading: str, *words: str, **answers: Standing) -> Statuses:
    rows = "".join(f"p{n}@example.org;{word};\n" for n, word in enumerate(words))
    return survey(read(f"Mail;{heading};Nom\n{rows}".encode()), answers)


def said(heading: str, word: str) -> Standing | None:
    """The meaning of a word under a heading; None if it is unknown."""
    statuses = surveyed(heading, word)
    return None if statuses.unknown else statuses.noes.get("p0@example.org", YES)


@pytest.mark.parametrize(
    ("word", "standing"),
    [
        ("inscrit", YES), ("Abonnée", YES), ("ACTIF", YES), ("subscribed", YES), ("", YES),
        ("titulaire", YES), ("Suppléant", YES), ("retraité", YES), ("-", YES), ("1", YES),
        ("désinscrit", LEFT), ("Désinscrite", LEFT), ("désinscrit(e)", LEFT), ("désabonné·e", LEFT),
        ("unsubscribed", LEFT), ("Unsubscribed on 2026-01-02", LEFT), ("opt-out", LEFT),
        ("Opted out", LEFT), ("radié", LEFT), ("inactive", LEFT), ("0", LEFT), ("non", LEFT),
        ("bounced", BOUNCED), ("Hard bounce", BOUNCED), ("hard_bounced", BOUNCED),
        ("cleaned", BOUNCED), ("NPAI", BOUNCED), ("adresse invalide", BOUNCED),
        ("plainte", COMPLAINED), ("Spam complaint", COMPLAINED), ("marked as spam", COMPLAINED),
        ("blocklisted", OBJECTED), ("blacklisted", OBJECTED), ("Liste noire", OBJECTED),
        ("ne plus contacter", OBJECTED), ("opposition", OBJECTED),
        ("soft bounce", YES), ("en sommeil", None), ("suspendu", None), ("отписан", None),
        ("abgemeldet", None), ("?", None),
    ],
)  # fmt: skip
def test_a_status_in_words(word: str, standing: Standing | None) -> None:
    assert said("Statut", word) is standing


@pytest.mark.parametrize(
    ("heading", "word", "standing"),
    [
        ("Désinscrit", "oui", LEFT),
        ("Désinscrit", "non", YES),
        ("Désinscrit le", "12/03/2026", LEFT),
        ("Unsubscribed at", "2026-03-12 10:00:00", LEFT),
        ("UNSUB_TIME", "2026-03-12 10:00:00", LEFT),
        ("EMAIL_BLACKLISTED", "true", OBJECTED),
        ("EMAIL_BLACKLISTED", "False", YES),
        ("Bounced", "1", BOUNCED),
        ("Bounce", "hard", BOUNCED),
        ("Bounce", "soft", YES),
        ("Bounce", "perhaps", None),
        ("Plainte", "x", COMPLAINED),
        ("Ne plus contacter", "X", OBJECTED),
        ("Opt-in", "non", LEFT),
        ("Opt-in", "2024-01-01", YES),
        ("Consentement", "Non", LEFT),
        ("Subscription status", "transactional", LEFT),
        ("Email Status", "Unsubscribed", LEFT),
        ("État", "désinscrit", LEFT),
        ("State", "CA", YES),
        ("Situation", "en activité", YES),
        ("Remarque", "désinscrit", LEFT),
        ("Remarque", "a été désinscrit par erreur, puis réinscrit", YES),
        ("Ville", "Stop", YES),
    ],
)
def test_other_columns_that_say_no(heading: str, word: str, standing: Standing | None) -> None:
    assert said(heading, word) is standing


def test_an_unknown_word_is_counted_with_its_first_line_and_can_be_answered() -> None:
    statuses = surveyed("Statut", "inscrit", "Suspendu", "suspendu", "en sommeil")
    assert [(it.word, it.rows, it.line) for it in statuses.unknown] == [
        ("Suspendu", 2, 3),
        ("en sommeil", 1, 5),
    ]
    answers = read_answers(["SUSPENDU=left", "en sommeil=yes"])
    answered = surveyed("Statut", "inscrit", "Suspendu", "suspendu", "en sommeil", **answers)
    assert answered.unknown == ()
    assert set(answered.noes) == {"p1@example.org", "p2@example.org"}


def test_an_answer_is_stronger_than_the_table() -> None:
    assert not surveyed("Statut", "inactif", **read_answers(["inactif=yes"])).noes


@pytest.mark.parametrize("pair", ["", "suspendu", "suspendu=", "=left", "a=gone", "=", " =yes"])
def test_a_meaning_that_is_none_is_refused(pair: str) -> None:
    with pytest.raises(StatusFault, match="WORD=MEANING"):
        read_answers([pair])


def test_the_strongest_no_of_an_addresses_rows_counts() -> None:
    text = "Mail;Statut\na@example.org;inscrit\nA@Example.org;désinscrit\na@example.org;plainte\n"
    assert survey(read(text.encode())).noes == {"a@example.org": COMPLAINED}
