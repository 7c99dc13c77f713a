"""Checks a letter before it is sent: an error stops the sending, a warning advises."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import unescape
from xml.etree.ElementTree import Element

from mailer.letter import file_findings, gaps, limits, markdown, picture_findings
from mailer.letter.finding import Finding, Fix, Severity, error, warning
from mailer.letter.letter import Letter
from mailer.letter.limits import USUAL, LetterLimits
from mailer.letter.markdown import ParsedMarkdown
from mailer.letter.press import Pressed
from mailer.letter.sanitising import line_of
from mailer.sender import Identity
from pli.harmless import DIRECTIONS
from pli.language import N_, say

__all__ = ["Finding", "Severity", "check", "errors"]

# Bytes. Gmail cuts a page off at 102 kB (docs/standards.md, H6); ten times that is no letter.
GAP = N_("{{{{ {source} }}}} leaves a gap for people without {name}")
NO_HEADING = N_('begin the text with a line "# …" if it should read otherwise')
SECOND_HEADING = N_('write "##" before it')
DEEP_HEADING = N_('write "{marks}" before it')
AIM = 90_000
CLIPPED = 102_000
LARGEST = 1_000_000
LONGEST = 200
"""Characters of a subject or title."""
PREHEADER = range(40, 131)

_VAGUE = re.compile(
    r"((cliquez|cliquer) )?ici|en savoir plus|lire la suite|lien|(click )?here|read more|link",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});", re.IGNORECASE)
_BRACES = re.compile(r"\{\{|\{%|%7B%7B", re.IGNORECASE)


def check(
    letter: Letter,
    pressed: Pressed,
    identity: Identity,
    sizes: LetterLimits = USUAL,
    parsed: ParsedMarkdown | None = None,
) -> list[Finding]:
    """All findings, errors first. `parsed` is the letter's body, if it was read already."""
    parsed = parsed or markdown.read(letter.body)
    findings = [
        *_footer(identity, letter),
        *_page(letter, pressed),
        *_weight(letter, pressed, sizes),
        *file_findings.check(letter, pressed),
        *_preheader(letter),
        *_readable(letter, parsed),
        *_entities(letter),
        *_gaps(letter, parsed),
        *_headings(letter, parsed),
        *_links(letter, parsed),
        *picture_findings.found(letter, parsed),
        *(
            warning(letter.place(it.line), it.sentence, it.remedy, line=it.line)
            for it in parsed.notes
        ),
    ]
    return sorted(findings, key=lambda finding: finding.severity is Severity.WARNING)


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """Those that stop a sending."""
    return [finding for finding in findings if finding.severity is Severity.ERROR]


def _footer(identity: Identity, letter: Letter) -> Iterator[Finding]:
    """No letter leaves without its obligatory lines (docs/standards.md, Law 10)."""
    for name in ("committee", "address", "phone", "email"):
        if not getattr(identity, name).strip():
            yield error(
                "pli.toml",
                say(N_("the footer has no {name}"), name=name),
                say(N_('write {name} = "…" into pli.toml'), name=name),
            )
    if not identity.from_address and not letter.sender:
        yield error(
            "pli.toml",
            say(N_("there is no address to send from")),
            say(N_('write sender = "Name <name@example.org>" into pli.toml')),
        )


def _page(letter: Letter, pressed: Pressed) -> Iterator[Finding]:
    size = sum(len(piece.encode()) for piece in pressed.html_pieces if isinstance(piece, str))
    sizes = {"size": size // 1000, "limit": CLIPPED // 1000}
    if size > LARGEST:
        yield error(
            letter.source,
            say(N_("the HTML weighs {size} kB"), **sizes),
            say(N_("put most of it on a web page, and link to it")),
        )
    elif size > AIM:
        yield warning(
            letter.source,
            say(N_("the HTML weighs {size} kB, and Gmail cuts it off at {limit} kB"), **sizes),
            say(N_("shorten the letter")),
        )
    static = "".join(
        piece
        for pieces in (pressed.html_pieces, pressed.text_pieces)
        for piece in pieces
        if isinstance(piece, str)
    )
    if _BRACES.search(unescape(static) + letter.subject):
        yield error(
            letter.source,
            say(N_("double braces would arrive as they are")),
            say(N_("correct the expression, or take the braces away")),
        )


def _weight(letter: Letter, pressed: Pressed, sizes: LetterLimits) -> Iterator[Finding]:
    texts = sum(
        len(piece.encode())
        for piece in (*pressed.html_pieces, *pressed.text_pieces)
        if isinstance(piece, str)
    )
    weight = texts + limits.as_sent(sum(len(it.data) for it in pressed.pictures))
    if weight > sizes.weight:
        yield error(
            letter.source,
            say(
                N_("a copy weighs {size} kB, and may weigh {limit} kB"),
                size=weight // 1000,
                limit=sizes.weight // 1000,
            ),
            say(N_("make the pictures smaller, or put some on a web page")),
        )


def _preheader(letter: Letter) -> Iterator[Finding]:
    if len(letter.preheader) not in PREHEADER:
        yield warning(
            letter.source,
            say(N_("the preheader has {n} characters"), n=len(letter.preheader)),
            say(
                N_("write a sentence of {least} to {most}"),
                least=PREHEADER.start,
                most=PREHEADER.stop - 1,
            ),
        )


def _readable(letter: Letter, parsed: ParsedMarkdown) -> Iterator[Finding]:
    """What nobody could read: titles without an end, signs that turn the text around."""
    for note in letter.notes:
        line = note.line - letter.line
        yield warning(
            f"{letter.source}:{note.line}",
            note.sentence,
            note.remedy,
            line=line if line >= 0 else None,
        )
    for name in ("subject", "title"):
        if len(getattr(letter, name)) > LONGEST:
            yield warning(
                letter.source,
                say(
                    N_("{name} has {n} characters, and no mailbox shows so many"),
                    name=name,
                    n=len(getattr(letter, name)),
                ),
                say(N_("write {most} at most"), most=LONGEST),
            )
    turned = [
        n for n, line in enumerate(letter.body.split("\n")) if not DIRECTIONS.isdisjoint(line)
    ]
    if turned or not DIRECTIONS.isdisjoint("".join(parsed.tree.itertext())):
        yield warning(
            letter.place(turned[0]) if turned else letter.source,
            say(N_("a sign turns the text behind it around, as in the name of a false file")),
            say(N_('take it away; write <p dir="rtl"> around what is read from right to left')),
            line=turned[0] if turned else None,
        )


def _entities(letter: Letter) -> Iterator[Finding]:
    for name in ("title", "subject", "preheader"):
        found = _ENTITY.search(getattr(letter, name))
        if found and (sign := unescape(found[0])) != found[0]:
            yield warning(
                letter.source,
                say(N_('{name} shows "{entity}" as it is written'), name=name, entity=found[0]),
                say(N_('write "{sign}"'), sign=sign),
            )


def _gaps(letter: Letter, parsed: ParsedMarkdown) -> Iterator[Finding]:
    """Personal words that are missing for some, such as the name in "Bonjour ,"."""
    for placeholder, source in parsed.expressions.items():
        for name in gaps.unguarded(source):
            yield warning(
                letter.place(parsed.lines[placeholder]),
                say(
                    GAP,
                    source=source,
                    name=name,
                ),
                say(N_('write {{{{ subscriber.{name} or "…" }}}}'), name=name),
                line=parsed.lines[placeholder],
            )


def _headings(letter: Letter, parsed: ParsedMarkdown) -> Iterator[Finding]:
    headings = [it for it in parsed.tree.iter() if re.fullmatch("h[1-6]", it.tag)]
    firsts = [it for it in headings if it.tag == "h1"]
    if not firsts:
        yield warning(
            letter.place(0),
            say(N_("there is no first-level heading, so the title is shown as one")),
            say(NO_HEADING),
            line=0,
        )
    for extra in firsts[1:]:
        yield warning(
            letter.place(line_of(extra)),
            say(N_("there is a second first-level heading")),
            say(SECOND_HEADING),
            line=line_of(extra),
            fix=_heading_fix(letter, extra, 2),
        )
    level = 1
    for heading in headings:
        here = int(heading.tag[1])
        if here > level + 1:
            yield warning(
                letter.place(line_of(heading)),
                say(
                    N_("a heading of level {here} follows one of level {level}"),
                    here=here,
                    level=level,
                ),
                say(DEEP_HEADING, marks="#" * (level + 1)),
                line=line_of(heading),
                fix=_heading_fix(letter, heading, level + 1),
            )
        level = here


def _heading_fix(letter: Letter, heading: Element, level: int) -> Fix | None:
    """The line of a heading with other marks; None if it is written in another way."""
    line = line_of(heading)
    lines = letter.body.split("\n")
    found = _MARKS.fullmatch(lines[line]) if line < len(lines) else None
    return Fix(line, found[0], f"{'#' * level} {found[1]}") if found else None


_MARKS = re.compile(r" {0,3}#{1,6}[ \t]+(.*)")


def _links(letter: Letter, parsed: ParsedMarkdown) -> Iterator[Finding]:
    for link in parsed.tree.iter("a"):
        line = line_of(link)
        place = letter.place(line)
        text = " ".join("".join(link.itertext()).split())
        target = link.get("href", "")
        if target.startswith("http:"):
            yield warning(
                place,
                say(
                    N_('the link "{text}" is not secure, so its address is shown instead'),
                    text=text,
                ),
                say(N_("write https:// if the site has it")),
                line=line,
            )
        elif not target.lower().startswith(("https:", "mailto:", "tel:")):
            yield warning(
                place,
                say(N_('the link "{text}" leads nowhere, so it is plain text'), text=text),
                say(N_("write its whole address, https://…")),
                line=line,
            )
        elif _VAGUE.fullmatch(text.strip(" .…»>→")):
            yield warning(
                place,
                say(N_('the link "{text}" does not say where it leads'), text=text),
                say(N_("name what stands there")),
                line=line,
            )
