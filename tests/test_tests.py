"""Tests import only from helpers, and what the factories make is made nowhere else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import factories
from tests.paths import ROOT

MODULES = sorted(
    file for folder in ("tests", "benchmarks") for file in (ROOT / folder).rglob("*.py")
)
HELPERS = sorted(it for it in MODULES if "factories" not in it.parts)


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


def imported(source: str) -> Iterator[str]:
    """Yield every module that an import names, also inside a function."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (it.name for it in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module or ''}.{it.name}" for it in node.names)


def of_tests(module: str) -> bool:
    """Whether a part of this name is a test file or a conftest."""
    return any(part == "conftest" or part.startswith("test_") for part in module.split("."))


def defined(source: str) -> Iterator[str]:
    """Yield the names that a module defines itself, without those that it imports."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (it.id for it in node.targets if isinstance(it, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


def test_nothing_is_imported_out_of_a_test_or_a_conftest() -> None:
    found = {name_of(file): [*filter(of_tests, imported(file.read_text()))] for file in MODULES}
    assert {name: names for name, names in found.items() if names} == {}


def test_what_the_factories_make_is_made_nowhere_else() -> None:
    made = set(factories.__all__)
    found = {name_of(file): made.intersection(defined(file.read_text())) for file in HELPERS}
    assert {name: names for name, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "line",
    [
        "import tests.conftest",
        "from tests.conftest import NOW",
        "from tests.mailer import conftest",
        "from tests.web.test_looks import CONTRASTS as contrasts",
        "from tests.web import client, test_looks",
        "from .test_looks import CONTRASTS",
        "from . import test_looks",
        "def later():\n    from tests.web.test_looks import CONTRASTS",
    ],
)
def test_every_form_of_such_an_import_is_noticed(line: str) -> None:
    assert any(of_tests(it) for it in imported(line))
