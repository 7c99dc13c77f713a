"""Each theme with each part of a letter, in each window and program: it fits, and can be read.

Rows H1 to H23 of docs/standards.md, looked at in a browser. Pictures of all views go into
build/screenshots.
"""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image

from mailer.letter import colour, gallery, specimen
from mailer.letter.letter import Letter, parse_letter, read_letter
from mailer.letter.press import Pressed, press
from mailer.letter.theme import ThemePlaces, load_theme, ours
from tests import axe
from tests.browser import SCREENSHOTS, how_to_launch
from tests.checkers import html_validate, vnu
from tests.factories import attachment
from tests.mailer.letter import views
from tests.mailer.letter.rendered import KEY, LINKS, LIST, MARIE
from tests.paths import ROOT
from tests.real_letter import REAL, REAL_FRONT, with_blocks

pytestmark = pytest.mark.proof

HEAVIEST = 90_000
SHOWN = {
    "mail": (390, 700),
    "mail without style": (320, 700),
    "mail in Orange": (700,),
    "mail without pictures": (390,),
}
"""Which windows of which view are kept as pictures, to be looked at."""
FILES = (attachment("Procès-verbal_de_la_séance_plénière_du_comité_2026.pdf"),)
"""What the web version lists, under a name that no telephone has room for."""
LETTERS = ("specimen", "demo", "new", "real")
# A mail stands within a webmail's own <main>, so axe's rules of landmarks are the webmail's.
OF_THE_WEBMAIL = ("landmark-one-main", "region")
# Orange takes `lang` away; its own page says the language.
OF_ORANGE = (*OF_THE_WEBMAIL, "html-has-lang")
# Word's own properties and namespaces, by which Outlook for Windows lays a page out.
OF_WORD = re.compile(
    r".*: (Attribute “xmlns:[vo]” not allowed here\."
    r"|CSS: “(mso-[a-z-]+)”: Property “\2” doesn't exist\.)"
)


def named(name: str) -> Letter:
    if name == "specimen":
        return replace(specimen.letter(), attachments=FILES)
    if name == "demo":
        return read_letter(ROOT / "commands" / "demo" / "lettre.md")
    if name == "new":
        text = (ROOT / "templates" / "letters" / "new.fr.md").read_text("utf-8")
        return parse_letter(text.replace("NUMBER", "7").replace("DATE", "2026-12-01"))
    if not REAL.is_file():
        pytest.skip("needs the real letter, ../shared/letters/lettre-294.txt")
    return parse_letter(REAL_FRONT + with_blocks(REAL.read_text("utf-8")), REAL.name)


@pytest.fixture(params=LETTERS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=ours())
def theme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def pressed(name: str, theme: str) -> Pressed:
    return press(named(name), load_theme(theme), specimen.INVENTED)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Any]:
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(**how_to_launch())
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="module")
async def tab(browser: Any) -> AsyncIterator[Any]:
    tab = await browser.new_page()
    yield tab
    await tab.close()


@pytest.mark.asyncio(loop_scope="module")
async def test_a_letter_fits_each_window_and_can_be_read_and_touched(
    tab: Any, pressed: Pressed, theme: str, name: str
) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    found = {}
    for view in views.views(pressed):
        for scheme in view.schemes:
            await views.show(tab, view.page, scheme)
            for width in views.WIDTHS:
                if faults := await views.faults(tab, width, pictures=view.pictures):
                    found[f"{view.name}, {width} px, {scheme}"] = faults
                if view.name != "web" and width in SHOWN[view.name]:
                    file = f"{theme}-{name}-{view.name.replace(' ', '-')}-{width}-{scheme}.png"
                    await tab.screenshot(path=SCREENSHOTS / file, full_page=True)
    assert found == {}
    assert [url for url in asked if not url.startswith(("data:", "about:"))] == []


@pytest.mark.asyncio(loop_scope="module")
async def test_axe_finds_nothing_but_what_is_the_webmails(tab: Any, pressed: Pressed) -> None:
    allowed = {"mail in Orange": OF_ORANGE, "web": ()}
    found = {}
    for view in views.views(pressed):
        for scheme in view.schemes:
            width = 390 if scheme == "light" else 700
            await views.show(tab, view.page, scheme)
            await tab.set_viewport_size({"width": width, "height": 800})
            off = allowed.get(view.name, OF_THE_WEBMAIL)
            if faults := await axe.violations(tab, off=off):
                found[f"{view.name}, {width} px, {scheme}"] = faults
    assert found == {}


@pytest.mark.asyncio(loop_scope="module")
async def test_a_forced_dark_mode_leaves_a_letter_legible(tab: Any, pressed: Pressed) -> None:
    await views.show(tab, pressed.preview(MARIE, LINKS, KEY), "light")
    await tab.evaluate(views.FORCED_DARK)
    assert await views.faults(tab, 390, pictures=True) == {}


def test_checkers_of_html_find_nothing_but_what_a_mail_needs(tmp_path: Path) -> None:
    pages = {}
    for name in LETTERS if REAL.is_file() else LETTERS[:-1]:
        for theme in ours():
            made = press(named(name), load_theme(theme), specimen.INVENTED)
            pages[f"{name}-{theme}-mail"] = made.html(MARIE, LINKS, KEY)
            pages[f"{name}-{theme}-web"] = made.web(LIST)
    said = html_validate(pages, tmp_path)
    # An <article> is dropped by mail programs, and the role with it.
    native = "prefer-native-element: Prefer to use the native <article> element"
    assert sorted(said) == sorted(f"{it}: {native}" for it in pages if it.endswith("mail"))
    errors = vnu(pages, tmp_path)
    assert [it for it in errors if not OF_WORD.fullmatch(it)] == []


def test_a_letter_weighs_less_than_gmail_cuts_off(pressed: Pressed) -> None:
    assert len(pressed.html(MARIE, LINKS, KEY).encode()) < HEAVIEST


@pytest.mark.asyncio(loop_scope="module")
async def test_a_logo_stays_legible_when_a_program_turns_a_letter_dark(
    tab: Any, theme: str, tmp_path: Path
) -> None:
    """A dark logo on nothing: black on black, but for its outline."""
    logo = Image.new("RGBA", (240, 60))
    logo.paste("#1d2527", (40, 20, 200, 40))
    logo.save(tmp_path / "logo.png")
    (tmp_path / "theme.toml").write_text(
        '[logo]\nfile = "logo.png"\nalt = "Comité"\nwidth = 120\n', "utf-8"
    )
    loaded = load_theme(theme, ThemePlaces(tmp_path / "theme.toml"))
    made = specimen.pressed(loaded, specimen.INVENTED)
    await views.show(tab, made.preview(MARIE, LINKS, KEY), "light")
    await tab.evaluate(views.FORCED_DARK)
    shown = await tab.locator("p.logo img").screenshot()
    with Image.open(io.BytesIO(shown)) as picture:
        octets = picture.convert("RGB").tobytes()
    seen = {f"#{octets[at : at + 3].hex()}" for at in range(0, len(octets), 3)}
    assert "#1d2527" in seen
    assert max(colour.contrast("#1d2527", it) for it in seen) > 7


@pytest.mark.asyncio(loop_scope="module")
async def test_no_words_are_too_long_for_a_frame(tab: Any, theme: str, tmp_path: Path) -> None:
    """A title of 300 characters, words without an end, from right to left, and emoji."""
    word = "anticonstitutionnellement" * 6
    Image.new("RGB", (800, 60), "#1d2527").save(tmp_path / "logo.png")
    (tmp_path / "theme.toml").write_text(
        f'[logo]\nfile = "logo.png"\nalt = "{word}"\nwidth = 400\n'
        f'[masthead]\nlabel = "{word[:40]}"\nplace = "شارع السوق 🚉🚉🚉"\n'
        f'[footer]\nlines = ["{word}"]\nlinks = [["{word}", "https://e.org"], ["b", "tel:1"]]\n',
        "utf-8",
    )
    loaded = load_theme(theme, ThemePlaces(tmp_path / "theme.toml"))
    sender = replace(specimen.INVENTED, committee=word, address=word, phone="0" * 60)
    title = ("🚆 قطار " * 60)[:300]
    written = replace(named("demo"), title=title, number=2**31 - 1, body=f"{word}\n\nשלום 👩‍🏭\n")
    found = {}
    for view in views.views(press(written, loaded, sender)):
        await views.show(tab, view.page, "light")
        for width in views.WIDTHS:
            faults = await views.faults(tab, width, pictures=view.pictures)
            if faults:
                found[f"{view.name}, {width} px"] = faults
    assert found == {}


@pytest.mark.asyncio(loop_scope="module")
async def test_the_gallery_shows_each_theme_in_each_view(tab: Any) -> None:
    """`build/gallery.html` is the picture page of docs/letters.md."""
    page = gallery.page(
        [load_theme(it) for it in ours()],
        specimen.INVENTED,
        reader=MARIE,
        links=LINKS,
        key=KEY,
        language="fr",
    )
    file = ROOT / "build" / "gallery.html"
    file.parent.mkdir(exist_ok=True)
    file.write_text(page, "utf-8")
    await tab.set_viewport_size({"width": 1500, "height": 1000})
    await tab.goto(file.as_uri())
    frames = await tab.locator("iframe").all()
    assert len(frames) == len(ours()) * len(gallery.VIEWS)
    heights = [(await it.bounding_box())["height"] for it in frames]
    # Each frame is as high as its letter, so that the page shows all of it.
    assert min(heights) > 1_500
    assert len({round(it) for it in heights}) > 6
    assert await tab.evaluate("document.documentElement.scrollWidth") <= 1500
    await tab.screenshot(path=SCREENSHOTS / "gallery.png", full_page=True)
