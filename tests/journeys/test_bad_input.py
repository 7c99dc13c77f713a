"""Wrong input ends with exit 1 and one line for each fault, and nothing is half done."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from pli import keys as key_ring
from tests.journeys.installation import Installation
from tests.relay import Relay


def campaigns(installation: Installation) -> int:
    with sqlite3.connect(installation.folder / "pli.db") as connection:
        count = connection.execute("SELECT count(*) FROM campaign").fetchone()[0]
    connection.close()
    return int(count)


def test_a_missing_file(installation: Installation) -> None:
    installation.members(1)
    said = installation.pli("send", "none.md", "--list", "comite", "--yes", code=1)
    assert said.err.strip().splitlines() == [
        'none.md: no such file: look at its name, or run "pli letter new"'
    ]


def test_a_letter_with_five_faults_tells_all_five_with_their_lines(
    installation: Installation,
) -> None:
    (installation.folder / "l.md").write_text(
        "---\nnumber: many\ntitle: T\ndate: yesterday\nlanguage: de\n---\n\n{% if x %}\n"
    )
    said = installation.pli("letter", "check", "l.md", code=1)
    lines = (said.err or said.out).strip().splitlines()
    assert len(lines) >= 5
    assert all(line.startswith("l.md:") and line.split(":")[1].isdigit() for line in lines)
    assert any("subject is missing" in line for line in lines)


def test_a_segment_that_does_not_parse_points_at_the_character(installation: Installation) -> None:
    installation.members(1)
    said = installation.pli(
        "send", installation.letter(), "--list", "comite", "--segment", "departement in (44,",
        "--yes", code=1,
    )  # fmt: skip
    assert "^" in said.err
    assert campaigns(installation) == 0


def test_a_relay_that_is_not_there(installation: Installation) -> None:
    installation.members(1)
    said = installation.pli(
        "send", installation.letter(), "--list", "comite", "--yes", code=1,
        PLI_RELAY_URL="smtp://127.0.0.1:9?tls=none",
    )  # fmt: skip
    assert "127.0.0.1:9" in said.err
    assert len(said.err.strip().splitlines()) == 1
    assert campaigns(installation) == 0


def test_a_list_that_is_not_there(installation: Installation) -> None:
    said = installation.pli("send", installation.letter(), "--list", "nobody", "--yes", code=1)
    assert "nobody" in said.err


def test_keys_that_are_not_this_databases(installation: Installation) -> None:
    (installation.folder / "pli.keys").unlink()
    key_ring.write(key_ring.generate(), installation.folder / "pli.keys")
    said = installation.pli("report", "1", code=1)
    assert said.err.strip() == (
        "the keys are not this database's: bring back its pli.keys from the backup"
    )


def test_a_database_of_a_newer_version(installation: Installation) -> None:
    with sqlite3.connect(installation.folder / "pli.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    for command in (["report", "1"], ["serve"], ["db", "upgrade"]):
        said = installation.pli(*command, code=1)
        assert "newer version" in said.err
        assert len(said.err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('public_url = "http://lettres.example.org"', "https://"),
        ("relay_connections = 0", "relay_connections"),
        ('relais = "x"', "no such setting"),
        ("batch_size = [", "TOML"),
    ],
)
def test_a_wrong_setting(installation: Installation, line: str, fault: str) -> None:
    text = (installation.folder / "pli.toml").read_text()
    name = line.split(" ")[0]
    kept = [it for it in text.splitlines() if not it.startswith(name)]
    (installation.folder / "pli.toml").write_text("\n".join([*kept, line, ""]))
    said = installation.pli("settings", code=1)
    assert fault in said.err
    assert len(said.err.strip().splitlines()) == 1


def test_a_csv_with_broken_lines_says_which_and_takes_the_others(
    installation: Installation,
) -> None:
    (installation.folder / "a.csv").write_bytes(
        "Courriel;Prénom\r\nbonne@example.org;Zoé\r\npas une adresse;X\r\n;\r\n@;Y\r\n".encode(
            "cp1252"
        )
    )
    said = installation.pli(
        "subscriber", "import", "a.csv", "--list", "comite", "--basis", "member", "--source", "x",
        "--yes", code=None,
    )  # fmt: skip
    told = said.out + said.err
    assert "3" in told
    assert "5" in told
    assert "pas une adresse" in told
    shown = installation.pli("subscriber", "show", "bonne@example.org").out
    assert "Zoé" in shown


def test_init_without_a_terminal_names_what_is_missing(tmp_path: Path) -> None:
    bare = Installation(tmp_path, 0)
    said = bare.pli("init", "--committee", "Comité", code=1)
    assert [line.split(" ")[0] for line in said.err.strip().splitlines()] == [
        "--address", "--phone", "--email", "--relay", "--public-url",
    ]  # fmt: skip
    assert not list(tmp_path.iterdir())


def test_a_real_first_sending_takes_five_commands(installation: Installation, relay: Relay) -> None:
    """The steps of the README; the fixture `installation` was the first of the five."""
    installation.pli("letter", "new", "lettre-1.md")
    (installation.folder / "membres.csv").write_text("Courriel\na@example.org\n")
    installation.pli(
        "subscriber", "import", "membres.csv", "--list", "comite", "--basis", "member",
        "--source", "fichier", "--yes",
    )  # fmt: skip
    installation.pli("letter", "check", "lettre-1.md")
    installation.pli("send", "lettre-1.md", "--list", "comite", "--yes")
    assert set(relay.recipients) == {"a@example.org"}
