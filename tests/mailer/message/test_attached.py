"""Files attached to a copy, as the standard library reads them (docs/standards.md, F10 to F13)."""

from __future__ import annotations

import re
import timeit
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.letter.attachments import Attachment
from mailer.message import file_names
from tests.clock import NOW
from tests.examples import examples
from tests.factories import attachment, calendar, pdf
from tests.mailer.letter.rendered import LIST, MARIE, composer, html, mail, text, wire

BODY = 'Bonjour {{ subscriber.first_name or "camarade" }} !\n\n![Un point](a.png)\n'
FILES = (attachment("Procès-verbal n° 3.pdf"), attachment("réunion.ics"))


def attached(read: EmailMessage) -> list[EmailMessage]:
    return [it for it in read.iter_attachments() if isinstance(it, EmailMessage)]


def test_files_stand_behind_the_whole_letter() -> None:
    read = mail(wire(BODY, attachments=FILES))
    assert [part.get_content_type() for part in read.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "application/pdf",
        "text/calendar",
    ]
    assert not [defect for part in read.walk() for defect in part.defects]
    texts = [it for it in read.walk() if it.get_content_maintype() == "text"]
    assert str(texts[0].get_content()).replace("\r\n", "\n").strip() == text(BODY).strip()
    assert str(texts[1].get_content()).replace("\r\n", "\n").strip() == html(BODY).strip()


def test_files_arrive_as_they_were_under_their_own_names() -> None:
    paper, meeting = attached(mail(wire(BODY, attachments=FILES)))
    assert (paper.get_filename(), paper.get_content()) == ("Procès-verbal n° 3.pdf", pdf())
    assert (meeting.get_filename(), meeting.get_payload(decode=True)) == ("réunion.ics", calendar())
    assert {it.get_content_disposition() for it in (paper, meeting)} == {"attachment"}
    assert meeting.get_content_charset() == "utf-8"


def test_a_name_with_accents_is_encoded_with_an_ascii_name_beside() -> None:
    octets = wire(BODY, attachments=FILES)
    assert b"filename*=utf-8''Proc%C3%A8s-verbal%20n%C2%B0%203.pdf;\r\n" in octets
    assert b'filename="Proces-verbal n_ 3.pdf"\r\n' in octets
    plain = wire(BODY, attachments=(attachment("avis 3.pdf"),))
    assert b'Content-Disposition: attachment;\r\n filename="avis 3.pdf"\r\n' in plain
    assert b"filename*" not in plain


@pytest.mark.parametrize(
    ("name", "ascii_name"),
    [
        ("Œuvre – l’été.pdf", "_uvre _ l_ete.pdf"),
        ("通知.pdf", "file.pdf"),
        ("🎉.ics", "file.ics"),
        ("a" * 100 + ".pdf", "a" * 56 + ".pdf"),
    ],
)
def test_programs_that_read_ascii_alone_get_a_name_too(name: str, ascii_name: str) -> None:
    assert file_names.in_ascii(name) == ascii_name


@settings(max_examples=examples(200), deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=120))
def test_any_name_arrives_and_keeps_the_wires_measure(stem: str) -> None:
    field = file_names.disposition(f"{stem}.pdf")
    assert field.isascii()
    assert field.endswith("\r\n")
    lines = field.removesuffix("\r\n").split("\r\n")
    assert all(len(line) <= 78 for line in lines)
    assert all(line.startswith(" ") for line in lines[1:])
    read = message_from_bytes(field.encode() + b"\r\n", policy=policy.default)
    assert read.get_content_disposition() == "attachment"
    wanted = " ".join(f"{stem}.pdf".split())
    seen = " ".join(str(read.get_filename()).split())
    if stem.strip() and stem.isprintable():
        assert seen == wanted
    legacy = message_from_bytes(field.encode() + b"\r\n")
    assert legacy.get_content_disposition() == "attachment"


def test_no_boundary_is_the_beginning_of_another_or_too_long() -> None:
    read = mail(wire(BODY, attachments=FILES))
    found = [str(it.get_boundary()) for it in read.walk() if it.is_multipart()]
    assert len(found) == 3
    for one in found:
        assert len(one) <= 70
        assert [it for it in found if it.startswith(one)] == [one]


def test_no_line_of_a_copy_with_files_is_too_long_or_begins_with_a_dot() -> None:
    hostile = b"%PDF-\r\n.\r\n--=_m\r\nFrom x\n" + pdf()
    octets = wire(BODY, attachments=(Attachment("a.pdf", "pdf", hostile), *FILES))
    assert all(len(line) <= 78 for line in octets.split(b"\r\n"))
    assert not re.search(rb"^\.|[^\r]\n|\r[^\n]", octets, re.MULTILINE)
    assert attached(mail(octets))[0].get_content() == hostile


def test_a_copy_of_a_letter_without_files_has_no_mixed_part() -> None:
    assert mail(wire(BODY)).get_content_type() == "multipart/alternative"


def test_files_are_encoded_once_for_the_copies_of_all_lists() -> None:
    made = composer(BODY, attachments=(attachment(data=pdf(size=2_000_000)),))
    here = made.copy(MARIE, NOW)
    there = made.copy(MARIE._replace(list=LIST.__class__(4, "autre", "Autre")), NOW)
    assert here[-1] is there[-1]
    assert len(here[-1]) > 2_700_000
    spent = min(timeit.repeat(lambda: made.copy(MARIE, NOW), number=300, repeat=5)) / 300
    # As for a copy without files; the margin is for a busy machine.
    assert spent < 100e-6
