"""The first bytes alone tell an image's kind and size, also where they are written unusually."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.letter.images import ImageError, Picture, look
from tests.factories import PIXEL
from tests.mailer.letter.picture_bytes import (
    PROGRESSIVE,
    SOI,
    TABLES,
    frame,
    gif,
    jpeg,
    segment,
    turned,
)

JFIF = segment(0xE0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0")


@pytest.mark.parametrize(
    "data",
    [
        jpeg(JFIF, frame()),
        jpeg(frame(kind=PROGRESSIVE)),
        jpeg(JFIF, b"\xff" * 3, frame()),
        jpeg(b"\xff" * 3, JFIF, b"\xff" * 100, frame(kind=PROGRESSIVE)),
        jpeg(JFIF, b"\xff\x01", frame()),
        jpeg(JFIF, bytes(5), frame()),
        jpeg(segment(0xE2, b"ICC_PROFILE\0" + bytes(65_000)), TABLES, frame()),
        jpeg(segment(0xE1, b"Exif\0\0MM and then nothing"), frame()),
        jpeg(segment(0xFE, b"a comment\xff\xc0" + bytes(12)), frame()),
    ],
    ids=[
        "JFIF",
        "progressive",
        "fill bytes before the frame",
        "fill bytes everywhere",
        "a marker without a segment",
        "bytes between two segments",
        "a large profile first",
        "a broken Exif",
        "a comment that looks like a frame",
    ],
)
def test_a_jpegs_size_is_found_wherever_its_frame_header_stands(data: bytes) -> None:
    assert look("photo", data) == Picture("jpeg", 640, 480)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("orientation", "width"), [(1, 640), (3, 640), (6, 480), (8, 480)])
def test_a_photo_that_is_shown_upright_is_as_wide_as_it_is_shown(
    order: str, orientation: int, width: int
) -> None:
    seen = look("photo", jpeg(JFIF, turned(orientation, order), frame()))
    assert (seen.width, seen.height) == (width, 640 + 480 - width)


@pytest.mark.parametrize("version", [b"87a", b"89a"])
@pytest.mark.parametrize("width", [1, 600, 40_000])
def test_a_gifs_size_is_read(version: bytes, width: int) -> None:
    assert look("image", gif(width, 2, version)) == Picture("gif", width, 2)


def test_a_pngs_size_is_read() -> None:
    assert look("image", PIXEL) == Picture("png", 1, 1)


@pytest.mark.parametrize(
    "data",
    [
        PIXEL[:20],
        PIXEL.replace(b"IHDR", b"CgBI"),
        gif(0, 5),
        gif(5, 5)[:8],
        jpeg(frame())[:3],
        jpeg(JFIF, frame())[: len(SOI + JFIF) + 7],
        jpeg(JFIF),
        jpeg(frame(height=0)),
        jpeg(segment(0xC4, frame())),
        SOI + JFIF + b"\xff\xe1\x00\x00" + frame(),
    ],
    ids=[
        "a PNG cut off",
        "a PNG without its header first",
        "a GIF of no width",
        "a GIF cut off",
        "a JPEG of three bytes",
        "a JPEG cut off within its frame",
        "a JPEG without a frame",
        "a JPEG of no height",
        "a JPEG with a frame among its tables only",
        "a JPEG with a segment of no length",
    ],
)
def test_a_damaged_picture_is_refused_with_what_to_do(data: bytes) -> None:
    with pytest.raises(ImageError, match="is damaged: save it again"):
        look("image", data)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "is not PNG, JPEG, WebP or GIF: save it as PNG or JPEG"),
        (b"BM", "is not PNG, JPEG, WebP or GIF"),
        (b"II*\0", "is not PNG, JPEG, WebP or GIF"),
        (b"%PDF-1.7", "is not PNG, JPEG, WebP or GIF"),
        (SOI, "is not PNG, JPEG, WebP or GIF"),
        (b"RIFF\0\0\0\0AVI LIST", "is not PNG, JPEG, WebP or GIF"),
        (b"<p>", "is not PNG, JPEG, WebP or GIF"),
        (b"<svg/>", "is SVG, which mail programs do not show: save it as PNG, twice as wide"),
        (b'\xef\xbb\xbf\n<?xml version="1.0"?>\n<svg/>', "is SVG"),
        (b"<!-- x --><!DOCTYPE svg><svg/>", "is SVG"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "is a telephone's HEIC or AVIF: save it as JPEG"),
        (b"\0\0\0\x18ftypavif\0\0\0\0", "is a telephone's HEIC or AVIF"),
    ],
)
def test_another_kind_is_refused_whatever_its_name_says(data: bytes, fault: str) -> None:
    with pytest.raises(ImageError, match=fault):
        look("photo.jpg", data)


WEBP = b"RIFF\0\0\0\0WEBPVP8"


@given(
    st.sampled_from([SOI + b"\xff", PIXEL[:8], b"GIF89a", WEBP + b" ", WEBP + b"X", WEBP + b"L"]),
    st.binary(max_size=300),
)
def test_any_bytes_are_a_picture_or_a_refusal(beginning: bytes, rest: bytes) -> None:
    try:
        seen = look("image", beginning + rest)
    except ImageError:
        return
    assert min(seen.width, seen.height) > 0
