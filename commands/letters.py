"""pli letter: begins, checks, shows and exports a letter's file."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import click
from jinja2 import Environment

from commands import importing_letters, manuscripts
from commands.common import LANGUAGE, Context, _, as_json, now, running, show_json, tell
from commands.common import show as show_text
from commands.policy import identity_of, letter_of, sizes_of, themes_of
from mailer.letter import attachment_list, preflight
from mailer.letter.letter import (
    Letter,
    LetterError,
    attributes_asked,
    check_expressions,
)
from mailer.letter.preflight import Finding
from mailer.letter.press import Pressed, press
from mailer.letter.sendable import theme_of
from mailer.links import Links
from mailer.message.composer import Composer, plain
from mailer.recipient import ListLine, Recipient
from mailer.sender import Identity
from pli import keys as key_ring
from pli.errors import PliError
from pli.files import shipped
from pli.language import LANGUAGES, N_, Sentence, say
from subscribers import attributes

PREVIEW = "preview.html.j2"
EXIT_FAULTY = 1

SAMPLE = Recipient(
    delivery_id=0,
    subscriber_id=0,
    email="camille.martin@example.org",
    first_name="Camille",
    last_name="Martin",
    language="fr",
    attributes={},
    list=ListLine(0, "exemple", "Exemple"),
)
"""The invented person whose copy previews and exports show, so that they use no real name."""
NOBODY = SAMPLE._replace(first_name="", last_name="")
"""A person of whom nothing but the address is known."""

file = click.argument("path", metavar="FILE", type=click.Path(path_type=Path))


@click.group(help=_("Letters: begin one, check it, look at it, take it out as a file."))
def letter() -> None:
    """The group of the letter commands."""


letter.add_command(importing_letters.import_)
letter.add_command(manuscripts.drafts)
letter.add_command(manuscripts.pull)
letter.add_command(manuscripts.push)


@letter.command(help=_("Write a first letter to change; FILE is lettre-NUMBER.md if not named."))
@click.argument("path", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@click.option("--number", type=click.IntRange(min=1), help=_("Its number; else the next free one."))
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    help=_("Its language; else that of the settings."),
)
@click.pass_obj
def new(context: Context, path: Path | None, number: int | None, language: str | None) -> None:
    """Write the file of a new letter; never over a file that is there."""
    language = language or context.settings().language
    number = number or _next_number(path.parent if path else Path())
    path = path or Path(f"lettre-{number}.md")
    text = (shipped("templates") / "letters" / f"new.{language}.md").read_text("utf-8")
    text = text.replace("NUMBER", str(number)).replace("DATE", f"{now().astimezone():%Y-%m-%d}")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise LetterError(
            N_("{file}: is there already: name another file"), file=str(path)
        ) from None
    tell(say(N_('Written: {file}. Change it, then "pli letter check {file}".'), file=str(path)))


def _next_number(folder: Path) -> int:
    found = (re.fullmatch(r"lettre-(\d{1,9})\.md", path.name) for path in folder.glob("*.md"))
    return max((int(name[1]) for name in found if name), default=0) + 1


@letter.command(help=_("Show a letter's front matter, pictures and length."))
@file
@as_json
@click.pass_obj
def show(context: Context, path: Path, as_json: bool) -> None:
    """Show a letter's front matter, images and length."""
    read = _read(context, path)
    document = {
        "number": read.number,
        "title": read.title,
        "date": read.date.isoformat(),
        "subject": read.subject,
        "preheader": read.preheader,
        "language": read.language,
        "theme": read.theme,
        "from": read.sender,
        "reply-to": read.reply_to,
        "images": sorted(read.images),
        "attachments": [it.name for it in read.attachments],
        "words": len(read.body.split()),
    }
    if as_json:
        show_json(document)
        return
    for name, value in document.items():
        if value:
            show_text(f"{name + ':':<13}{', '.join(value) if isinstance(value, list) else value}")


@letter.command(help=_("Tell everything that is wrong with a letter, and what could be better."))
@file
@as_json
@running
async def check(context: Context, path: Path, as_json: bool) -> None:
    """Show faults and findings; exit 1 if the letter cannot be sent."""
    read = _read(context, path)
    faults = check_expressions(read, await _attributes(context, read))
    findings = preflight.check(read, *_pressed(read, context), sizes_of(context.settings()))
    errors = preflight.errors(findings)
    if as_json:
        show_json({"faults": [it.tell(LANGUAGE) for it in faults], "findings": _told(findings)})
    else:
        for sentence in (*faults, *(finding.told for finding in findings)):
            tell(sentence)
        if not faults and not errors:
            tell(say(N_("{file}: can be sent."), file=str(path)))
    if faults or errors:
        raise click.exceptions.Exit(EXIT_FAULTY)


def _told(findings: list[Finding]) -> list[dict[str, str]]:
    return [
        {
            "severity": finding.severity.value,
            "place": finding.place,
            "sentence": finding.sentence.tell(LANGUAGE),
            "remedy": finding.remedy.tell(LANGUAGE),
        }
        for finding in findings
    ]


async def _attributes(context: Context, read: Letter) -> set[str]:
    """The declared attributes; if there is no database yet, those that the letter names."""
    try:
        async with context.open() as installation, installation.database.begin() as session:
            return set(await attributes.declared(session))
    except PliError as error:
        if asked := attributes_asked(read):
            tell(_unchecked(asked, error), stderr=True)
        return asked


def _unchecked(asked: set[str], error: PliError) -> Sentence:
    return say(
        N_("Not checked against the database: {names} ({reason})"),
        names=", ".join(sorted(asked)),
        reason=error.sentences[0],
    )


@letter.command(help=_("Look at a letter in the browser."))
@file
@click.pass_obj
def preview(context: Context, path: Path) -> None:
    """Open the preview of a letter in the browser, as a page in a temporary folder."""
    page = _previewed(context, path)
    target = Path(tempfile.mkdtemp(prefix="pli-")) / f"{path.stem}.html"
    target.write_bytes(page)
    show_text(str(target))
    click.launch(str(target))


@letter.command(help=_("Write a letter as a web page, a mail or a text."))
@file
@click.option("--format", "form", type=click.Choice(["html", "eml", "text"]), default="html")
@click.option(
    "--without-values", is_flag=True, help=_("As a person reads it of whom nothing is known.")
)
@click.option("--output", type=click.Path(path_type=Path), help=_("A file instead of stdout."))
@click.pass_obj
def export(
    context: Context, path: Path, form: str, without_values: bool, output: Path | None
) -> None:
    """Export the copy of an invented member; its signed links lead nowhere."""
    read = _read(context, path)
    person = NOBODY if without_values else SAMPLE
    exported = _exported(read, *_pressed(read, context), form, person)
    if output is None:
        _to_stdout(exported, form)
        return
    output.write_bytes(exported)
    tell(say(N_("Written: {file}."), file=str(output)))


def _to_stdout(exported: bytes, form: str) -> None:
    """A mail is encoded, and its line ends are its own; pages and texts are shown harmlessly."""
    if form == "eml":
        click.echo(exported, nl=False)
    else:
        show_text(exported.decode(), end=False)


def _read(context: Context, path: Path) -> Letter:
    return letter_of(path, context.settings())


def _previewed(context: Context, path: Path) -> bytes:
    """The page of an invented member; if the letter has expressions, also that of NOBODY below."""
    read = _read(context, path)
    pressed, identity = _pressed(read, context)
    page, bare = (_exported(read, pressed, identity, "html", it) for it in (SAMPLE, NOBODY))
    pages = [(path.name, page.decode())]
    if "{{" in read.body:
        pages = [
            (say(N_("For somebody of whom all is known")).tell(LANGUAGE), page.decode()),
            (say(N_("For somebody of whom nothing is known")).tell(LANGUAGE), bare.decode()),
        ]
    elif not pressed.attachments:
        return page
    template = (shipped("templates") / "letters" / PREVIEW).read_text("utf-8")
    return (
        Environment(autoescape=True)
        .from_string(template)
        .render(
            language=LANGUAGE,
            title=path.name,
            pages=pages,
            files_heading=say(N_("Attached files")).tell(LANGUAGE),
            files=[attachment_list.described(it).tell(LANGUAGE) for it in pressed.attachments],
        )
        .encode()
    )


def _exported(
    read: Letter, pressed: Pressed, identity: Identity, form: str, person: Recipient
) -> bytes:
    keys = key_ring.generate()
    links = Links(keys, identity.public_url, identity.domain)
    if form == "eml":
        composer = Composer(pressed, read, identity, links, keys.current)
        return plain(composer.copy(person, now()))
    if form == "text":
        return pressed.text(person, links, keys.current).encode()
    return pressed.preview(person, links, keys.current).encode()


def _pressed(read: Letter, context: Context) -> tuple[Pressed, Identity]:
    settings = context.settings()
    identity = identity_of(settings, read)
    return press(read, theme_of(read, themes_of(settings)), identity), identity
