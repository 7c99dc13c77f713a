"""A browser in a few words, for the person who looks at a list of sessions."""

from __future__ import annotations

# The first sign that is found decides: most browsers name others, too.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
)
_LONGEST = 1_000


def in_words(user_agent: str) -> str:
    """Such as "Firefox, Linux"; only words of ours, and none if nothing is recognised."""
    said = user_agent[:_LONGEST]
    found = [
        next((name for sign, name in signs if sign in said), "") for signs in (_BROWSERS, _SYSTEMS)
    ]
    return ", ".join(it for it in found if it)
