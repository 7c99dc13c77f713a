"""A page as mail programs change it: each change does what it says, and nothing else."""

from __future__ import annotations

import re

import pytest

from mailer.letter import as_shown, specimen
from mailer.letter.theme import load_theme
from tests.mailer.letter.rendered import KEY, LINKS, MARIE


@pytest.fixture(scope="module")
def page() -> str:
    return specimen.pressed(load_theme("lettre"), specimen.INVENTED).preview(MARIE, LINKS, KEY)


def words(page: str) -> str:
    body = re.sub(r"<!--.*?-->|<style.*?</style>|<title.*?</title>", "", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_no_word_is_lost_in_any_of_them(page: str) -> None:
    for changed in (
        as_shown.without_style(page),
        as_shown.as_orange(page),
        as_shown.without_pictures(page),
        as_shown.in_scheme(page, dark=True),
    ):
        assert changed != page
        assert words(changed) == words(page)


def test_a_page_without_style_keeps_its_inline_styles(page: str) -> None:
    changed = as_shown.without_style(page)
    assert "<style" not in changed
    assert "@media" not in changed
    assert changed.count(" style=") == page.count(" style=")


def test_orange_drops_importance_roles_languages_and_round_corners(page: str) -> None:
    changed = as_shown.as_orange(page)
    assert "@media" in changed
    for dropped in ("!important", "border-radius", "aria-", "lang=", "dir="):
        assert dropped in page
        assert dropped not in changed
    assert not re.search(r"<[^>]*\srole=", changed)
    assert 'scope="col"' in changed


def test_pictures_go_and_their_words_stay(page: str) -> None:
    changed = as_shown.without_pictures(page)
    assert "base64" in page
    assert "base64" not in changed
    assert changed.count(" alt=") == page.count(" alt=")


def test_a_scheme_holds_whatever_the_machine_prefers(page: str) -> None:
    assert "@media all {" in as_shown.in_scheme(page, dark=True)
    assert "@media not all {" in as_shown.in_scheme(page, dark=False)
