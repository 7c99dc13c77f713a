"""pli subscriber, list and segment from the outside."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pli import keys as key_ring
from pli.errors import PliError
from tests.commands.invoking import pli

FILE = """Courriel;Prénom;Nom;Département
anne@example.org;Anne;Épreuve;44
Dupont;Jean;;44
bernard@example.org;Bernard;Essai;49
"""
ON = ("--list", "comite", "--basis", "member", "--source", "fichier des adhérents")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with settings, keys, an empty database, and the file of an office."""
    monkeypatch.chdir(tmp_path)
    key_ring.write(key_ring.generate(), tmp_path / "pli.keys")
    (tmp_path / "pli.toml").write_text('committee = "Comité"\n')
    (tmp_path / "membres.csv").write_bytes(FILE.replace("\n", "\r\n").encode("cp1252"))
    shutil.copy(migrated_sqlite, tmp_path / "pli.db")
    return tmp_path


def refused(*arguments: str) -> str:
    """Run a command that must be refused; the reason."""
    result = pli(*arguments)
    assert isinstance(result.exception, PliError), result.output
    return str(result.exception)


def shown(address: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(pli("subscriber", "show", address, "--json").stdout)
    return document


def test_an_import_takes_what_it_can_and_tells_the_rest() -> None:
    result = pli("subscriber", "import", "membres.csv", *ON, "--yes")
    assert result.exit_code == 0
    assert "2 added, 0 changed, 0 as before" in result.stdout
    assert "membres.csv:3: Dupont: there is no @ in the address" in result.stderr
    anne = shown("ANNE@example.org")
    assert (anne["last_name"], anne["attributes"]) == ("Épreuve", {"departement": "44"})
    assert [(it["event"], it["source"]) for it in anne["consent"]] == [
        ("subscribed", "fichier des adhérents")
    ]
    again = json.loads(pli("subscriber", "import", "membres.csv", *ON, "--yes", "--json").stdout)
    assert {name: again[name] for name in ("added", "updated", "unchanged", "objected")} == {
        "added": 0, "updated": 0, "unchanged": 2, "objected": 0,
    }  # fmt: skip
    assert again["rejected"][0]["line"] == 3


def test_without_yes_an_import_says_what_it_would_do_and_does_nothing() -> None:
    told = refused("subscriber", "import", "membres.csv", *ON)
    assert told.startswith("2 to add to the new list comite, 0 to change")
    assert "1 that cannot be taken" in told
    assert 'add "--yes"' in told
    assert "nobody here" in refused("subscriber", "show", "anne@example.org")
    assert json.loads(pli("list", "show", "--json").stdout) == []


@pytest.mark.parametrize("missing", ["--list", "--basis", "--source"])
def test_an_import_without_list_basis_or_source_is_misuse(missing: str) -> None:
    at = ON.index(missing)
    result = pli("subscriber", "import", "membres.csv", *ON[:at], *ON[at + 2 :], "--yes")
    assert result.exit_code == 2
    assert missing in result.stderr


def test_an_empty_source_is_no_source() -> None:
    assert "--source is empty" in refused(
        "subscriber", "import", "membres.csv", *ON[:-1], " ", "--yes"
    )


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (None, "membres.csv: cannot be read: No such file"),
        (b"", "membres.csv: the file is empty"),
        (b"Nom;Ville\nX;Y\n", "no column holds addresses"),
        (b"Mail\nX\nY\n", "membres.csv:3: Y: there is no @ in the address"),
    ],
)
def test_a_file_without_one_person_leaves_nothing_behind(
    folder: Path, data: bytes | None, problem: str
) -> None:
    file = folder / "membres.csv"
    file.unlink()
    if data is not None:
        file.write_bytes(data)
    assert problem in refused("subscriber", "import", "membres.csv", *ON, "--yes")
    assert json.loads(pli("list", "show", "--json").stdout) == []


def test_who_left_comes_back_only_when_he_asks() -> None:
    pli("subscriber", "import", "membres.csv", *ON, "--yes")
    left = pli("subscriber", "unsubscribe", "anne@example.org", "--list", "comite")
    assert "has left comite" in left.stdout
    twice = pli("subscriber", "unsubscribe", "anne@example.org", "--list", "comite")
    assert "was not on comite" in twice.stdout
    imported = pli("subscriber", "import", "membres.csv", *ON, "--yes")
    assert "1 person objected or left: skipped" in imported.stdout
    assert "--again" in refused("subscriber", "add", "anne@example.org", *ON)
    assert pli("subscriber", "add", "anne@example.org", *ON, "--again").exit_code == 0
    assert [it["event"] for it in shown("anne@example.org")["consent"]] == [
        "subscribed",
        "left",
        "subscribed",
    ]


def test_an_address_can_be_kept_away_before_anybody_has_it() -> None:
    assert pli("subscriber", "suppress", "Bernard@example.org", "--source", "lettre").exit_code == 0
    imported = pli("subscriber", "import", "membres.csv", *ON, "--yes")
    assert "1 added" in imported.stdout
    assert "1 person objected or left: skipped" in imported.stdout
    assert pli("subscriber", "lift", "bernard@example.org").exit_code == 0
    assert "was not suppressed" in refused("subscriber", "lift", "bernard@example.org")


def test_one_person_is_added_with_attributes() -> None:
    pli("subscriber", "import", "membres.csv", *ON, "--yes")
    added = pli(
        "subscriber", "add", "chloe@example.org", *ON, "--first-name", "Chloé", "--set",
        "departement=85",
    )  # fmt: skip
    assert added.exit_code == 0
    chloe = shown("chloe@example.org")
    assert (chloe["first_name"], chloe["attributes"]) == ("Chloé", {"departement": "85"})
    assert "no such attribute" in refused(
        "subscriber", "add", "denis@example.org", *ON, "--set", "taille=3"
    )
    assert "nobody here" in refused("subscriber", "show", "denis@example.org")


def test_everything_about_a_person_is_readable() -> None:
    pli("subscriber", "import", "membres.csv", *ON, "--yes")
    told = pli("subscriber", "show", "anne@example.org").stdout
    for word in ("anne@example.org", "Anne Épreuve", "confirmed (member)", "put on the list"):
        assert word in told


def test_a_segment_is_kept_counted_and_shown() -> None:
    pli("subscriber", "import", "membres.csv", *ON, "--yes")
    saved = pli("segment", "save", "loire-atlantique", "département in (44, 85)")
    assert saved.stdout == 'loire-atlantique: departement in ("44", "85") (1 person)\n'
    assert pli("segment", "count", "loire-atlantique").stdout == "1 person: anne@example.org\n"
    assert json.loads(pli("segment", "count", "list:comite", "--json").stdout)["count"] == 2
    assert json.loads(pli("segment", "show", "--json").stdout) == [
        {"name": "loire-atlantique", "rule": 'departement in ("44", "85")'}
    ]


def test_a_rule_that_does_not_parse_is_pointed_at() -> None:
    pli("subscriber", "import", "membres.csv", *ON, "--yes")
    assert refused("segment", "count", "departement in (44,").splitlines() == [
        "expected a value, such as “44” or suppléant",
        "  departement in (44,",
        "                     ^",
    ]


def test_lists_are_made_and_counted() -> None:
    assert pli("list", "new", "comite", "--title", "Lettre du comité").exit_code == 0
    assert "already" in refused("list", "new", "comite")
    told = refused("list", "new", "Comité régional")
    assert "small letters, digits and hyphens: comite-regional" in told
    pli("subscriber", "import", "membres.csv", *ON, "--yes")
    assert json.loads(pli("list", "show", "--json").stdout) == [
        {
            "name": "comite",
            "title": "Lettre du comité",
            "unconfirmed": 0,
            "confirmed": 2,
            "left": 0,
            "relays": [],
        }
    ]
