"""How long a key takes, and opening, with a letter of 40 kB: see docs/performance.md."""

from __future__ import annotations

import pytest

from pli.keys import Keys
from tests.web.office.editor.desks import a_desk, a_manuscript, an_author, specimen
from tests.web.office.served import a_street

pytestmark = pytest.mark.proof

SIGNS = "abcdefghij klmnopqrst" * 2
# From the key to the frame that shows it, as the browser's own clock has it.
_MEASURE = """
() => {
  window.measured = [];
  let begun = 0;
  document.addEventListener('keydown', () => { begun = performance.now(); }, true);
  document.querySelector('#editor').addEventListener('input', () => {
    const channel = new MessageChannel();
    const from = begun;
    requestAnimationFrame(() => {
      channel.port1.onmessage = () => window.measured.push(performance.now() - from);
      channel.port2.postMessage(0);
    });
  });
  window.longest = 0;
  window.handled = [];
  document.addEventListener('keydown', (event) => {
    const from = performance.now();
    queueMicrotask(() => setTimeout(() => window.handled.push(performance.now() - from)));
  }, true);
}
"""


async def test_a_key_in_a_letter_of_40_kb_and_opening_it(sqlite_url: str, keys: Keys) -> None:
    body = ""
    while len(body.encode()) < 40_000:
        body += specimen().replace("[^1]", f"[^{len(body)}]")
    async with a_street(sqlite_url, keys) as street:
        draft_id = await a_manuscript(street, body)
        author = await an_author(street)
        async with a_desk(
            street, draft_id, author, viewport={"width": 1440, "height": 900}
        ) as desk:
            page = desk.page
            opened = await page.evaluate(
                "performance.getEntriesByName('pli-editor-open')[0].duration"
            )
            await desk.text.get_by_text("Un paragraphe avec").first.click()
            await page.keyboard.press("End")
            await page.wait_for_timeout(1_500)
            await page.evaluate(_MEASURE)
            for sign in SIGNS:
                await page.keyboard.press(sign if sign != " " else "Space")
                await page.wait_for_timeout(60)
            took = sorted(await page.evaluate("window.measured"))
            handled = sorted(await page.evaluate("window.handled"))
            key = handled[len(handled) // 2]
            print(f"opening {opened:.0f} ms; a key, half of them below {key:.1f} ms")
            print(f"to the frame {took[len(took) // 2]:.1f} ms; slowest {took[-1]:.1f} ms")
            assert len(took) == len(SIGNS)
            assert opened < 1_000
            assert key < 16
