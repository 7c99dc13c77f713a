"""Letters of which a word vanished, appeared, or ran out of the window."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable, Sequence
from email import message_from_string, policy
from email.message import EmailMessage
from pathlib import Path

from tests.browser import how_to_launch
from tests.cases.trial import Case, Trial, Verdict

WIDTHS = (320, 360, 700)
REFUSED_OR = "refused: "


class Tried:
    """One letter, checked, and exported in its three forms unless `check` refuses it."""

    def __init__(self, trial: Trial, name: str) -> None:
        self._trial = trial
        self._file = str(next(trial.inputs.glob(f"{name}*.md")))
        checked = trial.pli("letter", "check", self._file)
        self.told = checked.err + checked.out
        self.refused = checked.code == 1
        self.warned = self.refused or not checked.out.startswith(self._file)
        assert checked.code in (0, 1), checked

    def export(self, form: str, *more: str) -> str:
        """The letter as html, text or eml."""
        said = self._trial.pli("letter", "export", self._file, "--format", form, *more)
        assert said.code == 0, said.err
        return said.out

    def mail(self) -> EmailMessage:
        """The whole mail, parsed by the standard library."""
        parsed = message_from_string(self.export("eml"), policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    def pictures(self) -> list[bytes]:
        """The pictures of the mail, decoded."""
        parts = (it for it in self.mail().walk() if it.get_content_maintype() == "image")
        return [bytes(it.get_payload(decode=True)) for it in parts]

    def first_words(self) -> str:
        """The first words that `check` said."""
        return " ".join(self.told.split())[:160]


def told(name: str, *words: str) -> Case:
    """A letter of which `check` says each of these words."""

    def case(trial: Trial) -> Verdict:
        letter = Tried(trial, name)
        return Verdict(all(it in letter.told for it in words), letter.first_words())

    return case


def refused_or(name: str, holds: Callable[[Tried], bool]) -> Case:
    """A letter that is refused in words, or comes out as it should."""

    def case(trial: Trial) -> Verdict:
        letter = Tried(trial, name)
        if letter.refused:
            return Verdict(bool(letter.told.strip()), REFUSED_OR + letter.first_words())
        right = holds(letter)
        return Verdict(right, letter.first_words() if letter.warned else "as wanted, unremarked")

    return case


def both_parts_hold(name: str, *words: str, never: Sequence[str] = ()) -> Case:
    """Each word stands once in the text part and in the page, in order; the others nowhere."""

    def holds(letter: Tried) -> bool:
        return all(_in_order(letter.export(form), words, never) for form in ("text", "html"))

    return refused_or(name, holds)


def _in_order(text: str, words: Sequence[str], never: Sequence[str]) -> bool:
    body = text.partition("<body")[2] or text
    # Not the preheader nor the title: each word of these letters stands in the body alone.
    places = [body.find(word) for word in words]
    once = all(body.count(word) == 1 for word in words)
    return (
        -1 not in places
        and places == sorted(places)
        and once
        and not any(it in text for it in never)
    )


def never_wider(name: str) -> Case:
    """A letter whose page fits each window, with the page's `<style>` and without."""

    def case(trial: Trial) -> Verdict:
        from playwright.sync_api import sync_playwright

        page_html = Tried(trial, name).export("html")
        bare = re.sub(r"(?s)<style.*?</style>", "", page_html)
        seen: list[str] = []
        right = True
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(**how_to_launch())
            try:
                for said, source in (("", page_html), ("bare ", bare)):
                    for width in WIDTHS:
                        page = browser.new_page(viewport={"width": width, "height": 900})
                        page.set_content(source)
                        wide = page.evaluate("document.documentElement.scrollWidth")
                        right = right and wide <= width
                        seen.append(f"{said}{width}: {wide}")
                        page.close()
            finally:
                browser.close()
        return Verdict(right, ", ".join(seen))

    return case


def greeting(trial: Trial) -> Verdict:
    """The fallback word greets whoever has no name, in the copy and in the preview of nobody."""
    letter = Tried(trial, "02-")
    texts = [letter.export(form, "--without-values") for form in ("text", "html")]
    right = all("Bonjour camarade," in it for it in texts)
    return Verdict(right, "Bonjour camarade," if right else texts[0][:80])


def subject(name: str, wanted: str) -> Case:
    """A letter whose subject arrives whole, or which is refused with a word on quotes."""

    def case(trial: Trial) -> Verdict:
        letter = Tried(trial, name)
        if letter.refused:
            return Verdict("quot" in letter.told, REFUSED_OR + letter.first_words())
        seen = str(letter.mail()["Subject"])
        return Verdict(wanted in seen or letter.warned, f"{seen}; {letter.first_words()}")

    return case


def without_metadata(trial: Trial) -> Verdict:
    letter = Tried(trial, "17-")
    held = [it for it in letter.pictures() if b"Exif" in it or b"GPS" in it]
    return Verdict(not held, "no EXIF in the mail" if not held else "EXIF in the mail")


def upright(trial: Trial) -> Verdict:
    """The picture's pixels are turned: 300 wide, 400 high, and no orientation left to heed."""
    letter = Tried(trial, "18-")
    sizes = [_jpeg_size(it) for it in letter.pictures()]
    right = sizes == [(300, 400)] and b"Exif" not in letter.pictures()[0]
    return Verdict(right or letter.warned, f"{sizes}; {letter.first_words()}")


def _jpeg_size(data: bytes) -> tuple[int, int]:
    stream = io.BytesIO(data[2:])
    while marker := stream.read(4):
        kind, length = struct.unpack(">HH", marker)
        body = stream.read(length - 2)
        if kind in (0xFFC0, 0xFFC1, 0xFFC2):
            high, wide = struct.unpack(">HH", body[1:5])
            return wide, high
    raise ValueError("no frame in the picture")


def link_targets(trial: Trial) -> Verdict:
    letter = Tried(trial, "22-")
    html, text = letter.export("html"), letter.export("text")
    right = (
        'href="https://www.example.org' in html
        and 'href="mailto:contact@example.org"' in html
        and "http://example.org/" in (html + letter.told).lower()
        and all(it in text for it in ("www.example.org", "contact@example.org", "example.org/"))
    )
    return Verdict(right, letter.first_words())


def linked(trial: Trial) -> Verdict:
    html = Tried(trial, "07-").export("html")
    targets = (
        'href="https://www.example.org/page?x=1&amp;y=2"',
        'href="https://www.example.org"',
        'href="mailto:contact@example.org"',
    )
    missing = [it for it in targets if it not in html]
    return Verdict(not missing, "three links" if not missing else f"no {missing}")


def no_minus(letter: Tried) -> bool:
    """No item of the list begins with what reads as a minus before its number."""
    return not re.search(r"(?m)^\s*[-\u2010-\u2015\u2212] (5 %|100)", letter.export("text"))


def no_hidden_words(letter: Tried) -> bool:
    """What is hidden stands in neither part, and what is struck or bold stays so, or is told."""
    html, text = letter.export("html"), letter.export("text")
    gone = not any(it in html + text for it in ("note interne", "caché"))
    kept = re.search(r"<(s|del)\b[^>]*>annulé", html) and re.search(
        r"<(b|strong)\b[^>]*>gras", html
    )
    return gone and bool(kept)


def harmless_subject(letter: Tried) -> bool:
    """`check` speaks of the length, and no direction override is in the mail."""
    return letter.warned and "\u202e" not in str(letter.mail()["Subject"])


def _damaged(trial: Trial) -> Verdict:
    letter = Tried(trial, "19-")
    right = letter.refused and letter.told.count("damaged") >= 2
    return Verdict(right, letter.first_words())


CASES: dict[str, Case] = {
    "01-hash-cuts-subject": subject("01-", "CSE du 3 décembre #2"),
    "02-default-filter-without-name": greeting,
    "03-angle-brackets-vanish": told("03-", "<responsable>", "<date>", "<montant>", "<INTRO>"),
    "04-list-directly-in-list": both_parts_hold(
        "04-", "Salaires", "grille A", "grille B", "Retraites"
    ),
    "05-long-address-stretches-page": never_wider("05-"),
    "06-vote-table-stretches-page": never_wider("06-"),
    "07-bare-addresses-not-linked": linked,
    "08-markdown-left-over": told(
        "08-", ":11", "[le texte](", "[ceci] (", ":15", ":17", "| a | b |", "[ici]("
    ),
    "09-footnotes": both_parts_hold(
        "09-", "INSEE", "Enquête de la section, page 12.", never=("[^1]", "[^2]")
    ),
    "10-plus-becomes-minus": refused_or("10-", no_minus),
    "12-cells-glued-and-doubled": both_parts_hold(
        "12-", "Alice Martin", "Trésorière", "lundi", "mardi", "Texte imbriqué.", "Colonne B",
        never=("MartinTrésorière", "lundimardi"),
    ),
    "13-hidden-html-shown": refused_or("13-", no_hidden_words),
    "14-deep-html-loses-footer": both_parts_hold("14-", "profond", "Après."),
    "15-deep-spans-crash": both_parts_hold("15-", "profond"),
    "17-photo-tells-place": without_metadata,
    "18-photo-turned": upright,
    "19-pictures-cut-short": _damaged,
    "22-link-targets-lost": link_targets,
    "25-front-matter-signs": subject("25-", "@tous : venez"),
    "26-sign-lost-in-front-matter": subject("26-", "! Alerte grève"),
    "29-entities-in-subject": subject("29-", "L'été & nous"),
    "30-lines-run-together": told("30-", "runs on behind", ":12", ":16"),
    "34-arabic-paragraph": refused_or("34-", lambda it: 'dir="rtl"' in it.export("html")),
    "35-subject-nobody-could-read": refused_or("35-", harmless_subject),
    "36-greeting-without-name": told("36-", "or "),
}  # fmt: skip


def folder(inputs: Path) -> Path:
    """Where the inputs of this room lie."""
    return inputs / "letters"
