"""Begins a theme of a person's own: a folder with a theme.toml in which everything is a comment."""

from __future__ import annotations

import tempfile
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from mailer.letter import theme_files, theme_templates, theme_toml
from mailer.letter.theme import ThemePlaces, UnknownTheme, is_name, load_theme, ours
from mailer.letter.theme_toml import FONTS, ThemeError
from pli.language import N_, translations

_TEMPLATE = "new_theme.toml.j2"


def begin(
    name: str, base: str, places: ThemePlaces, *, with_templates: bool, language: str
) -> Path:
    """Write a new theme that is as `base`; the folder is there whole, or not at all.

    `with_templates` copies the files of `base` as well, but for what all themes share. Raises
    ThemeError.
    """
    assert places.folder is not None
    folder = places.folder / name
    if not is_name(name):
        raise ThemeError(
            N_('"{name}" cannot name a theme: write small letters, digits and hyphens'), name=name
        )
    if base not in ours():
        raise UnknownTheme(
            N_('there is no theme "{name}": write one of {known}'),
            name=base,
            known=", ".join(ours()),
        )
    if folder.exists() or folder.is_symlink():
        raise ThemeError(N_("{file}: is there already: name another"), file=str(folder))
    places.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=places.folder, prefix=".new-") as made:
        written = Path(made) / name
        written.mkdir()
        text = _toml(base, places, language)
        (written / theme_toml.FILE).write_text(text, "utf-8")
        if with_templates:
            for file in theme_files.known(theme_files.ours(base)):
                source = theme_files.home() / base / file
                (written / file).write_text(source.read_text("utf-8"), "utf-8")
        written.rename(folder)
    return folder


def _toml(base: str, places: ThemePlaces, language: str) -> str:
    tokens = load_theme(base, ThemePlaces(places.file)).tokens
    names = {stack: name for name, stack in FONTS.items()}
    template = (theme_files.home() / _TEMPLATE).read_text("utf-8")

    def tell(text: str, **fields: str) -> str:
        return theme_templates.told(fields, translations(language).gettext(text))

    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701 (TOML)
    return environment.from_string(template).render(
        tokens.named(),
        base=base,
        fonts=", ".join(FONTS),
        heading=names[tokens.font.heading],
        body=names[tokens.font.body],
        tell=tell,
    )
