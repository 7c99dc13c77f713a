"""A console whose tables and texts cannot command the terminal, whatever stands in them."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from pli.harmless import harmless


class HarmlessConsole(Console):
    """Rich's own colours and movements stay; what it draws is made harmless."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterator[Segment]:
        """Every segment of what is drawn."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield segment._replace(text=harmless(segment.text))
