"""The theme's layout put round a content, its styles written into the elements."""

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

# Keeps what follows the preheader out of the inbox's preview line.
_PADDING = "&zwnj;&nbsp;" * 90


@dataclass(frozen=True, slots=True)
class FramePlaceholders:
    """Placeholders that stand for what the frame cannot know yet, or no tool may touch."""

    unsubscribe: str
    web_version: str
    list_title: str
    padding: str


@dataclass(frozen=True, slots=True)
class Layout:
    """A theme ready to frame one letter; `headed` says that the content has its own h1."""

    letter: Letter
    theme: Theme
    identity: Identity
    placeholders: FramePlaceholders
    headed: bool

    def html(self, content: str, *, web: bool) -> str:
        """A whole page: the mail's, or with `web` the one for nobody in particular."""
        page = self._render(
            HTML,
            # The content is sanitised, and the style sheets are the theme's own.
            content=Markup(content),  # noqa: S704
            inlined=Markup(self.theme.files[INLINED]),  # noqa: S704
            kept=Markup(self.theme.files[KEPT]),  # noqa: S704
            web=web,
        )
        return _inlined(page).replace(self.placeholders.padding, _PADDING)

    def text(self, content: str) -> str:
        """The whole plain text."""
        return self._render(TEXT, content=content).rstrip() + "\n"

    def _render(self, file: str, **values: Any) -> str:
        language = self.letter.language

        def tell(text: str, **holes: str) -> str:
            return translations(language).gettext(text).format(**holes)

        return _template(tuple(self.theme.files.items()), file).render(
            **values,
            letter=self.letter,
            identity=self.identity,
            headed=self.headed,
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
    """One of a theme's files: compiling it takes longer than to fill it in."""
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
    """A telephone number as a tel: address has it; "" if it is not one number."""
    digits = re.sub(r"[\s.()\-\u00a0\u202f]", "", phone)
    return digits if re.fullmatch(r"\+?[0-9]{3,15}", digits) else ""


@cache
def load_inliner() -> type[Premailer]:
    """What writes styles into elements: a fifth of a second, and most commands need none."""
    import cssutils
    from premailer import Premailer

    # It tells of every property newer than CSS 2.1, on stderr.
    cssutils.log.setLevel(logging.CRITICAL)
    return cast("type[Premailer]", Premailer)


def _inlined(page: str) -> str:
    """Styles written into the elements: SFR, La Poste and Gmail's mobile web drop <style>.

    premailer must not see media rules (it strips their !important, and nested ones crash it):
    the theme marks that sheet `data-premailer="ignore"`.
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
