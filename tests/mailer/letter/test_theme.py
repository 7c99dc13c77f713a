"""Themes: three layers of values, files of one's own, and every fault a line with its place."""

from __future__ import annotations

import io
import os
import re
import textwrap
from pathlib import Path

import pytest
from PIL import Image

from mailer.letter import colour
from mailer.letter.letter import LetterError
from mailer.letter.press import press
from mailer.letter.sendable import theme_of
from mailer.letter.theme import ThemePlaces, load_theme, ours, themes
from mailer.letter.theme_toml import FONTS, ThemeError
from mailer.letter.tokens import Tokens
from tests.factories import IDENTITY, PIXEL, letter
from tests.mailer.letter.rendered import KEY, LINKS, MARIE
from tests.paths import ROOT

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def png(mode: str = "RGBA", size: tuple[int, int] = (400, 100), colour: str = "#1d2527") -> bytes:
    image = Image.new(mode, size)
    image.paste(colour, (20, 20, size[0] - 20, size[1] - 20))
    written = io.BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


@pytest.fixture
def places(tmp_path: Path) -> ThemePlaces:
    (tmp_path / "themes").mkdir()
    return ThemePlaces(tmp_path / "theme.toml", tmp_path / "themes")


def write(places: ThemePlaces, text: str, *, theme: str | None = None) -> None:
    """The theme.toml of the committee, or of a theme of its own."""
    assert places.file is not None
    assert places.folder is not None
    file = places.file
    if theme is not None:
        file = places.folder / theme / "theme.toml"
        file.parent.mkdir(exist_ok=True)
    file.write_text(text, "utf-8")


def own(places: ThemePlaces, name: str = "nous") -> Path:
    assert places.folder is not None
    return places.folder / name


def told(places: ThemePlaces, name: str = "lettre") -> list[str]:
    """The lines in which a theme is refused, without the folder of the test."""
    with pytest.raises(ThemeError) as refused:
        load_theme(name, places)
    assert places.file is not None
    return [line.replace(f"{places.file.parent}/", "") for line in refused.value.lines("en")]


def test_three_themes_are_ours() -> None:
    assert ours() == ("bulletin", "lettre", "sobre")


def test_each_layer_says_only_what_differs(places: ThemePlaces) -> None:
    write(places, '[colors]\naccent = "#0b6e4f"\n[masthead]\nplace = "Aubrac"\n')
    assert load_theme("lettre", places).tokens.color.accent == "#0b6e4f"
    assert load_theme("lettre", places).tokens.color.ground == "#f3f1ec"
    write(places, 'based_on = "bulletin"\n[fonts]\nbody = "verdana"\n', theme="nous")
    mine = load_theme("nous", places).tokens
    assert mine.color.accent == "#0b6e4f"
    assert mine.masthead.place == "Aubrac"
    assert mine.font.body == FONTS["verdana"]
    assert mine.shape.column == load_theme("bulletin").tokens.shape.column


def test_a_new_light_colour_drops_the_dark_twin_of_an_earlier_layer(places: ThemePlaces) -> None:
    write(places, '[colors]\naccent = "#0b6e4f"\n[dark]\naccent = "#aaffee"\n')
    assert load_theme("lettre", places).tokens.dark.accent == "#aaffee"
    write(places, 'based_on = "lettre"\n[colors]\naccent = "#1f4f82"\n', theme="nous")
    assert load_theme("nous", places).tokens.dark.accent != "#aaffee"


def test_a_theme_of_ones_own_goes_before_ours_of_the_same_name(places: ThemePlaces) -> None:
    write(places, "[shape]\nradius = 0\n", theme="sobre")
    assert load_theme("sobre", places).tokens.shape.radius == 0
    assert load_theme("sobre", places).tokens.shape.column == 560
    assert themes(places) == ["bulletin", "lettre", "sobre"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[colors]\naccent = "#12"', "colors.accent: is no colour such as #9c2b3c"),
        ('[colors]\naccent = "red; }"', "colors.accent: is no colour such as #9c2b3c"),
        ("[colors]\naccent = 12", "colors.accent: is not a text: write it between quotes"),
        ('[colors]\naccnt = "#fff"', "colors.accnt: there is no such setting"),
        ('colors = "red"', "colors: is no table: write [colors] above its values"),
        (
            '[fonts]\nbody = "Comic Sans"',
            "fonts.body: must be one of 'arial', 'georgia', 'palatino', 'system', 'tahoma', "
            "'times', 'trebuchet', 'verdana'",
        ),
        ("[shape]\ncolumn = 900", "shape.column: must be at most 680"),
        ("[shape]\nradius = -1", "shape.radius: must be at least 0"),
        ("[shape]\nradius = 5.5", "shape.radius: is not a whole number"),
        ('[shape]\nradius = "5"', "shape.radius: is not a whole number"),
        (
            f'[masthead]\nplace = "{"x" * 300}"',
            "masthead.place: is too long: write 40 characters at most",
        ),
        (
            '[masthead]\nplace = "a\\u202eb"',
            "masthead.place: holds a sign that turns the text around: write it anew",
        ),
        (
            '[masthead]\nlabel = "{{ 7 * 7 }}"',
            "masthead.label: holds double braces: write plain words",
        ),
        (
            '[footer]\nlinks = [["Site", "javascript:alert(1)"]]',
            "footer.links[1][2]: is no address such as https://www.example.org",
        ),
        (
            '[footer]\nlinks = [["Site"]]',
            "footer.links[1][2]: is missing",
        ),
        (
            '[footer]\nlinks = ["https://www.example.org"]',
            'footer.links[1]: is no pair such as ["Site", "https://www.example.org"]',
        ),
        ('[footer]\nlines = "une"', 'footer.lines: is not a list such as ["…", "…"]'),
        (f"[footer]\nlines = {['a'] * 7}", "footer.lines: is too long: write 6 at most"),
        ('[logo]\nfile = "logo.png"', "logo.alt: is missing"),
        ('based_on = "sobre"', "based_on: belongs into the theme.toml of a theme of your own"),
    ],
)
def test_a_fault_is_one_line_with_its_place(places: ThemePlaces, text: str, line: str) -> None:
    write(places, text)
    assert told(places) == [f"theme.toml: {line}"]


def test_all_faults_are_told_at_once(places: ThemePlaces) -> None:
    write(places, '[colors]\naccent = "#12"\nink = "x"\n[shape]\nradius = 99\n')
    assert len(told(places)) == 3


@pytest.mark.parametrize(
    "text", ["[colors\n", "accent\n", 'a = "\n', "[a]\n[a]\n", "[colors", "a = 1\na = 2"]
)
def test_a_file_that_is_no_toml_is_told_with_its_line(places: ThemePlaces, text: str) -> None:
    write(places, text)
    (line,) = told(places)
    assert line.startswith(("theme.toml: line ", "theme.toml: the last line is not TOML"))


def test_a_file_that_is_no_text_is_told(places: ThemePlaces) -> None:
    assert places.file is not None
    places.file.write_bytes(b"\xff\xfe")
    assert told(places) == [
        'theme.toml: is not UTF-8: save it again with the encoding "UTF-8"',
    ]
    places.file.write_bytes(b"# " + b"x" * 60_000)
    assert told(places) == ["theme.toml: is larger than 50 kB: shorten it"]
    places.file.write_bytes(b"a = " + b"[" * 20_000)
    (line,) = told(places)
    assert line.startswith("theme.toml: is not TOML")


def test_an_accent_that_nobody_can_read_is_refused_with_the_nearest_that_one_can(
    places: ThemePlaces,
) -> None:
    write(places, '[colors]\naccent = "#ffcc00"\n[dark]\nink = "#555555"\n')
    light, dark = told(places)
    assert light.startswith(
        "theme.toml: colors.accent: #ffcc00 has a contrast of 1.3:1 with #f3f1ec, and text needs "
        "4.5:1: write #"
    )
    assert dark.startswith("theme.toml: dark.ink: #555555 has a contrast of ")
    for line, name in ((light, "ground"), (dark, "ground")):
        proposed = line.rpartition(" ")[2]
        assert colour.parse(proposed) == proposed, name
    write(places, f'[colors]\naccent = "{light[-7:]}"\n[dark]\nink = "{dark[-7:]}"\n')
    assert load_theme("lettre", places).tokens.color.accent == light[-7:]


def test_a_ground_on_which_an_earlier_layers_text_is_faint_is_told_where_it_stands(
    places: ThemePlaces,
) -> None:
    write(places, '[dark]\npaper = "#777777"\n')
    first, *_ = told(places)
    assert first.startswith("theme.toml: dark.ink: ")
    write(places, '[colors]\nground = "#777777"\n')
    assert all(line.startswith("theme.toml: colors.") for line in told(places))


def test_a_page_that_allows_no_colour_is_told(places: ThemePlaces) -> None:
    write(places, '[colors]\nground = "#222222"\n')
    assert (
        "theme.toml: colors.ink: no colour is legible on both #ffffff and #222222: bring paper "
        "and ground closer to each other"
    ) in told(places)


def test_a_logo_travels_inside_the_mail_and_has_an_outline(places: ThemePlaces) -> None:
    assert places.file is not None
    (places.file.parent / "logo.png").write_bytes(png())
    write(places, '[logo]\nfile = "logo.png"\nalt = "Comité"\nwidth = 100\n')
    theme = load_theme("lettre", places)
    made = press(letter(), theme, IDENTITY)
    (picture,) = made.pictures
    page = made.html(MARIE, LINKS, KEY)
    assert f'src="cid:{picture.content_id}"' in page
    assert 'alt="Comité"' in page
    with Image.open(io.BytesIO(picture.data)) as shown:
        assert shown.width == 200 + 2 * 3
        assert shown.getpixel((0, 0)) == (255, 255, 255, 0)
        red, green, blue, alpha = shown.convert("RGBA").getpixel((11, 28))  # type: ignore[misc]
        assert (red, green, blue) == (255, 255, 255)
        assert alpha > 200
        assert shown.getpixel((100, 28)) == (29, 37, 39, 255)
    assert "data:image/png" in made.web()


def test_a_dark_logo_stands_in_for_the_other(places: ThemePlaces) -> None:
    assert places.file is not None
    (places.file.parent / "logo.png").write_bytes(png("RGB"))
    (places.file.parent / "dark.png").write_bytes(png("RGB", colour="#ffffff"))
    write(
        places, '[logo]\nfile = "logo.png"\ndark_file = "dark.png"\nalt = "Comité"\nwidth = 300\n'
    )
    made = press(letter(), load_theme("lettre", places), IDENTITY)
    page = made.html(MARIE, LINKS, KEY)
    assert len(made.pictures) == 2
    assert "img.light { display: none !important; }" in page
    assert made.pictures[0].data == png("RGB")


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"<html><h1>logo</h1></html>", 'the image "logo.png" is not PNG, JPEG, WebP or GIF'),
        (SVG, 'the image "logo.png" is SVG, which mail programs do not show: save it as PNG'),
        (b"GIF89a" + b"\x01\x00\x01\x00\x00\x00\x00;", 'the image "logo.png" is a GIF'),
        (PIXEL[:40], 'the image "logo.png" is damaged'),
        (b"", 'the image "logo.png" is not PNG'),
        (None, 'the image "logo.png" is not there'),
        (b"\x89PNG\r\n\x1a\n" + bytes(30_000_000), 'the image "logo.png" weighs 30000 kB'),
    ],
)
def test_a_logo_that_is_none_is_told(places: ThemePlaces, data: bytes | None, line: str) -> None:
    assert places.file is not None
    if data is not None:
        (places.file.parent / "logo.png").write_bytes(data)
    write(places, '[logo]\nfile = "logo.png"\nalt = "Comité"\n')
    (found,) = told(places)
    assert found.startswith(f"theme.toml: logo.file: {line}")


def test_a_logo_from_elsewhere_is_refused(places: ThemePlaces, tmp_path: Path) -> None:
    write(places, '[logo]\nfile = "../logo.png"\nalt = "Comité"\n')
    (line,) = told(places)
    assert "lies outside" in line
    write(places, '[logo]\nfile = "/etc/passwd"\nalt = "Comité"\n')
    (line,) = told(places)
    assert "lies outside" in line
    (tmp_path / "logo.png").symlink_to("/etc/passwd")
    write(places, '[logo]\nfile = "logo.png"\nalt = "Comité"\n')
    (line,) = told(places)
    assert "lies outside" in line


def test_a_theme_that_there_is_not_is_told_with_the_line_that_names_it() -> None:
    with pytest.raises(LetterError) as refused:
        theme_of(letter(theme="lettres", theme_line=4), ThemePlaces())
    (line,) = refused.value.lines("en")
    assert line == 'lettre.md:4: there is no theme "lettres": write one of bulletin, lettre, sobre'


@pytest.mark.parametrize("name", ["common", "..", "specimen", "Nous", "a/b", "", ".hidden"])
def test_a_folder_that_is_no_theme_has_no_name(places: ThemePlaces, name: str) -> None:
    assert told(places, name) == [
        f'there is no theme "{name}": write one of bulletin, lettre, sobre'
    ]


def test_a_folder_without_theme_toml_is_told(places: ThemePlaces) -> None:
    own(places).mkdir()
    assert told(places, "nous") == ["themes/nous/theme.toml: no such file: write it"]


def test_a_theme_on_a_base_that_there_is_not_is_told(places: ThemePlaces) -> None:
    write(places, 'based_on = "nous"\n', theme="nous")
    assert told(places, "nous") == [
        'themes/nous/theme.toml: based_on: there is no theme "nous": write one of '
        "bulletin, lettre, sobre"
    ]


def test_nothing_of_a_theme_lies_outside_its_folder(places: ThemePlaces, tmp_path: Path) -> None:
    write(places, 'based_on = "lettre"\n', theme="nous")
    (tmp_path / "secret.css").write_text("/* secret */")
    (own(places) / "dark.css").symlink_to(tmp_path / "secret.css")
    assert told(places, "nous") == [
        "themes/nous/dark.css: leads out of the theme's folder: copy the file there"
    ]
    (own(places) / "dark.css").unlink()
    (own(places) / "common").symlink_to(tmp_path)
    (line,) = told(places, "nous")
    assert "leads out of the theme's folder" in line
    away = tmp_path / "away"
    away.mkdir()
    (away / "theme.toml").write_text("")
    own(places, "loin").symlink_to(away)
    assert told(places, "loin") == [
        "themes/loin: leads out of the folder of themes: copy the theme there"
    ]


@pytest.mark.parametrize("name", ["theme.toml", "dark.css"])
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_a_theme_waits_for_nothing_that_is_no_file(
    places: ThemePlaces, name: str, kind: str
) -> None:
    write(places, 'based_on = "lettre"\n', theme="nous")
    file = own(places) / name
    file.unlink(missing_ok=True)
    match kind:
        case "pipe":
            os.mkfifo(file)
        case "device":
            file.symlink_to("/dev/zero")
        case _:
            file.mkdir()
    (line,) = told(places, "nous")
    assert "is no plain file: put a copy there" in line or "leads out" in line


def test_files_of_a_theme_have_a_size_and_a_number(places: ThemePlaces) -> None:
    write(places, 'based_on = "lettre"\n', theme="nous")
    (own(places) / "dark.css").write_bytes(b"x" * 100_001)
    assert told(places, "nous") == ["themes/nous/dark.css: is larger than 100 kB: shorten it"]
    (own(places) / "dark.css").write_bytes(b"\xff")
    (line,) = told(places, "nous")
    assert "is not UTF-8" in line
    (own(places) / "dark.css").unlink()
    for n in range(61):
        (own(places) / f"{n}.css").write_text("")
    (line,) = told(places, "nous")
    assert "is one of more than 60 files" in line


def test_words_of_a_theme_are_words_in_the_page(places: ThemePlaces) -> None:
    write(
        places,
        "[masthead]\nplace = '<b>Aubrac</b> 🚉'\n[footer]\nlines = ['שלום & <script>']\n"
        "links = [['Site <i>', 'https://www.example.org/?a=1&b=2']]\n",
    )
    page = press(letter(), load_theme("lettre", places), IDENTITY).html(MARIE, LINKS, KEY)
    assert "&lt;b&gt;Aubrac&lt;/b&gt; 🚉" in page
    assert "שלום &amp; &lt;script&gt;" in page
    assert 'href="https://www.example.org/?a=1&amp;b=2"' in page
    assert "Site &lt;i&gt;" in page


def test_words_of_a_theme_stand_in_the_plain_text_too(places: ThemePlaces) -> None:
    write(
        places,
        "[masthead]\nlabel = 'Bulletin'\nplace = 'Aubrac'\n[footer]\nlines = ['Métro : Gare']\n"
        "links = [['Site', 'https://www.example.org']]\n",
    )
    text = press(letter(), load_theme("lettre", places), IDENTITY).text(MARIE, LINKS, KEY)
    for words in ("Bulletin 294", "Aubrac", "Métro", "Site\nhttps://www.example.org"):
        assert words in text


def test_tokens_come_back_from_what_is_frozen(places: ThemePlaces) -> None:
    assert places.file is not None
    (places.file.parent / "logo.png").write_bytes(png())
    write(
        places,
        '[logo]\nfile = "logo.png"\nalt = "Comité"\n[footer]\nlinks = [["a", "https://e.org"]]\n',
    )
    tokens = load_theme("lettre", places).tokens
    assert Tokens.from_document(tokens.document()) == tokens


def test_the_example_of_the_documentation_can_be_used_in_each_theme(places: ThemePlaces) -> None:
    page = (ROOT / "docs" / "themes.md").read_text("utf-8")
    blocks = re.findall(r"(?:^    .*\n|^\n)+", page, re.MULTILINE)
    (example,) = [textwrap.dedent(it) for it in blocks if "[colors]" in it and "[logo]" in it]
    assert places.file is not None
    for name in ("logo.png", "clair.png"):
        (places.file.parent / name).write_bytes(png())
    write(places, example)
    for name in ours():
        tokens = load_theme(name, places).tokens
        assert tokens.color.accent == "#0b6e4f"
        assert tokens.dark.accent == "#7fd1b3"
        assert tokens.footer.links == (("Notre site", "https://www.example.org"),)


def test_the_fault_of_the_documentation_is_the_one_that_is_told(places: ThemePlaces) -> None:
    write(places, '[colors]\naccent = "#ffcc00"\n')
    (line,) = told(places)
    assert line in (ROOT / "docs" / "themes.md").read_text("utf-8")
