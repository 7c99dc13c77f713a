"""A letter that really was sent, when it lies beside the project; none of it is kept here."""

from __future__ import annotations

import re
from html import unescape

import pytest

from mailer.letter import preflight
from mailer.letter.letter import Letter, parse_letter
from mailer.letter.press import press
from mailer.message.composer import Composer, plain
from tests.clock import NOW
from tests.factories import IDENTITY
from tests.mailer.letter.rendered import KEY, LINKS, MARIE, THEME, mail
from tests.paths import ROOT

REAL = ROOT.parent / "shared" / "letters" / "lettre-294.txt"
FRONT = """---
number: 294
title: Un titre
date: 14/10/2025
subject: Un objet
preheader: Une phrase vraie, assez longue pour la boîte de réception.
---
"""

pytestmark = pytest.mark.skipif(
    not REAL.is_file(), reason="needs the real letter, ../shared/letters/lettre-294.txt"
)


@pytest.fixture(scope="module")
def real() -> Letter:
    return parse_letter(FRONT + REAL.read_text("utf-8"), REAL.name)


def bare(text: str) -> str:
    """Without any white space: where lines and French spaces fall is no part of a sentence."""
    return re.sub(r"[\s\u00a0\u202f]+", "", text)


def sentences(source: str) -> list[str]:
    """What the author wrote, his Markdown signs apart."""
    plain_text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", source.replace("**", "").replace("*", ""))
    plain_text = re.sub(r"<(https?:[^>]*)>", r"\1", plain_text)
    return [line for line in plain_text.splitlines() if line.strip()]


def test_every_sentence_accent_and_apostrophe_arrives_in_both_parts(real: Letter) -> None:
    pressed = press(real, THEME, IDENTITY)
    copy = mail(plain(Composer(pressed, real, IDENTITY, LINKS, KEY).copy(MARIE, NOW)))
    text, html = (str(part.get_content()) for part in copy.iter_parts())
    shown = unescape(re.sub(r"<[^>]+>", "", re.sub(r"<!--.*?-->", "", html, flags=re.S)))
    wanted = sentences(REAL.read_text("utf-8"))
    assert len(wanted) > 30
    for sentence in wanted:
        assert bare(sentence) in bare(text)
        assert bare(sentence) in bare(shown)


def test_it_has_two_warnings_and_can_be_sent(real: Letter) -> None:
    pressed = press(real, THEME, IDENTITY)
    findings = preflight.check(real, pressed, IDENTITY)
    assert [finding.severity for finding in findings] == [preflight.Severity.WARNING] * 2
    told = " ".join(str(finding.line) for finding in findings)
    assert "first-level heading" in told
    assert "leads nowhere" in told
