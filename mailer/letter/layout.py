"""Puts the theme's layout around the content, and writes the styles into the elements."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from jinja2.exceptions import TemplateError
from markupsafe import Markup

from mailer.letter import dates, theme_fetches, theme_templates, way_out
from mailer.letter.letter import Letter
from mailer.letter.theme import Theme
from mailer.letter.theme_files import HTML, INLINED, KEPT, TEXT
from mailer.letter.theme_toml import ThemeError
from mailer.letter.typography import spaced
from mailer.sender import Identity
from pli.language import N_, Sentence, say, translations

if TYPE_CHECKING:
    from premailer import Premailer

LOGO, LOGO_DARK = "\0logo", "\0logo dark"
"""Names of the theme's pictures among those of a letter; no author can write such a name."""
_LARGEST_SHEET = 32_000
"""Characters of the style sheet that is written into each element; ours have a third of that."""
_MOST_TAGS = 5_000
"""So many elements a frame may have; Python takes a minute to parse 30,000 that are not closed."""
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

    def html(self, content: str, sources: Mapping[str, str], *, web: bool) -> str:
        """The whole HTML page: the mail's, or with `web` the page for everybody.

        `sources` hold the addresses of the pictures in it, those of a logo as LOGO and LOGO_DARK.
        """
        inlined = self._render(INLINED)
        if len(inlined) > _LARGEST_SHEET:
            reason = N_("is larger than {limit} kB: shorten it")
            raise self._fault(INLINED, say(reason, limit=_LARGEST_SHEET // 1000))
        page = self._render(
            HTML,
            # The content is sanitised, and the style sheets are the theme's own.
            content=Markup(content),  # noqa: S704
            inlined=Markup(inlined),  # noqa: S704
            kept=Markup(self._render(KEPT)),  # noqa: S704
            web=web,
            logo_source=sources.get(LOGO, ""),
            logo_dark_source=sources.get(LOGO_DARK, ""),
        )
        # The content is the author's: images of a site may stand in it, and are told.
        frame = page.replace(content, "")
        if frame.count("<") > _MOST_TAGS:
            raise self._fault(HTML, say(N_("comes to too much: include less, and loop less")))
        if loaded := theme_fetches.found(frame):
            raise self._fault(
                HTML,
                say(
                    N_('"{text}" would run or load something: a mail does neither, take it away'),
                    text=loaded,
                ),
            )
        try:
            finished = _inlined(page)
        except Exception as error:  # premailer and cssutils stumble over CSS in many ways
            raise self._fault(INLINED, say(str(error) or type(error).__name__)) from error
        leave = self.placeholders.unsubscribe
        if not web and leave in finished and not way_out.is_shown(finished, leave):
            raise self._fault(INLINED, say(N_("hides the link to leave by: it must be seen")))
        return finished.replace(self.placeholders.padding, _PADDING)

    def text(self, content: str) -> str:
        """The mail's whole plain text."""
        return self._render(TEXT, content=content).rstrip() + "\n"

    def _render(self, file: str, **values: Any) -> str:
        language = self.letter.language

        def tell(text: str, **fields: str) -> str:
            return theme_templates.told(fields, translations(language).gettext(text))

        values |= self.theme.tokens.named()
        values |= {
            "letter": self.letter,
            "identity": self.identity,
            "headed": self.headed,
            "blocks": self.blocks,
            "date": dates.written(self.letter.date, "long", language),
            "telephone": _dialled(self.identity.phone),
            "spaced": spaced if language == "fr" else str,
            "tell": tell,
            "unsubscribe": self.placeholders.unsubscribe,
            "web_version": self.placeholders.web_version,
            "list_title": self.placeholders.list_title,
            "padding": self.placeholders.padding,
        }
        files = self.theme.files
        try:
            return theme_templates.compiled(tuple(files.items()), file).render(values)
        except (TemplateError, TypeError, ValueError, RecursionError) as error:
            name, line = theme_templates.place_of(error, files) or (file, 0)
            raise self._fault(name, say(str(error)), line) from error

    def _fault(self, file: str, reason: Sentence, line: int = 0) -> ThemeError:
        place = self.theme.places.get(file, file)
        return ThemeError(
            N_("{place}: cannot be used: {reason}"),
            place=f"{place}:{line}" if line else place,
            reason=reason,
        )


def _dialled(phone: str) -> str:
    """A telephone number as a tel: address writes it; "" if `phone` is not one number."""
    digits = re.sub(r"[\s.()\-\u00a0\u202f]", "", phone)
    return digits if re.fullmatch(r"\+?[0-9]{3,15}", digits) else ""


@cache
def load_inliner() -> type[Premailer]:
    """Import premailer when it is needed: a fifth of a second that most commands do not pay."""
    # Its first choice keeps what is used most often, and so drops a theme's sheet at once.
    os.environ.setdefault("PREMAILER_CACHE", "LRU")
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
