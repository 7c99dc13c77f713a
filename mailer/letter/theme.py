"""A theme: templates and style sheets for letters, held as text so that they can be frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pli.errors import PliError
from pli.files import shipped
from pli.language import N_

HTML = "letter.html.j2"
TEXT = "letter.txt.j2"
INLINED = "inlined.css"
KEPT = "kept.css"
FILES = (HTML, TEXT, INLINED, KEPT)


class ThemeError(PliError):
    """No theme has this name, or one of its files is missing."""


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme's files by name."""

    name: str
    files: Mapping[str, str]


def load_theme(name: str, folder: Path | None = None) -> Theme:
    """Read a theme from `templates/letters/NAME`, or from `folder`/NAME; raises ThemeError."""
    home = (folder or shipped("templates") / "letters") / name
    if not home.is_dir() or "/" in name or name.startswith("."):
        raise ThemeError(
            N_('there is no theme "{name}": write one of {known}'),
            name=name,
            known=", ".join(themes(folder)),
        )
    try:
        return Theme(name, {file: (home / file).read_text("utf-8") for file in FILES})
    except FileNotFoundError as error:
        raise ThemeError(
            N_('the theme "{name}" has no {file}: add it'),
            name=name,
            file=Path(str(error.filename)).name,
        ) from None


def themes(folder: Path | None = None) -> list[str]:
    """The names of all themes."""
    home = folder or shipped("templates") / "letters"
    return sorted(path.name for path in home.iterdir() if (path / HTML).is_file())
