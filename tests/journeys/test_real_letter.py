"""A letter that really was sent takes the whole road, when it lies beside the project."""

from __future__ import annotations

import re
from html import unescape

import pytest

from tests.journeys.installation import Installation
from tests.paths import ROOT
from tests.relay import Relay

REAL = ROOT.parent / "shared" / "letters" / "lettre-294.txt"
FRONT = """---
number: 294
title: Un titre
date: 14/10/2025
subject: Un objet
preheader: Une phrase vraie, assez longue pour la boîte de réception.
---
"""


def bare(text: str) -> str:
    """Without any white space: where lines and French spaces fall is no part of a sentence."""
    return re.sub(r"\s+", "", text)


@pytest.mark.skipif(not REAL.is_file(), reason="needs ../shared/letters/lettre-294.txt")
def test_every_sentence_of_a_real_letter_arrives_in_both_parts_of_a_mail(
    installation: Installation, relay: Relay
) -> None:
    source = REAL.read_text("utf-8")
    (installation.folder / "lettre-294.md").write_text(FRONT + source)
    installation.members(1)
    said = installation.pli("send", "lettre-294.md", "--list", "comite", "--yes")
    assert len(said.err.split("lettre-294.md:")) == 3
    (mail,) = relay.received
    text, html = (str(part.get_content()) for part in mail.message.iter_parts())
    shown = unescape(re.sub(r"<[^>]+>", "", re.sub(r"<!--.*?-->", "", html, flags=re.S)))
    written = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", source.replace("*", ""))
    written = re.sub(r"<(https?:[^>]*)>", r"\1", written)
    sentences = [bare(line) for line in written.splitlines() if line.strip()]
    assert len(sentences) > 30
    for sentence in sentences:
        assert sentence in bare(text)
        assert sentence in bare(shown)
    assert all(len(line) <= 76 for line in mail.data.split(b"\r\n\r\n", 1)[1].split(b"\r\n"))
