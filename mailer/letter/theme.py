"""A theme: templates and style sheets for letters, held as text so that they can be frozen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mailer.letter.tokens import Tokens
from pli.errors import PliError
from pli.files import shipped
from pli.language import N_

HTML = "letter.html.j2"
TEXT = "letter.txt.j2"
INLINED = "inlined.css"
KEPT = "kept.css"
FILES = (HTML, TEXT, INLINED, KEPT)
COMMON = "common"
"""The folder of what all themes share; its files are named `common/…`."""


class ThemeError(PliError):
    """No theme has this name, or one of its files is missing."""


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme's files by name, with all that they include, and the tokens that they name."""

    name: str
    files: Mapping[str, str]
    tokens: Tokens


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
        files = {file: (home / file).read_text("utf-8") for file in FILES}
        tokens = json.loads((home / "tokens.json").read_text("utf-8"))
        return Theme(name, _common() | files, Tokens.from_document(tokens))
    except FileNotFoundError as error:
        raise ThemeError(
            N_('the theme "{name}" has no {file}: add it'),
            name=name,
            file=Path(str(error.filename)).name,
        ) from None


def _common() -> dict[str, str]:
    home = shipped("templates") / "letters" / COMMON
    return {f"{COMMON}/{it.name}": it.read_text("utf-8") for it in sorted(home.iterdir())}


def themes(folder: Path | None = None) -> list[str]:
    """The names of all themes."""
    home = folder or shipped("templates") / "letters"
    return sorted(path.name for path in home.iterdir() if (path / HTML).is_file())
