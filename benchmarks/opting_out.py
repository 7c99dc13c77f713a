"""How long who leaves waits while a large file is read in: processes of their own over one SQLite.

    .venv/bin/python -m benchmarks.opting_out --people 150000

`pli serve` answers, `pli subscriber import` reads new people in, and every second a person who is
on the list already leaves by the link of a letter, by one-click POST. Prints the longest wait.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from benchmarks.servers import until_it_answers
from mailer.links import Links
from pli import keys as key_ring

ROOT = Path(__file__).parents[1]
PLI = (sys.executable, "-c", "from cli import main; main()")
LEAVING = 400
PORT = 8097


def pli(home: Path, *words: str) -> None:
    """Run one command to its end."""
    done = subprocess.run(
        (*PLI, *words), cwd=home, env=_environment(), capture_output=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr.decode())


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def people(home: Path, name: str, count: int) -> Path:
    """A file of so many invented people."""
    file = home / f"{name}.csv"
    lines = (f"{name}{n}@example.org;Zoé;Élan;{n % 95}" for n in range(count))
    file.write_text("Courriel;Prénom;Nom;Département\n" + "\n".join(lines) + "\n", "utf-8")
    return file


def measure(home: Path, count: int) -> tuple[list[float], list[int], float]:
    """The waits in seconds, the answers' statuses, and how long the import took."""
    (home / "pli.toml").write_text(
        f'committee = "Banc"\naddress = "1 rue Neuve"\nphone = "02"\nemail = "banc@example.org"\n'
        f'public_url = "http://127.0.0.1:{PORT}"\n'
        'relay_url = "smtp://127.0.0.1:9?tls=none"\nsender = "banc@example.org"\n'
    )
    key_ring.write(key_ring.generate(), home / "pli.keys")
    pli(home, "db", "upgrade")
    on = ("--list", "banc", "--basis", "member", "--source", "banc", "--yes")
    pli(home, "subscriber", "import", str(people(home, "avant", LEAVING)), *on)
    keys = key_ring.read(home / "pli.keys")
    links = Links(keys, f"http://127.0.0.1:{PORT}", "example.org")
    serve = subprocess.Popen(
        (*PLI, "serve", "--listen", f"127.0.0.1:{PORT}"),
        cwd=home, env=_environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    waits, statuses = [], []
    try:
        until_it_answers(f"http://127.0.0.1:{PORT}")
        begun = time.monotonic()
        file = people(home, "nouveau", count)
        reading = subprocess.Popen(
            (*PLI, "subscriber", "import", str(file), *on),
            cwd=home, env=_environment(), stdout=subprocess.DEVNULL,
        )  # fmt: skip
        person = 0
        while reading.poll() is None and person < LEAVING:
            person += 1
            link = links.unsubscribe(person, 1, person, keys.current)
            asked = time.monotonic()
            answer = httpx.post(link, data={"List-Unsubscribe": "One-Click"}, timeout=60)
            waits.append(time.monotonic() - asked)
            statuses.append(answer.status_code)
            time.sleep(max(0.0, 1 - waits[-1]))
        reading.wait()
        return waits, statuses, time.monotonic() - begun
    finally:
        serve.terminate()
        serve.wait()


def main() -> None:
    """Measure once, and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--people", type=int, default=150_000)
    count = parser.parse_args().people
    with tempfile.TemporaryDirectory(prefix="pli-opting-out-") as home:
        waits, statuses, seconds = measure(Path(home), count)
    print(f"{count:,} people read in in {seconds:.1f} s")
    print(
        f"{len(waits)} left meanwhile: answers {sorted(set(statuses))}, "
        f"median {sorted(waits)[len(waits) // 2]:.2f} s, longest {max(waits):.2f} s"
    )


if __name__ == "__main__":
    main()
