"""No word of a block is missing from the mail's HTML or from its plain text."""

from __future__ import annotations

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailer.letter import mail_html, markdown, plain_text
from mailer.letter.mail_html import MailHtml
from tests.examples import examples
from tests.mailer.letter.rendered import THEME

INLINE = st.sampled_from(
    [
        *("WORD", "WORD *WORD*", "**WORD** WORD", "[WORD](https://example.org/)", "`WORD` WORD"),
        *("WORD <b>WORD</b>", "~~WORD~~ WORD", "WORD : WORD ; « WORD »", "https://e.org/ WORD"),
        *("WORD 😀 WORD", "مرحبا WORD", "WORD<br>WORD", "WORD[^n]", "WORD <WORD> WORD", "1. WORD"),
    ]
)
NUMBER = st.integers(0, 10**7).map(str)


def fence(name: str, argument: str, *lines: str) -> str:
    return "\n".join((f"::: {name} {argument}".rstrip(), *lines, ":::"))


def keys(**values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.fixed_dictionaries(values).map(
        lambda found: "\n".join(f"{key}: {value}" for key, value in found.items())
    )


PARAGRAPHS = st.one_of(
    INLINE,
    INLINE.map("## {}".format),
    st.lists(INLINE, min_size=1, max_size=3).map(lambda it: "\n".join(f"- {one}" for one in it)),
    st.tuples(INLINE, INLINE).map(lambda it: f"| {it[0]} | {it[1]} |\n|---|--:|\n| WORD | WORD |"),
)
TEXTS = st.lists(PARAGRAPHS, min_size=1, max_size=3).map("\n\n".join)
SMALL = st.one_of(
    st.builds(lambda a, t: fence("quote", a, t), INLINE, TEXTS),
    st.builds(
        lambda lines: fence("image", "https://example.org/a.png", lines),
        keys(alt=st.just("WORD WORD"), caption=INLINE, credit=INLINE),
    ),
    st.builds(lambda t: fence("button", f"https://example.org {t}"), st.just("WORD *WORD*")),
    st.builds(
        lambda a, lines: fence("votes", a, lines),
        INLINE,
        keys(**{"for": NUMBER, "against": st.just("1"), "unit": st.just("WORD")}),
    ),
    st.builds(
        lambda a, what, place: fence(
            "agenda", a, f"2026-12-01 18:00 | {place} | {what}", f"2026-12-02 | {what}"
        ),
        INLINE,
        INLINE,
        INLINE,
    ),
    st.builds(lambda lines: fence("signature", "", lines), keys(name=INLINE, function=INLINE)),
)
MIXED = st.lists(st.one_of(SMALL, TEXTS), min_size=1, max_size=2).map("\n\n".join)
COLUMNS = st.tuples(TEXTS, TEXTS).map(
    lambda it: f":::: columns\n::: column\n{it[0]}\n:::\n::: column\n{it[1]}\n:::\n::::"
)
NESTED = st.builds(lambda a, inside: f":::: box {a}\n{inside}\n::::", INLINE, MIXED)
BLOCKS = st.lists(
    st.one_of(
        SMALL,
        NESTED,
        COLUMNS,
        TEXTS,
        TEXTS.map(lambda it: fence("lead", "", it)),
    ),
    min_size=1,
    max_size=3,
).map(lambda it: "\n\n".join(it) + "\n\nWORD[^n]\n\n[^n]: WORD **WORD**")
BODIES = st.builds(
    lambda contents, rest: contents + rest,
    # A letter has contents once.
    st.sampled_from(["", "::: contents WORD\n:::\n\n## WORD\n\n"]),
    BLOCKS,
)


def numbered(body: str) -> str:
    """A body in which each WORD has its number."""
    count = iter(range(10_000))
    return re.sub("WORD", lambda _: f"w{next(count)}", body)


def words(text: str) -> set[str]:
    return set(re.findall(r"\bw\d+\b", text))


def without_comments(page: str) -> str:
    return re.sub(r"<!--.*?-->", "", page, flags=re.S)


@settings(max_examples=examples(150), deadline=None)
@given(BODIES.map(numbered))
@example(numbered("::: votes WORD\nfor: 1\nunit: WORD **WORD**\n:::"))
def test_no_word_of_a_block_is_missing_from_either_part(body: str) -> None:
    parsed = markdown.read(body)
    assert parsed.faults == [], [str(it) for _, it in parsed.faults]
    mail = MailHtml({}, {}, parsed.placeholders, THEME.tokens, parsed.blocks, "fr")
    page = mail_html.write(parsed.tree, mail)
    said = plain_text.written(parsed.tree, blocks=parsed.blocks, language="fr")
    wanted = words(body)
    assert words(without_comments(page)) == wanted
    assert words(said) == wanted
    assert not parsed.placeholders.within(said)
    assert set(parsed.placeholders.within(page)) <= set(mail.raw)
