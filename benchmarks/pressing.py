"""What pressing a letter costs, and what a copy of it costs: with every block, and without any.

    .venv/bin/python -m benchmarks.pressing
    .venv/bin/python -m benchmarks.pressing --against ../before

Both letters have 40 kB. Each turn is a process of its own, and warm: the first pressing does not
count. `--against` names a checkout of another commit, whose turns alternate with ours; it presses
the letter without blocks. Prints medians of the processor's time.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailer.letter.letter import Letter
    from mailer.message.composer import Composer
    from mailer.recipient import Recipient
    from pli.keys import Keys

ROOT = Path(__file__).parents[1]
SIZE = 40_000
COPIES = 2_000
PRESSINGS = 7
BOUND_MS = 200.0
PREVIEW_MS = 300.0
BLOCKS = """
::: chapeau
Bonjour {{ subscriber.first_name or "camarade" }}, voici l'essentiel.
:::

::: sommaire
:::

## Le budget[^1]

::: encadre Ce qu'il faut retenir
- un point ;
- et un autre.
:::

::: citation Prénom Nom, fonction
Ce qui a été dit pendant la séance.
:::

::: image https://example.org/photo.jpg
alt: Une salle
caption: Pendant la séance
credit: Photo Prénom Nom
:::

::: bouton https://example.org/avis Lire l'avis
:::

:::: colonnes
::: colonne
À gauche.
:::
::: colonne
À droite.
:::
::::

::: votes Avis sur le budget
pour: 59
contre: 3
abstention: 23
:::

::: agenda Prochains rendez-vous
2026-12-08 18:00 | Salle des fêtes | Réunion publique
2026-12-12 9:00-12:00 | Gare | Permanence
:::

::: signature
nom: Prénom Nom
fonction: Secrétaire générale
:::

[^1]: Séance du 24 novembre.
"""


def turn(with_blocks: bool) -> dict[str, float]:
    """The milliseconds of one warm pressing, and the microseconds of a copy."""
    # Imported here: a turn of another checkout imports that one's modules.
    from benchmarks.letters import identity, of_size
    from mailer.letter.press import press
    from mailer.letter.theme import load_theme
    from mailer.links import Links
    from mailer.message.composer import Composer
    from mailer.recipient import ListLine, Recipient
    from pli import keys as key_ring

    keys, theme = key_ring.generate(), load_theme("lettre")
    figures: dict[str, float] = {}
    plain = of_size(SIZE, keys).letter
    letters = {"plain": plain}
    if with_blocks:
        body = plain.body[: len(plain.body) * 3 // 5] + "\n\n" + BLOCKS
        letters["blocks"] = replace(plain, body=body)
    links = Links(keys, identity().public_url, identity().domain)
    somebody = Recipient(
        1, 1, "p0000001@example.org", "Camille", "", "fr", {}, ListLine(1, "comite", "Comité")
    )
    now = datetime.now(UTC)
    for name, letter in letters.items():
        press(letter, theme, identity())
        figures[f"press {name}, ms"] = 1_000 * _median(
            partial(press, letter, theme, identity()), PRESSINGS
        )
        pressed = press(letter, theme, identity())
        composer = Composer(pressed, letter, identity(), links, keys.current)
        figures[f"bytes of {name}"] = sum(map(len, composer.copy(somebody, now)))
        if with_blocks:  # an earlier checkout may have none
            previewed = partial(_preview, letter, keys, somebody)
            previewed()
            figures[f"preview {name}, ms"] = 1_000 * _median(previewed, PRESSINGS)
        copying = _median(partial(_copies, composer, somebody, now), 5)
        figures[f"copy {name}, µs"] = 1_000_000 * copying / COPIES
    return figures


def _preview(letter: Letter, keys: Keys, somebody: Recipient) -> None:
    """What the page for writing asks for after each change: the mail, and all findings."""
    from benchmarks.letters import identity
    from mailer.letter.drafts.copying import head_of
    from mailer.letter.drafts.preview import Setting, preview
    from mailer.links import Links

    links = Links(keys, identity().public_url, identity().domain)
    setting = Setting(identity(), links, keys.current)
    text = head_of(letter) + letter.body
    preview(text, number=1, files={}, setting=setting, reader=somebody, line=5)


def _copies(composer: Composer, somebody: Recipient, now: datetime) -> None:
    for _ in range(COPIES):
        composer.copy(somebody, now)


def _median(work: Callable[[], object], times: int) -> float:
    spent = []
    for _ in range(times):
        begun = time.process_time()
        work()
        spent.append(time.process_time() - begun)
    return statistics.median(spent)


def in_process(checkout: Path, *, with_blocks: bool) -> dict[str, float]:
    """One turn in a process of its own, with the modules of a checkout."""
    words = (sys.executable, __file__, "--turn", *(("--blocks",) if with_blocks else ()))
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    done = subprocess.run(words, cwd=checkout, env=environment, capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr.decode())
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def main() -> None:
    """Measure in turns, and print a line a figure; exit 1 if pressing takes too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--against", type=Path)
    parser.add_argument("--turn", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--blocks", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.turn:
        print(json.dumps(turn(asked.blocks)))
        return
    found: dict[str, list[float]] = defaultdict(list)
    for _ in range(asked.turns):
        for name, value in in_process(ROOT, with_blocks=True).items():
            found[name].append(value)
        if asked.against:
            before = in_process(asked.against.resolve(), with_blocks=False)
            for name, value in before.items():
                found[f"{name}, before"].append(value)
    for name, values in found.items():
        print(f"{name}: {statistics.median(values):.1f}")
    pressing = statistics.median(found["press blocks, ms"])
    if pressing > BOUND_MS:
        sys.exit(f"pressing takes {pressing:.0f} ms, and {BOUND_MS:.0f} are asked")
    shown = statistics.median(found["preview blocks, ms"])
    if shown > PREVIEW_MS:
        sys.exit(f"a preview takes {shown:.0f} ms, and {PREVIEW_MS:.0f} are asked")


if __name__ == "__main__":
    main()
