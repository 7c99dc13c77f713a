"""A picture is as large as its place in the letter, and light; what it shows stays."""

from __future__ import annotations

import io
import random
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageDraw, ImageFilter, ImageOps

from mailer.letter import images
from mailer.letter.images import ImageError
from mailer.letter.letter import Letter, parse_letter, read_letter
from mailer.letter.resizing import LIGHT
from mailer.letter.tokens import Shape
from tests.examples import examples
from tests.factories import FRONT
from tests.mailer.letter.rendered import html, mail, wire

SECRET = "Marie Inventee 47.2 N"


def noise(width: int, height: int, *, softly: float = 0) -> Image.Image:
    """A picture with something in each of its pixels, as a camera makes it."""
    data = random.Random(294).randbytes(width * height * 3)
    image = Image.frombytes("RGB", (width, height), data)
    return image.filter(ImageFilter.GaussianBlur(softly)) if softly else image


def scene(width: int, height: int) -> Image.Image:
    """A photo's like: a large gradient with grain."""
    small = noise(12, 9).resize((width, height), Image.Resampling.BICUBIC)
    return Image.blend(small, noise(width, height), 0.12)


def chart(width: int, height: int, mode: str = "RGB") -> Image.Image:
    """A drawing with large faces of one colour."""
    image = Image.new(mode, (width, height), (0, 0, 0, 0) if mode == "RGBA" else "white")
    draw = ImageDraw.Draw(image)
    for n in range(8):
        at = n * width // 8
        draw.rectangle((at, height // (n + 2), at + width // 10, height), fill="#9c2b3c")
    return image


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    written = io.BytesIO()
    image.save(written, form, **options)
    return written.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def letter_with(body: str, **files: bytes) -> Letter:
    named = {name.replace("_", "."): data for name, data in files.items()}
    return parse_letter(FRONT + body, load_image=named.__getitem__)


@pytest.fixture(scope="module")
def photo() -> bytes:
    """A photo of 12 million pixels and more than 12 MB, on its side, as a camera writes it."""
    exif = Image.Exif()
    exif[0x0112], exif[0x013B] = 6, SECRET
    data = saved(scene(4_000, 3_000), "JPEG", quality=98, subsampling=0, exif=exif)
    assert len(data) > 12_000_000
    return data


def test_a_cameras_photo_of_twelve_megabytes_is_no_fault(photo: bytes, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(photo)
    (tmp_path / "lettre.md").write_text(FRONT + "# x\n\n![La place](photo.jpg)")
    read = read_letter(tmp_path / "lettre.md")
    data = read.images["photo.jpg"]
    small = opened(data)
    assert (small.format, small.size) == ("JPEG", (1_120, 1_493))
    assert len(data) <= LIGHT
    assert SECRET.encode() not in data
    assert not dict(small.getexif())
    wanted = ImageOps.exif_transpose(opened(photo)).resize(small.size)
    assert _difference(small, wanted) < 12


def _difference(one: Image.Image, other: Image.Image) -> float:
    """How far two pictures are apart in the middle of their blocks, of 255."""
    pixels = [
        list(it.convert("RGB").resize((12, 12), Image.Resampling.BOX).tobytes())
        for it in (one, other)
    ]
    one_half, other_half = pixels
    return sum(abs(a - b) for a, b in zip(one_half, other_half, strict=True)) / len(one_half)


def test_a_picture_is_twice_as_wide_as_its_place_at_most() -> None:
    large = saved(chart(3_000, 600), "PNG")
    body = "# x\n\n![a](a.png)\n\n![b](b.png){width=300}\n\n![c](c.png){width=9000}"
    read = letter_with(body, a_png=large, b_png=large, c_png=large)
    assert {name: opened(it).size for name, it in read.images.items()} == {
        "a.png": (1_120, 224),
        "b.png": (600, 120),
        "c.png": (1_120, 224),
    }
    page = html(body, images=read.images)
    assert re.findall(r'<img[^>]* width="(\d+)"', page) == ["560", "300", "560"]


def test_a_picture_that_stands_twice_is_made_for_the_wider_place() -> None:
    large = saved(chart(3_000, 600), "PNG")
    read = letter_with("![a](a.png){width=100}\n\n![a](a.png){width=250}", a_png=large)
    assert opened(read.images["a.png"]).width == 500


def test_the_column_of_the_theme_is_the_place() -> None:
    large = saved(chart(3_000, 600), "PNG")
    asked: list[str] = []

    def narrow(theme: str) -> Shape:
        asked.append(theme)
        return Shape(radius=0, column=480)

    text = FRONT.replace("---\n", "---\ntheme: bulletin\n", 1) + "![a](a.png)"
    read = parse_letter(text, load_image=lambda _: large, shape_of=narrow)
    assert opened(read.images["a.png"]).width == 880
    assert asked == ["bulletin"]


@pytest.mark.parametrize(
    "data",
    [
        saved(chart(1_072, 300), "PNG"),
        saved(scene(900, 300), "JPEG", quality=80),
        saved(chart(500, 300), "GIF"),
    ],
    ids=["PNG", "JPEG", "GIF"],
)
def test_what_is_small_enough_is_not_compressed_again(data: bytes) -> None:
    read = letter_with("![a](a.x)", a_x=data)
    seen = images.look("a.x", data)
    assert images.look("a.x", read.images["a.x"]) == seen
    assert opened(read.images["a.x"]).tobytes() == opened(data).tobytes()


@pytest.mark.parametrize(
    ("image", "form", "options", "becomes"),
    [
        (chart(2_000, 500), "PNG", {}, "PNG"),
        (chart(2_000, 500).quantize(16), "PNG", {}, "PNG"),
        (chart(2_000, 500).convert("L"), "PNG", {}, "PNG"),
        (chart(2_000, 500).convert("1", dither=Image.Dither.NONE), "PNG", {}, "PNG"),
        (chart(2_000, 500, "RGBA"), "PNG", {}, "PNG"),
        (chart(2_000, 500).quantize(16), "GIF", {}, "PNG"),
        (chart(400, 100), "WEBP", {"lossless": True}, "PNG"),
        (chart(400, 100, "RGBA"), "WEBP", {}, "PNG"),
        (scene(400, 300), "WEBP", {}, "JPEG"),
        (scene(2_000, 900), "WEBP", {}, "JPEG"),
        (scene(1_000, 900), "PNG", {}, "JPEG"),
        (scene(2_000, 900).convert("CMYK"), "JPEG", {}, "JPEG"),
        (scene(2_000, 900).convert("L"), "JPEG", {}, "JPEG"),
    ],
    ids=[
        "a drawing", "of few colours", "grey", "black and white", "on nothing", "a still GIF",
        "WebP without loss", "WebP on nothing", "a small WebP", "a large WebP", "a photo as PNG",
        "the colours of a press", "a grey photo",
    ],
)  # fmt: skip
def test_each_kind_becomes_one_that_mail_programs_show(
    image: Image.Image, form: str, options: dict[str, Any], becomes: str
) -> None:
    made = images.fitted("a", saved(image, form, **options), 536)
    small = opened(made.data)
    assert small.format == becomes
    assert small.width == min(image.width, 1_072)
    assert len(made.data) <= LIGHT
    assert made.told is None
    assert small.mode != "CMYK"
    if becomes == "JPEG" or image.mode != "RGBA":
        assert _difference(small, image) < 12
    else:
        assert small.convert("RGBA").getchannel("A").getextrema() == (0, 255)


def test_sixteen_bits_a_pixel_are_not_cut_off() -> None:
    half = Image.new("I;16", (2_000, 100), 0x8000)
    small = opened(images.fitted("a", saved(half, "PNG"), 536).data)
    assert small.convert("L").getextrema() == (128, 128)


def test_a_photo_that_needs_it_is_compressed_and_its_author_told() -> None:
    data = saved(noise(1_072, 1_300, softly=0.8), "JPEG", quality=95)
    read = letter_with("# x\n\n![Du sable](a.jpg)", a_jpg=data)
    assert len(read.images["a.jpg"]) <= LIGHT
    (note,) = read.notes
    assert (note.line, "was compressed so far, to" in str(note.sentence)) == (10, True)


def test_a_picture_on_nothing_stays_on_nothing_when_it_is_compressed() -> None:
    image = scene(1_200, 400).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    made = images.fitted("a", saved(image, "PNG"), 536)
    small = opened(made.data).convert("RGBA")
    assert len(made.data) <= LIGHT
    assert made.told is not None
    assert min(small.getchannel("A").tobytes()) < 20


def test_what_stays_heavy_is_not_made_smaller_than_its_place() -> None:
    made = images.fitted("a", saved(noise(1_072, 3_800), "JPEG", quality=95), 536)
    assert len(made.data) > LIGHT
    assert opened(made.data).width == 536


def test_colours_are_those_of_screens_whatever_profile_a_camera_gives() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for profile in (lab, b"no profile at all"):
        data = saved(scene(2_000, 900), "JPEG", icc_profile=profile)
        small = opened(images.fitted("a", data, 536).data)
        assert "icc_profile" not in small.info
        assert _difference(small, scene(2_000, 900)) < 12


def test_what_webp_says_beside_its_picture_does_not_come_through() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x013B] = 6, SECRET
    xmp = f"<x:xmpmeta>{SECRET}</x:xmpmeta>".encode()
    data = saved(scene(600, 400), "WEBP", exif=exif, xmp=xmp)
    assert SECRET.encode() in data
    made = images.fitted("a", data, 536).data
    assert SECRET.encode() not in made
    assert opened(made).size == (400, 600)


def frames(form: str, size: tuple[int, int] = (300, 200), **options: Any) -> bytes:
    first, *more = (Image.new("RGB", size, it) for it in ("red", "green", "blue"))
    return saved(first, form, save_all=True, append_images=more, duration=100, **options)


def test_a_gif_that_moves_travels_as_it_is_and_is_told() -> None:
    film = frames("GIF", loop=0)
    made = images.fitted("a.gif", film, 50)
    assert opened(made.data).n_frames == 3  # type: ignore[attr-defined]
    assert made.told is not None
    assert str(made.told[0]) == (
        'the image "a.gif" moves, and nobody can stop it; Outlook shows its beginning'
    )


def test_a_gif_that_moves_and_is_heavy_is_refused() -> None:
    grains = random.Random(1).randbytes(700_000)
    first, *more = (Image.frombytes("P", (700, 500), grains[n:][:350_000]) for n in range(4))
    for it in (first, *more):
        it.putpalette([n // 3 for n in range(768)])
    film = saved(first, "GIF", save_all=True, append_images=more)
    with pytest.raises(ImageError, match=r"moves, and weighs \d+ kB: make it smaller than 1000 kB"):
        images.fitted("a.gif", film, 536)


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_of_another_film_the_first_picture_is_sent(form: str) -> None:
    made = images.fitted("a", frames(form), 536)
    assert getattr(opened(made.data), "n_frames", 1) == 1
    assert _difference(opened(made.data), Image.new("RGB", (300, 200), "red")) < 3
    assert made.told is not None


def test_pictures_travel_as_they_were_made() -> None:
    read = letter_with(
        "# x\n\n![a](a.webp)\n\n![b](b.png)",
        a_webp=saved(scene(800, 600), "WEBP"),
        b_png=saved(chart(3_000, 600), "PNG"),
    )
    parts = [
        it
        for it in mail(wire(read.body, images=read.images)).walk()
        if it.get_content_maintype() == "image"
    ]
    assert [(it.get_content_type(), it.get_filename()) for it in parts] == [
        ("image/jpeg", "image-1.jpg"),
        ("image/png", "image-2.png"),
    ]
    assert [it.get_content() for it in parts] == [*read.images.values()]


WHOLE = [
    saved(scene(60, 40), "WEBP"),
    saved(chart(60, 40), "WEBP", lossless=True),
    saved(chart(60, 40, "RGBA"), "WEBP"),
    frames("WEBP", (40, 30)),
    saved(chart(60, 40), "PNG"),
    saved(scene(60, 40), "JPEG"),
    frames("GIF", (40, 30)),
]


@settings(max_examples=examples(150), deadline=None)
@given(st.sampled_from(WHOLE), st.data())
def test_wherever_a_file_is_broken_it_is_a_picture_or_a_refusal(
    data: bytes, draw: st.DataObject
) -> None:
    at = draw.draw(st.integers(0, len(data) - 1))
    broken = (
        data[:at] + draw.draw(st.binary(max_size=6)) + data[at + draw.draw(st.integers(0, 9)) :]
    )
    try:
        # A narrow place, so that each is decoded.
        seen = images.look("a", broken)
        if seen.width * seen.height < 1_000_000:
            opened(images.fitted("a", broken, 4).data)
    except ImageError:
        return


def test_a_moving_gif_whose_first_picture_is_broken_is_damaged() -> None:
    whole = frames("GIF", (40, 30))
    # Within the first picture's own data: its blocks are as long as they say, and cannot be read.
    broken = whole[:98] + b"\0\0\0\0\0\3" + whole[100:]
    with pytest.raises(ImageError, match='the image "a" is damaged: save it again'):
        images.fitted("a", broken, 4)


@pytest.mark.parametrize("data", WHOLE[:4])
def test_a_webp_that_is_cut_off_is_damaged(data: bytes) -> None:
    for end in (25, len(data) // 2):
        with pytest.raises(ImageError, match='the image "a" is damaged: save it again'):
            images.fitted("a", data[:end], 536)


def test_the_picture_of_a_signature_is_made_for_its_small_place() -> None:
    portrait = saved(scene(900, 900), "JPEG")
    body = "::: signature\nnom: Camille Martin\nphoto: a.jpg\nalt: Camille\n:::\n"
    assert opened(letter_with(body, a_jpg=portrait).images["a.jpg"]).size == (192, 192)


def test_the_picture_of_a_block_is_made_for_the_width_that_it_asks_for() -> None:
    large = saved(chart(3_000, 600), "PNG")
    body = "::: image a.png\nalt: Une courbe\nlargeur: 200\n:::\n"
    assert opened(letter_with(body, a_png=large).images["a.png"]).size == (400, 80)


def test_a_picture_in_a_column_is_made_for_the_window_that_it_fills_on_a_telephone() -> None:
    large = saved(chart(3_000, 600), "PNG")
    body = ":::: colonnes\n::: colonne\n![a](a.png)\n:::\n::: colonne\nb\n:::\n::::\n"
    assert opened(letter_with(body, a_png=large).images["a.png"]).width == 1_120
