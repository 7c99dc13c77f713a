from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from mailer.letter import snapshot
from mailer.letter.snapshot import digest, digest_frozen, freeze, thaw
from tests.factories import IDENTITY, PIXEL, letter
from tests.mailer.letter.rendered import THEME


def test_what_is_thawed_is_what_was_frozen() -> None:
    written = letter("Été ![x](a.png)\n", sender="a@e.org")
    frozen = freeze(written, THEME, IDENTITY)
    thawed, theme, identity = thaw(frozen)
    assert (thawed, theme, identity) == (written, THEME, IDENTITY)
    assert thawed.images == {"a.png": PIXEL}
    assert thawed.place(0) == "lettre.md:8"
    assert freeze(thawed, theme, identity) == frozen


def test_the_same_letter_has_one_digest_wherever_its_file_lies() -> None:
    written = letter("Été")
    assert digest(written) == digest(replace(written, source="ailleurs.md", line=99))
    assert digest(written) != digest(replace(written, body="Eté"))
    assert digest(written) != digest(replace(written, images=MappingProxyType({"a": b""})))


def test_an_approval_covers_the_theme_and_the_footer_too() -> None:
    written = letter("Été")
    frozen = digest_frozen(freeze(written, THEME, IDENTITY))
    assert frozen != digest_frozen(freeze(written, THEME, replace(IDENTITY, phone="1")))
    assert len(frozen) == 64
    assert snapshot.FORM == 1
