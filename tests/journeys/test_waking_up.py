"""A database that wakes up in the past, or elsewhere, sends nothing before a person adopts it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.journeys.installation import Installation
from tests.relay import Relay
from tests.servers import free_port
from tests.waiting import until

pytestmark = pytest.mark.proof


def test_a_file_brought_back_after_the_sending_doubles_nothing(
    installation: Installation, relay: Relay
) -> None:
    """The raw file of a moment at which the campaign ran, in place: same inode, same path."""
    installation.members(12)
    installation.pli("campaign", "create", installation.letter(), "--list", "comite")
    installation.pli("campaign", "start", "1", "--yes")
    file = installation.folder / "pli.db"
    before = file.read_bytes()
    with installation.serving():
        until(lambda: len(relay.received) == 12)
        until(lambda: installation.pli("report", "1", "--json").json["state"] == "finished")
    for wal in installation.folder.glob("pli.db-*"):
        wal.unlink()
    with file.open("r+b") as there:
        there.write(before)
        there.truncate()
    with installation.serving() as server:
        until(lambda: installation.pli("campaign", "show", "1", "--json").json["state"] == "paused")
        assert installation.pli("db", "adopt", code=1).err.count("--yes") == 1
        installation.pli("campaign", "cancel", "1", "--yes")
        installation.pli("db", "adopt", "--yes")
        installation.pli("campaign", "create", installation.letter(2), "--list", "comite")
        installation.pli("campaign", "start", "2", "--yes")
        until(lambda: len(relay.received) == 24)
        assert server.poll() is None
    assert set(relay.recipients.values()) == {2}  # a copy of each letter


def test_a_copied_folder_beside_holds_and_goes_on_when_it_is_adopted(
    installation: Installation, relay: Relay, tmp_path: Path
) -> None:
    installation.members(5)
    installation.pli("campaign", "create", installation.letter(), "--list", "comite")
    installation.pli("campaign", "start", "1", "--yes")
    folder = tmp_path.parent / f"{tmp_path.name}-beside"
    shutil.copytree(installation.folder, folder)
    beside = Installation(folder, free_port())
    settings = folder / "pli.toml"
    settings.write_text(settings.read_text().replace(str(installation.port), str(beside.port)))
    with beside.serving():
        until(lambda: beside.pli("campaign", "show", "1", "--json").json["state"] == "paused")
        assert relay.received == []
        beside.pli("db", "adopt", "--yes")
        until(lambda: len(relay.received) == 5)
    assert beside.pli("report", "1", "--json").json["balanced"]
