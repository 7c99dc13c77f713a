"""A mail that came back belongs to a copy by our own token, and to nobody without one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.bounces.mail import opened
from mailer.bounces.whose import Owner, whose
from mailer.links import Links
from pli.keys import Keys
from tests.specimens.bounces.pieces import TOKENS, header, message_id, return_path

DOMAIN = "@orme.example.org"
OTHERS = Links(
    Keys({"ab": b"b" * 32}, b"y" * 32), "https://lettres.orme.example.org", "orme.example.org"
)


def owner(text: str, came_to: str = "", envelope_id: str = "") -> Owner | None:
    return whose(opened(text.encode()), came_to, envelope_id, TOKENS)


def srs(address: str) -> str:
    local, _, domain = address.partition("@")
    return f"SRS0=Ab12=XY={domain}={local}@forwarder.example.net"


@pytest.mark.parametrize(
    ("text", "came_to", "told_by"),
    [
        ("Subject: x\n\n", return_path(7), "return_path"),
        ("Subject: x\n\n", return_path(7).upper(), "return_path"),
        ("Subject: x\n\n", f"<{return_path(7)}>", "return_path"),
        ("Subject: x\n\n", srs(return_path(7)), "return_path"),
        (f"Delivered-To: {return_path(7)}\n\n", "postmaster" + DOMAIN, "return_path"),
        (f"X-Original-To: {return_path(7)}\n\n", "", "return_path"),
        (f"Envelope-To: {return_path(7)}\n\n", "", "return_path"),
        (f"To: <{return_path(7)}>\n\n", "", "return_path"),
        (f"Subject: x\n\nIt failed.\n\n{header(7)}", "", "returned"),
        (f"Subject: x\n\nIt failed.\n\n> {message_id(7)}\n> Message-ID: {message_id(7)}\n", "",
         "returned"),
        (f"In-Reply-To: {message_id(7)}\n\nAway.\n", "", "report"),
        (f"References: <a@b.example> {message_id(7)}\n\nAway.\n", "", "report"),
    ],
)  # fmt: skip
def test_a_token_is_found_where_mail_servers_leave_it(
    text: str, came_to: str, told_by: str
) -> None:
    assert owner(text, came_to) == Owner(7, told_by)


def test_an_envelope_id_of_ours_tells_the_copy() -> None:
    token = return_path(7).partition("@")[0].removeprefix("bounce+")
    assert owner("Subject: x\n\n", "", token) == Owner(7, "report")


def test_an_unsubscribe_link_alone_tells_the_copy() -> None:
    lines = [it for it in header(7).split("\n") if it.startswith("List-Unsubscribe")]
    assert owner("Subject: x\n\n" + lines[0] + "\n") == Owner(7, "returned")


def test_the_address_it_came_to_counts_before_what_a_mail_quotes() -> None:
    assert owner(f"Subject: x\n\n{header(8)}", return_path(7)) == Owner(7, "return_path")


@pytest.mark.parametrize(
    "address",
    [
        OTHERS.marks(7, "ab").return_path,
        return_path(7).replace("bounce+", "bounce+00"),
        return_path(7).replace("@", "0@"),
        "bounce+" + DOMAIN,
        "marie@example.net",
        "",
    ],
)
def test_a_token_that_we_did_not_write_tells_nobody(address: str) -> None:
    assert owner(f"To: {address}\n\n", address) is None


@given(st.text(max_size=300), st.text(max_size=80))
def test_no_text_is_taken_for_a_token(text: str, came_to: str) -> None:
    assert owner(text, came_to) is None
