from __future__ import annotations

import re
import timeit
from dataclasses import replace
from datetime import timedelta, timezone
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.links import Links
from mailer.message.composer import needs_smtputf8, plain
from mailer.recipient import ListLine
from tests.clock import NOW
from tests.examples import examples
from tests.factories import IDENTITY, KEYS, PIXEL
from tests.mailer.letter.rendered import (
    KEY,
    LINKS,
    MARIE,
    composer,
    html,
    mail,
    pressed,
    text,
    wire,
)

BODY = 'Bonjour {{ subscriber.first_name or "camarade" }} !\n\n.Un point.\n\nFrom ici.\n'
LONG = BODY + "\n\nUne phrase à rallonge, d'été en été, qui remplit la page : voilà ! " * 250

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
COMPOSER = composer(BODY)
PRESSED = pressed(BODY)
LIST_IDS = count(100)


def test_a_copy_says_what_the_preview_says() -> None:
    read = mail(wire(BODY))
    assert [part.get_content_type() for part in read.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    assert not read.defects
    parts = [str(part.get_content()).replace("\r\n", "\n") for part in read.iter_parts()]
    assert parts[0].strip() == text(BODY).strip()
    assert parts[1].strip() == html(BODY).strip()


def test_a_copy_has_each_header_once_and_right() -> None:
    read = mail(wire(BODY))
    assert read["From"] == "Comité du Val-d'Orme <comite@orme.example.org>"
    assert read["To"] == "Marie L'Été <marie@example.org>"
    assert read["Subject"] == "Lettre n° 294 : l'été"
    assert read["Date"] == "Tue, 24 Nov 2026 09:00:00 +0000"
    assert LINKS.read_message_id(str(read["Message-ID"])) == 17
    assert read["List-Unsubscribe"].strip() == f"<{LINKS.unsubscribe(5, 3, 17, KEY)}>"
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert re.fullmatch(r"<[0-9a-f]{12}\.orme\.example\.org>", str(read["List-Id"]))
    assert read["Precedence"] == "bulk"
    assert re.fullmatch(r"7:[0-9a-f]{12}:letter:[0-9a-f]{12}", str(read["Feedback-ID"]))
    assert len(read.keys()) == len(set(read.keys()))


def test_nothing_in_a_header_tells_the_name_of_the_list() -> None:
    head = wire(BODY, MARIE._replace(list=ListLine(3, "adherents", "Adhérents"))).partition(
        b"\r\n\r\n"
    )[0]
    assert b"adherents" not in head
    assert b"marie" not in head.replace(b"<marie@example.org>", b"")


def test_a_loopback_address_has_no_one_click() -> None:
    local = replace(IDENTITY, public_url="http://127.0.0.1:8080")
    read = mail(plain(composer(BODY, local).copy(MARIE, NOW)))
    url = Links(KEYS, local.public_url, local.domain).unsubscribe(5, 3, 17, KEY)
    assert read["List-Unsubscribe"].strip() == f"<{url}>"
    assert "List-Unsubscribe-Post" not in read


def test_a_letter_may_name_its_own_sender_and_where_answers_go() -> None:
    read = mail(wire(BODY, sender="Zoé <zoe@orme.example.org>", reply_to="office@orme.example.org"))
    assert read["From"] == "Zoé <zoe@orme.example.org>"
    assert read["Reply-To"] == "office@orme.example.org"


def test_pictures_stand_beside_the_html_alone() -> None:
    read = mail(wire("![Un point](a.png)"))
    assert [part.get_content_type() for part in read.walk()] == [
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
    ]
    picture = list(read.walk())[-1]
    assert picture.get_content() == PIXEL
    assert picture.get_content_disposition() == "inline"
    page = list(read.walk())[3].get_content()
    assert f"cid:{str(picture['Content-ID']).strip('<>')}" in page
    assert read.get_boundary() not in (None, list(read.walk())[2].get_boundary())


@settings(max_examples=examples(60), deadline=None)
@given(names, names, names)
def test_whoever_it_is_for_a_copy_keeps_the_wires_measure(
    first: str, last: str, title: str
) -> None:
    # Each example has a list id of its own, for the composer caches texts by the list's id.
    list_ = replace(MARIE.list, id=next(LIST_IDS), title=title)
    person = MARIE._replace(first_name=first, last_name=last, list=list_)
    octets = b"".join(COMPOSER.copy(person, NOW))
    for line in octets.split(b"\r\n"):
        assert len(line) <= 78
        assert not line.startswith(b".")
        assert b"\n" not in line
        assert b"\r" not in line
    assert octets.isascii()
    assert octets.endswith(b"\r\n")
    read = mail(octets)
    assert set(read.keys()) == set(mail(wire(BODY)).keys())
    parts = [str(part.get_content()).replace("\r\n", "\n") for part in read.iter_parts()]
    assert parts[0].strip() == PRESSED.text(person, LINKS, KEY).strip()


def test_neighbours_of_a_personal_word_are_the_same_octets_in_every_copy() -> None:
    made = composer(BODY)
    one = made.copy(MARIE, NOW)
    other = made.copy(MARIE._replace(delivery_id=18, first_name="É" * 60), NOW)
    assert len(one) == len(other)
    assert sum(a is b for a, b in zip(one, other, strict=True)) >= len(one) // 2
    assert sum(len(a) for a, b in zip(one, other, strict=True) if a is not b) < 2000


def test_a_value_of_another_type_is_not_taken_for_its_like() -> None:
    made = composer("{{ subscriber.x }}")
    said = [
        mail(plain(made.copy(MARIE._replace(attributes={"x": value}), NOW))).get_body(("plain",))
        for value in (1, True, 1.0, None, "1")
    ]
    lines = [str(part.get_content()).replace("\r\n", "\n").split("\n")[6] for part in said if part]
    assert lines == ["1", "oui", "1", "", "1"]


def test_the_date_follows_the_hour_and_the_message_id_stays() -> None:
    made = composer(BODY)
    first = mail(plain(made.copy(MARIE, NOW)))
    later = mail(
        plain(made.copy(MARIE, (NOW + timedelta(days=1)).astimezone(timezone(timedelta(hours=1)))))
    )
    assert later["Date"] == "Wed, 25 Nov 2026 10:00:00 +0100"
    assert first["Message-ID"] == later["Message-ID"]


@pytest.mark.parametrize(
    ("address", "needed"),
    [("marie@example.org", False), ("zoé@example.org", True), ("a@xn--t-bga.fr", False)],
)
def test_only_a_local_part_asks_for_smtputf8(address: str, needed: bool) -> None:
    assert needs_smtputf8(address) is needed


def test_a_copy_of_a_long_letter_costs_microseconds() -> None:
    made = composer(LONG)
    size = sum(map(len, made.copy(MARIE, NOW)))
    assert size > 50_000
    spent = min(timeit.repeat(lambda: made.copy(MARIE, NOW), number=300, repeat=5)) / 300
    # 11 µs were measured; the margin is for a busy machine.
    assert spent < 100e-6
