"""The finished pages of a letter, and what a browser finds wrong with one of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mailer.letter import as_shown
from mailer.letter.press import Pressed
from tests.browser import CONTRASTS
from tests.mailer.letter.rendered import KEY, LINKS, LIST, MARIE

WIDTHS = (320, 360, 390, 700)

TOO_WIDE = """
() => [...document.querySelectorAll('body *')]
  .filter(it => it.getBoundingClientRect().right > window.innerWidth + 0.5 && it.offsetParent)
  .map(it => it.tagName + '.' + it.className + ' ' + it.textContent.slice(0, 20))
"""
"""Finds what reaches beyond the window's right edge."""

SMALL = """
() => {
  const inText = it => {
    // A link within a sentence is excepted (WCAG 2.5.8): words of its block stand beside it.
    const block = it.closest('p, li, td, th, dd, blockquote, caption, figcaption, cite');
    const strip = text => text.replace(/[\\s·:–—-]+/g, '');
    const inline = getComputedStyle(it).display === 'inline';
    return inline && block && strip(block.textContent).length > strip(it.textContent).length;
  };
  const small = [];
  for (const it of document.querySelectorAll('a[href]')) {
    const box = it.getBoundingClientRect();
    if (!it.offsetParent || !box.width) continue;
    const least = it.classList.contains('button') ? 44 : inText(it) ? 0 : 24;
    if (box.height < least || box.width < Math.min(least, 24)) {
      small.push(`${it.textContent.trim()} ${Math.round(box.width)}x${box.height} < ${least}`);
    }
  }
  return small;
}
"""
"""Finds links of less than 24 px, and buttons of less than 44 (docs/standards.md, H10)."""

FORCED_DARK = """
() => {
  const turned = colour => {
    const [r, g, b, a = 1] = colour.match(/[\\d.]+/g).map(Number);
    return `rgba(${255 - r}, ${255 - g}, ${255 - b}, ${a})`;
  };
  const all = [document.documentElement, ...document.querySelectorAll('body, body *')];
  const seen = all.map(it => {
    const style = getComputedStyle(it);
    return [it, style.color, style.backgroundColor, style.borderTopColor, style.borderBottomColor,
      style.borderLeftColor];
  });
  document.documentElement.style.setProperty('background-color', '#000', 'important');
  for (const [it, color, ground, top, bottom, left] of seen) {
    it.style.setProperty('color', turned(color), 'important');
    it.style.setProperty('background-color', turned(ground), 'important');
    it.style.setProperty('border-top-color', turned(top), 'important');
    it.style.setProperty('border-bottom-color', turned(bottom), 'important');
    it.style.setProperty('border-left-color', turned(left), 'important');
  }
}
"""
"""Turns colours around as Gmail's and Outlook.com's forced dark mode do; pictures stay."""

NAMELESS = """
() => [...document.querySelectorAll('img')]
  .filter(it => it.offsetParent && it.alt !== '' && it.getBoundingClientRect().width < 9
    || !it.hasAttribute('alt'))
  .map(it => it.outerHTML.slice(0, 120))
"""
"""Finds pictures in whose place nothing is to be read once they are not loaded."""


@dataclass(frozen=True, slots=True)
class View:
    """A page as one kind of program shows it, with the schemes in which it does."""

    name: str
    page: str
    schemes: tuple[str, ...] = ("light", "dark")
    pictures: bool = True


def views(pressed: Pressed) -> Iterator[View]:
    """The mail and the web version, as different programs change them."""
    mail = pressed.preview(MARIE, LINKS, KEY)
    yield View("mail", mail)
    yield View("mail without style", as_shown.without_style(mail), ("light",))
    yield View("mail in Orange", as_shown.as_orange(mail), ("light",))
    yield View("mail without pictures", as_shown.without_pictures(mail), pictures=False)
    yield View("web", pressed.web(LIST))


async def show(tab: Any, page: str, scheme: str) -> None:
    """Show a page in a tab, for a reader whose screen is light or dark."""
    await tab.emulate_media(color_scheme=scheme)
    await tab.set_content(page)


async def faults(tab: Any, width: int, *, pictures: bool) -> dict[str, list[str]]:
    """What is too wide, too faint, too small or without words in a window; nothing is {}."""
    await tab.set_viewport_size({"width": width, "height": 800})
    found = {
        "too wide": await tab.evaluate(TOO_WIDE),
        "too faint": await tab.evaluate(CONTRASTS),
        "too small": await tab.evaluate(SMALL),
        "without words": [] if pictures else await tab.evaluate(NAMELESS),
    }
    whole = await tab.evaluate("document.documentElement.scrollWidth")
    if whole > width:
        found["too wide"].append(f"the page: {whole} px")
    return {name: its for name, its in found.items() if its}
