"""pli theme: what there is, what it looks like, how one begins one's own, and what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pli.errors import PliError
from tests.commands.invoking import pli
from tests.factories import FRONT

SETTINGS = """committee = "Comité"
address = "3 place du Marché"
phone = "02 99 00 00 00"
email = "comite@example.org"
public_url = "https://lettres.example.org"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with settings."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pli.toml").write_text(SETTINGS)
    return tmp_path


def refused(*words: str) -> list[str]:
    error = pli(*words).exception
    assert isinstance(error, PliError)
    return error.lines("en")


@pytest.mark.usefixtures("folder")
def test_three_themes_are_there_from_the_start() -> None:
    assert json.loads(pli("theme", "list", "--json").stdout) == [
        {"name": name, "own": False, "faults": []} for name in ("bulletin", "lettre", "sobre")
    ]
    assert "bulletin" in pli("theme", "list").stdout


def test_a_theme_is_begun_changed_and_used(folder: Path) -> None:
    assert pli("theme", "new", "nous", "--from", "bulletin").exit_code == 0
    file = folder / "themes" / "nous" / "theme.toml"
    assert [it.name for it in file.parent.iterdir()] == ["theme.toml"]
    (folder / "a.md").write_text(FRONT.replace("number:", "theme: nous\nnumber:") + "# Titre\n")
    as_bulletin = pli("letter", "export", "a.md").stdout
    assert "#175b62" in as_bulletin
    file.write_text(file.read_text().replace('# accent = "#175b62"', 'accent = "#0b6e4f"', 1))
    assert pli("theme", "check", "nous").stdout == "nous: can be used.\n"
    page = pli("letter", "export", "a.md").stdout
    assert "#0b6e4f" in page
    assert "#175b62" not in page
    assert (
        json.loads(pli("theme", "show", "nous", "--json").stdout)["colors"]["accent"] == "#0b6e4f"
    )


def test_each_line_of_a_new_theme_can_be_taken_as_it_stands(folder: Path) -> None:
    pli("theme", "new", "nous")
    file = folder / "themes" / "nous" / "theme.toml"
    lines = []
    for line in file.read_text().splitlines():
        value = line.removeprefix("# ")
        lines.append(value if " = " in value and not value.startswith("Fonts") else line)
    text = "\n".join(it for it in lines if not it.startswith(("file", "dark_file", "alt", "width")))
    file.write_text(text)
    assert "accent" in text
    assert pli("theme", "check", "nous").exit_code == 0
    shown = json.loads(pli("theme", "show", "nous", "--json").stdout)
    ours = json.loads(pli("theme", "show", "lettre", "--json").stdout)
    for table in ("colors", "dark", "fonts", "shape"):
        assert shown[table] == ours[table]


def test_with_templates_the_files_of_a_theme_are_copied_and_may_be_changed(folder: Path) -> None:
    assert pli("theme", "new", "nous", "--from", "sobre", "--with-templates").exit_code == 0
    names = {it.name for it in (folder / "themes" / "nous").iterdir()}
    assert {"letter.html.j2", "inlined.css", "wide.css", "dark.css", "theme.toml"} <= names
    assert pli("theme", "check", "nous").exit_code == 0
    sheet = folder / "themes" / "nous" / "inlined.css"
    sheet.write_text(sheet.read_text() + "td.content h1 { letter-spacing: 3px; }\n")
    (folder / "a.md").write_text(FRONT.replace("number:", "theme: nous\nnumber:") + "# Titre\n")
    assert "letter-spacing:3px" in pli("letter", "export", "a.md").stdout


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (
            ("nous", "--from", "nul"),
            'there is no theme "nul": write one of bulletin, lettre, sobre',
        ),
        (
            ("../nous",),
            '"../nous" cannot name a theme: write small letters, digits and hyphens',
        ),
        (("common",), '"common" cannot name a theme: write small letters, digits and hyphens'),
        (("deja",), "themes/deja: is there already: name another"),
    ],
)
def test_a_theme_that_cannot_begin_leaves_nothing(
    folder: Path, words: tuple[str, ...], line: str
) -> None:
    (folder / "themes" / "deja").mkdir(parents=True)
    assert refused("theme", "new", *words) == [line]
    assert [it.name for it in (folder / "themes").iterdir()] == ["deja"]


def test_a_broken_theme_is_told_with_file_and_line_by_each_command(folder: Path) -> None:
    pli("theme", "new", "nous", "--with-templates")
    (folder / "themes" / "nous" / "letter.html.j2").write_text("<p>\n{{ letter.titel }}")
    line = (
        'themes/nous/letter.html.j2:2: there is no value "letter.titel": there are number, title, '
        "subject, preheader, language"
    )
    (folder / "a.md").write_text(FRONT.replace("number:", "theme: nous\nnumber:") + "# Titre\n")
    assert refused("theme", "check") == [f"nous: {line}"]
    for words in (
        ("theme", "check", "nous"),
        ("theme", "show", "nous"),
        ("theme", "gallery"),
        ("letter", "check", "a.md"),
        ("letter", "export", "a.md"),
    ):
        assert refused(*words) == [line]
    listed = pli("theme", "list")
    assert listed.exit_code == 1
    assert line in listed.stderr
    assert not (folder / "themes.html").exists()


def test_a_theme_that_leaves_out_the_footer_is_told_as_the_themes_fault(folder: Path) -> None:
    pli("theme", "new", "nous", "--with-templates")
    (folder / "themes" / "nous" / "letter.html.j2").write_text("<p>{{ content }}</p>")
    (folder / "a.md").write_text(FRONT.replace("number:", "theme: nous\nnumber:") + "# Titre\n")
    for words in (("theme", "check", "nous"), ("letter", "check", "a.md")):
        (line,) = refused(*words)
        assert line.startswith("the theme nous leaves out a line of the footer or a link to leave")
        assert line.endswith("themes/nous/letter.html.j2")


def test_the_doctor_looks_at_the_themes(folder: Path) -> None:
    def looked() -> list[tuple[str, str]]:
        checks = json.loads(pli("doctor", "--json").stdout)["checks"]
        return [(it["state"], it["message"]) for it in checks if it["check"] == "themes"]

    assert looked() == [("ok", "can be used: bulletin, lettre, sobre")]
    pli("theme", "new", "nous")
    (folder / "themes" / "nous" / "theme.toml").write_text("[shape]\nradius = 99\n")
    line = "themes/nous/theme.toml: shape.radius: must be at most 24"
    assert looked() == [("warning", line)]
    (folder / "theme.toml").write_text('[colors]\nink = "#12"\n')
    assert ("error", "theme.toml: colors.ink: is no colour such as #9c2b3c") in looked()


def test_a_letter_with_a_theme_that_there_is_not_is_told_with_its_line(folder: Path) -> None:
    (folder / "a.md").write_text(FRONT.replace("number:", "theme: nous\nnumber:") + "# Titre\n")
    assert refused("letter", "check", "a.md") == [
        'a.md:2: there is no theme "nous": write one of bulletin, lettre, sobre'
    ]


def test_the_committees_values_hold_for_every_theme(folder: Path) -> None:
    (folder / "theme.toml").write_text('[masthead]\nplace = "Aubrac-sur-Orme"\n')
    (folder / "a.md").write_text(FRONT + "# Titre\n")
    assert "Aubrac-sur-Orme, 24 novembre 2026" in pli("letter", "export", "a.md").stdout
    assert "masthead.place: Aubrac-sur-Orme" in pli("theme", "show", "sobre").stdout


def test_the_gallery_is_one_file_that_loads_nothing(folder: Path) -> None:
    assert pli("theme", "gallery", "--output", "g.html").exit_code == 0
    page = (folder / "g.html").read_text()
    assert page.count("<iframe") == 3 * 6
    assert "src=&#34;https:" not in page
    assert page.count("src=&#34;data:image/png;base64,") >= 3 * 5
