"""What a letter costs: to press it once, and to compose each copy, in turns with another checkout.

    python -m benchmarks.pressing                       # this checkout alone
    python -m benchmarks.pressing --against ../before   # in turns, and the ratio of the two

The same letter of prose, 40 kB of HTML, is measured in both; here also one with every block. Each
round is a process of its own, and warm: its first pressings and copies are not counted. A figure is
that of the fastest round, which other work on the machine has disturbed least.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
WARM = 3
PRESSINGS = 15
COPIES = 20_000
HTML = 40_000
"""Bytes of the page of the letter that is pressed."""
PARAGRAPH = (
    "Le comité a défendu l’égalité d’accès aux services publics et la santé au travail. " * 6
)


def measure() -> dict[str, float]:
    """Milliseconds of a pressing and microseconds of a copy, of what is imported here."""
    from mailer.letter.press import press
    from mailer.letter.theme import load_theme
    from mailer.links import Links
    from mailer.message.composer import Composer
    from mailer.recipient import ListLine, Recipient
    from mailer.sender import Identity
    from pli.keys import Keys

    identity = Identity(
        committee="Comité régional",
        address="1 place du Marché, 44000 Ville",
        phone="02 00 00 00 00",
        email="contact@example.org",
        sender="Comité régional <lettre@example.org>",
        reply_to="",
        public_url="https://lettres.example.org",
    )
    keys = Keys({"ab": b"a" * 32}, b"z" * 32)
    links = Links(keys, identity.public_url, identity.domain)
    theme = load_theme("lettre")
    somebody = Recipient(
        1, 1, "p0000001@example.org", "Camille", "", "fr", {}, ListLine(1, "comite", "Comité")
    )

    def page(letter: Any) -> int:
        return len(press(letter, theme, identity).html(somebody, links, keys.current).encode())

    prose = _prose(page)
    pressed = press(prose, theme, identity)
    composer = Composer(pressed, prose, identity, links, keys.current)
    now = datetime.now(UTC)
    found = {
        "press_ms": 1e3 * _best(lambda: press(prose, theme, identity), PRESSINGS),
        "copy_us": 1e6
        * _best(lambda: [composer.copy(somebody, now) for _ in range(COPIES // 20)], 20)
        / (COPIES // 20),
        "html_kb": page(prose) / 1000,
    }
    if (blocks := _blocks(page)) is not None:
        found["press_blocks_ms"] = 1e3 * _best(lambda: press(blocks, theme, identity), PRESSINGS)
        found["html_blocks_kb"] = page(blocks) / 1000
    return found


def _best(work: Callable[[], object], times: int) -> float:
    """The median time of a piece of work, in seconds, once it is warm."""
    for _ in range(WARM):
        work()
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def _prose(page: Callable[[Any], int]) -> Any:
    from mailer.letter.letter import Letter

    def of(paragraphs: int) -> Letter:
        body = "# Une séance\n\nBonjour {{ subscriber.first_name or 'camarade' }},\n\n"
        return Letter(
            number=1,
            title="Une séance",
            date=date(2026, 11, 24),
            subject="Lettre n° 1 : une séance plénière",
            preheader="Ce qui a été dit et voté pendant la séance plénière de novembre",
            body=body + "\n\n".join(f"{n} {PARAGRAPH}" for n in range(paragraphs)),
        )

    paragraphs = 1
    while page(of(paragraphs)) < HTML:
        paragraphs += 1
    return of(paragraphs)


def _blocks(page: Callable[[Any], int]) -> Any:
    """The specimen, which has every block, with prose up to the same size; None where is none."""
    try:
        from mailer.letter import specimen
    except ImportError:
        return None
    letter = specimen.letter()
    while page(letter) < HTML:
        letter = replace(letter, body=f"{letter.body}\n\n{PARAGRAPH}")
    return letter


def _rounds(folders: list[Path], rounds: int) -> list[dict[str, float]]:
    """The fastest round of each checkout, measured in turns."""
    found: list[list[dict[str, float]]] = [[] for _ in folders]
    for _ in range(rounds):
        for folder, its in zip(folders, found, strict=True):
            done = subprocess.run(
                [sys.executable, __file__, "--measure"],
                cwd=folder,
                env=os.environ | {"PYTHONPATH": str(folder)},
                capture_output=True,
                text=True,
                check=True,
            )
            its.append(json.loads(done.stdout))
    return [{name: min(it[name] for it in its) for name in its[0]} for its in found]


def main() -> None:
    """Print the figures, those of another checkout, and the ratio of the two."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--measure", action="store_true", help="measure what is imported, as JSON")
    parser.add_argument("--against", type=Path, help="another checkout, measured in turns")
    parser.add_argument("--rounds", type=int, default=5)
    told = parser.parse_args()
    if told.measure:
        print(json.dumps(measure()))
        return
    folders = [ROOT, *([told.against.resolve()] if told.against else [])]
    here, *other = _rounds(folders, told.rounds)
    for name, value in here.items():
        before = other[0].get(name) if other else None
        ratio = f"   before {before:8.2f}   ratio {value / before:.2f}" if before else ""
        print(f"{name:<16} {value:8.2f}{ratio}")


if __name__ == "__main__":
    main()
