"""What a case is given, and what it answers."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.journeys.installation import Installation, Said
from tests.servers import free_port

HERE = "http://127.0.0.1:1"
RELAY = "smtp://relay.invalid"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a case came out as wanted, and what was seen."""

    right: bool
    seen: str


@dataclass(frozen=True, slots=True)
class Trial:
    """An installation of its own, and the folder of the inputs."""

    installation: Installation
    inputs: Path

    @property
    def folder(self) -> Path:
        """Where the installation lies."""
        return self.installation.folder

    def pli(self, *words: str) -> Said:
        """Run a command to its end, whatever its exit code; a traceback is an AssertionError."""
        return self.installation.pli_apart(*words, code=None)

    def read(self, question: str, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the database itself."""
        with closing(sqlite3.connect(self.folder / "pli.db")) as connection:
            return connection.execute(question, values).fetchall()

    def set_relay(self, url: str) -> None:
        """Send by this relay from now on."""
        settings = self.folder / "pli.toml"
        settings.write_text(settings.read_text("utf-8").replace(RELAY, url), "utf-8")


Case = Callable[[Trial], Verdict]


def make_installation(folder: Path) -> None:
    """Run `pli init` in a new folder."""
    folder.mkdir(parents=True)
    Installation(folder, 0).pli(
        "init", "--committee", "Comité régional d’essai", "--address", "1 place du Marché, 44000",
        "--phone", "02 00 00 00 00", "--email", "contact@comite.example",
        "--relay", RELAY, "--public-url", HERE,
    )  # fmt: skip


def copy_installation(made: Path, folder: Path, inputs: Path) -> Trial:
    """A trial in a copy of a folder that `make_installation` filled, with a port of its own."""
    shutil.copytree(made, folder)
    installation = Installation(folder, free_port())
    settings = folder / "pli.toml"
    text = settings.read_text("utf-8")
    for old, new in ((HERE, installation.public_url), (HERE[7:], installation.public_url[7:])):
        text = text.replace(f'"{old}"', f'"{new}"')
    settings.write_text(text, "utf-8")
    return Trial(installation, inputs)
