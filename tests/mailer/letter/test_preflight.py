from __future__ import annotations

from dataclasses import replace

import pytest

from mailer.letter import preflight
from mailer.letter.preflight import Severity
from mailer.letter.press import press
from mailer.sender import Identity
from tests.factories import IDENTITY, letter
from tests.mailer.letter.rendered import THEME


def found(body: str, identity: Identity = IDENTITY, **changes: object) -> list[str]:
    written = letter(body, **changes)
    findings = preflight.check(written, press(written, THEME, identity), identity)
    return [f"{it.severity.value}: {it.told}" for it in findings]


def test_a_sound_letter_has_nothing_to_tell() -> None:
    assert found("# Titre\n\n## Suite\n\nBonjour [la page](https://example.org/).") == []


def test_sound_blocks_have_nothing_to_tell() -> None:
    body = (
        "# Titre\n\n::: contents\n:::\n\n## Suite[^1]\n\n"
        "::: box Un titre\nUn mot[^1] (suite).\n:::\n\n"
        "::: image a.png\nalt: Une gare\n:::\n\n::: votes\npour: 3\n:::\n\n"
        "::: agenda\n2026-12-01 18:00 | Gare | Réunion\n:::\n\n"
        "::: signature\nnom: Une autrice\nimage: a.png\n:::\n\n[^1]: Une note."
    )
    assert found(body) == []


@pytest.mark.parametrize("name", ["committee", "address", "phone", "email"])
def test_a_letter_without_its_obligatory_lines_is_not_sent(name: str) -> None:
    lacking = replace(IDENTITY, sender="a@example.org", **{name: " "})
    assert f'error: pli.toml: the footer has no {name}: write {name} = "…" into pli.toml' in found(
        "# x", lacking
    )


def test_a_letter_from_nobody_is_not_sent() -> None:
    lacking = replace(IDENTITY, email="personne")
    assert any("no address to send from" in line for line in found("# x", lacking))
    assert not any("send from" in line for line in found("# x", lacking, sender="a@e.org"))


def test_braces_in_an_address_stop_a_letter() -> None:
    assert found("# x\n\n[a](https://e.org/%7B%7Bx)")[0].startswith("error: lettre.md: double")


@pytest.mark.parametrize(
    ("body", "finding"),
    [
        ("Bonjour.", "lettre.md:8: there is no first-level heading"),
        ("# x\n\n[Internet](#)", 'lettre.md:10: the link "Internet" leads nowhere'),
        ("# x\n\n[Internet]()", 'lettre.md:10: the link "Internet" leads nowhere'),
        ("# x\n\na\n[b](http://e.org)", 'lettre.md:11: the link "b" is not secure'),
        ("# x\n\n[Cliquez ici](https://e.org)", "does not say where it leads"),
        ("# x\n\n![](a.png)", 'the image "a.png" has no text'),
        ("# x\n\n![a](https://e.org/a.png)", "loaded from a site"),
        (
            "# x\n\n::: image a.png\ncaption: y\n:::",
            'lettre.md:10: the image "a.png" has no text for those who do not see it: write a line '
            "“alt: what it shows” below its name, or “alt:” alone if it decorates",
        ),
        ("# x\n\n::: image https://e.org/a.png\nalt: a\n:::", "loaded from a site"),
        ("# x\n\n::: button https://e.org Cliquez ici\n:::", "does not say where it leads"),
        (
            "# x\n\n::: box\n#### y\n:::",
            "lettre.md:11: a heading of level 4",
        ),
        ("# x\n\n::: lead\n{{ subscriber.first_name }}\n:::", "lettre.md:11: {{ subscriber.first"),
        (
            "# x\n\n::: box Pour {{ subscriber.first_name }}\ny\n:::",
            "lettre.md:10: {{ subscriber.first_name }} leaves a gap",
        ),
        ("# x\n\n::: box\n**un mot **\n:::", "lettre.md:11: "),
        ("# x\n\n### y", "lettre.md:10: a heading of level 3 follows one of level 1"),
        ("# x\n\n# y", "lettre.md:10: there is a second first-level heading"),
        (
            "# x\n\nBonjour {{ subscriber.first_name }},",
            "lettre.md:10: {{ subscriber.first_name }} leaves a gap for people without first_name: "
            'write {{ subscriber.first_name or "…" }}',
        ),
        ("# x\n\n" + "mot " * 22_000, "the HTML weighs"),
    ],
)
def test_what_could_be_better_is_a_warning_with_its_place(body: str, finding: str) -> None:
    (line,) = found(body)
    assert line.startswith("warning: ")
    assert finding in line


def test_a_preheader_too_short_or_too_long_is_a_warning() -> None:
    assert "the preheader has 3 characters" in found("# x", preheader="abc")[0]
    assert "the preheader has 140 characters" in found("# x", preheader="a" * 140)[0]


def test_errors_stand_before_warnings() -> None:
    lines = found("[x](#)", replace(IDENTITY, phone=""))
    assert [line.split(":")[0] for line in lines] == ["error", "warning", "warning"]
    assert Severity("error") is Severity.ERROR


@pytest.mark.parametrize("name", ["title", "subject", "preheader"])
def test_an_entity_in_the_front_matter_is_a_warning(name: str) -> None:
    entities = "Une phrase assez longue, l'&eacute;t&eacute; &amp; nous toutes et tous"
    (line,) = found("# x", IDENTITY, **{name: entities})
    assert f'{name} shows "&eacute;" as it is written: write "é"' in line
    assert (
        found(
            "# x", IDENTITY, **{name: "Une phrase assez longue de R&D; et de &tous; sans entités"}
        )
        == []
    )


@pytest.mark.parametrize("name", ["subject", "title"])
def test_a_subject_without_an_end_is_told(name: str) -> None:
    assert any(
        f"{name} has 201 characters" in it for it in found("# x", IDENTITY, **{name: "x" * 201})
    )
    assert not any("no mailbox shows" in it for it in found("# x", IDENTITY, **{name: "x" * 200}))
