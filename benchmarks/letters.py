"""Makes letters of a given size on the wire, with every header of a real letter.

With the shipped theme, the shortest letter has 11.8 kB. So a smaller letter has a plain theme of
the benchmark's own: the same text in the same order, every hole, no styles.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from mailer.letter.letter import Letter
from mailer.letter.press import press
from mailer.letter.snapshot import Frozen
from mailer.letter.theme import Theme, load_theme
from mailer.letter.theme_files import HTML, INLINED, KEPT, TEXT
from mailer.links import Links
from mailer.message.composer import Composer
from mailer.recipient import ListLine, Recipient
from mailer.sender import Identity
from pli.keys import Keys

SMALL = 20_000
"""A letter of fewer bytes has the plain theme."""
PRECISION = 0.01
SENTENCE = (
    "Le comité a examiné le projet d’avis : l’égalité d’accès aux services publics, la santé au "
    "travail et le budget « annexe » y tiennent une place que nous avons défendue ."
)
PARAGRAPH = 60
PLAIN = """<!DOCTYPE html>
<html lang="{{ letter.language }}" dir="ltr">
<head>
<meta charset="utf-8">
<title>{{ spaced(letter.title) }}</title>
<style>
{{ inlined }}
</style>
<style data-premailer="ignore">
{{ kept }}
</style>
</head>
<body>
{% if not web %}
<div class="preheader">{{ letter.preheader }}</div>
<p><a href="{{ web_version }}">{{ tell("Read this letter on the web") }}</a></p>
{% endif %}
<p>{{ identity.committee }}, {{ date }}, {{ tell("Letter no.") }} {{ letter.number }}</p>
{{ content }}
<p>{{ identity.committee }}, {{ identity.address }}</p>
<p>{{ tell("Telephone:") }} {{ identity.phone }}
{{ tell("E-mail:") }} <a href="mailto:{{ identity.email }}">{{ identity.email }}</a></p>
{% if not web %}
<p>{{ tell("You receive this letter because your address is on the list “{list}”.",
list=list_title) }}
<a href="{{ unsubscribe }}">{{ tell("Unsubscribe") }}</a>
<a href="{{ web_version }}">{{ tell("Web version") }}</a></p>
{% endif %}
</body>
</html>
"""


@dataclass(frozen=True, slots=True)
class SizedLetter:
    """A letter with its theme, and the bytes of one copy on the wire."""

    letter: Letter
    theme: Theme
    bytes: int

    @property
    def frozen(self) -> Frozen:
        """The letter as a campaign keeps it."""
        return Frozen.of(self.letter, self.theme, identity())


def identity() -> Identity:
    """An invented committee; with https, so that a copy has every header of a real letter."""
    return Identity(
        committee="Comité régional",
        address="1 place du Marché, 44000 Ville",
        phone="02 00 00 00 00",
        email="contact@example.org",
        sender="Comité régional <lettre@example.org>",
        reply_to="",
        public_url="https://lettres.example.org",
    )


def of_size(size: int, keys: Keys) -> SizedLetter:
    """A letter whose copy has `size` bytes on the wire, within a hundredth if that is possible."""
    theme = _plain() if size < SMALL else load_theme("lettre")
    words, step = 0, max(1, size // 25)
    sized = _sized(words, theme, keys)
    empty = sized.bytes
    for _ in range(6):
        if abs(sized.bytes - size) <= PRECISION * size or (words == 0 and empty > size):
            break
        words = max(1, words + (size - sized.bytes) // 14 if words else step)
        sized = _sized(words, theme, keys)
        # The next number of words, by what a word has cost so far.
        if sized.bytes > empty:
            cost = (sized.bytes - empty) / words
            words = max(1, round((size - empty) / cost))
            sized = _sized(words, theme, keys)
    return sized


def _plain() -> Theme:
    shipped = load_theme("lettre")
    files = {
        **shipped.files,
        HTML: PLAIN,
        TEXT: shipped.files[TEXT],
        INLINED: ".preheader { display: none }",
        KEPT: ":root { color-scheme: light dark }",
    }
    return Theme("plain", files, shipped.tokens)


def _sized(words: int, theme: Theme, keys: Keys) -> SizedLetter:
    letter = _letter(words)
    pressed = press(letter, theme, identity())
    links = Links(keys, identity().public_url, identity().domain)
    composer = Composer(pressed, letter, identity(), links, keys.current)
    somebody = Recipient(
        1, 1, "p0000001@example.org", "Camille", "", "fr", {}, ListLine(1, "comite", "Comité")
    )
    return SizedLetter(letter, theme, sum(map(len, composer.copy(somebody, datetime.now(UTC)))))


def _letter(words: int) -> Letter:
    body = "# Une séance plénière\n\nBonjour {{ subscriber.first_name or 'camarade' }},\n\n"
    text = SENTENCE.split()
    written = [text[n % len(text)] for n in range(words)]
    paragraphs = [
        f"{n} " + " ".join(written[n : n + PARAGRAPH]) for n in range(0, words, PARAGRAPH)
    ]
    return Letter(
        number=1,
        title="Une séance",
        date=date(2026, 11, 24),
        subject="Lettre n° 1 : une séance plénière",
        preheader="Ce qui a été dit et voté pendant la séance plénière de novembre",
        body=body + "\n\n".join(paragraphs),
    )
