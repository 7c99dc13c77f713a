"""Whatever comes from outside reaches the terminal through one place, which makes it harmless."""

from __future__ import annotations

import ast
import io
import json
from pathlib import Path

import pytest

from commands.harmless_console import HarmlessConsole
from tests.commands.invoking import pli
from tests.factories import FRONT
from tests.paths import ROOT
from tests.terminal_signs import OUTSIDE, obeyed

ONE_PLACE = ROOT / "commands" / "common.py"
# Both write octets whose form is fixed: a mail, and a report for a script.
BESIDE = {
    ROOT / "commands" / "letters.py": "_to_stdout",
    ROOT / "commands" / "reporting.py": "_to_stdout",
}


@pytest.mark.parametrize(
    "file",
    [ROOT / "cli.py", *sorted((ROOT / "commands").rglob("*.py"))],
    ids=lambda it: str(it.relative_to(ROOT)),
)
def test_nothing_is_written_past_it(file: Path) -> None:
    if file == ONE_PLACE:
        return
    tree = ast.parse(file.read_text())
    for function in list(ast.walk(tree)):
        if isinstance(function, ast.FunctionDef) and function.name == BESIDE.get(file):
            function.body = []
    past = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("click.echo", "click.secho", "print", "Console")
    ]
    assert past == [], "say it by tell(), show() or console() of commands/common.py"


def test_tables_are_harmless_and_keep_their_colours() -> None:
    from rich.table import Table

    drawn = HarmlessConsole(file=io.StringIO(), force_terminal=True, width=80)
    table = Table("a")
    table.add_row(OUTSIDE, style="red")
    with drawn.capture() as captured:
        drawn.print(table)
        drawn.print(OUTSIDE)
    said = captured.get()
    assert "\x1b[31m" in said
    assert "\x1b[0m" in said
    assert obeyed(said) == {"\x1b"}
    assert "31mROUGE" in said


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    settings = {"committee": "Comité", "address": "Ici", "phone": "0", "email": "a@example.org"}
    (tmp_path / "pli.toml").write_text("".join(f'{it} = "{settings[it]}"\n' for it in settings))
    return tmp_path


def test_a_letter_shows_no_sign_that_a_terminal_obeys(folder: Path) -> None:
    turned = FRONT.replace("Un titre", r"Un titre \u202egnp.exe\u2066")
    (folder / "a.md").write_text(turned + "# x\n\n&#27;[31m &#155; \u202efdp\n")
    for arguments in (
        ("show", "a.md"),
        ("show", "a.md", "--json"),
        ("check", "a.md"),
        *(("export", "a.md", "--format", form) for form in ("text", "html", "eml")),
    ):
        said = pli("letter", *arguments)
        assert said.exit_code == 0, said.output
        assert obeyed(said.stdout.replace("\r\n", "\n")) == set()
    told = pli("letter", "check", "a.md").stdout
    assert "a.md:3: title held a sign that turns the text around (U+202E)" in told
    assert "a.md:10: a sign turns the text behind it around" in told
    title = json.loads(pli("letter", "show", "a.md", "--json").stdout)["title"]
    assert title == "Un titre gnp.exe : et sa suite"
