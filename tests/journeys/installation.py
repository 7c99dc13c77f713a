"""An installation as its users have it: a folder, the command line, and the web pages."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.here import run_here
from tests.paths import ROOT
from tests.processes import Command
from tests.waiting import until

LETTER = """---
number: {number}
title: Une séance
date: 2026-11-24
subject: "Lettre n° {number} : une séance"
preheader: Ce qui a été dit et voté pendant la séance plénière de novembre
---

# Une séance

Bonjour {{{{ subscriber.first_name or "camarade" }}}},

{text}
"""


@dataclass(frozen=True, slots=True)
class Said:
    """The output of a command, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Installation:
    """A folder with pli.toml, keys and a database."""

    folder: Path
    port: int

    @property
    def public_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        return {**kept, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", **more}

    def pli(self, *words: str, code: int | None = 0, **environment: str) -> Said:
        """Run a command to its end; `code` is the exit code that it must have (None: any)."""
        if environment or words[0] == "demo" or any("://" in it for it in words):
            # In another language, beside servers of its own, or with a secret to hand over.
            return self.pli_apart(*words, code=code, **environment)
        said = Said(*run_here(words, folder=self.folder, environment=self.environment()))
        return _judged(said, code)

    def pli_apart(self, *words: str, code: int | None = 0, **environment: str) -> Said:
        """Run a command as `pli` does, but in a process of its own: so may several threads."""
        with self._begun(words, environment) as command:
            out, err = command.communicate(60)
            assert command.returncode is not None
            said = Said(command.returncode, out, err)
        return _judged(said, code)

    @contextmanager
    def running(self, *words: str, **environment: str) -> Iterator[Command]:
        """Run a command while the block inside runs; afterwards the process is ended by its id."""
        with self._begun(words, environment) as command:
            yield command

    def _begun(self, words: Sequence[str], environment: Mapping[str, str]) -> Command:
        said = self.folder.parent / f"{self.folder.name}-said" / uuid.uuid4().hex
        return Command(
            words, folder=self.folder, environment=self.environment(**environment), said=said
        )

    @contextmanager
    def serving(self) -> Iterator[Command]:
        """Run `pli serve`, and go on once it answers."""
        with self.running("serve") as process:
            until(lambda: process.poll() is not None or self.get("/healthz")[0] == 200)
            assert process.poll() is None, process.communicate()
            yield process

    def set(self, *lines: str) -> None:
        """Write settings at the head of pli.toml, in the place of those that it has."""
        file = self.folder / "pli.toml"
        names = [it.partition(" = ")[0] for it in lines]
        kept = [
            it for it in file.read_text("utf-8").splitlines() if it.partition(" = ")[0] not in names
        ]
        file.write_text("\n".join([*lines, *kept, ""]), "utf-8")

    def letter(self, number: int = 1, text: str = "Voici la lettre.") -> str:
        """Write a letter's file; the file's name."""
        path = self.folder / f"lettre-{number}.md"
        path.write_text(LETTER.format(number=number, text=text))
        return path.name

    def members(self, count: int, list_name: str = "comite") -> None:
        """Import `count` members onto a list from a CSV file."""
        rows = "".join(f"p{n:04}@example.org;Prénom{n};44\r\n" for n in range(count))
        (self.folder / "membres.csv").write_text("Courriel;Prénom;Département\r\n" + rows)
        self.pli(
            "subscriber", "import", "membres.csv", "--list", list_name, "--basis", "member",
            "--source", "fichier d’essai", "--yes",
        )  # fmt: skip

    def get(self, path: str) -> tuple[int, str]:
        return self._ask(urllib.request.Request(self.public_url + path))

    def post(self, url: str, **form: str) -> tuple[int, str]:
        path = urllib.parse.urlsplit(url).path
        body = urllib.parse.urlencode(form).encode()
        return self._ask(urllib.request.Request(self.public_url + path, data=body))

    def _ask(self, request: urllib.request.Request) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()
        except OSError:
            return 0, ""


def _judged(said: Said, code: int | None) -> Said:
    assert "Traceback" not in said.err, said.err
    assert "Pli has a fault" not in said.err, _fault(said.err)
    assert code is None or said.code == code, said
    return said


def _fault(err: str) -> str:
    return Path(err.split()[-1]).read_text()
