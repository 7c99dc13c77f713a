"""Reads theme.toml: the few values that give a theme the face of a committee; each fault named."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, ValidationError

from mailer.letter import colour
from pli import misfits
from pli.errors import PliError
from pli.harmless import DIRECTIONS
from pli.language import N_, Sentence, say

FILE = "theme.toml"
LARGEST = 50_000  # bytes
FONTS: Mapping[str, str] = {
    # Word for Windows takes the first font of a stack that it knows, and Times where the first
    # is not there, so each stack begins with a font of Windows.
    "arial": "Arial, Helvetica, 'Liberation Sans', sans-serif",
    "georgia": "Georgia, 'Times New Roman', 'DejaVu Serif', serif",
    "palatino": "'Palatino Linotype', Palatino, 'URW Palladio L', Georgia, serif",
    "system": "'Segoe UI', -apple-system, BlinkMacSystemFont, Roboto, Helvetica, Arial, sans-serif",
    "tahoma": "Tahoma, Verdana, 'DejaVu Sans', sans-serif",
    "times": "'Times New Roman', Times, 'Liberation Serif', serif",
    "trebuchet": "'Trebuchet MS', 'Lucida Grande', 'DejaVu Sans', sans-serif",
    "verdana": "Verdana, Geneva, 'DejaVu Sans', sans-serif",
}
"""By name, fonts that are on every reader's machine: a mail loads none."""


class ThemeError(PliError):
    """No theme has this name, or a theme cannot be used; one sentence a fault."""


def _colour(text: str) -> str:
    if (found := colour.parse(text)) is None:
        raise ValueError(N_("is no colour such as #9c2b3c"))
    return found


def _line(text: str) -> str:
    if any(unicodedata.category(it) in ("Cc", "Cs", "Zl", "Zp") for it in text):
        raise ValueError(N_("must be one line, without characters that nobody sees"))
    if not DIRECTIONS.isdisjoint(text):
        raise ValueError(N_("holds a sign that turns the text around: write it anew"))
    if re.search(r"\{\{|\{%|\{#", text):
        raise ValueError(N_("holds double braces: write plain words"))
    return text.strip()


def _target(text: str) -> str:
    if not re.fullmatch(r"(https://|mailto:|tel:)[!-~]+", text) or re.search("[\"'<>`\\\\]", text):
        raise ValueError(N_("is no address such as https://www.example.org"))
    return text


Colour = Annotated[str, AfterValidator(_colour)]
Line = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_line)]
Short = Annotated[str, Field(max_length=40), AfterValidator(_line)]
Target = Annotated[str, Field(max_length=300), AfterValidator(_target)]
Font = Literal[
    "arial", "georgia", "palatino", "system", "tahoma", "times", "trebuchet", "verdana"
]  # fmt: skip


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ColorTable(_Table):
    """The colours of one scheme that are given."""

    accent: Colour | None = None
    ink: Colour | None = None
    paper: Colour | None = None
    ground: Colour | None = None


class FontTable(_Table):
    """The names of two of FONTS."""

    heading: Font | None = None
    body: Font | None = None


class LogoTable(_Table):
    """Files of a logo, beside theme.toml; `width` in pixels of the page."""

    file: Line
    dark_file: Line | None = None
    alt: Line
    width: Annotated[StrictInt, Field(ge=16, le=400)] = 160


class MastheadTable(_Table):
    """Words at the head of each letter."""

    label: Short | None = None
    place: Short | None = None


class FooterTable(_Table):
    """More lines of the footer, and links as words and address."""

    lines: Annotated[list[Line], Field(max_length=6)] | None = None
    links: Annotated[list[tuple[Line, Target]], Field(max_length=8)] | None = None


class ShapeTable(_Table):
    """Radius of corners and width of the letter, in pixels."""

    radius: Annotated[StrictInt, Field(ge=0, le=24)] | None = None
    column: Annotated[StrictInt, Field(ge=480, le=680)] | None = None


class ThemeTables(_Table):
    """Everything that a theme.toml may hold; `based_on` in a theme of one's own only."""

    based_on: str | None = None
    colors: ColorTable = ColorTable()
    dark: ColorTable = ColorTable()
    fonts: FontTable = FontTable()
    logo: LogoTable | None = None
    masthead: MastheadTable = MastheadTable()
    footer: FooterTable = FooterTable()
    shape: ShapeTable = ShapeTable()


@dataclass(frozen=True, slots=True)
class ThemeFile:
    """A theme.toml that was read: its path, for messages and for the logo beside it."""

    path: Path
    tables: ThemeTables


def read(path: Path) -> ThemeFile:
    """Read a theme.toml; ThemeError lists every fault, as `theme.toml: colors.accent: …`."""
    # A pipe would be waited for, and a device has no end.
    if path.exists() and not path.is_file():
        raise ThemeError(N_("{file}: is no plain file: put a copy there"), file=str(path))
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise ThemeError(N_("{file}: no such file: write it"), file=str(path)) from None
    if len(data) > LARGEST:
        raise ThemeError(
            N_("{file}: is larger than {limit} kB: shorten it"),
            file=str(path),
            limit=LARGEST // 1000,
        )
    return parse(data, path)


def parse(data: bytes, path: Path) -> ThemeFile:
    """Parse the bytes of a theme.toml; see `read`."""
    try:
        tables = ThemeTables.model_validate(tomllib.loads(data.decode("utf-8-sig")))
    except ValidationError as error:
        raise ThemeError.listing(_faults(error, path)) from None
    except UnicodeDecodeError:
        raise ThemeError(
            N_('{file}: is not UTF-8: save it again with the encoding "UTF-8"'), file=str(path)
        ) from None
    except (ValueError, RecursionError) as error:
        raise ThemeError.listing([misfits.no_toml(str(path), ValueError(error))]) from None
    return ThemeFile(path, tables)


def _faults(error: ValidationError, path: Path) -> Iterator[Sentence]:
    for fault in error.errors():
        reason = misfits.told(fault)
        if _is_pair(fault["loc"]):
            reason = say(N_('is no pair such as ["Site", "https://www.example.org"]'))
        name = "".join(f"[{it + 1}]" if isinstance(it, int) else f".{it}" for it in fault["loc"])
        yield say(
            N_("{place}: {reason}"),
            place=f"{path}: {name.lstrip('.')}" if name else str(path),
            reason=reason,
        )


def _is_pair(place: Sequence[int | str]) -> bool:
    """Whether a fault is about a whole link, or about a part that it has not."""
    return tuple(place[:2]) == ("footer", "links") and len(place) == 3
