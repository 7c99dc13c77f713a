from __future__ import annotations

import base64
import re
from email import message_from_string, policy
from email.header import decode_header, make_header

from hypothesis import given
from hypothesis import strategies as st

from mailer.message import headers

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
words = re.compile(r"=\?utf-8\?B\?([A-Za-z0-9+/=]*)\?=")


def read(field: str, name: str) -> str:
    assert field.endswith("\r\n")
    message = message_from_string(field + "\r\n", policy=policy.default)
    assert list(message.keys()) == [name]
    return str(message[name])


def keeps_its_measure(field: str) -> None:
    """Check the lengths of RFC 2047 2 and RFC 5322 2.1.1, and that no line is only a space."""
    for line in field.removesuffix("\r\n").split("\r\n"):
        assert line.isascii()
        assert "\r" not in line
        assert "\n" not in line
        assert line.strip()
        for word in re.findall(r"=\?\S*\?=", line):
            assert len(word) <= 75
            assert words.fullmatch(word)
            assert len(line) <= 76


@given(texts)
def test_a_subject_arrives_as_it_was_written(text: str) -> None:
    field = headers.unstructured("Subject", text)
    if field.strip() != "Subject:":
        keeps_its_measure(field)
    arrived = read(field, "Subject")
    assert arrived == headers.one_line(text)


@given(texts)
def test_each_encoded_word_can_be_read_alone(text: str) -> None:
    for word in words.findall(headers.unstructured("Subject", "é" + text)):
        assert base64.b64decode(word).decode()


@given(texts, texts)
def test_a_name_arrives_beside_its_address(first: str, last: str) -> None:
    display = f"{first} {last}"
    field = headers.mailbox("To", display, "marie@example.org")
    message = message_from_string(field + "\r\n", policy=policy.default)
    assert list(message.keys()) == ["To"]
    (address,) = message["To"].addresses
    assert address.addr_spec == "marie@example.org"
    keeps_its_measure(field)
    # Python's new parser wrongly puts a space between two encoded-words of a name.
    raw, _, _ = unfolded(field).rpartition(" <")
    arrived = str(make_header(decode_header(raw))) if "=?" in raw else address.display_name
    assert " ".join(arrived.split()) == " ".join(headers.one_line(display).split())


def unfolded(field: str) -> str:
    return field.removeprefix("To: ").replace("\r\n", "")


def test_a_comma_in_a_name_makes_no_second_address() -> None:
    assert headers.mailbox("To", "Martin, Zoe (CGT)", "z@e.org") == (
        'To: "Martin, Zoe (CGT)" <z@e.org>\r\n'
    )


def test_a_name_that_looks_encoded_is_encoded() -> None:
    assert "=?utf-8?B?" in headers.mailbox("To", "=?utf-8?Q?x?=", "z@e.org")


@given(texts)
def test_nothing_in_an_address_begins_another_field(text: str) -> None:
    for field in (headers.mailbox("To", "", text), headers.structured("List-Id", text)):
        assert field.count("\r\n") - field.count("\r\n ") == 1
        assert "\n" not in field.replace("\r\n", "")


def test_a_long_english_subject_is_folded_at_its_spaces() -> None:
    field = headers.unstructured("Subject", "word " * 40)
    assert all(len(line) <= 76 for line in field.split("\r\n"))
    assert "=?" not in field
