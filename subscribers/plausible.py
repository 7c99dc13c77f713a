"""Scores how French or English a text reads: of several readings of the same bytes, one is right.

Only letters and signs beyond ASCII tell readings apart. Each is judged by its neighbours: `è`
before `v` is French, `»` in the middle of a word is not, `€` behind a number is.
"""

from __future__ import annotations

import re
import unicodedata

_FRENCH = frozenset("éèêëàâçîïôûùüÿœ")
_OF_NAMES = frozenset("áíóúñöäåøßãõìòæšžÿ")
"""Letters of names from elsewhere in Europe: they do occur, seldom."""

_NEVER_LAST = frozenset("âêîôœç")

_PAIRS = frozenset(
    pair
    for letter, before, after in (
        # Before and behind each letter, "$" is the end of the word, "^" its beginning.
        ("é", "^rtdcnlmsvpbiuhghfjkyzaoœ", "$neslrtcdmpvgbuafioqjzyhkx"),
        ("è", "irlvehtcsdmpngnjzbf", "$vrnlsgcdmtzqpbu"),
        ("ê", "^rtvpebfmlchgn", "tvmcqlngs"),
        ("ë", "oauië", "$lrt"),
        ("à", "^ljçvde", "$ "),
        ("â", "^thpbglcrmfn", "tcnmlgsbrp"),
        ("ç", "^nacroeuié", "aouâàyé"),
        ("î", "^oaurcgtd", "tnlmrc"),
        ("ï", "aouéy", "scdlvnmtaeo$k"),
        ("ô", "^rhclptbmidn", "tnlmpdrbvc"),
        ("û", "rtdocmbfgpas", "trmlcn$"),
        ("ù", "o", "$"),
        ("ü", "mhgflkrs", "lrnhtbcs"),
        ("œ", "^cshvbmn", "ugcdnt"),
        ("ÿ", "a", "$s"),
    )
    for pair in (*(it + letter for it in before), *(letter + it for it in after))
)
_OPENING, _CLOSING = frozenset("«“‘"), frozenset("»”")
_HARMLESS = frozenset("\u00a0\u202f§©®™²³·…–—½¼¾×µ•")
_LETTER, _DIGIT = re.compile(r"[^\W\d_]"), re.compile(r"\d")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")


def score(text: str) -> float:
    """How French or English the letters and signs beyond ASCII read; more is better, 0 for none."""
    return sum(_judge(text, found.start()) for found in _BEYOND_ASCII.finditer(text))


def _judge(text: str, at: int) -> float:
    sign = text[at]
    before = text[at - 1] if at else "\n"
    after = text[at + 1] if at + 1 < len(text) else "\n"
    if unicodedata.category(sign)[0] in "LM" and sign not in "ªº":
        return _of_letter(sign, before, after)
    return _of_sign(sign, before, after)


def _of_letter(sign: str, before: str, after: str) -> float:
    small = sign.lower()
    begins, ends = not _LETTER.match(before), not _LETTER.match(after)
    value = 1.0 if small in _FRENCH else -0.5 if small in _OF_NAMES else -3.0
    pairs = ("^" if begins else before.lower()) + small, small + ("$" if ends else after.lower())
    value += 0.5 * sum(pair in _PAIRS for pair in pairs)
    if begins and ends and not (small in "àô" and after in " \u00a0"):
        value -= 2.0  # a word of one letter
    elif ends and small in _NEVER_LAST:
        value -= 2.0
    if sign.isupper() and before.islower():
        value -= 3.0  # PrÈnom
    elif sign.isupper() and begins and after.islower():
        value += 0.25  # Élan, rather than êlan
    if sign.islower() and after.isupper() and before.islower():
        value -= 2.0  # Val díOise
    elif sign.islower() and after.isupper():
        value -= 0.5  # LEFèVRE, which happens
    if before.isdigit() or after.isdigit():
        value -= 2.0
    return value


def _of_sign(sign: str, before: str, after: str) -> float:
    after_letter, before_letter = bool(_LETTER.match(before)), bool(_LETTER.match(after))
    within = after_letter and before_letter
    match sign:
        case "’":
            return 2.0 if after_letter else -0.5
        case "€":
            return 2.0 if before in " \u00a0\u202f" or _DIGIT.match(before) else -1.0
        case "°":
            return 1.5 if before in "nN" or after == "C" or _DIGIT.match(before) else -1.0
        case "·":
            return 1.0 if within else 0.0
        case "–":
            return 1.0 if not after_letter and not before_letter else 0.0
    if sign in _OPENING:
        return 1.5 if not after_letter else -3.0
    if sign in _CLOSING:
        return 1.5 if not before_letter else -3.0
    if sign in _HARMLESS:
        return -1.0 if within else 0.0
    return -4.0 if unicodedata.category(sign)[0] == "C" or sign == "\ufffd" else -3.0
