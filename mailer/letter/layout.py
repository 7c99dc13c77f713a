"""Puts the theme's layout around the content, and writes the styles into the elements."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, cast

from babel.dates import format_date
from jinja2 import DictLoader, StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from mailer.letter import plain_text
from mailer.letter.letter import Letter
from mailer.letter.theme import HTML, INLINED, KEPT, TEXT, Theme
from mailer.letter.typography import spaced
from mailer.sender import Identity
from pli.language import translations

if TYPE_CHECKING:
    from premailer import Premailer

# Fills the inbox's preview line behind the preheader, so that no text of the letter shows there.
_PADDING = "&zwnj;&nbsp;" * 90


@dataclass(frozen=True, slots=True)
class FramePlaceholders:
    """Placeholders that the theme's templates write into the frame.

    The press turns three of them into holes. `padding` is filled in after the styles are inlined,
    for no tool may change it.
    """

    unsubscribe: str
    web_version: str
    list_title: str
    padding: str


@dataclass(frozen=True, slots=True)
class Layout:
    """A theme ready to frame one letter; `headed`: the content has an h1 of its own.

    `blocks` names the kinds of its blocks: a letter carries no style that it does not use.
    """

    letter: Letter
    theme: Theme
    identity: Identity
    placeholders: FramePlaceholders
    headed: bool
    blocks: frozenset[str] = frozenset()

    def html(self, content: str, *, web: bool) -> str:
        """The whole HTML page: the mail's, or with `web` the page for everybody."""
        page = self._render(
            HTML,
            # The content is sanitised, and the style sheets are the theme's own.
            content=Markup(content),  # noqa: S704
            inlined=Markup(self._render(INLINED)),  # noqa: S704
            kept=Markup(self._render(KEPT)),  # noqa: S704
            web=web,
        )
        return _inlined(page).replace(self.placeholders.padding, _PADDING)

    def text(self, content: str) -> str:
        """The mail's whole plain text."""
        return self._render(TEXT, content=content).rstrip() + "\n"

    def _render(self, file: str, **values: Any) -> str:
        language = self.letter.language

        def tell(text: str, **fields: str) -> str:
            return translations(language).gettext(text).format(**fields)

        return _template(tuple(self.theme.files.items()), file).render(
            **values,
            **self.theme.tokens.named(),
            letter=self.letter,
            identity=self.identity,
            headed=self.headed,
            blocks=self.blocks,
            date=format_date(self.letter.date, "long", locale=language),
            telephone=_dialled(self.identity.phone),
            spaced=spaced if language == "fr" else str,
            tell=tell,
            unsubscribe=self.placeholders.unsubscribe,
            web_version=self.placeholders.web_version,
            list_title=self.placeholders.list_title,
            padding=self.placeholders.padding,
        )


@lru_cache(maxsize=16)
def _template(files: tuple[tuple[str, str], ...], file: str) -> Template:
    """One of a theme's templates; cached, for compiling takes longer than rendering."""
    environment = SandboxedEnvironment(
        loader=DictLoader(dict(files)),
        autoescape=file.endswith(".html.j2"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["wrapped"] = lambda text: "\n".join(plain_text.wrapped(text))
    return environment.get_template(file)


def _dialled(phone: str) -> str:
    """A telephone number as a tel: address writes it; "" if `phone` is not one number."""
    digits = re.sub(r"[\s.()\-\u00a0\u202f]", "", phone)
    return digits if re.fullmatch(r"\+?[0-9]{3,15}", digits) else ""


@cache
def load_inliner() -> type[Premailer]:
    """Import premailer when it is needed: a fifth of a second that most commands do not pay."""
    import cssutils
    from premailer import Premailer

    # cssutils reports every property newer than CSS 2.1 on stderr.
    cssutils.log.setLevel(logging.CRITICAL)
    return cast("type[Premailer]", Premailer)


def _inlined(page: str) -> str:
    """Write the styles into the elements, for SFR, La Poste and Gmail's mobile web drop <style>.

    premailer must not see media rules: it strips their !important, and nested rules crash it. So
    the theme marks the style sheet that has them `data-premailer="ignore"`.
    """
    inliner = load_inliner()(
        page,
        strip_important=False,
        disable_validation=True,
        allow_network=False,
        cssutils_logging_level=logging.CRITICAL,
        disable_leftover_css=True,
        disable_basic_attributes=["width", "height", "bgcolor", "align", "valign"],
    )
    return str(inliner.transform(pretty_print=False))
