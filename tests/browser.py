"""How tests start a browser, what they ask of a page, and where its pictures go."""

from __future__ import annotations

from typing import Any

from benchmarks.tools import tool
from tests.paths import ROOT

SCREENSHOTS = ROOT / "build" / "screenshots"


def how_to_launch() -> dict[str, Any]:
    """The options with which playwright starts Debian's Chromium, also as root; MissingProgram."""
    return {"executable_path": tool("chromium"), "args": ["--no-sandbox", "--disable-gpu"]}


CONTRASTS = """
() => {
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = colour => {
    const [r, g, b] = numbers(colour).slice(0, 3).map(it => {
      it /= 255; return it <= 0.03928 ? it / 12.92 : ((it + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = it => {
    for (; it; it = it.parentElement) {
      const colour = getComputedStyle(it).backgroundColor;
      if ((numbers(colour)[3] ?? 1) > 0) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const faint = [];
  for (const it of document.querySelectorAll('body *')) {
    const text = [...it.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (!text || !it.offsetParent) continue;
    const [a, b] = [light(getComputedStyle(it).color), light(ground(it))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) faint.push(it.tagName + '.' + it.className + ' ' + ratio.toFixed(2));
  }
  return faint;
}
"""
"""Finds texts whose contrast with their background is below 4.5 (WCAG 2.1, 1.4.3)."""
