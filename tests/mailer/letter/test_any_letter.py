"""Any text of an author is either pressed, or refused with a line that says why."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.letter.letter import Letter, LetterError, parse_letter
from mailer.letter.press import press
from mailer.message.composer import Composer
from tests.clock import NOW
from tests.examples import examples
from tests.factories import FRONT, IDENTITY, PIXEL
from tests.mailer.letter.rendered import KEY, LINKS, MARIE, THEME, mail

SCRAPS = st.sampled_from(
    [
        *(
            "# t",
            "## t",
            "> ",
            "- ",
            "1. ",
            "```",
            "`",
            "**",
            "*",
            "_",
            "~~",
            "---",
            "\n",
            "\n\n",
            " ",
        ),
        *("[a](https://e.org/é?b=c&d)", "[a](#)", "![a](b.png)", "<b>", "</b>", "<div>", "</div>"),
        *("<table><tr><td>", "</table>", "<p", "<!--", "-->", "<![CDATA[", "&amp;", "&#0;", "&"),
        *(
            "| a | b |\n|---|--:|\n| 1 | 2 |\n",
            "[b](https://e.org){.button}",
            "{.lead}\n",
            "{",
            "}",
        ),
        *(
            "{{ subscriber.first_name }}",
            "{{ list.title }}",
            "{{",
            "}}",
            "{%",
            "é",
            "œ",
            "«",
            " »",
            " !",
        ),
        *(
            "\n::: box Titre\n",
            "\n:::: colonnes\n",
            "\n::: colonne\n",
            "\n:::\n",
            "\n::::\n",
            "\n::: votes x\npour: 3\n:::\n",
            "\n::: agenda\n2026-12-01 18:00 | a | b\n:::\n",
            "\n::: image a.png\nalt: b\n:::\n",
            "\n::: signature\nnom: N\n:::\n",
            "\n::: sommaire\n:::\n",
            "\n::: quote Q\n",
            ":::",
            "[^1]",
            "\n\n[^1]: n\n",
        ),
        *("\t", "\0", "\v", "\u2028", "\u200d", "😀", "𝒳", ".", "From ", "xPli0x", "\\", '"', "'"),
    ]
)
BODIES = st.lists(st.one_of(SCRAPS, st.text(max_size=8)), max_size=25).map("".join)


@settings(max_examples=examples(120), deadline=None)
@given(BODIES)
def test_any_text_is_pressed_or_refused(body: str) -> None:
    try:
        letter = parse_letter(FRONT + "Bonjour\n\n" + body, load_image=lambda _: PIXEL)
    except LetterError as refused:
        lines = refused.lines("en")
    else:
        lines = []
        keeps_its_measure(letter)
    assert all(re.match(r"lettre\.md:\d+: ", line) for line in lines)


def keeps_its_measure(letter: Letter) -> None:
    pressed = press(letter, THEME, IDENTITY)
    octets = b"".join(Composer(pressed, letter, IDENTITY, LINKS, KEY).copy(MARIE, NOW))
    for line in octets.split(b"\r\n"):
        assert len(line) <= 78
        assert not line.startswith(b".")
        assert b"\n" not in line
        assert b"\r" not in line
    assert not mail(octets).defects
    content = pressed.html(MARIE, LINKS, KEY).partition("<body")[2]
    for target in re.findall(r'\s(?:href|src)="([^"]*)"', content):
        assert target.startswith(("https:", "mailto:", "tel:", "cid:"))
    assert not re.search(r"x[a-z0-9]{10}z\d+x", content)
