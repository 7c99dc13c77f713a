"""html-validate and the W3C's own checker (vnu) look at finished pages.

`make checkers` fetches both by npm, with the hashes of tests/npm/package-lock.json; vnu is a Java
program. Where they are missing, a test that wants them is skipped.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from _pytest.outcomes import Skipped

from benchmarks.tools import tool
from tests.paths import ROOT

_MODULES = ROOT / "tests" / "npm" / "node_modules"
_RULES = {"root": True, "extends": ["html-validate:a11y"]}


class MissingChecker(Skipped):
    """A checker was not fetched."""

    def __init__(self, name: str) -> None:
        super().__init__(f'{name} was not fetched: run "make checkers", after apt install npm')


def html_validate(pages: Mapping[str, str], folder: Path) -> list[str]:
    """What html-validate's rules of accessibility say, as `page: rule: message`."""
    program = _fetched("html-validate/bin/html-validate.mjs")
    node = tool("node")
    files = _written(pages, folder)
    (folder / ".htmlvalidate.json").write_text(json.dumps(_RULES))
    done = subprocess.run(
        # Into a file: node ends before a pipe has taken all.
        [node, program, "--formatter", "json=said.json", *files],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    return [
        f"{Path(result['filePath']).stem}: {it['ruleId']}: {it['message']}"
        for result in json.loads((folder / "said.json").read_text("utf-8"))
        for it in result["messages"]
    ]


def vnu(pages: Mapping[str, str], folder: Path) -> list[str]:
    """The errors, not the warnings, of the W3C's checker, as `page: message`."""
    program = _fetched("vnu-jar/build/dist/vnu.jar")
    java = tool("java")
    files = _written(pages, folder)
    done = subprocess.run(
        [java, "-jar", program, "--format", "json", "--errors-only", *files],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return [
        f"{Path(it['url']).stem}: {it['message']}"
        for it in json.loads(done.stderr)["messages"]
        if it["type"] != "info"
    ]


def _fetched(name: str) -> str:
    file = _MODULES / name
    if not file.is_file():
        raise MissingChecker(name.partition("/")[0])
    return str(file)


def _written(pages: Mapping[str, str], folder: Path) -> list[str]:
    for name, page in pages.items():
        (folder / f"{name}.html").write_text(page, "utf-8")
    return [f"{name}.html" for name in pages]
