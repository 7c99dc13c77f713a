"""Somebody who writes by the keyboard alone, with Word's keys and the toolbar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.web.office.editor.desks import Desk

MOST_ARROWS = 20
_HERE = "() => document.activeElement.innerText || document.activeElement.ariaLabel || ''"


@dataclass
class Typist:
    """Hands on the keys of a desk, whose words are known in its language."""

    desk: Desk

    @property
    def keys(self) -> Any:
        """The keyboard."""
        return self.desk.page.keyboard

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            await self.keys.press(key)

    async def line(self, text: str) -> None:
        """Write a line, and begin the next."""
        await self.keys.type(text)
        await self.press("Enter")

    async def start(self) -> None:
        """Go to the text, as Tab leads there: by its name."""
        await self.desk.text.focus()

    async def heading(self, level: int, text: str) -> None:
        """Write a heading by Word's key."""
        await self.press(f"Alt+Shift+Digit{level}")
        await self.line(text)

    async def tool(self, name: str, *, opens: bool = False) -> None:
        """Press a button of the toolbar: Alt+F10, and arrows to it."""
        await self.press("Alt+F10")
        await self.press("Home")
        await self._to(name, "ArrowRight")
        await self.press("ArrowDown" if opens else "Enter")

    async def insert(self, name: str) -> None:
        """Choose from the menu "Insert"."""
        await self.tool(self.insert_name, opens=True)
        await self._to(name, "ArrowDown")
        await self.press("Enter")

    insert_name: str = "Insert"

    async def fill(self, *texts: str) -> None:
        """Fill the fields of a block, Tab leading from one to the next; Enter leads on."""
        for at, text in enumerate(texts):
            if at:
                await self.press("Tab")
            await self.keys.type(text)
        await self.press("Enter")

    async def _to(self, name: str, arrow: str) -> None:
        met = []
        for _ in range(MOST_ARROWS):
            here = str(await self.desk.page.evaluate(_HERE)).replace("\n", " ").strip()
            met.append(here)
            if here == name or here.endswith(f" {name}") or here.startswith(f"{name} "):
                return
            await self.press(arrow)
        raise AssertionError(f"the arrows do not lead to {name}, but to {met}")
