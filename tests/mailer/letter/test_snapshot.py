from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from mailer.letter import snapshot
from mailer.letter.press import press
from mailer.letter.snapshot import digest, digest_frozen, freeze, thaw
from tests.factories import IDENTITY, PIXEL, letter
from tests.mailer.letter.rendered import KEY, LINKS, LIST, MARIE, THEME
from tests.paths import ROOT


def test_what_is_thawed_is_what_was_frozen() -> None:
    written = letter("Été ![x](a.png)\n", sender="a@e.org")
    frozen = freeze(written, THEME, IDENTITY)
    thawed, theme, identity = thaw(frozen)
    assert (thawed, theme, identity) == (written, THEME, IDENTITY)
    assert thawed.images == {"a.png": PIXEL}
    assert thawed.place(0) == "lettre.md:8"
    assert freeze(thawed, theme, identity) == frozen


def test_a_campaign_frozen_in_form_1_is_thawed_and_pressed_whole() -> None:
    frozen = (ROOT / "tests" / "specimens" / "frozen" / "form-1.json").read_text("utf-8")
    written, theme, identity = thaw(frozen)
    made = press(written, theme, identity)
    page, words = made.html(MARIE, LINKS, KEY), made.text(MARIE, LINKS, KEY)
    assert 'fillcolor="#9c2b3c"' in page
    assert "color:#9c2b3c" in page
    assert "{{" not in page
    assert "Marie" in page
    assert "Marie" in words
    for text in (page, words, made.web(LIST)):
        for word in ("Salariés", "Une citation", identity.phone):
            assert word in text


def test_a_campaign_frozen_in_form_2_has_its_tokens_and_its_logo() -> None:
    frozen = (ROOT / "tests" / "specimens" / "frozen" / "form-2.json").read_text("utf-8")
    written, theme, identity = thaw(frozen)
    assert theme.tokens.color.accent == "#0b6e4f"
    made = press(written, theme, identity)
    page, words = made.html(MARIE, LINKS, KEY), made.text(MARIE, LINKS, KEY)
    assert 'fillcolor="#0b6e4f"' in page
    assert 'alt="Comité"' in page
    assert "{{" not in page
    for text in (page, words, made.web(LIST)):
        for word in ("Salariés", "Solène Kerdavid", "Et maintenant", identity.phone):
            assert word in text
    assert len(made.pictures) == 3


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
    assert snapshot.FORM == 2
