"""What comes from outside cannot command a terminal, and means in JSON what it meant."""

from __future__ import annotations

import json
import logging
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pli.harmless import DIRECTIONS, as_spaces, harmless, harmless_json, without_controls
from pli.log_format import formatter
from tests.terminal_signs import OUTSIDE, obeyed


@given(st.text())
def test_no_sign_that_a_terminal_obeys_is_left(text: str) -> None:
    assert obeyed(harmless(text)) == set()
    assert obeyed(as_spaces(text)) == set()
    assert not set("\t\n") & set(as_spaces(text))
    assert obeyed(without_controls(text)) <= DIRECTIONS
    assert len(harmless(text)) == len(text)


@given(st.recursive(st.text(), lambda it: st.lists(it) | st.dictionaries(st.text(), it)))
def test_json_means_the_same(document: object) -> None:
    written = harmless_json(json.dumps(document, ensure_ascii=False, indent=2))
    assert json.loads(written) == document
    assert obeyed(written) == set()


def test_what_people_write_stays() -> None:
    for text in ("l’été\u202f: œuf\u00a0!", "👩\u200d🏫", "العربية", "a\n\tb"):
        assert harmless(text) == text


@pytest.mark.parametrize("kind", ["text", "json"])
def test_a_log_tells_a_relays_words_harmlessly(kind: str) -> None:
    record = logging.LogRecord("pli.delivery", logging.INFO, "", 1, "delivery.failed", (), None)
    record.reply = f"550 {OUTSIDE}"
    written = formatter(kind).format(record)
    assert "ROUGE" in written
    if not sys.stderr.isatty():
        assert obeyed(written) == set()
