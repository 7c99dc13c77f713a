"""What a key costs in the editor, and what opening, saving and a preview cost: a letter of 40 kB.

    .venv/bin/python -m benchmarks.keystrokes
    .venv/bin/python -m benchmarks.keystrokes --keys 200 --profile

Somebody writes into the middle of a letter with every block, one sign every 80 ms, and pauses after
each word group, so that saves, copies and previews fall among the keys as they do in life. A key is
timed from its event until the frame that shows it, by the browser's clock, and in time of the
page's own thread on the processor, which a busy machine does not change. `--profile` adds the
functions in which the time went.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.machine import machine, moment
from pli import schema
from pli.database import Database, check_keys
from tests.factories import KEYS
from tests.web.office.editor.desks import Desk, a_desk, a_manuscript, an_author, specimen
from tests.web.office.served import a_street

SIZE = 40_000
KEY_MS = 16.0
OPEN_MS = 1_000.0
BETWEEN_MS = 80
PAUSE_EVERY = 15
PAUSE_MS = 1_600
WORD = "abcdefg hij klmnopq "
SHOWN = """
() => {
  window.shown = [];
  let begun = 0;
  document.addEventListener('keydown', (event) => { begun = event.timeStamp; }, true);
  document.querySelector('#editor').addEventListener('input', () => {
    const from = begun;
    const channel = new MessageChannel();
    channel.port1.onmessage = () => window.shown.push(performance.now() - from);
    requestAnimationFrame(() => channel.port2.postMessage(0));
  });
}
"""


@dataclass
class Figures:
    """Milliseconds: of opening, and of each key until it is shown and on the processor.

    `opened` is the script's own time on the clock, `loaded` the whole page's on the processor.
    """

    opened: float = 0.0
    loaded: float = 0.0
    shown: Sequence[float] = ()
    processor: list[float] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    functions: Sequence[tuple[str, float]] = ()


def a_letter() -> str:
    """A body of 40 kB with every block, each footnote with a number of its own."""
    body = ""
    while len(body.encode()) < SIZE:
        body += specimen().replace("[^1]", f"[^{len(body)}]")
    return body


async def measured(keys: int, profile: bool) -> Figures:
    """Write so many signs in a browser."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{folder}/pli.db"
        database = Database(url)
        await schema.upgrade(database)
        async with database.begin() as session:
            await check_keys(session, KEYS)
        await database.close()
        async with a_street(url, KEYS) as street:
            draft_id = await a_manuscript(street, a_letter())
            size: Any = {"width": 1440, "height": 900}
            author = await an_author(street)
            async with a_desk(street, draft_id, author, viewport=size) as desk:
                return await _written(desk, keys, profile)


async def _written(desk: Desk, keys: int, profile: bool) -> Figures:
    page = desk.page
    figures = Figures()
    device = await page.context.new_cdp_session(page)
    await device.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = await _busy(device)
    await desk.open()
    figures.loaded = await _busy(device) - before
    opening = "performance.getEntriesByName('pli-editor-open')[0].duration"
    figures.opened = float(await page.evaluate(opening))
    places = desk.text.get_by_text("Un paragraphe avec")
    await places.nth(await places.count() // 2).click()
    await page.keyboard.press("End")
    await page.wait_for_timeout(PAUSE_MS)
    await page.evaluate(SHOWN)
    if profile:
        await device.send("Profiler.enable")
        await device.send("Profiler.setSamplingInterval", {"interval": 200})
        await device.send("Profiler.start")
    before = await _busy(device)
    for number in range(keys):
        sign = WORD[number % len(WORD)]
        await page.keyboard.press("Space" if sign == " " else sign)
        await page.wait_for_timeout(BETWEEN_MS)
        after = await _busy(device)
        figures.processor.append(after - before)
        before = after
        if number % PAUSE_EVERY == PAUSE_EVERY - 1:
            await page.wait_for_timeout(PAUSE_MS)
            after = await _busy(device)
            figures.pauses.append(after - before)
            before = after
    if profile:
        figures.functions = _functions((await device.send("Profiler.stop"))["profile"])
    figures.shown = await page.evaluate("window.shown")
    await desk.saved()
    await page.wait_for_load_state("networkidle")
    return figures


async def _busy(device: Any) -> float:
    """Milliseconds that the page's thread has worked so far."""
    said = await device.send("Performance.getMetrics")
    return 1_000 * float(
        next(it["value"] for it in said["metrics"] if it["name"] == "TaskDuration")
    )


def _functions(profile: Any) -> list[tuple[str, float]]:
    """The functions with the most time of their own, in milliseconds."""
    nodes = {it["id"]: it["callFrame"] for it in profile["nodes"]}
    own: Counter[str] = Counter()
    for node, micros in zip(profile["samples"], profile["timeDeltas"], strict=True):
        frame = nodes[node]
        name = f"{frame['functionName'] or 'anonymous'} :{frame['columnNumber']}"
        own[name] += micros
    return [(name, micros / 1_000) for name, micros in own.most_common(30)]


def _row(name: str, taken: Sequence[float]) -> str:
    ordered = sorted(taken)
    tail = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]
    middle = statistics.median(ordered)
    return f"| {name} | {middle:.1f} | {tail:.1f} | {ordered[-1]:.1f} |"


def main() -> int:
    """Measure, and print; 1 if a key or opening took longer than asked."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--keys", type=int, default=90)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    when = moment()
    found = asyncio.run(measured(asked.keys, asked.profile))
    here = machine()
    print(f"{here['cpu']}, {here['cores']} cores, {when['date']}, load {when['load_before']}")
    print(f"opening: {found.opened:.0f} ms of the script, by the clock")
    print(f"opening: {found.loaded:.0f} ms of the processor, the whole page")
    print("| milliseconds | in the middle | 95 of 100 | slowest |")
    print("|---|--:|--:|--:|")
    print(_row("a key, until it is shown", found.shown))
    print(_row("a key, of the processor", found.processor))
    print(_row("a pause: copy, preview and save, of the processor", found.pauses))
    for name, took in found.functions:
        print(f"{took:8.1f} ms  {name}")
    if asked.json:
        told = {"opened": found.opened, "shown": list(found.shown), "processor": found.processor}
        asked.json.write_text(json.dumps(told | when), "utf-8")
    return int(statistics.median(found.processor) > KEY_MS or found.loaded > OPEN_MS)


if __name__ == "__main__":
    sys.exit(main())
