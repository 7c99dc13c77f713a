"""The files, pages and tests that the documentation names exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")})
ROOMS = (
    "accounts",
    "benchmarks",
    "commands",
    "docs",
    "mailer",
    "migrations",
    "pli",
    "subscribers",
    "templates",
    "tests",
    "web",
)
PATH = re.compile(rf"`((?:{'|'.join(ROOMS)})/[\w./*-]+|cli\.py)`")
# A reader fills in names in capitals; the image of an example lies beside the reader's letter.
EXAMPLE = re.compile(r"[A-Z]{4}|\.png$")
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
TEST = re.compile(r"`(test_\w+)`")


@pytest.fixture(scope="module")
def tests() -> set[str]:
    return {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", file.read_text(), re.MULTILINE)
    }


def ids(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_each_file_and_page_that_a_page_names_is_there(page: Path) -> None:
    text = page.read_text()
    named = [ROOT / it for it in PATH.findall(text)] + [
        page.parent / it for it in LINK.findall(text)
    ]
    missing = [it for it in named if not (it.exists() or list(it.parent.glob(it.name)))]
    assert [ids(it) for it in missing if not EXAMPLE.search(it.name)] == []


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_each_test_that_a_page_names_is_there(page: Path, tests: set[str]) -> None:
    assert [it for it in TEST.findall(page.read_text()) if it not in tests] == []


def rows() -> Iterator[list[str]]:
    for line in (ROOT / "docs" / "standards.md").read_text().splitlines():
        cells = [it.strip() for it in line.strip("|").split(" | ")]
        if line.startswith("|") and re.match(r"([FLSAH]|Law )\d+\b", cells[0].strip("| *")):
            yield cells


def test_each_row_of_the_standards_names_its_test_or_says_not_yet() -> None:
    told = list(rows())
    assert len(told) > 80
    silent = [row[0] for row in told if not (TEST.search(row[-1]) or "not yet" in row[-1].lower())]
    assert silent == []


def test_no_line_of_a_page_has_to_be_scrolled() -> None:
    long = [
        f"{ids(page)}:{number}"
        for page in PAGES
        for number, line in enumerate(page.read_text().splitlines(), 1)
        if len(line) > 120 and not line.startswith(("|", "    ", "```"))
    ]
    assert long == []
