"""What relays say in words: who is unknown, what limit is reached, which refusals are the same."""

from __future__ import annotations

import time

import pytest

from mailer.answer_words import (
    Period,
    Subject,
    alike,
    limit_in,
    says_greylisted,
    says_unknown,
    subject_of,
    without_addresses,
)
from mailer.models import Stage
from mailer.outcomes import Kind, Reason, calls_unknown, judge, reason_of
from mailer.pacing.throttle import heard_from


@pytest.mark.parametrize(
    "text",
    [
        "No such user here",
        "User unknown",
        "<lea@example.org>... User unknown",
        "sorry, no mailbox here by that name (#5.1.1)",
        "Recipient address rejected: User unknown in local recipient table",
        "The email account that you tried to reach does not exist",
        "Mailbox not found",
        'unknown local-part "lea" in domain "example.org"',
        "Utilisateur inconnu !",
        "L’adresse du destinataire n’existe pas",
        "Boîte aux lettres inexistante",
        "Destinataire inconnu",
        "Empfänger unbekannt",
        "Das Postfach existiert nicht",
        "Unbekannter Benutzer",
        "El usuario no existe",
        "Buzón inexistente",
        "Destinatario desconocido",
    ],
)
def test_words_for_an_unknown_user_in_four_languages(text: str) -> None:
    outcome = judge(Stage.RCPT, 550, text)
    assert reason_of(outcome) is Reason.UNKNOWN_USER
    assert calls_unknown(outcome)


@pytest.mark.parametrize(
    "text",
    [
        "relay not permitted",
        "Requested action not taken: mailbox unavailable",
        "Sender rate overlimit - 101.0 / 1h / contact@example.org",
        "Sender verify failed: no such user",
        "Verification failed for <comite@example.org>: user unknown",
        "Sender address rejected: user unknown",
        "Access denied",
        "Adresse de l’expéditeur inconnue",
        "",
    ],
)
def test_a_refusal_without_a_code_and_without_such_words_calls_nobody_unknown(text: str) -> None:
    outcome = judge(Stage.RCPT, 550, text)
    assert reason_of(outcome) is Reason.OTHER
    assert not calls_unknown(outcome)


def test_an_unknown_user_is_one_whatever_the_general_code_says() -> None:
    assert reason_of(judge(Stage.RCPT, 550, "5.0.0 User unknown")) is Reason.UNKNOWN_USER
    assert reason_of(judge(Stage.RCPT, 550, "5.7.1 User unknown")) is Reason.POLICY
    assert reason_of(judge(Stage.RCPT, 550, "5.2.2 over quota")) is Reason.MAILBOX_FULL


@pytest.mark.parametrize(
    ("text", "period"),
    [
        (
            "Domain example.org has exceeded the max emails per hour (101/100 (101%)) allowed. "
            "Message will be reattempted later",
            Period.HOUR,
        ),
        ("exceeded the max emails per hour", Period.HOUR),
        ("has exceeded the max defers and failures per hour (5/5 (100%)) allowed", Period.HOUR),
        ("5.4.5 Daily user sending limit exceeded. For more information on limits", Period.DAY),
        ("5.4.5 Daily sending quota exceeded", Period.DAY),
        ("5.4.5 Daily SMTP relay limit exceeded for customer", Period.DAY),
        ("Requested action not taken: mailbox unavailable Mail send limit exceeded", Period.HOUR),
        ("4.7.1 too many mails sent in the last hour", Period.HOUR),
        ("5.7.1 Vous avez dépassé le quota d’envoi de 200 mails par heure", Period.HOUR),
        ("Limite journalière d’envoi atteinte", Period.DAY),
        ("Stündliches Versandlimit überschritten", Period.HOUR),
        ("Tageslimit für gesendete Nachrichten erreicht", Period.DAY),
        ("Ha superado el límite de envíos por hora", Period.HOUR),
        ("Límite diario de mensajes alcanzado", Period.DAY),
        ("Throttling failure: Daily message quota exceeded.", Period.DAY),
        ("5.1.90 Your message can't be sent because you've reached your daily limit", Period.DAY),
        ("Message submission rate: you have sent too many messages (limit 100/h)", Period.HOUR),
        ("4.7.1 Hourly mail quota exceeded for comite@example.org", Period.HOUR),
        ("Email limit of 500 per day reached", Period.DAY),
        ("Quota de messages par jour dépassé", Period.DAY),
        ("Das Versandlimit Ihres Postfachs ist erreicht", Period.HOUR),
        ("Se ha superado la cuota de envío diaria", Period.DAY),
        (
            "5.7.1 <lea@example.org>: Recipient address rejected: sending quota exceeded, "
            "200 mails per day",
            Period.DAY,
        ),
        # A relay that gives its customer's quota the code of a full mailbox.
        ("5.2.2 Submission quota exceeded", Period.HOUR),
        ("5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException", Period.HOUR),
    ],
)
def test_a_limit_of_an_hour_or_a_day_in_words_is_temporary(text: str, period: Period) -> None:
    assert limit_in(text) is period
    for stage in (Stage.MAIL, Stage.RCPT, Stage.BODY):
        assert judge(stage, 550, text).kind is Kind.DEFERRED


@pytest.mark.parametrize(
    "text",
    [
        "5.2.2 Mailbox full: the user is over quota",
        "4.2.1 The user you are trying to contact is receiving mail at a rate that is too high",
        "4.5.3 Too many recipients",
        "4.7.0 too many messages in this session",
        "Sender rate overlimit - 101.0 / 1h / contact@example.org",
        "5.3.4 Message size exceeds fixed limit",
        "5.2.2 Quota de la boîte dépassé: espace insuffisant",
        "5.7.1 rejected",
        "",
        # full mailboxes, and limits of the one who gets the letter
        "5.2.2 <lea@example.org>: user's mail quota exceeded",
        "4.2.2 Mail quota exceeded",
        "exceeded mail quota",
        "5.2.2 User has exceeded his email quota",
        "5.2.2 Message quota exceeded for this user",
        "5.2.2 Over quota: mail limit reached",
        "sorry, that mailbox exceeded its daily email quota (#5.2.2)",
        "mailbox is full: daily mail cannot be delivered, quota exceeded",
        "4.2.1 The user you are trying to contact has exceeded the hourly limit of messages",
        "The user you are trying to reach has exceeded the hourly limit of messages",
        "5.7.1 too many messages per hour to this recipient",
        "5.2.2 quota de messages dépassé",
        "quota de messages dépassé pour ce destinataire",
        "Boîte aux lettres pleine : quota de messages par jour dépassé",
        "Das Postfach ist voll, die tägliche Grenze für Nachrichten ist überschritten",
        "Postfach voll: Mail Quota überschritten",
        "Buzón lleno: ha superado el límite diario de mensajes",
        # letters that are too large
        "5.3.4 Message size exceeds message limit of 10 MB",
        "5.2.3 Message limit exceeded: message exceeds maximum size",
        "5.3.4 Message exceeds the limit of one day's mails",
        "Message too large: exceeds the message limit, try again in one day",
        "La taille du message dépasse la limite par jour",
        "Die Nachricht ist zu groß: tägliches Limit überschritten",
        "El tamaño del mensaje ha superado el límite diario",
        # greylisting
        "4.7.1 Greylisted, try again in one hour",
        "4.7.1 Greylisted: too many mails today",
        "4.2.0 Greylisting in action: too many messages per hour",
        "4.7.1 gray-listed: email limit reached, come back in 1 hour",
        "Liste grise : trop de messages par heure",
        "Graue Liste: zu viele Mails pro Stunde",
        "Lista gris: demasiados mensajes por hora",
    ],
)
def test_what_is_no_limit_of_ours_is_none(text: str) -> None:
    assert limit_in(text) is None
    assert heard_from([judge(Stage.RCPT, 450, text)]).limit is None


@pytest.mark.parametrize(
    ("code", "text", "reason"),
    [
        (552, "5.2.2 <lea@example.org>: user's mail quota exceeded", Reason.MAILBOX_FULL),
        (554, "5.2.2 quota de messages dépassé", Reason.MAILBOX_FULL),
        (552, "5.3.4 Message size exceeds message limit of 10 MB", Reason.TOO_LARGE),
        (552, "5.2.3 Message limit exceeded", Reason.TOO_LARGE),
    ],
)
def test_a_full_mailbox_and_a_large_letter_fail_as_what_they_are(
    code: int, text: str, reason: Reason
) -> None:
    for stage in (Stage.RCPT, Stage.BODY):
        outcome = judge(stage, code, text)
        assert outcome.kind is Kind.FAILED
        assert reason_of(outcome) is reason


@pytest.mark.parametrize(
    "text",
    ["Greylisted", "4.7.1 grey-listing", "Gray listed", "liste grise", "graue Liste", "lista gris"],
)
def test_greylisting_is_known_in_four_languages_and_slows_nobody_down(text: str) -> None:
    heard = heard_from([judge(Stage.RCPT, 451, text)])
    assert (heard.put_off, heard.farewells, heard.limit) == (0, 0, None)


def test_the_same_refusal_is_the_same_whatever_addresses_and_numbers_it_names() -> None:
    one = "5.1.8 <p001@example.org>: Sender address rejected (queue 4FqX12, 3 of 100)"
    other = "5.1.8  <lea@autre.example>: sender address rejected (queue 99ab, 12 of 100)"
    assert alike(one) == alike(other)
    assert alike(one) != alike("5.1.8 <lea@example.org>: Domain not found")
    assert alike("<lea>: relay denied") == alike("<noe>: relay denied")


def test_a_kept_answer_names_nobody() -> None:
    assert without_addresses("<lea@example.org>: gone,  ask noe@example.org") == "… gone, ask …"


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("Helo command rejected: need fully-qualified hostname", Subject.GREETING),
        ("relay not permitted", Subject.LOGIN),
        ("Sender rate overlimit - 101.0 / 1h", Subject.RATE),
        ("Email address is not verified. The following identities failed", Subject.SENDER),
        ("rejected because 192.0.2.1 is in a black list at dnsbl.example", Subject.REPUTATION),
        ("no", None),
    ],
)
def test_a_refusal_says_what_it_is_about(text: str, subject: Subject | None) -> None:
    assert subject_of(text) is subject


def test_reading_takes_a_time_in_proportion_to_the_length() -> None:
    def seconds(text: str) -> float:
        began = time.process_time()
        says_unknown.__wrapped__(text)
        limit_in.__wrapped__(text)
        says_greylisted.__wrapped__(text)
        alike(text)
        without_addresses(text)
        subject_of(text)
        return time.process_time() - began

    # Eight times the length takes 8 times the time if it is linear, and 64 times if it is squared.
    for piece in ("a", "@", "<", " 1", "é", "no such ", "exceed per ", "#5.2.", "gray list"):
        short = min(seconds(piece * 1_000) for _ in range(3))
        bound = 24 * short + 0.01
        assert any(seconds(piece * 8_000) < bound for _ in range(3)), piece
