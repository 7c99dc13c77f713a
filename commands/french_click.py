"""Translates Click's own words ("Usage:", "Missing option") into the terminal's language.

Click asks gettext, which reads compiled catalogues in a folder; ours are compiled in memory.
"""

from __future__ import annotations

from click import core, decorators, exceptions, formatting, parser, termui, types

from pli.language import N_, translations

MODULES = (core, decorators, exceptions, formatting, parser, termui, types)
KINDS = {
    types.StringParamType: N_("text"),
    types.IntParamType: N_("whole number"),
    types.IntRange: N_("whole number"),
}


def speak(language: str) -> None:
    """Make Click use this language from now on."""
    if language == "en":
        return
    catalogue = translations(language)
    for module in MODULES:
        for name, told in (("_", catalogue.gettext), ("ngettext", catalogue.ngettext)):
            if hasattr(module, name):
                setattr(module, name, told)
    for kind, word in KINDS.items():
        kind.name = catalogue.gettext(word)
