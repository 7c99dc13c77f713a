"""The plain text says what the HTML says: the same words, each once, in the same order."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailer.letter import mail_html, markdown, plain_text
from mailer.letter.mail_html import MailHtml
from mailer.letter.sanitising import BLOCKS
from tests.examples import examples
from tests.mailer.letter.rendered import THEME

INLINE = ("b", "em", "s", "del", "u", "sub", "sup", "span", "small", "q", "code", "a", "mark")
CONTAINERS = ("div", "blockquote", "figure", "address")
SIGNED = ("s", "del", "q", "sup")
"""Elements for which the plain text has signs, and these part words."""
LEAVES = ("p", "h1", "h2", "h3", "pre", "figcaption")


class Words(HTMLParser):
    """The words of a page as a browser parts them: at spaces, and where a block or line ends."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in BLOCKS or tag in ("br", *SIGNED):
            self.said.append(" ")
        self.said += [f" {value} " for name, value in attrs if tag == "img" and name == "alt"]

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS or tag in ("a", *SIGNED):
            self.said.append(" ")

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def numbered(pieces: list[str]) -> str:
    """An HTML text in which each WORD has its number."""
    count = iter(range(10_000))
    return re.sub("WORD", lambda _: f"w{next(count)}", "".join(pieces))


def element(name: str, *inside: str) -> str:
    target = ' href="https://example.org/"' if name == "a" else ""
    return f"<{name}{target}>{''.join(inside)}</{name}>"


TEXT = st.sampled_from(["WORD ", " WORD", " WORD WORD ", "WORD<br>", " ", ", WORD. "])
PHRASES = st.recursive(
    st.one_of(TEXT, st.just('<img src="https://e.org/a.png" alt="WORD"> ')),
    lambda inner: st.builds(
        lambda name, parts: f" {element(name, *parts)} ",
        st.sampled_from(INLINE),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=4,
)


def blocks(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(inner, min_size=1, max_size=3).map("".join)
    items = st.lists(
        st.one_of(several.map(lambda it: element("li", it)), several), min_size=1, max_size=3
    ).map("".join)
    cells = st.lists(
        st.builds(element, st.sampled_from(["td", "th"]), several),
        min_size=1,
        max_size=2,
    ).map("".join)
    rows = st.lists(cells.map(lambda it: element("tr", it)), min_size=1, max_size=3).map("".join)
    pairs = st.builds(lambda a, b: element("dt", a) + element("dd", b), several, several)
    return st.one_of(
        st.builds(element, st.sampled_from(CONTAINERS), several),
        st.builds(element, st.sampled_from(("ul", "ol")), items),
        st.builds(element, st.sampled_from(("b", "s", "span", "a")), several),
        st.builds(lambda it, title: element("table", title, it), rows, st.one_of(
            st.just(""), several.map(lambda it: element("caption", it))
        )),
        pairs.map(lambda it: element("dl", it)),
    )  # fmt: skip


BODIES = st.lists(
    st.recursive(
        st.one_of(PHRASES, st.builds(element, st.sampled_from(LEAVES), PHRASES)),
        blocks,
        max_leaves=8,
    ),
    min_size=1,
    max_size=4,
).map(numbered)


def words(text: str) -> list[str]:
    return re.findall(r"[a-z]\w*", text.replace("https://example.org/", " "))


@settings(max_examples=examples(400), deadline=None)
@given(BODIES)
@example("<div><b><p>w0</p> w1</b>w2 </div>")
@example("<div>w0<s><p>w1</p> w2</s> w3</div>")
@example("<div>w0 <a href='https://example.org/'><p>w1</p>w2</a> w3</div>")
def test_both_parts_say_the_same_words_in_the_same_order(body: str) -> None:
    parsed = markdown.read(body)
    page = Words()
    page.feed(mail_html.write(parsed.tree, MailHtml({}, {}, parsed.placeholders, THEME.tokens)))
    page.close()
    # Wide enough for every table: one that is written row by row repeats its headings.
    text = plain_text.written(parsed.tree, width=10_000)
    assert words(text) == words("".join(page.said))


@settings(max_examples=examples(100), deadline=None)
@given(BODIES, st.integers(20, 76))
def test_at_every_width_each_word_is_there(body: str, width: int) -> None:
    parsed = markdown.read(body)
    assert set(words(plain_text.written(parsed.tree, width))) >= set(
        words(plain_text.written(parsed.tree, 10_000))
    )
