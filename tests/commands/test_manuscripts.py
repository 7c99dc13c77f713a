"""pli letter drafts, pull and push: manuscripts as files, at the terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pli import keys as key_ring
from pli.errors import PliError
from tests.commands.invoking import pli
from tests.factories.letters import PIXEL
from tests.mailer.letter.drafts.written import BODY, HEAD

SETTINGS = """database_url = "sqlite+aiosqlite:///pli.db"
committee = "Comité"
address = "3 place du Marché"
phone = "02 99 00 00 00"
email = "comite@example.org"
public_url = "https://lettres.example.org"
"""


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, migrated_sqlite: Path) -> Path:
    """An installation in the current folder, with a list."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pli.toml").write_text(SETTINGS)
    key_ring.write(key_ring.generate(), tmp_path / "pli.keys")
    (tmp_path / "pli.db").write_bytes(migrated_sqlite.read_bytes())
    assert pli("list", "new", "membres").exit_code == 0
    return tmp_path


def test_a_manuscript_goes_into_a_folder_and_back_without_a_changed_byte(office: Path) -> None:
    mine = office / "mine"
    (mine / "sous").mkdir(parents=True)
    text = (HEAD + BODY + "\n![Un point](sous/point.png) ![absente](b.png)\n").replace("\n", "\r\n")
    (mine / "lettre.md").write_bytes(text.encode())
    (mine / "sous" / "point.png").write_bytes(PIXEL)
    with pytest.raises(PliError, match="say for which list"):
        _ran("letter", "push", "mine")
    assert "Manuscript 1, version 1." in _ran("letter", "push", "mine", "--list", "membres")
    _ran("letter", "pull", "1", "theirs")
    assert (office / "theirs" / "lettre-294.md").read_bytes() == text.encode()
    assert (office / "theirs" / "sous" / "point.png").read_bytes() == PIXEL
    with pytest.raises(PliError, match="is there already"):
        _ran("letter", "pull", "1", "theirs")
    (office / "theirs" / "lettre-294.md").write_bytes(text.encode() + b"Fin.\r\n")
    assert "version 2." in _ran("letter", "push", "theirs")
    with pytest.raises(PliError, match="saved version 2 meanwhile"):
        _ran("letter", "push", "mine")
    assert "Manuscript 2" in _ran("letter", "push", "mine", "--new", "--list", "membres")
    listed = json.loads(_ran("letter", "drafts", "--json"))
    assert [(it["id"], it["number"], it["version"]) for it in listed] == [(2, 294, 1), (1, 294, 2)]
    assert "Une lettre" in _ran("letter", "drafts", "--list", "membres")
    (mine / "manuscript.json").write_text("[]")
    with pytest.raises(PliError, match="cannot be read"):
        _ran("letter", "push", "mine")
    with pytest.raises(PliError, match="not there any more"):
        _ran("letter", "pull", "77", "nowhere")


def _ran(*words: str) -> str:
    done = pli(*words)
    if isinstance(done.exception, PliError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout
