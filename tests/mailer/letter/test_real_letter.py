"""A letter that really was sent, if its file lies beside the project; none of its text is here."""

from __future__ import annotations

import re

import pytest

from mailer.letter import markdown, preflight
from mailer.letter.blocks import kinds
from mailer.letter.letter import Letter, parse_letter
from mailer.letter.press import press
from mailer.message.composer import Composer, plain
from tests.clock import NOW
from tests.factories import IDENTITY
from tests.mailer.letter.rendered import KEY, LINKS, MARIE, THEME, mail
from tests.real_letter import (
    REAL,
    REAL_FRONT,
    bare,
    needs_real_letter,
    sentences,
    shown,
    with_blocks,
)

pytestmark = needs_real_letter


@pytest.fixture(scope="module")
def real() -> Letter:
    return parse_letter(REAL_FRONT + REAL.read_text("utf-8"), REAL.name)


def test_every_sentence_accent_and_apostrophe_arrives_in_both_parts(real: Letter) -> None:
    pressed = press(real, THEME, IDENTITY)
    copy = mail(plain(Composer(pressed, real, IDENTITY, LINKS, KEY).copy(MARIE, NOW)))
    text, html = (str(part.get_content()) for part in copy.iter_parts())
    wanted = sentences(REAL.read_text("utf-8"))
    assert len(wanted) > 30
    for sentence in wanted:
        assert bare(sentence) in bare(text)
        assert bare(sentence) in bare(shown(html))


def test_it_has_three_warnings_and_can_be_sent(real: Letter) -> None:
    pressed = press(real, THEME, IDENTITY)
    findings = preflight.check(real, pressed, IDENTITY)
    assert [finding.severity for finding in findings] == [preflight.Severity.WARNING] * 3
    told = " ".join(str(finding.told) for finding in findings)
    assert "first-level heading" in told
    assert "leads nowhere" in told
    assert "runs on behind the one before" in told


def test_with_blocks_by_rules_all_its_words_arrive_in_both_parts() -> None:
    source = REAL.read_text("utf-8")
    written = parse_letter(REAL_FRONT + with_blocks(source), REAL.name)
    made = {type(it) for it in markdown.read(written.body).blocks.values()}
    assert made >= {kinds.Lead, kinds.Contents, kinds.Quotation, kinds.Box, kinds.Votes}
    assert kinds.Signature in made
    pressed = press(written, THEME, IDENTITY)
    text = re.sub(r"(?m)^[>|] ?", "", pressed.text(MARIE, LINKS, KEY))
    page = shown(pressed.html(MARIE, LINKS, KEY))
    for sentence in sentences(source):
        assert bare(sentence) in bare(text)
        assert bare(sentence) in bare(page)
    assert preflight.errors(preflight.check(written, pressed, IDENTITY)) == []
