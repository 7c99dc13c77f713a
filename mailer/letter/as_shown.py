"""A finished page as mail programs change it before they show it, for previews and for proofs.

What each program drops is caniemail's data of November 2026 (docs/standards.md, H24): SFR, La Poste
and Gmail's mobile web drop `<style>`; Orange drops `!important`, `role`, ARIA and rounded corners.
"""

from __future__ import annotations

import re

_STYLES = re.compile(r"<style\b.*?</style>", re.DOTALL)
_DARK = "@media (prefers-color-scheme: dark)"
_SPOKEN = re.compile(r"""\s(?:role|lang|dir|aria-[a-z]+)=(?:"[^"]*"|'[^']*')(?=[^<>]*>)""")
_SOURCE = re.compile(r"""(<img\b[^<>]*?\ssrc=)(?:"[^"]*"|'[^']*')""")
_ROUNDED = re.compile(r"border-radius:\s*[^;\"']+;?")


def without_style(page: str) -> str:
    """As SFR, La Poste and Gmail's mobile web show it: inline styles alone."""
    return _STYLES.sub("", page)


def as_orange(page: str) -> str:
    """As Orange shows it: media rules without !important; no roles, languages, round corners."""
    kept = _ROUNDED.sub("", page.replace("!important", ""))
    return _SPOKEN.sub("", kept)


def without_pictures(page: str) -> str:
    """As a program shows it that loads no picture: the words of each stand in its place."""
    return _SOURCE.sub(r'\1"data:,"', page)


def in_scheme(page: str, *, dark: bool) -> str:
    """Always in one scheme, whatever the reader's machine prefers: for pictures of a page."""
    return page.replace(_DARK, "@media all" if dark else "@media not all")
