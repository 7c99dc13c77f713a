"""The address by which a mail unsubscribes: behind the link, short enough, and nobody else's."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.letter.press import press
from mailer.links import FIRST_NUMBER, LARGEST, LONGEST_LOCAL, OptOutToken
from mailer.message.composer import Composer, plain
from tests.clock import NOW
from tests.examples import examples
from tests.factories import IDENTITY, letter
from tests.mailer.letter.rendered import KEY, LINKS, MARIE, THEME, mail

BODY = "Bonjour."


def test_a_copy_names_an_address_to_leave_by_behind_its_link() -> None:
    written = letter(BODY)
    composer = Composer(
        press(written, THEME, IDENTITY), written, IDENTITY, LINKS, KEY, 7, by_mail=True
    )
    octets = plain(composer.copy(MARIE, NOW))
    address = LINKS.leave_address(5, 3, 17, KEY)
    assert mail(octets)["List-Unsubscribe"].replace(" ", "") == (
        f"<{LINKS.unsubscribe(5, 3, 17, KEY)}>,<mailto:{address}>"
    )
    lines = octets.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert max(len(it) for it in lines if b"mailto:leave" in it) <= 120


@given(
    st.integers(1, 2**28 - 1),
    st.integers(1, 2**14 - 1),
    st.integers(1, 2**35 - 1) | st.just(FIRST_NUMBER),
    st.booleans(),
)
@settings(max_examples=examples(60))
def test_the_address_is_read_in_whatever_case_and_fits_where_ids_are_large(
    person: int, list_id: int, copy: int, upper: bool
) -> None:
    address = LINKS.leave_address(person, list_id, copy, KEY)
    if copy == FIRST_NUMBER and address is None:
        return
    assert address is not None
    assert len(address.partition("@")[0]) <= LONGEST_LOCAL
    read = LINKS.read_leave_address(address.upper() if upper else f" <{address}> ")
    assert read == OptOutToken(person, list_id, copy, KEY)


def test_beyond_64_octets_there_is_no_such_address_and_no_other_is_read() -> None:
    assert LINKS.leave_address(LARGEST, LARGEST, LARGEST, KEY) is None
    address = LINKS.leave_address(5, 3, 17, KEY) or ""
    token = address[6:].partition("@")[0]
    for wrong in (
        address.replace("leave+", "bounce+"),
        address.replace("@", "0@"),
        address.replace("@", "@other."),
        f"leave+{token[:-1]}{'0' if token[-1] != '0' else '1'}@{IDENTITY.domain}",
        f"leave+{token[:4]} {token[4:]}@{IDENTITY.domain}",
        LINKS.marks(17, KEY).return_path.replace("bounce+", "leave+"),
        "leave+@orme.example.org",
        "",
    ):
        assert LINKS.read_leave_address(wrong) is None
