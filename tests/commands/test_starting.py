"""A command as it is really started: by a new interpreter, which has imported nothing yet."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import click
import pytest

import cli
from commands.campaigns import campaign
from commands.lazy import LazyGroup
from commands.people import subscriber
from commands.setup import db
from pli import keys as key_ring
from tests.forking import FORKING
from tests.paths import ROOT
from tests.preloaded import enter

RUN = """
import json, sys
before = set(sys.modules)
from cli import main
sys.argv = ["pli", *json.loads(sys.argv[1])]
try:
    main()
finally:
    print(json.dumps(sorted(set(sys.modules) - before)), file=sys.stderr)
"""
OURS = {"accounts", "cli", "commands", "mailer", "pli", "subscribers", "web"}
SETTINGS = {
    "annotated_types", "dotenv", "pydantic", "pydantic_core", "pydantic_settings",
    "typing_extensions", "typing_inspection",
}  # fmt: skip
DATABASE = {"aiosqlite", "greenlet", "sqlalchemy", "typing_extensions", "uvloop"}
OF_THE_ENGINE_AND_THE_WEB = {
    "aiosmtpd", "alembic", "anyio", "asyncpg", "croniter", "dateutil", "dns", "pgqueuer",
    "prometheus_client", "starlette", "structlog", "uvicorn",
}  # fmt: skip


@cache
def started(folder: Path, *words: str) -> tuple[str, set[str]]:
    """The output of a command, and the modules that it loaded."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps(words)],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    (modules,) = done.stderr.splitlines()
    return done.stdout, set(json.loads(modules))


def libraries(modules: set[str]) -> set[str]:
    """The libraries that were loaded, without Python's, ours, and names that begin with _."""
    names = {name.partition(".")[0] for name in modules}
    return {
        it for it in names - OURS - sys.stdlib_module_names
        if not it.startswith("_") and it != "cython_runtime"
    }  # fmt: skip


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Path:
    """A folder with settings, keys, an empty database and a letter, which no test here changes."""
    tmp_path = tmp_path_factory.mktemp("installed")
    key_ring.write(key_ring.generate(), tmp_path / "pli.keys")
    (tmp_path / "pli.toml").write_text(
        'committee = "Comité"\naddress = "1 rue X"\nphone = "1"\nemail = "c@example.org"\n'
    )
    shutil.copy(migrated_sqlite, tmp_path / "pli.db")
    (tmp_path / "lettre.md").write_text(
        "---\nnumber: 294\ntitle: Bonjour\ndate: 2026-11-24\nsubject: Bonjour\n"
        "preheader: Tout va bien.\n---\n# Bonjour\n"
    )
    return tmp_path


@pytest.mark.parametrize(
    ("words", "said", "needed"),
    [
        ("--help", "doctor", {"click"}),
        ("--version", "0", {"click"}),
        ("settings", "Europe/Paris", {"click", "rich", *SETTINGS}),
        ("list show", "not confirmed", {"click", "rich", *SETTINGS, *DATABASE}),
        ("list show --json", "[]", {"click", *SETTINGS, *DATABASE}),
        pytest.param(
            "campaign list",
            "letter",
            {"click", "rich", *SETTINGS, *DATABASE},
            marks=pytest.mark.proof,
        ),
        pytest.param(
            "campaign --help", "approve", {"click", *SETTINGS, *DATABASE}, marks=pytest.mark.proof
        ),
    ],
)
def test_a_command_loads_no_library_that_it_does_not_need(
    words: str, said: str, needed: set[str], installed: Path
) -> None:
    told, modules = started(installed, *words.split())
    assert said in told
    assert libraries(modules) - needed == set()


@pytest.mark.parametrize(
    ("words", "said"), [("letter check lettre.md", "can be sent"), ("send --help", "--yes")]
)
def test_commands_over_letters_load_neither_the_engine_nor_the_web(
    words: str, said: str, installed: Path
) -> None:
    told, modules = started(installed, *words.split())
    assert said in told
    assert libraries(modules) & OF_THE_ENGINE_AND_THE_WEB == set()


def test_a_command_on_sqlite_loads_no_dialect_of_postgresql(installed: Path) -> None:
    _said, modules = started(installed, "campaign", "list")
    assert "sqlalchemy.dialects.sqlite.aiosqlite" in modules
    assert "sqlalchemy.dialects.postgresql" not in modules


def test_no_command_is_loaded_to_be_listed(installed: Path) -> None:
    _said, modules = started(installed, "--help")
    assert {it.module for it in cli.COMMANDS.values()} & modules == set()


@pytest.mark.parametrize(
    "group", [cli.context, campaign, db, subscriber], ids=lambda it: str(it.name)
)
def test_what_a_list_tells_of_a_command_is_what_its_own_help_says(group: LazyGroup) -> None:
    context = click.Context(group)
    for name, place in group.places.items():
        command = group.get_command(context, name)
        assert command is not None
        assert (command.name, command.help) == (name, place.help)


ROOMS = sorted({it.module for it in cli.COMMANDS.values()})


@pytest.mark.parametrize("name", ROOMS)
def test_every_room_of_commands_can_be_the_first_of_them_that_is_entered(name: str) -> None:
    """Here what lies below the commands is loaded already; it knows no command."""
    process = FORKING.Process(target=enter, args=(name,))
    process.start()
    process.join(60)
    assert process.exitcode == 0


@pytest.mark.proof
@pytest.mark.parametrize("name", ROOMS)
def test_every_room_of_commands_can_be_the_first_that_is_entered(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import {name}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
