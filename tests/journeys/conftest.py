"""A relay, and an installation that sends by it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.installation import Installation
from tests.relay import Relay
from tests.servers import free_port

MADE = "127.0.0.1:1"


@pytest.fixture
def relay() -> Iterator[Relay]:
    with Relay().running() as relay:
        yield relay


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder made by `pli init`, as the README says."""
    folder = tmp_path_factory.mktemp("made") / "installation"
    folder.mkdir()
    Installation(folder, 0).pli(
        "init", "--committee", "Comité régional d’essai", "--address", "1 place du Marché, 44000",
        "--phone", "02 00 00 00 00", "--email", "contact@example.org",
        "--relay", "smtp://relay.invalid", "--public-url", f"http://{MADE}",
    )  # fmt: skip
    return folder


@pytest.fixture
def installation(tmp_path: Path, made: Path, relay: Relay) -> Installation:
    """A copy of the folder `made`, with a relay and a port of its own."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    installation = Installation(tmp_path, free_port())
    settings = tmp_path / "pli.toml"
    text = settings.read_text("utf-8")
    text = text.replace("smtp://relay.invalid", relay.url).replace(
        MADE, installation.public_url[7:]
    )
    settings.write_text(text + "retry_delays = [0.2, 0.2]\n", "utf-8")
    return installation
