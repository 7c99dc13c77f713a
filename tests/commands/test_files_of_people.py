"""Imports of files as offices save them: the person sees how a file was read, and corrects that."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from pli import keys as key_ring
from pli.database import DatabaseAway
from pli.errors import PliError
from subscribers import import_rows
from tests.commands.invoking import pli

ON = ("--list", "comite", "--basis", "member", "--source", "essai")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, migrated_sqlite: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with settings, keys and an empty database."""
    monkeypatch.chdir(tmp_path)
    key_ring.write(key_ring.generate(), tmp_path / "pli.keys")
    (tmp_path / "pli.toml").write_text('committee = "Comité"\n')
    shutil.copy(migrated_sqlite, tmp_path / "pli.db")
    return tmp_path


def imported(data: bytes, *options: str, yes: bool = True) -> Result:
    Path("file.csv").write_bytes(data)
    return pli("subscriber", "import", "file.csv", *ON, *(("--yes",) if yes else ()), *options)


def refused(data: bytes, *options: str, yes: bool = True) -> str:
    result = imported(data, *options, yes=yes)
    assert isinstance(result.exception, PliError), result.output
    return str(result.exception)


def shown(address: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(pli("subscriber", "show", address, "--json").stdout)
    return document


OLD = "Horodateur;Courriel *;Prénom (obligatoire);Statut;Город\r\n" + "".join(
    f"2026;p{n}@example.org;{name};inscrit;x\r\n"
    for n, name in enumerate(("Luc", "Zoé", "Anne", "Noël", "Hélène"))
)


def test_how_a_file_was_read_is_shown_before_the_question() -> None:
    Path("file.csv").write_bytes(OLD.replace("Город", "Gorod").encode("cp1252"))
    result = pli("subscriber", "import", "file.csv", *ON)
    assert isinstance(result.exception, PliError)
    assert "Do it?" in str(result.exception)
    assert result.stdout.splitlines()[:9] == [
        "file.csv: read as Windows-1252, divided by ;, headings on line 1",
        "  Horodateur: the attribute horodateur",
        "  Courriel *: the address",
        "  Prénom (obligatoire): the first name",
        "  Statut: says who left (and is the attribute statut)",
        "  Gorod: the attribute gorod",
        "  line 3: 2026 | p1@example.org | Zoé | inscrit | x",
        "  line 5: 2026 | p3@example.org | Noël | inscrit | x",
        "  line 6: 2026 | p4@example.org | Hélène | inscrit | x",
    ]


def test_how_a_file_was_read_stands_in_the_json() -> None:
    document = json.loads(imported(OLD.replace(";", "\t").encode(), "--json").stdout)
    file = document["file"]
    assert (file["encoding"], file["delimiter"], file["headings_line"]) == ("utf-8", "\t", 1)
    assert [it["taken_for"] for it in file["columns"]] == [
        "horodateur", "email", "first_name", "statut", None,
    ]  # fmt: skip
    assert [it["says_who_left"] for it in file["columns"]] == [False, False, False, True, False]
    assert [it["first_name"] for it in file["sample"]] == ["Zoé", "Noël", "Hélène"]
    assert document["added"] == 5


def test_encoding_and_delimiter_settle_what_was_guessed() -> None:
    imported("Mail#Nom\na@example.org#Łódź;X\n".encode("cp1250"), "--encoding", "cp1250",
             "--delimiter", "#")  # fmt: skip
    assert shown("a@example.org")["last_name"] == "Łódź;X"


@pytest.mark.parametrize("encoding", ["undefined", "no-such", "hex", "idna"])
def test_an_encoding_that_is_none_is_refused_in_one_line(encoding: str) -> None:
    told = refused(b"Mail\na@example.org\n", "--encoding", encoding)
    assert told == f"file.csv: the file is not in the encoding {encoding}"


def test_headings_alone_leave_nothing_behind() -> None:
    assert "nobody stands below" in refused(b"Courriel;Nom\r\n\r\n;\r\n")
    assert json.loads(pli("list", "show", "--json").stdout) == []


NOES = "Courriel;Nom;Statut\r\n" + "".join(
    f"{word[0]}@example.org;X;{word}\r\n"
    for word in ("inscrit", "désinscrit", "bounced", "plainte", "liste noire")
)


def test_people_with_a_no_in_the_file_are_kept_apart_and_counted() -> None:
    told = imported(NOES.encode("cp1252")).stdout
    assert "1 added, 0 changed" in told
    assert "1 person left, the file says: kept as left" in told
    assert "3 addresses bounced, complained or objected" in told
    (comite,) = json.loads(pli("list", "show", "--json").stdout)
    assert (comite["confirmed"], comite["left"]) == (1, 1)
    again = json.loads(imported(NOES.encode(), "--json").stdout)
    assert (again["left"], again["suppressed"], again["objected"]) == (0, 0, 4)


UNKNOWN = b"Courriel;Statut\na@example.org;inscrit\nb@example.org;en sommeil\n"


def test_an_unknown_word_is_refused_with_yes_and_says_how_to_settle_it() -> None:
    told = refused(UNKNOWN)
    assert told == (
        'file.csv:3: Statut says "en sommeil" (1 row): say what it means: '
        '--status "en sommeil=yes" or "en sommeil=left"'
    )
    assert json.loads(pli("list", "show", "--json").stdout) == []
    assert refused(UNKNOWN, yes=False) == told
    assert refused(UNKNOWN, "--json") == told


@pytest.mark.parametrize(("meaning", "counts"), [("left", (1, 1, 0)), ("yes", (2, 0, 0)),
                                                 ("bounced", (1, 0, 1))])  # fmt: skip
def test_an_unknown_word_is_settled_by_an_option(
    meaning: str, counts: tuple[int, int, int]
) -> None:
    document = json.loads(imported(UNKNOWN, "--json", "--status", f"En sommeil={meaning}").stdout)
    assert (document["added"], document["left"], document["suppressed"]) == counts


@pytest.mark.parametrize(("answer", "left"), [("y", 0), ("", 1)])
def test_at_a_terminal_an_unknown_word_is_asked_about(
    monkeypatch: pytest.MonkeyPatch, answer: str, left: int
) -> None:
    asked: list[str] = []

    def prompt(text: str, **_options: object) -> str:
        asked.append(text)
        return answer if "en sommeil" in text else "y"

    monkeypatch.setattr("click.prompt", prompt)
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    result = imported(UNKNOWN, yes=False)
    assert result.exit_code == 0, result.output
    assert [("en sommeil" in it) for it in asked] == [True, False]
    (comite,) = json.loads(pli("list", "show", "--json").stdout)
    assert comite["left"] == left


def test_doubtful_addresses_are_taken_and_told() -> None:
    result = imported("Mail\no’neil@example.org\na\ufffd@example.org\n".encode())
    assert "1 added" in result.stdout
    assert "file.csv:2: o’neil@example.org: doubtful" in result.stderr
    assert "file.csv:3: a\ufffd@example.org: a letter of the address was lost" in result.stderr


def test_an_import_that_was_stopped_says_where_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    write = import_rows.write
    written: list[int] = []

    async def failing(*arguments: Any, **options: Any) -> None:
        if len(written) == 2:
            raise DatabaseAway("the disk is full")
        written.append(1)
        await write(*arguments, **options)

    monkeypatch.setattr(import_rows, "write", failing)
    data = b"Mail\n" + b"".join(b"p%d@example.org\n" % n for n in range(400))
    stopped = imported(data)
    assert isinstance(stopped.exception, DatabaseAway)
    (row,) = json.loads(pli("subscriber", "imports", "--json").stdout)
    rows, line = row["rows"], row["line"]
    assert (row["file"], row["state"], line) == ("file.csv", "running", rows + 1)
    assert 50 <= rows < 400
    told = f"file.csv: import 1 stopped behind line {line} ({rows} rows are in): the same command"
    assert told in stopped.stderr
    shown = f"not finished: {rows} rows are in, up to line {line}"
    assert shown in pli("subscriber", "imports").stdout
    monkeypatch.setattr(import_rows, "write", write)
    again = imported(data)
    assert again.exit_code == 0
    assert f"import 1 had stopped behind line {line}: it goes on there" in again.stdout
    assert "400 added, 0 changed, 0 as before" in again.stdout
    listed = json.loads(pli("subscriber", "imports", "--json").stdout)
    assert [(it["id"], it["state"], it["added"]) for it in listed] == [(1, "finished", 400)]
    assert "finished" in pli("subscriber", "imports").stdout
