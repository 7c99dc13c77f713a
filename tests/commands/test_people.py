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


def test_what_is_given_of_a_known_person_changes_and_what_is_not_stays() -> None:
    pli("subscriber", "import", "membres.csv", *ON, "--yes")
    pli("list", "new", "autre")
    other = ("--list", "autre", *ON[2:])
    added = pli(
        "subscriber", "add", "Anne@example.org", *other, "--first-name", "Annette",
        "--set", "Département=99",
    )  # fmt: skip
    assert added.stdout.splitlines() == [
        "Anne@example.org is on autre now.",
        "Anne@example.org: changed: first name, departement",
    ]
    anne = shown("anne@example.org")
    assert (anne["first_name"], anne["last_name"]) == ("Annette", "Épreuve")
    assert anne["attributes"] == {"departement": "99"}
    assert pli("segment", "count", "departement = 99 and first_name = annette").stdout.startswith(
        "1 "
    )
    again = pli("subscriber", "add", "anne@example.org", *other, "--last-name", "Autre")
    assert again.stdout.splitlines() == [
        "anne@example.org was on autre.",
        "anne@example.org: changed: last name",
    ]
    assert "is on autre already" in refused(
        "subscriber", "add", "anne@example.org", *other, "--last-name", "Autre"
    )


def test_who_left_is_not_changed_by_an_add_that_is_refused() -> None:
    pli("subscriber", "import", "membres.csv", *ON, "--yes")
    pli("subscriber", "unsubscribe", "anne@example.org", "--list", "comite")
    told = refused("subscriber", "add", "anne@example.org", *ON, "--first-name", "Annette")
    assert told == "anne@example.org has left comite: only --again brings back who asks for it"
    assert shown("anne@example.org")["first_name"] == "Anne"


def test_nothing_is_sent_to_a_suppressed_address_and_whoever_adds_it_is_told() -> None:
    pli("list", "new", "comite")
    pli("subscriber", "suppress", "denis@example.org")
    added = pli("subscriber", "add", "denis@example.org", *ON)
    assert added.exit_code == 0
    assert "nothing will be sent (objected)" in added.stderr
    counted = json.loads(pli("list", "show", "--json").stdout)
    assert [(it["confirmed"], it["suppressed"]) for it in counted] == [(0, 1)]
    listed = json.loads(pli("subscriber", "suppressed", "--json").stdout)
    assert (listed["count"], listed["unknown"]) == (1, 0)
    assert [(it["email"], it["reason"]) for it in listed["people"]] == [
        ("denis@example.org", "objection")
    ]
    assert "denis@example.org  objected" in pli("subscriber", "suppressed").stdout
    pli("subscriber", "suppress", "inconnu@example.org")
    assert "1 address of nobody here" in pli("subscriber", "suppressed").stdout


def test_a_doubtful_address_is_told_when_it_is_added() -> None:
    pli("list", "new", "comite")
    added = pli("subscriber", "add", "o’neil@example.org", *ON)
    assert added.exit_code == 0
    assert "is o'neil@example.org meant?" in added.stderr


def test_a_person_is_edited_and_what_is_not_said_stays() -> None:
    pli("subscriber", "import", "membres.csv", *ON, "--yes")
    edited = pli(
        "subscriber", "edit", "anne@example.org", "--first-name", "Annette", "--set",
        "departement=", "--language", "en", "--address", "annette@example.net",
    )  # fmt: skip
    assert edited.stdout.splitlines() == [
        "anne@example.org has the address annette@example.net now.",
        "annette@example.net: changed: first name, language, departement",
    ]
    anne = shown("annette@example.net")
    assert (anne["first_name"], anne["last_name"], anne["language"], anne["attributes"]) == (
        "Annette", "Épreuve", "en", {},
    )  # fmt: skip
    assert pli("segment", "count", "departement = 44").stdout.startswith("0 ")
    assert [it["list"] for it in anne["subscriptions"]] == ["comite"]
    told = pli("subscriber", "edit", "annette@example.net", "--first-name", "Annette")
    assert told.stdout == "annette@example.net: nothing to change, all of that is so.\n"
    assert pli("subscriber", "edit", "annette@example.net", "--first-name", "").exit_code == 0
    assert pli("segment", "count", "has first_name").stdout == "1 person: bernard@example.org\n"


def test_an_edit_that_cannot_be_done_changes_nothing() -> None:
    pli("subscriber", "import", "membres.csv", *ON, "--yes")
    edit = ("subscriber", "edit", "anne@example.org")
    assert "nothing to change" in refused(*edit)
    assert "somebody has that address" in refused(
        *edit, "--first-name", "X", "--address", "BERNARD@example.org"
    )
    assert "no such attribute" in refused(*edit, "--first-name", "X", "--set", "taille=3")
    assert "no @" in refused(*edit, "--first-name", "X", "--address", "anne")
    assert "nobody here" in refused("subscriber", "edit", "x@example.org", "--first-name", "X")
    assert shown("anne@example.org")["first_name"] == "Anne"


def test_who_objected_is_not_written_to_by_way_of_another_address() -> None:
    pli("subscriber", "import", "membres.csv", *ON, "--yes")
    edit = ("subscriber", "edit", "anne@example.org", "--address", "anne@example.net")
    pli("subscriber", "suppress", "anne@example.org", "--reason", "complaint")
    assert "objected or complained" in refused(*edit)
    pli("subscriber", "lift", "anne@example.org", "--person-asked")
    pli("subscriber", "suppress", "anne@example.org", "--reason", "hard_bounce")
    assert pli(*edit).exit_code == 0
    pli("subscriber", "suppress", "bernard@example.net")
    moved = pli("subscriber", "edit", "bernard@example.org", "--address", "bernard@example.net")
    assert "nothing will be sent (objected)" in moved.stderr


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("anne", ["anne@example.org"]),
        ("ÉPREUVE", ["anne@example.org"]),
        ("epreuve", ["anne@example.org"]),
        ("anne epreuve", ["anne@example.org"]),
        ("example.org", ["anne@example.org", "bernard@example.org"]),
        ("49", ["bernard@example.org"]),
        ("anne bernard", []),
        ("%", None),
        ("e_ample", []),
        ("\\", None),
    ],
)
def test_people_are_found_by_a_part_of_what_is_known_of_them(
    text: str, found: list[str] | None
) -> None:
    pli("subscriber", "import", "membres.csv", *ON, "--yes")
    if found is None:
        assert "say a part of a name" in refused("subscriber", "find", text)
        return
    told = json.loads(pli("subscriber", "find", text, "--json").stdout)
    assert [it["email"] for it in told["people"]] == found
    assert told["count"] == len(found)


def test_no_more_are_shown_than_asked_for_and_the_rest_is_counted() -> None:
    pli("subscriber", "import", "membres.csv", *ON, "--yes")
    told = pli("subscriber", "find", "example", "--limit", "1").stdout
    assert "anne@example.org" in told
    assert "bernard" not in told
    assert "1 of 2 are shown" in told
    assert pli("subscriber", "find", "nobody").stdout == "Nobody is found by that.\n"


def test_who_left_is_listed_with_the_day_the_list_and_the_way() -> None:
    assert pli("subscriber", "left").stdout == "Nobody left.\n"
    pli("subscriber", "import", "membres.csv", *ON, "--yes")
    pli("subscriber", "unsubscribe", "anne@example.org", "--list", "comite")
    pli("subscriber", "unsubscribe", "bernard@example.org", "--list", "comite", "--source", "mot")
    pli("subscriber", "add", "anne@example.org", *ON, "--again")
    told = json.loads(pli("subscriber", "left", "--json").stdout)
    assert [
        (it["email"], it["list"], it["source"], it["still_left"], it["letter"])
        for it in told["left"]
    ] == [
        ("bernard@example.org", "comite", "mot", True, None),
        ("anne@example.org", "comite", "pli subscriber unsubscribe", False, None),
    ]
    shown = pli("subscriber", "left").stdout
    assert "by the office" in shown
    assert "has come back" in shown
    assert pli("subscriber", "left", "--since", "01/01/2100").stdout == "Nobody left.\n"
    assert "not a date" in refused("subscriber", "left", "--since", "hier")
    assert "no list" in refused("subscriber", "left", "--list", "comit")


def test_a_slip_in_the_name_of_a_list_makes_no_list() -> None:
    pli("subscriber", "import", "membres.csv", *ON, "--yes")
    slip = ("--list", "comit", *ON[2:])
    told = 'there is no list called "comit": is "comite" meant? If not, --new-list makes comit'
    assert refused("subscriber", "import", "membres.csv", *slip, "--yes") == told
    assert refused("subscriber", "import", "membres.csv", *slip) == told
    assert [it["name"] for it in json.loads(pli("list", "show", "--json").stdout)] == ["comite"]
    made = pli("subscriber", "import", "membres.csv", *slip, "--yes", "--new-list")
    assert "On the new list comit:" in made.stdout
    far = pli("subscriber", "import", "membres.csv", "--list", "retraites", *ON[2:], "--yes")
    assert "On the new list retraites:" in far.stdout
    pli("list", "new", "comites")
    assert "On the list comites:" in pli(
        "subscriber", "import", "membres.csv", "--list", "comites", *ON[2:], "--yes"
    ).stdout  # fmt: skip


def test_at_a_terminal_a_person_says_which_list_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    pli("subscriber", "import", "membres.csv", *ON, "--yes")
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    slip = ("subscriber", "import", "membres.csv", "--list", "comiet", *ON[2:])
    meant = pli(*slip, told=b"y\ny\n")
    assert 'There is no list called "comiet": is "comite" meant?' in meant.output
    assert "On the list comite:" in meant.output
    other = pli(*slip, told=b"n\ny\n")
    assert "to add to the new list comiet" in other.output
    assert "On the new list comiet:" in other.output


def test_who_objected_or_left_is_listed_after_an_import() -> None:
    pli("subscriber", "import", "membres.csv", *ON, "--yes")
    pli("subscriber", "unsubscribe", "anne@example.org", "--list", "comite")
    pli("subscriber", "suppress", "bernard@example.org")
    told = pli("subscriber", "import", "membres.csv", *ON, "--yes").stdout.splitlines()
    at = told.index("2 people objected or left: skipped")
    assert told[at + 1 :] == [
        "membres.csv:2: anne@example.org: left the list",
        "membres.csv:4: bernard@example.org: never written to: objected",
    ]


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
            "suppressed": 0,
            "relays": [],
        }
    ]
