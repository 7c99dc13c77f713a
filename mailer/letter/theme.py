"""A theme: templates, style sheets and tokens for letters, held so that they can be frozen.

Three layers give the tokens: our theme's own theme.toml, then the one beside pli.toml, then the
one of a person's own theme. Each says only what differs from the layer before it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from mailer.letter import (
    colour,
    images,
    limits,
    outline,
    palette,
    theme_files,
    theme_templates,
    theme_toml,
)
from mailer.letter.limits import LetterLimits
from mailer.letter.palette import Chosen, Faint
from mailer.letter.theme_files import COMMON, HTML, MAINS
from mailer.letter.theme_toml import FONTS, LogoTable, ThemeError, ThemeFile
from mailer.letter.tokens import Fonts, Footer, Logo, Masthead, Shape, Tokens
from pli.errors import PliError
from pli.language import N_, Sentence, say

DEFAULT = "lettre"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
_SCHEMES = ("colors", "dark")


class UnknownTheme(ThemeError):
    """No theme has this name."""


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme's files by name, with all that they include, and the tokens that they name.

    `places` tells where a file of a person's own lies; it is for messages only.
    """

    name: str
    files: Mapping[str, str]
    tokens: Tokens
    places: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, slots=True)
class ThemePlaces:
    """Where an installation keeps its theme.toml, and the folder of its own themes."""

    file: Path | None = None
    folder: Path | None = None


SHIPPED = ThemePlaces()
"""Our themes alone, as they are."""


def load_theme(name: str, places: ThemePlaces = SHIPPED) -> Theme:
    """Read a theme, one's own before ours; ThemeError lists every fault, with file and line."""
    own = _own_folder(name, places)
    if own is None and name not in ours():
        raise UnknownTheme(
            N_('there is no theme "{name}": write one of {known}'),
            name=name,
            known=", ".join(themes(places)),
        )
    layers: list[ThemeFile] = []
    files: dict[str, str] = {}
    lies: dict[str, str] = {}
    base = name
    if places.file is not None and places.file.exists():
        layers.append(_without_base(theme_toml.read(places.file)))
    if own is not None:
        layers.append(theme_toml.read(own / theme_toml.FILE))
        base = _base(layers[-1], name)
        files, lies = theme_files.own(own)
    files = theme_files.ours(base) | files
    if lies:
        _refuse_faults(files, lies)
    layers.insert(0, _our_values(base))
    return Theme(name, files, _tokens(layers), lies)


def shape_of(name: str, places: ThemePlaces = SHIPPED) -> Shape:
    """The shape of a theme; that of our first one for a theme that cannot be loaded."""
    try:
        return load_theme(name, places).tokens.shape
    except ThemeError:
        return load_theme(DEFAULT).tokens.shape


def themes(places: ThemePlaces = SHIPPED) -> list[str]:
    """The names of all themes, ours first."""
    return [*ours(), *(it for it in own_themes(places) if it not in ours())]


@cache
def ours() -> tuple[str, ...]:
    """The names of our themes."""
    home = theme_files.home()
    return tuple(
        sorted(it.name for it in home.iterdir() if it.name != COMMON and (it / HTML).is_file())
    )


def own_themes(places: ThemePlaces) -> list[str]:
    """The names of a person's own themes: folders with a theme.toml, broken or not."""
    if places.folder is None or not places.folder.is_dir():
        return []
    return sorted(
        it.name
        for it in places.folder.iterdir()
        if _NAME.fullmatch(it.name) and (it / theme_toml.FILE).is_file()
    )


def is_name(name: str) -> bool:
    """Whether a theme may have this name."""
    return _NAME.fullmatch(name) is not None and name != COMMON


def _own_folder(name: str, places: ThemePlaces) -> Path | None:
    if places.folder is None or not is_name(name):
        return None
    folder = places.folder / name
    if not (folder.is_dir() or folder.is_symlink()):
        return None
    if not folder.resolve().is_relative_to(places.folder.resolve()):
        raise ThemeError(
            N_("{file}: leads out of the folder of themes: copy the theme there"), file=str(folder)
        )
    return folder


def _base(file: ThemeFile, name: str) -> str:
    """Which of our themes a person's own theme changes."""
    base = file.tables.based_on or (name if name in ours() else DEFAULT)
    if base not in ours():
        raise ThemeError(
            N_('{place}: there is no theme "{name}": write one of {known}'),
            place=f"{file.path}: based_on",
            name=base,
            known=", ".join(ours()),
        )
    return base


def _without_base(file: ThemeFile) -> ThemeFile:
    if file.tables.based_on is not None:
        raise ThemeError(
            N_("{place}: belongs into the theme.toml of a theme of your own"),
            place=f"{file.path}: based_on",
        )
    return file


@cache
def _our_values(name: str) -> ThemeFile:
    return theme_toml.read(theme_files.home() / name / theme_toml.FILE)


def _refuse_faults(files: Mapping[str, str], lies: Mapping[str, str]) -> None:
    found = [*theme_templates.faults(files, MAINS)]
    if found:
        raise ThemeError.listing(
            say(N_("{file}:{line}: {fault}"), file=lies.get(file, file), line=line, fault=fault)
            for file, line, fault in found
        )


def _tokens(layers: Sequence[ThemeFile]) -> Tokens:
    light, dark, faults = _colours(layers)
    if faults:
        raise ThemeError.listing(faults)
    masthead, footer, logo = Masthead(), Footer(), None
    given: dict[str, dict[str, int | str]] = {"fonts": {}, "shape": {}}
    for layer in layers:
        tables = layer.tables
        for table in given:
            given[table] |= getattr(tables, table).model_dump(exclude_none=True)
        masthead = replace(masthead, **tables.masthead.model_dump(exclude_none=True))
        if tables.footer.lines is not None:
            footer = replace(footer, lines=tuple(tables.footer.lines))
        if tables.footer.links is not None:
            footer = replace(footer, links=tuple(tables.footer.links))
        if tables.logo is not None:
            logo = _logo(tables.logo, layer.path, light.paper)
    return Tokens(
        color=palette.palette(light),
        dark=palette.palette(dark),
        font=Fonts(**{name: FONTS[str(it)] for name, it in given["fonts"].items()}),
        shape=Shape(**{name: int(it) for name, it in given["shape"].items()}),
        logo=logo,
        masthead=masthead,
        footer=footer,
    )


def _colours(layers: Sequence[ThemeFile]) -> tuple[Chosen, Chosen, list[Sentence]]:
    """The colours of both schemes, and those that are not legible on their ground.

    A dark colour that a layer gives is dropped by a later one that gives its light twin.
    """
    given: dict[str, dict[str, str]] = {name: {} for name in _SCHEMES}
    givers: dict[tuple[str, str], int] = {}
    for at, layer in enumerate(layers):
        for scheme in _SCHEMES:
            for name, value in getattr(layer.tables, scheme).model_dump(exclude_none=True).items():
                given[scheme][name] = value
                givers[scheme, name] = at
                if scheme == "colors":
                    given["dark"].pop(name, None)
    light = Chosen(**given["colors"])
    dark = replace(palette.dark_twins(light), **given["dark"])
    faults = []
    for scheme, chosen in (("colors", light), ("dark", dark)):
        for name, faint in palette.faults(chosen).items():
            # The colour may be an older layer's, and its ground a later one's.
            told = [
                at
                for (where, what), at in givers.items()
                if what in (name, "paper", "ground") and where in ("colors", scheme)
            ]
            faults.append(_illegible(f"{layers[max(told)].path}: {scheme}.{name}", chosen, faint))
    return light, dark, faults


def _illegible(place: str, chosen: Chosen, faint: Faint) -> Sentence:
    if faint.nearest is None:
        return say(
            N_(
                "{place}: no colour is legible on both {paper} and {ground}: bring paper and "
                "ground closer to each other"
            ),
            place=place,
            paper=chosen.paper,
            ground=chosen.ground,
        )
    return say(
        N_(
            "{place}: {colour} has a contrast of {ratio} with {ground}, and text needs "
            "{least}: write {nearest}"
        ),
        place=place,
        colour=faint.colour,
        ratio=f"{faint.ratio:.1f}:1",
        ground=faint.ground,
        least=f"{colour.TEXT}:1",
        nearest=faint.nearest,
    )


def _logo(table: LogoTable, path: Path, paper: str) -> Logo:
    """The files of a logo; one with holes gets an outline, for it may lie on black."""
    load = images.from_folder(path.parent)
    found: dict[str, bytes] = {}
    for name in ("file", "dark_file"):
        file = getattr(table, name)
        if file is None:
            continue
        try:
            data = load(file)
            seen = images.look(file, data)
            if seen.kind == "gif":
                raise ThemeError(N_('the image "{name}" is a GIF: save it as PNG'), name=file)
            if fault := limits.too_wide(file, seen.width * seen.height, _LOGO):
                raise ThemeError.listing([fault])
            fitted = images.fitted(file, data, table.width).data
            found[name] = outline.outlined(fitted, paper, table.width)
        except outline.Undrawable:
            raise ThemeError(
                N_('{place}: the image "{name}" is damaged: save it again'),
                place=f"{path}: logo.{name}",
                name=file,
            ) from None
        except PliError as error:
            place = f"{path}: logo.{name}"
            raise ThemeError.listing(
                say(N_("{place}: {reason}"), place=place, reason=it) for it in error.sentences
            ) from None
    return Logo(
        name=table.file,
        data=found["file"],
        dark_name=table.dark_file or "",
        dark=found.get("dark_file", b""),
        alt=table.alt,
        width=table.width,
    )


_LOGO = LetterLimits(pixels=10_000_000)
