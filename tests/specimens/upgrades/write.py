"""Writes an installation whose process was killed in the middle of a letter.

Run it on the tree of the commit that is to have written the installation (see README.md):

    PYTHONPATH=/path/to/that/tree python tests/specimens/upgrades/write.py FOLDER
"""

from __future__ import annotations

import base64
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.relay import DROP, STALL, Relay

LETTER = """---
number: 294
title: Une séance
date: 2026-11-24
subject: "Lettre n° 294 : une séance"
preheader: Ce qui a été dit et voté pendant la séance plénière de novembre
---

# Une séance

Bonjour {{ subscriber.first_name or "camarade" }},

Voici la lettre.
"""

# In the order in which they are cut into batches of six; the names below say what becomes of some.
FIRST = ("adele", "bruno", "clara", "denis", "elise", "fabien")
SECOND = ("gaelle", "hugo", "ines", "jules", "karim", "lea")
SLOW = ("marc@lent.example.org", "nora@lent.example.org", "omar@lent.example.org")
TESTED = "contact@example.org"
LEFT, SUPPRESSED = "paul", "quitterie"
DOUBTED, GREYLISTED, UNKNOWN = "clara", "denis", "elise"
ANSWERED = "ines"
"""The relay took it, and the process was killed before its database knew."""
ON_THE_WIRE = "jules"
"""Its body was handed over, and the relay never answered."""

WANTED = {"sent": 5, "uncertain": 1, "failed": 1, "pending": 2, "sending": 6, "excluded": 2}

SETTINGS = """
batch_size = 6
relay_connections = 3
relay_per_hour = 1000

[providers.lent]
domains = ["lent.example.org"]
connections = 1
per_hour = 2
"""


def main(out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    # Chance decides which batch the engine takes first, and the second one may hold up the first.
    while not _tried(out):
        print("The first batch was not settled in time: once more.")


def _tried(out: Path) -> bool:
    """Send and kill; whether the database is then in the state that the specimen wants."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        held: list[sqlite3.Connection] = []
        relay = Relay(delay_of=lambda it: 3.0 if it.startswith((ANSWERED, ON_THE_WIRE)) else 0.0)

        def script(stage: str, recipient: str, _times: int) -> str | None:
            match stage, recipient.partition("@")[0]:
                case "rcpt", who if who == GREYLISTED:
                    return "451 4.7.1 greylisted, come back later"
                case "rcpt", who if who == UNKNOWN:
                    return "550 5.1.1 no such user"
                case "rcpt", who if who in ("karim", "lea"):
                    return STALL
                case "body-received", who if who == DOUBTED:
                    return DROP
                case "body-received", who if who == ON_THE_WIRE:
                    return STALL
                case "body-received", who if who == ANSWERED:
                    held.append(_locked(folder / "pli.db"))
            return None

        relay.script = script
        with relay.running():
            _prepare(folder, relay.url)
            with _begun(folder, "send", "lettre-294.md", "--list", "comite", "--yes") as sending:
                _until(lambda: bool(held) and any(it.recipient.startswith(ON_THE_WIRE)
                                                  for it in relay.refused))  # fmt: skip
                # By then the answer is in the sender's journal, and cannot be settled.
                time.sleep(0.5)
                sending.kill()
            for it in held:
                it.close()
        if _statuses(folder / "pli.db") != WANTED:
            return False
        _keep(folder, relay, out)
        return True


def _prepare(folder: Path, relay_url: str) -> None:
    _pli(folder, "init", "--committee", "Comité régional d’essai", "--address",
         "1 place du Marché, 44000", "--phone", "02 00 00 00 00", "--email",
         "contact@example.org", "--relay", relay_url, "--public-url",
         "http://127.0.0.1:8080")  # fmt: skip
    with (folder / "pli.toml").open("a") as file:
        file.write(SETTINGS)
    names = [*FIRST, *SECOND, LEFT, SUPPRESSED]
    people = [f"{it}@example.org;{it.title()}" for it in names]
    people += [f"{it};{it.partition('@')[0].title()}" for it in SLOW]
    (folder / "membres.csv").write_text("\r\n".join(["Courriel;Prénom", *people, ""]))
    _pli(folder, "subscriber", "import", "membres.csv", "--list", "comite", "--basis", "member",
         "--source", "fichier d’essai", "--yes")  # fmt: skip
    _pli(folder, "subscriber", "unsubscribe", f"{LEFT}@example.org", "--list", "comite")
    _pli(folder, "subscriber", "suppress", f"{SUPPRESSED}@example.org")
    (folder / "lettre-294.md").write_text(LETTER)
    _pli(folder, "send", "lettre-294.md", "--list", "comite", "--test", TESTED)


def _locked(file: Path) -> sqlite3.Connection:
    """A connection that keeps all others from writing into this database until it is closed."""
    connection = sqlite3.connect(file, timeout=10, check_same_thread=False, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    return connection


def _statuses(file: Path) -> dict[str, int]:
    with closing(sqlite3.connect(file)) as database:
        return dict(database.execute("SELECT status, count(*) FROM delivery GROUP BY status"))


def _keep(folder: Path, relay: Relay, out: Path) -> None:
    with closing(sqlite3.connect(folder / "pli.db")) as database:
        (out / "installation.sql").write_text("\n".join(database.iterdump()) + "\n")
    for name in ("pli.keys", "pli.toml", "lettre-294.md"):
        (out / f"{name}.txt").write_text((folder / name).read_text())
    journal = {
        # The file ends in zeros; a reader of the specimen puts them back.
        it.name: base64.b64encode(it.read_bytes().rstrip(b"\0")).decode()
        for it in sorted((folder / "pli.journal").iterdir())
    }
    (out / "journal.json").write_text(json.dumps(journal, indent=2) + "\n")
    taken = {
        it.recipient: {
            "unsubscribe": str(it.message["List-Unsubscribe"]).strip("<> \n").split("/u/")[1],
            "message_id": str(it.message["Message-ID"]),
        }
        for it in relay.received
        if it.recipient != TESTED
    }
    (out / "taken.json").write_text(json.dumps(taken, indent=2) + "\n")


def _command(*words: str) -> list[str]:
    return [sys.executable, "-c", "from cli import main; main()", *words]


def _pli(folder: Path, *words: str) -> None:
    subprocess.run(_command(*words), cwd=folder, check=True, timeout=60)


def _begun(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(_command(*words), cwd=folder)


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not happen")
        time.sleep(0.02)


if __name__ == "__main__":
    os.umask(0o077)
    main(Path(sys.argv[1]).resolve())
