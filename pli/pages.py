"""Renders pages for people from the shipped Jinja templates, in one language, with one style.

A page is complete in one file: it holds its style, and loads nothing from anywhere.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from functools import cache
from typing import Any

from babel.dates import format_date, format_time
from babel.numbers import format_decimal, format_percent
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context as JinjaContext
from markupsafe import Markup

from pli.files import shipped
from pli.hours import span
from pli.language import Sentence, translations


def render(template: str, language: str, **values: Any) -> str:
    """Render a page of `templates/`; its filters write sentences, numbers and moments.

    `zone` among the values: by whose clocks moments are written; without it, by this machine's.
    """
    return _environment(language).get_template(template).render(values)


@cache
def style() -> str:
    """The style sheet of all pages."""
    return (shipped("templates") / "pages.css").read_text("utf-8")


@cache
def style_source() -> str:
    """The style sheet's hash, as a Content-Security-Policy names it."""
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
    # The i18n extension adds this method, and no type says so.
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

    @pass_context
    def day(context: JinjaContext, at: datetime) -> str:
        return format_date(at.astimezone(context.get("zone")), "long", locale=language)

    @pass_context
    def hour(context: JinjaContext, at: datetime) -> str:
        return format_time(at.astimezone(context.get("zone")), "HH:mm:ss", locale=language)

    environment.filters["day"], environment.filters["hour"] = day, hour
    environment.filters["date"] = lambda it: format_date(it, "long", locale=language)
    environment.filters["span"] = span
    environment.filters["iso"] = datetime.isoformat
    return environment


def _tell(sentence: Sentence | None, language: str) -> str:
    return sentence.tell(language) if sentence else ""
