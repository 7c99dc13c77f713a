"""pli theme: lists, shows, begins and checks the themes of letters."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from commands.common import LANGUAGE, Context, _, as_json, console, new_table, show_json, tell
from commands.common import show as show_text
from commands.letters import SAMPLE
from commands.policy import identity_of, themes_of
from mailer.letter import colour, gallery, specimen, theme_new
from mailer.letter.theme import DEFAULT, Theme, ThemePlaces, load_theme, own_themes
from mailer.letter.theme import themes as all_themes
from mailer.letter.theme_toml import FONTS, ThemeError
from mailer.links import Links
from pli import keys as key_ring
from pli.language import N_, Sentence, say

EXIT_FAULTY = 1

name_ = click.argument("name", metavar="NAME")


@click.group(help=_("Themes: how letters look; your own colours, fonts, logo and footer."))
def theme() -> None:
    """The group of the theme commands."""


@theme.command("list", help=_("All themes, ours and your own."))
@as_json
@click.pass_obj
def list_themes(context: Context, as_json: bool) -> None:
    """List the themes; a broken one is told with its faults, and exits 1."""
    places = themes_of(context.settings())
    rows = [_row(name, places) for name in all_themes(places)]
    if as_json:
        show_json(
            [
                {
                    "name": name,
                    "own": own,
                    "faults": [it.tell(LANGUAGE) for it in faults],
                }
                for name, own, faults in rows
            ]
        )
    else:
        table = new_table(_("theme"), _("whose"), _("state"))
        for name, own, faults in rows:
            table.add_row(name, _("yours") if own else _("Pli's"), _("broken") if faults else "")
        console().print(table)
        for sentence in (it for _name, _own, faults in rows for it in faults):
            tell(sentence, stderr=True)
    if any(faults for _name, _own, faults in rows):
        raise click.exceptions.Exit(EXIT_FAULTY)


def _row(name: str, places: ThemePlaces) -> tuple[str, bool, tuple[Sentence, ...]]:
    own = name in own_themes(places)
    try:
        load_theme(name, places)
    except ThemeError as error:
        return name, own, error.sentences
    return name, own, ()


@theme.command(help=_("The colours, fonts and words of a theme, as letters get them."))
@name_
@as_json
@click.pass_obj
def show(context: Context, name: str, as_json: bool) -> None:
    """Show a theme's tokens with the contrasts of its colours."""
    loaded = load_theme(name, themes_of(context.settings()))
    document = _document(loaded)
    if as_json:
        show_json(document)
        return
    table = new_table(_("colour"), _("light"), _("contrast"), _("dark"), _("contrast"))
    tokens = loaded.tokens
    for colour_name, light in asdict(tokens.color).items():
        dark = getattr(tokens.dark, colour_name)
        table.add_row(
            colour_name,
            light,
            _ratio(colour_name, light, tokens.color.paper, tokens.color.accent),
            dark,
            _ratio(colour_name, dark, tokens.dark.paper, tokens.dark.accent),
        )
    console().print(table)
    for heading in ("fonts", "shape", "logo", "masthead", "footer"):
        for key, value in (document[heading] or {}).items():
            if value:
                shown = "; ".join(map(str, value)) if isinstance(value, list) else str(value)
                show_text(f"{heading}.{key}: {shown}")


def _ratio(name: str, value: str, paper: str, accent: str) -> str:
    """The contrast of a text colour with its ground."""
    if name in ("paper", "ground", "line", "soft"):
        return ""
    return f"{colour.contrast(value, accent if name == 'on_accent' else paper):.1f}:1"


def _document(loaded: Theme) -> dict[str, Any]:
    tokens = loaded.tokens
    names = {stack: name for name, stack in FONTS.items()}
    logo = tokens.logo
    return {
        "name": loaded.name,
        "colors": asdict(tokens.color),
        "dark": asdict(tokens.dark),
        "fonts": {"heading": names[tokens.font.heading], "body": names[tokens.font.body]},
        "shape": asdict(tokens.shape),
        "logo": logo
        and {
            "file": logo.name,
            "dark_file": logo.dark_name,
            "alt": logo.alt,
            "width": logo.width,
            "bytes": len(logo.data) + len(logo.dark),
        },
        "masthead": asdict(tokens.masthead),
        "footer": {
            "lines": list(tokens.footer.lines),
            "links": [f"{words} {target}" for words, target in tokens.footer.links],
        },
        "files": sorted(loaded.places.values()),
    }


@theme.command(help=_("Begin a theme of your own, in the folder themes."))
@name_
@click.option("--from", "base", default=DEFAULT, help=_("The theme that it changes."))
@click.option("--with-templates", is_flag=True, help=_("Copy the theme's HTML and CSS, too."))
@click.pass_obj
def new(context: Context, name: str, base: str, with_templates: bool) -> None:
    """Write the folder of a new theme; never over one that is there."""
    folder = theme_new.begin(
        name,
        base,
        themes_of(context.settings()),
        with_templates=with_templates,
        language=LANGUAGE,
    )
    tell(
        say(
            N_('Written: {folder}. Change it, then "pli theme check {name}".'),
            folder=str(folder),
            name=name,
        )
    )


@theme.command(help=_("Tell everything that is wrong with a theme, or with all of them."))
@click.argument("name", metavar="[NAME]", required=False)
@click.pass_obj
def check(context: Context, name: str | None) -> None:
    """Press the specimen in a theme; ThemeError, or one line for each theme that can be used."""
    settings = context.settings()
    places = themes_of(settings)
    sender = specimen.identity(identity_of(settings))
    faults: list[Sentence] = []
    for each in [name] if name else all_themes(places):
        try:
            loaded = load_theme(each, places)
            specimen.pressed(loaded, sender)
        except ThemeError as error:
            faults += (
                error.sentences
                if name
                else [say(N_("{name}: {fault}"), name=each, fault=it) for it in error.sentences]
            )
        else:
            tell(say(N_("{name}: can be used."), name=each))
    if faults:
        raise ThemeError.listing(faults)


@theme.command("gallery", help=_("One page with all themes, as different readers see them."))
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path("themes.html"),
    help=_("The file; themes.html if not named."),
)
@click.option("--only", help=_("One theme instead of all."))
@click.pass_obj
def show_gallery(context: Context, output: Path, only: str | None) -> None:
    """Write the gallery as one file."""
    settings = context.settings()
    places = themes_of(settings)
    sender = specimen.identity(identity_of(settings))
    keys = key_ring.generate()
    page = gallery.page(
        [load_theme(it, places) for it in ([only] if only else all_themes(places))],
        sender,
        reader=SAMPLE,
        links=Links(keys, sender.public_url, sender.domain),
        key=keys.current,
        language=LANGUAGE,
    )
    output.write_text(page, "utf-8")
    tell(say(N_("Written: {file}."), file=str(output)))
