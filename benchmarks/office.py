"""How long signing in and the office's pages take: a browser's requests to a real `pli serve`.

    .venv/bin/python -m benchmarks.office
    .venv/bin/python -m benchmarks.office --times 100 --people 10000

One process serves over one SQLite file; another asks, over the loopback. The figures are medians,
the fastest, and what 19 of 20 stay below. Exit 1 if a sign-in by password takes 300 ms, or a page
20 ms (medians).
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pyotp

from benchmarks.servers import until_it_answers
from benchmarks.starting import machine
from pli import keys as key_ring

ROOT = Path(__file__).resolve().parents[1]
PLI = (sys.executable, "-c", "from cli import main; main()")
PORT = 8096
OFFICE = f"http://localhost:{PORT}/office"
FROM_HERE = {"Sec-Fetch-Site": "same-origin"}
PASSWORD = "quatre grands bateaux bleus"
SIGN_IN_MS, PAGE_MS = 300.0, 20.0
LETTER = """---
number: 1
title: Une lettre
date: 2026-11-28
subject: Une lettre
preheader: Ce que dit la lettre, en une phrase assez longue
---
Bonjour.
"""
SETTINGS = f"""
committee = "Banc"
address = "1 rue Neuve"
phone = "02"
email = "banc@example.org"
public_url = "http://localhost:{PORT}"
relay_url = "smtp://127.0.0.1:9?tls=none"
sender = "banc@example.org"
"""
_TOKEN = re.compile(r'name="token" value="([^"]+)"')


class Visitor:
    """A browser that is served by one connection, and notes how long each answer takes."""

    def __init__(self) -> None:
        self._client = httpx.Client(timeout=30)
        self._page = ""
        self.took = 0.0

    def go(self, path: str) -> str:
        """Open a page."""
        return self._note(lambda: self._client.get(OFFICE + path))

    def send(self, path: str, **typed: str) -> str:
        """Send a form with the token of the page before."""
        token = _TOKEN.search(self._page)
        fields = typed | {"token": token[1] if token else ""}
        return self._note(lambda: self._client.post(OFFICE + path, data=fields, headers=FROM_HERE))

    def begin(self, link: str) -> None:
        """Come in by an invitation, and set a password."""
        path = link.removeprefix(OFFICE)
        self.go(path)
        self.send(path)
        self.send("/enrol/password", password=PASSWORD)

    def leave(self) -> None:
        """Become a browser that has never been here."""
        self._client.cookies.clear()

    def _note(self, ask: Callable[[], httpx.Response]) -> str:
        begun = time.perf_counter()
        answer = ask()
        self.took = (time.perf_counter() - begun) * 1_000
        if answer.status_code >= 400 and answer.status_code != 422:
            raise SystemExit(f"{answer.request.url}: {answer.status_code}")
        self._page = answer.text
        return self._page


def pli(home: Path, *words: str) -> str:
    """Run one command to its end; what it says."""
    done = subprocess.run(
        (*PLI, *words), cwd=home, env=_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"pli {' '.join(words)}: {done.stderr}")
    return done.stdout


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}


def furnish(home: Path, people: int) -> tuple[str, str]:
    """An installation with a sending to so many people; links for a reader and an operator."""
    (home / "pli.toml").write_text(SETTINGS)
    (home / "lettre.md").write_text(LETTER)
    lines = (f"p{n}@example.org" for n in range(people))
    (home / "banc.csv").write_text("\n".join(["email", *lines]) + "\n")
    key_ring.write(key_ring.generate(), home / "pli.keys")
    pli(home, "db", "upgrade")
    on = ("--list", "banc", "--basis", "member", "--source", "banc", "--yes")
    pli(home, "subscriber", "import", "banc.csv", *on)
    pli(home, "campaign", "create", "lettre.md", "--list", "banc")
    pli(home, "campaign", "start", "1", "--yes")
    links = []
    for name, *roles in (("lea", "reader", "who"), ("olga", "operator", "rights")):
        given = [word for role in roles for word in ("--role", role)]
        said = pli(home, "user", "add", f"{name}@example.org", "--name", name, *given)
        links.append(said.split()[-1])
    return links[0], links[1]


def measured(times: int, links: tuple[str, str]) -> dict[str, Sequence[float]]:
    """The milliseconds of each kind of answer, one after the other."""
    lea, olga, found = Visitor(), Visitor(), dict[str, list[float]]()

    def note(name: str, visitor: Visitor) -> None:
        found.setdefault(name, []).append(visitor.took)

    lea.begin(links[0])
    olga.begin(links[1])
    secret = re.search(r'class="secret">([A-Z2-7 ]+)<', olga.send("/enrol/app"))
    assert secret is not None
    app = pyotp.TOTP(secret[1].replace(" ", ""))
    olga.send("/enrol/app/code", code=app.at(datetime.now(UTC)))
    for _ in range(times):
        lea.leave()
        lea.go("/sign-in")
        note("GET /sign-in", lea)
        lea.send("/sign-in", address="lea@example.org", password=PASSWORD)
        note("sign-in by password", lea)
        for path in ("/sendings?still", "/sendings/1?still", "/me"):
            lea.go(path)
            note(f"GET {path.partition('?')[0]}", lea)
        for path in ("/accounts", "/accounts/1", "/audit", "/looked"):
            olga.go(path)
            note(f"GET {path}", olga)
    stranger = Visitor()
    for n in range(4):  # more would have to wait
        stranger.go("/sign-in")
        stranger.send("/sign-in", address=f"nobody{n}@example.org", password=PASSWORD)
        note("sign-in of nobody", stranger)
    return dict(found)


def main() -> None:
    """Measure, and print; exit 1 if something takes too long."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--people", type=int, default=1_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pli-office-") as folder:
        home = Path(folder)
        links = furnish(home, options.people)
        serve = subprocess.Popen(
            (*PLI, "serve", "--no-work", "--listen", f"127.0.0.1:{PORT}"),
            cwd=home, env=_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            until_it_answers(f"http://localhost:{PORT}")
            found = measured(options.times, links)
        finally:
            serve.terminate()
            serve.wait()
    print(
        f"{machine()}, Python {sys.version.split()[0]}, load {os.getloadavg()[0]:.1f}, "
        f"{options.times} turns, {options.people:,} people"
    )
    slow = False
    for name, took in found.items():
        best, median, late = min(took), statistics.median(took), sorted(took)[-1 - len(took) // 20]
        most = SIGN_IN_MS if name.startswith("sign-in") else PAGE_MS
        slow |= median >= most
        print(
            f"{name:<20} {median:6.1f} ms, fastest {best:6.1f}, 19 in 20 {late:6.1f}; "
            f"at most {most:.0f}"
        )
    sys.exit(slow)


if __name__ == "__main__":
    main()
