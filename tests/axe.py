"""axe-core looks for faults of accessibility in what a browser shows (WCAG 2.2 A and AA, and more).

The wheel of axe-playwright-python brings the script: it comes from the lock file like any package,
no copy lies in the project, and no page asks the network for it.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

# WCAG 2.2's smallest target (2.5.8) is the one rule of level AA that axe leaves off by itself.
_RUN = """
async ({context, off}) => {
  const rules = {'target-size': {enabled: true}};
  for (const it of off) rules[it] = {enabled: false};
  const found = await axe.run(context ?? document, {rules, resultTypes: ['violations']});
  return {
    tried: found.passes.length + found.violations.length + found.incomplete.length,
    faults: found.violations.flatMap(rule => rule.nodes.map(node =>
      `${rule.id} (${rule.impact}): ${rule.help}: ${node.html.slice(0, 200)} `
      + node.any.concat(node.all, node.none).map(it => it.message).join('; '))),
  };
}
"""


class AxeDidNotLookError(AssertionError):
    """No rule of axe met anything on the page: an empty answer would say nothing of it."""


@cache
def _script() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")


async def violations(
    page: Any, *, within: str | None = None, off: tuple[str, ...] = ()
) -> list[str]:
    """What axe finds wrong on a page, or in a frame, of playwright's async API; none is [].

    `within` is a CSS selector for a part of the page. `off` names rules that do not apply, such as
    those of landmarks for a mail, which is no page. A policy of the page does not keep axe out.
    """
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(_script())
    found = await page.evaluate(_RUN, {"context": within, "off": list(off)})
    if not found["tried"]:
        raise AxeDidNotLookError
    faults: list[str] = found["faults"]
    return faults
