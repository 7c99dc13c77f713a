"""The tokens of a theme: colours, fonts and shapes as values that CSS, HTML and VML name.

Templates and style sheets read them as `{{ color.accent }}`, `{{ dark.accent }}`,
`{{ font.body }}` and so on. They are frozen with the campaign, like the theme's files.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

_MARGINS = 64
"""What a wide letter leaves free at both sides of its text, in pixels."""
_NARROW_MARGINS = 40
"""What the narrow form leaves free, which Word and Orange show in a wide window, too."""


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one scheme, light or dark, each as `#rrggbb`.

    `paper` is the ground of the text, `ground` what lies around the paper, `soft` the ground of a
    box, `line` the colour of rules and borders. `on_accent` is text upon the accent; `accent_text`
    is the accent where it is text or a thin line, legible at 4.5:1; `muted` is secondary text.
    """

    accent: str
    on_accent: str
    accent_text: str
    ink: str
    muted: str
    paper: str
    ground: str
    line: str
    soft: str


@dataclass(frozen=True, slots=True)
class Fonts:
    """Stacks of fonts, as CSS writes them."""

    heading: str
    body: str


@dataclass(frozen=True, slots=True)
class Shape:
    """`radius` of corners and width of the `column`, in pixels."""

    radius: int
    column: int

    @property
    def text(self) -> int:
        """The width of the text in a wide window, in pixels."""
        return self.column - _MARGINS

    @property
    def picture(self) -> int:
        """The most pixels that a picture has, in whatever program."""
        return self.column - _NARROW_MARGINS


@dataclass(frozen=True, slots=True)
class Logo:
    """The committee's sign: PNG or JPEG, its width in pixels; `dark` for a dark ground, or b""."""

    name: str
    data: bytes
    dark_name: str
    dark: bytes
    alt: str
    width: int


@dataclass(frozen=True, slots=True)
class Masthead:
    """The words at the head: what a number is called, and where the committee sits."""

    label: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Footer:
    """More lines of the footer, and links as (words, address)."""

    lines: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Tokens:
    """Everything that gives a theme the face of one committee."""

    color: Palette
    dark: Palette
    font: Fonts
    shape: Shape
    logo: Logo | None = None
    masthead: Masthead = Masthead()
    footer: Footer = Footer()

    def named(self) -> dict[str, Any]:
        """The tokens by the names under which templates read them."""
        return {it.name: getattr(self, it.name) for it in fields(self)}

    def document(self) -> dict[str, Any]:
        """The tokens as JSON can hold them; `from_document` reads them back."""
        document = asdict(self)
        if self.logo:
            for name in ("data", "dark"):
                document["logo"][name] = base64.b64encode(getattr(self.logo, name)).decode()
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Tokens:
        """The tokens that `document` wrote."""
        logo = document.get("logo")
        footer = document.get("footer", {})
        return cls(
            color=Palette(**document["color"]),
            dark=Palette(**document["dark"]),
            font=Fonts(**document["font"]),
            shape=Shape(**document["shape"]),
            logo=logo
            and Logo(**logo | {it: base64.b64decode(logo[it]) for it in ("data", "dark")}),
            masthead=Masthead(**document.get("masthead", {})),
            footer=Footer(
                lines=tuple(footer.get("lines", ())),
                links=tuple((words, target) for words, target in footer.get("links", ())),
            ),
        )
