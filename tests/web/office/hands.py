"""How somebody uses a page: with a mouse or by the keyboard alone, in a language, on a screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pli.language import translations

MOST_TABS = 90
_FOCUSED = """
kind => {
  const it = document.activeElement;
  if (!it?.matches(kind)) return '';
  const text = it.labels?.length ? it.labels[0].innerText
    : it.getAttribute('aria-label') ?? it.innerText ?? '';
  return text.trim();
}
"""
"""What a screen reader calls the element that has the focus: its label, or its own words."""
_SEEN = """
() => {
  const it = document.activeElement, box = it.getBoundingClientRect();
  const style = getComputedStyle(it);
  return box.width > 0 && style.visibility === 'visible'
    && (style.outlineStyle !== 'none' || style.boxShadow !== 'none');
}
"""


@dataclass(frozen=True, slots=True)
class Way:
    """The language, the screen, and whether there are a mouse and JavaScript."""

    language: str = "en"
    width: int = 1280
    scheme: str = "light"
    mouse: bool = True
    script: bool = True

    def __str__(self) -> str:
        hands = "mouse" if self.mouse else "keyboard"
        script = "" if self.script else "-without-javascript"
        return f"{self.language}-{self.width}-{self.scheme}-{hands}{script}"

    @property
    def options(self) -> dict[str, Any]:
        """The options of a browser."""
        return {
            "locale": {"fr": "fr-FR", "en": "en-GB"}[self.language],
            "viewport": {"width": self.width, "height": 800},
            "color_scheme": self.scheme,
            "java_script_enabled": self.script,
        }


@dataclass
class Hands:
    """Somebody before a page, who knows each thing by the words on it (in English here)."""

    page: Any
    way: Way

    def said(self, text: str) -> str:
        """A text of ours as the page says it."""
        return translations(self.way.language).gettext(text)

    async def press(self, text: str) -> None:
        """Press a button, and wait for the page behind it."""
        await self.use("button", self.said(text))

    async def follow(self, text: str, **values: Any) -> None:
        """Follow a link, and wait for the page behind it."""
        await self.use("link", self.said(text).format(**values))

    async def toggle(self, kind: str, text: str, **values: Any) -> None:
        """Open a part of the page (summary), or choose a box (input), as Space does."""
        said = self.said(text)
        await self._tab_to(kind, said % values if values else said)
        await self.page.keyboard.press("Space")

    async def fill(self, label: str, text: str) -> None:
        """Write into a field."""
        if self.way.mouse:
            await self.page.get_by_label(self.said(label), exact=True).fill(text)
            return
        await self._tab_to("input, select, textarea", self.said(label))
        await self.page.keyboard.press("ControlOrMeta+A")
        await self.page.keyboard.type(text)

    async def use(self, role: str, words: str) -> None:
        """Use a button or a link with these words, and wait for the page behind it."""
        if self.way.mouse:
            async with self.page.expect_navigation():
                await self.page.get_by_role(role, name=words, exact=True).click()
            return
        await self._tab_to({"button": "button", "link": "a"}[role], words)
        async with self.page.expect_navigation():
            await self.page.keyboard.press("Enter")

    async def _tab_to(self, kind: str, words: str) -> None:
        """Press Tab until what has these words has the focus, and shows that it has it."""
        met = []
        for _ in range(MOST_TABS):
            met.append(await self.page.evaluate(_FOCUSED, kind))
            # A browser gives a text as its style shows it, which may be in capitals.
            if met[-1].casefold() == words.casefold():
                assert await self.page.evaluate(_SEEN), f"the focus on {words} is not seen"
                return
            await self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not lead to {words}, but to {met}")
