"""Pages for people: Jinja over the shipped templates, in one language, with the house's one style.

A page is whole in itself: its style stands in it, and nothing is loaded from anywhere.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from functools import cache
from typing import Any

from babel.dates import format_date, format_time
from babel.numbers import format_decimal, format_percent
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pli.files import shipped
from pli.language import Sentence, translations


def render(template: str, language: str, **values: Any) -> str:
    """A page from `templates/`; sentences, numbers and moments are told in its language."""
    return _environment(language).get_template(template).render(values)


@cache
def style() -> str:
    """The one style sheet of all pages."""
    return (shipped("templates") / "house.css").read_text("utf-8")


@cache
def style_source() -> str:
    """What a Content-Security-Policy calls that style sheet: the hash of its text."""
    digest = hashlib.sha256(style().encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@cache
def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(shipped("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    # The extension brings this method with it, which no type can tell.
    environment.install_gettext_translations(  # type: ignore[attr-defined]
        translations(language), newstyle=True
    )
    environment.globals["language"] = language
    environment.globals["style"] = Markup(style())  # noqa: S704 (a file of ours)
    environment.filters["tell"] = lambda sentence: _tell(sentence, language)
    environment.filters["number"] = lambda n: format_decimal(n, locale=language)
    environment.filters["percent"] = lambda share: format_percent(
        share, "#,##0.0 %", locale=language
    )
    environment.filters["day"] = lambda at: format_date(at.astimezone(), "long", locale=language)
    environment.filters["hour"] = lambda at: format_time(
        at.astimezone(), "HH:mm:ss", locale=language
    )
    environment.filters["iso"] = datetime.isoformat
    return environment


def _tell(sentence: Sentence | None, language: str) -> str:
    return sentence.tell(language) if sentence else ""
