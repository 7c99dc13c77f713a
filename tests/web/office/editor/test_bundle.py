"""The script that is committed: what it holds, what it weighs, and that its sources make it."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pytest

from mailer.letter.blocks import names
from tests.web.office.editor.node import EDITOR, STATIC, by_node
from web.office.editor_words import WORDS

LARGEST = 200_000
_WORDS = re.compile(r'\b(?:say|note|count)\(\s*"([a-z_0-9-]+)"')


def test_the_script_is_small_asks_no_other_machine_and_has_its_licences() -> None:
    script = (STATIC / "editor.js").read_bytes()
    assert len(gzip.compress(script, 9)) < LARGEST
    text = script.decode()
    assert not re.findall(r"\beval\(|new Function\(", text)
    assert 'setAttribute("style"' not in text
    licences = (STATIC / "editor.licences.txt").read_text("utf-8")
    lock = json.loads((EDITOR / "package-lock.json").read_text("utf-8"))
    packages = {it.removeprefix("node_modules/") for it in lock["packages"] if it}
    named = set(re.findall(r"^([a-z.-]+) \d[\d.]* \(", licences, re.MULTILINE))
    assert {"prosemirror-view", "prosemirror-markdown", "markdown-it"} <= named <= packages


def test_no_committed_file_of_the_editor_names_a_registry() -> None:
    lock = (EDITOR / "package-lock.json").read_text("utf-8")
    assert '"resolved"' not in lock
    for file in ("package.json", ".npmrc"):
        assert "//" not in (EDITOR / file).read_text("utf-8")


def test_each_sentence_that_the_script_says_is_in_the_table_and_no_other() -> None:
    sources = {it.name: it.read_text("utf-8") for it in EDITOR.glob("*.js")}
    said = {name for text in sources.values() for name in _WORDS.findall(text)}
    counted = {it.removesuffix("_one") for it in WORDS if it.endswith("_one")}
    assert said - counted <= WORDS.keys()
    every = "\n".join(sources.values())
    unsaid = [
        it
        for it in WORDS
        if f'"{it}"' not in every
        and not re.fullmatch(
            r"(style|block|field|front|severity|view|subscriber|list|campaign)_.*"
            r"|.*_(one|many|of|title|said)|group_\w+",
            it,
        )
    ]
    assert unsaid == []


def test_the_editor_knows_the_same_blocks_and_keys_as_the_server() -> None:
    text = (EDITOR / "names.js").read_text("utf-8")
    for table in (names.BLOCKS, names.IMAGE_KEYS, names.VOTE_KEYS, names.SIGNATURE_KEYS):
        for name, several in table.items():
            written = ", ".join(f'"{it}"' for it in several)
            assert f"{name}: [{written}]" in text, name


@pytest.mark.proof
def test_the_sources_make_the_script_that_is_committed(tmp_path: Path) -> None:
    by_node("build.js", tmp_path)
    for file in STATIC.iterdir():
        assert (tmp_path / file.name).read_bytes() == file.read_bytes(), file.name


@pytest.mark.proof
def test_what_node_tests_of_the_editor_holds() -> None:
    tests = sorted((EDITOR / "tests").glob("*.test.js"))
    said = by_node("--test", *tests)
    assert int(re.findall(r"# pass (\d+)", said)[0]) > 40
