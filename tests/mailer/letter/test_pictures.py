"""What becomes of a picture's file on its way into a letter: nothing but the picture travels."""

from __future__ import annotations

import contextlib
import io
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.letter import images, preflight, weights
from mailer.letter.images import ImageError
from mailer.letter.letter import LetterError, parse_letter
from tests.examples import examples
from tests.factories import FRONT, IDENTITY, PIXEL, letter
from tests.mailer.letter.picture_bytes import (
    SCAN,
    SOI,
    TABLES,
    chunk,
    frame,
    heavy_picture,
    jpeg,
    segment,
    turned,
)
from tests.mailer.letter.rendered import mail, pressed, wire


def cleaned(name: str, data: bytes) -> bytes:
    """An image as it travels, in a place that is wide enough for any."""
    return images.fitted(name, data, 100_000).data


SECRET = b"Marie Inventee 47.2 N"


def png(*more: bytes) -> bytes:
    return PIXEL[:33] + b"".join(more) + PIXEL[33:]


def blocks(content: bytes) -> bytes:
    return bytes([len(content)]) + content + b"\0"


GIF_HEAD = b"GIF89a" + struct.pack("<HHBBB", 2, 2, 0x80, 0, 0) + bytes(6)
GIF_IMAGE = b"\x2c" + struct.pack("<HHHHB", 0, 0, 2, 2, 0) + b"\x02" + blocks(b"\x84\x51")
TELLING = {
    "a JPEG with Exif": jpeg(segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\0\0" + SECRET), frame()),
    "a JPEG with XMP": jpeg(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + SECRET), frame()),
    "a JPEG with IPTC": jpeg(segment(0xED, b"Photoshop 3.0\0" + SECRET), frame()),
    "a JPEG with a comment": jpeg(frame(), segment(0xFE, SECRET)),
    "a JPEG with a small picture": jpeg(
        segment(0xE0, b"JFIF\0\x01\x02\0\0\x01\0\x01\x03\x07" + SECRET * 3), frame()
    ),
    "a JPEG with something behind its end": jpeg(frame()) + SECRET,
    "a PNG with text": png(chunk(b"tEXt", b"Author\0" + SECRET)),
    "a PNG with packed text": png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + SECRET)),
    "a PNG with Exif": png(chunk(b"eXIf", b"II*\0\x08\0\0\0\0\0" + SECRET)),
    "a PNG with its date": png(chunk(b"tIME", SECRET)),
    "a PNG with something behind its end": PIXEL + SECRET,
    "a GIF with a comment": GIF_HEAD + b"!\xfe" + blocks(SECRET) + GIF_IMAGE + b";",
    "a GIF with XMP": GIF_HEAD + b"!\xff" + blocks(b"XMP DataXMP" + SECRET) + GIF_IMAGE + b";",
    "a GIF with something behind its end": GIF_HEAD + GIF_IMAGE + b";" + SECRET,
}


@pytest.mark.parametrize("data", TELLING.values(), ids=TELLING.keys())
def test_a_picture_tells_nothing_but_itself(data: bytes) -> None:
    clean = cleaned("photo", data)
    assert SECRET not in clean
    assert images.look("photo", clean) == images.look("photo", data)
    assert cleaned("photo", clean) == clean


def test_what_a_picture_is_shown_by_stays() -> None:
    profile = segment(0xE2, b"ICC_PROFILE\0\x01\x01" + bytes(300))
    adobe = segment(0xEE, b"Adobe\0\x64\0\0\0\0\0")
    whole = jpeg(segment(0xE0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0"), profile, adobe, frame())
    assert cleaned("a", whole) == whole
    shown = png(chunk(b"gAMA", b"\0\0\xb1\x8f"), chunk(b"pHYs", bytes(9)))
    assert cleaned("a", shown) == shown
    loop = b"!\xff" + blocks(b"NETSCAPE2.0")[:-1] + b"\x03\x01\0\0\0"
    timing = b"!\xf9" + blocks(b"\0\x0a\0\0")
    film = GIF_HEAD + loop + timing + GIF_IMAGE + timing + GIF_IMAGE + b";"
    assert cleaned("a", film) == film


@pytest.mark.parametrize(
    "data",
    [
        jpeg(frame())[:-2],
        jpeg(frame())[:-5] + bytes(2_000),
        SOI + frame() + TABLES + b"\xff\xd9",
        SOI + TABLES + SCAN + b"\xff\xd9",
        jpeg(segment(0xE1, b"Exif\0\0" + jpeg(frame())), frame())[:-2],
        PIXEL[:-12],
        PIXEL[:-20],
        PIXEL[:50] + b"\xff" + PIXEL[51:],
        PIXEL[:33] + PIXEL[-12:],
        PIXEL[:33] + chunk(b"IDAT", PIXEL[41:-24]) + PIXEL[-12:],
        GIF_HEAD + GIF_IMAGE[:-2],
        GIF_HEAD + b";",
        GIF_HEAD[:-2],
    ],
    ids=[
        "a JPEG without its end",
        "a JPEG whose end was never fetched",
        "a JPEG without a scan",
        "a JPEG without a frame",
        "a JPEG that ends in its small picture only",
        "a PNG without its end",
        "a PNG cut off in its rows",
        "a PNG with a fault in its rows",
        "a PNG without rows",
        "a PNG whose rows do not end",
        "a GIF cut off in its rows",
        "a GIF without an image",
        "a GIF cut off in its colours",
    ],
)
def test_a_picture_that_is_cut_off_is_damaged(data: bytes) -> None:
    with pytest.raises(ImageError, match='the image "photo" is damaged: save it again'):
        cleaned("photo", data)


@settings(max_examples=examples(200), deadline=None)
@given(st.sampled_from([jpeg(frame()), PIXEL, GIF_HEAD + GIF_IMAGE + b";"]), st.data())
def test_wherever_a_picture_is_cut_it_is_damaged(data: bytes, draw: st.DataObject) -> None:
    end = draw.draw(st.integers(4, len(data) - 2))
    with pytest.raises(ImageError):
        cleaned("photo", data[:end])


@settings(max_examples=examples(200), deadline=None)
@given(st.sampled_from([b"\xff\xd8\xff", PIXEL[:33], GIF_HEAD]), st.binary(max_size=200))
def test_any_bytes_are_cleaned_or_damaged(head: bytes, rest: bytes) -> None:
    with contextlib.suppress(ImageError):
        cleaned("photo", head + rest)


def test_a_run_of_one_byte_is_read_in_no_time() -> None:
    with pytest.raises(ImageError):
        cleaned("photo", jpeg(frame())[:-2] + b"\xff" * 900_000 + b"\0")


def photo(orientation: int, mode: str = "RGB", form: str = "JPEG") -> bytes:
    """A picture of 60 × 40 with one dark corner, top left as it is stored."""
    from PIL import Image

    picture = Image.new(mode, (60, 40), "white" if mode == "RGB" else 0)
    picture.paste("black" if mode == "RGB" else (0, 0, 0, 255), (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x013B] = SECRET.decode()
    written = io.BytesIO()
    picture.save(written, form, exif=exif, icc_profile=b"a profile of colours")
    return written.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_turned_as_its_file_asks(orientation: int, form: str) -> None:
    from PIL import Image, ImageOps

    data = photo(orientation, form=form)
    clean = cleaned("photo", data)
    assert SECRET not in clean
    with Image.open(io.BytesIO(clean)) as seen, Image.open(io.BytesIO(data)) as stored:
        wanted = ImageOps.exif_transpose(stored)
        assert seen.size == wanted.size == ((60, 40) if orientation < 5 else (40, 60))
        assert not dict(seen.getexif())
        assert seen.info["icc_profile"] == b"a profile of colours"
        for x, y in ((5, 5), (seen.width - 5, 5), (5, seen.height - 5)):
            assert _dark(seen, x, y) == _dark(wanted, x, y)


def _dark(picture: Any, x: int, y: int) -> bool:
    return bool(picture.convert("L").getpixel((x, y)) < 128)


def test_a_turned_photo_has_the_colours_it_had() -> None:
    assert images.look("photo", cleaned("photo", photo(6, "CMYK"))).inks


def test_what_is_upright_is_not_compressed_again() -> None:
    data = photo(1)
    scan = data[data.index(b"\xff\xda") :]
    assert cleaned("photo", data).endswith(scan)


def test_a_turned_photo_that_cannot_be_decoded_is_damaged() -> None:
    with pytest.raises(ImageError, match="is damaged"):
        cleaned("photo", jpeg(turned(6), frame()))


def test_a_letter_says_which_picture_is_damaged_and_where() -> None:
    with pytest.raises(LetterError, match=r'lettre.md:11: the image "a.png" is damaged'):
        parse_letter(FRONT + "# x\n\n\n![a](a.png)", load_image=lambda _: PIXEL[:-12])


def test_pixels_are_judged_before_a_picture_is_looked_into() -> None:
    bomb = PIXEL[:16] + struct.pack(">II", 50_000, 50_000) + PIXEL[24:]
    with pytest.raises(LetterError, match="2500 million pixels"):
        parse_letter(FRONT + "![x](a.png)", load_image=lambda _: bomb)


def test_one_picture_under_two_names_travels_once() -> None:
    other = png(chunk(b"gAMA", b"\0\0\xb1\x8f"))
    named = {"b.png": PIXEL, "a.png": PIXEL, "c.png": other}
    body = "# x\n\n![un](b.png)\n\n![deux](a.png)\n\n![trois](c.png)"
    parts = [
        it for it in mail(wire(body, images=named)).walk() if it.get_content_maintype() == "image"
    ]
    assert [it.get_filename() for it in parts] == ["image-1.png", "image-2.png"]
    page = pressed(body, images=named).html_pieces
    used = "".join(it for it in page if isinstance(it, str)).count("cid:")
    assert used == 3


def test_a_picture_that_differs_only_in_what_it_tells_is_one() -> None:
    files = {"a.png": PIXEL, "b.png": png(chunk(b"tEXt", b"Author\0" + SECRET))}
    read = parse_letter(FRONT + "![a](a.png) ![b](b.png)", load_image=files.__getitem__)
    assert weights.of_pictures(read.images) == weights.of_pictures({"a": PIXEL})


def findings(**pictures: bytes) -> str:
    body = "# x\n\n" + "\n\n".join(f"![x]({name})" for name in pictures)
    read = parse_letter(FRONT + body, load_image=pictures.__getitem__)
    made = pressed(body, images=read.images)
    return "\n".join(str(it.told) for it in preflight.check(read, made, IDENTITY))


def test_the_colours_of_a_printing_press_are_told() -> None:
    four = segment(0xC0, struct.pack(">BHHB", 8, 40, 60, 4) + b"\x01\x11\x00" * 4)
    assert 'the image "a" has the colours of a printing press (CMYK): save it in RGB' in findings(
        a=jpeg(four)
    )
    assert "CMYK" not in findings(a=jpeg(frame()))


def test_the_weight_of_all_pictures_is_told_for_a_copy_and_for_a_sending() -> None:
    assert "the pictures weigh 328 kB in each copy: 329 MB for 1000 people" in findings(
        a=heavy_picture(b"1"), b=heavy_picture(b"2")
    )
    assert "the pictures weigh" not in findings(a=heavy_picture(b"1"), b=heavy_picture(b"1"))
    pictures = {"a": heavy_picture(b"1"), "b": heavy_picture(b"2")}
    told = weights.told(letter("# x", images=pictures), 1)
    assert str(told) == "the pictures weigh 328 kB in each copy: 1 MB for 1 person"


@pytest.mark.parametrize(
    "body",
    [
        "::: image file:///C:/photo.png\nalt: Une gare\n:::",
        "::: image C:\\photos\\x.png\nalt: Une gare\n:::",
        "::: image avis: vote.png\n:::",
        "::: signature\nnom: N\nimage: ftp://e.org/x.png\n:::",
        "![Une gare](ftp://e.org/x.png)",
        "![Une gare](C:/photos/x.png)",
        '<img alt="Une gare" src="file:///C:/photo.png">',
    ],
)
def test_a_picture_whose_address_no_letter_can_have_is_told(body: str) -> None:
    with pytest.raises(LetterError) as refused:
        parse_letter(FRONT + body, load_image=lambda _: PIXEL)
    (line,) = refused.value.lines("en")
    assert "this image has no name that can be used: put the file beside the letter" in line
