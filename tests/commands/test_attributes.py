"""pli attribute from the outside."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pli import keys as key_ring
from pli.errors import PliError
from tests.commands.invoking import pli

FILE = """Courriel;Code postal;Adhésion;À jour;Âge
a@example.org;01000;15/03/2021;oui;100
b@example.org;44000;31/01/2020;non;41
c@example.org;85000;01/12/2019;Oui;9
d@example.org;49000;hier;;
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with settings, keys, and people whose attributes are text."""
    monkeypatch.chdir(tmp_path)
    key_ring.write(key_ring.generate(), tmp_path / "pli.keys")
    (tmp_path / "pli.toml").write_text('committee = "Comité"\n')
    shutil.copy(migrated_sqlite, tmp_path / "pli.db")
    Path("file.csv").write_text(FILE, "utf-8")
    on = ("--list", "comite", "--basis", "member", "--source", "essai", "--yes")
    assert pli("subscriber", "import", "file.csv", *on).exit_code == 0


def refused(*arguments: str) -> str:
    result = pli(*arguments)
    assert isinstance(result.exception, PliError), result.output
    return str(result.exception)


def told(*arguments: str) -> Any:
    return json.loads(pli(*arguments, "--json").stdout)


def test_attributes_are_listed_and_one_is_shown_with_what_it_could_be() -> None:
    assert told("attribute", "list") == [
        {"name": "a_jour", "type": "text", "label": "À jour", "people": 3},
        {"name": "adhesion", "type": "text", "label": "Adhésion", "people": 4},
        {"name": "age", "type": "text", "label": "Âge", "people": 3},
        {"name": "code_postal", "type": "text", "label": "Code postal", "people": 4},
    ]
    shown = told("attribute", "show", "Âge")
    assert shown["readable_as"] == {"text": 3, "number": 3, "date": 0, "boolean": 0}
    assert {it["value"] for it in shown["frequent"]} == {"100", "41", "9"}
    seen = pli("attribute", "show", "adhesion").stdout
    assert "adhesion (Adhésion): text, 4 people have a value" in seen
    assert "can be read as date: 3 of 4" in seen
    assert "a_jour" in pli("attribute", "list").stdout


def test_a_rule_that_would_compare_letters_names_the_command_that_mends_it() -> None:
    for rule in ("adhesion < 2020-01-01", "age > 9", "adhesion avant 2020-01-01"):
        name = rule.partition(" ")[0]
        problem = refused("segment", "count", rule)
        assert f"{name} is text" in problem
        assert f"pli attribute edit {name} --type date (or number)" in problem
    assert pli("attribute", "edit", "adhesion", "--type", "date", "--yes").exit_code == 0
    assert pli("attribute", "edit", "age", "--type", "number").exit_code == 0
    assert pli("segment", "count", "adhesion < 2020-01-31").stdout == "1 person: c@example.org\n"
    assert pli("segment", "count", "adhesion avant 31/01/2020").stdout.startswith("1 person: c")
    assert pli("segment", "count", "age > 9").stdout == "2 people: a@example.org, b@example.org\n"


def test_a_dry_run_says_what_can_be_read_and_changes_nothing() -> None:
    dry = pli("attribute", "edit", "Adhésion", "--type", "date", "--dry-run")
    assert dry.exit_code == 0
    assert dry.stdout.splitlines() == [
        "adhesion as date: 3 values can be read, 1 cannot",
        '  d@example.org: "hier" is not a date such as 2026-01-31 or 31/01/2026',
    ]
    trial = told("attribute", "edit", "adhesion", "--type", "date", "--dry-run")
    assert (trial["readable"], trial["unreadable"], trial["done"]) == (3, 1, False)
    assert [it["value"] for it in trial["examples"]] == ["hier"]
    assert "adhesion is text" in refused("segment", "count", "adhesion < 2020-01-01")


def test_what_cannot_be_read_is_asked_about_and_stays_as_written() -> None:
    asked = refused("attribute", "edit", "adhesion", "--type", "date")
    assert asked.startswith("Make adhesion date?")
    assert told("attribute", "list")[1]["type"] == "text"
    done = pli("attribute", "edit", "adhesion", "--type", "date", "--yes")
    assert "adhesion is date now: 3 values are read, 1 stay as written." in done.stdout
    assert told("subscriber", "show", "d@example.org")["attributes"]["adhesion"] == "hier"
    assert told("subscriber", "show", "a@example.org")["attributes"]["adhesion"] == "2021-03-15"
    assert pli("segment", "count", "has adhesion").stdout.startswith("3 people")
    assert pli("subscriber", "edit", "d@example.org", "--set", "adhesion=1/2/2022").exit_code == 0
    assert pli("segment", "count", "adhesion = 2022-02-01").stdout == "1 person: d@example.org\n"
    assert pli("attribute", "edit", "adhesion", "--type", "text").exit_code == 0
    assert pli("segment", "count", 'adhesion = "2021-03-15"').stdout == "1 person: a@example.org\n"


def test_numbers_that_lose_signs_are_told() -> None:
    dry = pli("attribute", "edit", "code_postal", "--type", "number", "--dry-run").stdout
    assert "1 value loses signs as a number:\n  01000 becomes 1000\n" in dry
    assert "Make code_postal number?" in refused(
        "attribute", "edit", "code_postal", "--type", "number"
    )


def test_a_yes_or_no_is_compared_as_people_write_it() -> None:
    for type in ("text", "boolean"):
        assert pli("attribute", "edit", "a_jour", "--type", type).exit_code == 0
        for rule in ("a_jour = non", "à_jour = faux", "a_jour != yes"):
            assert pli("segment", "count", rule).stdout == "1 person: b@example.org\n", rule
        assert pli("segment", "count", "a_jour = vrai").stdout.startswith("2 people")


def test_segments_that_cannot_be_read_with_the_new_type_are_told() -> None:
    pli("segment", "save", "recents", 'adhesion = "hier"')
    dry = pli("attribute", "edit", "adhesion", "--type", "date", "--dry-run").stdout
    assert 'the segment recents cannot be read then: "hier" is not a date' in dry


def test_an_attribute_that_is_not_there_is_refused_with_the_nearest() -> None:
    assert "is adhesion meant?" in refused("attribute", "show", "adhesio")
    assert "belongs to everybody" in refused("attribute", "edit", "email", "--type", "date")
    assert "there are a_jour, adhesion" in refused("attribute", "show", "zzz")
    assert pli("attribute", "edit", "age", "--type", "colour").exit_code == 2
    assert pli("attribute", "edit", "age").exit_code == 2
