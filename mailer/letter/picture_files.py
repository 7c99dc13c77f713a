"""Takes out of a picture's file what is no picture: where and by whom it was taken, and with what.

PNG, JPEG and GIF are files of pieces. The pieces that a picture is shown by are kept as they are,
so nothing is compressed a second time, and nothing is decoded. A file whose pieces do not reach
its end is damaged.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

UPRIGHT = 1


class Damaged(Exception):
    """A file is cut off, or its pieces make no picture."""


@dataclass(frozen=True, slots=True)
class CleanFile:
    """A file with nothing but its picture; `orientation` as Exif counts it, from 1 to 8."""

    data: bytes
    orientation: int = UPRIGHT


def cleaned(kind: str, data: bytes) -> CleanFile:
    """Clean a file of a kind (png, jpeg, gif); raises Damaged."""
    try:
        return _CLEANERS[kind](data)
    except (struct.error, IndexError, zlib.error):
        raise Damaged from None


def moves(kind: str, data: bytes) -> bool:
    """Whether a file holds more than one picture, to be shown one after another."""
    if kind == "gif":
        return _images(data) > 1
    # Extended WebP says so in its first byte of flags (RFC 9649, 2.7); PNG in a chunk (APNG).
    return (kind == "webp" and data[12:16] == b"VP8X" and bool(data[20] & 2)) or (
        kind == "png" and b"acTL" in data[: data.find(b"IDAT")]
    )


# JPEG (ITU-T T.81, annex B): segments, and behind each start of scan its coded data.
_SOI, _EOI = b"\xff\xd8", b"\xff\xd9"
_END, _SCAN = 0xD9, 0xDA
_ALONE = frozenset((0x01, *range(0xD0, 0xD8)))
_FRAMES = frozenset((*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), 0xCD, 0xCE, 0xCF))
_COMMENT = 0xFE
_APPLICATIONS = range(0xE0, 0xF0)
# In coded data FF 00 is a byte, and D0 to D7 begin again after a fault of the line.
_AFTER_SCAN = re.compile(rb"(?<!\xff)\xff++[^\x00\xd0-\xd7]")


def has_inks(data: bytes) -> bool:
    """Whether a JPEG has four colours: cyan, magenta, yellow and black; False if it is damaged."""
    try:
        frame = next(payload for marker, payload, _ in _segments(data) if marker in _FRAMES)
    except (Damaged, struct.error, IndexError, StopIteration):
        return False
    return len(frame) > 5 and frame[5] == 4


def _jpeg(data: bytes) -> CleanFile:
    kept = [_SOI]
    orientation, framed, scanned = UPRIGHT, False, False
    for marker, payload, coded in _segments(data):
        framed = framed or marker in _FRAMES
        scanned = scanned or bool(coded)
        if marker == 0xE1 and payload.startswith(b"Exif\0"):
            orientation = _orientation(payload[6:])
        if shown := _shown(marker, payload):
            kept.append(bytes((0xFF, marker)) + struct.pack(">H", len(shown) + 2) + shown + coded)
    if not (framed and scanned):
        raise Damaged
    return CleanFile(b"".join([*kept, _EOI]), orientation)


def _segments(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """The segments up to the end of the picture: marker, payload, coded data behind a scan."""
    at = len(_SOI)
    while True:
        at = data.find(b"\xff", at)
        if at < 0:
            raise Damaged
        while data[at] == 0xFF:
            at += 1
        marker = data[at]
        at += 1
        if marker == _END:
            return
        if marker == 0 or marker in _ALONE:
            continue
        (length,) = struct.unpack_from(">H", data, at)
        payload = data[at + 2 : at + length]
        if length < 2 or len(payload) != length - 2:
            raise Damaged
        at += length
        coded = b""
        if marker == _SCAN:
            end = _AFTER_SCAN.search(data, at)
            if end is None:
                raise Damaged
            coded = data[at : end.start()]
            at = end.start()
        yield marker, payload, coded


def _shown(marker: int, payload: bytes) -> bytes:
    """What of a segment the picture is shown by; b"" for a segment that is taken out."""
    if marker == 0xE0 and payload.startswith(b"JFIF\0") and len(payload) >= 14:
        return payload[:12] + b"\0\0"  # without its small picture
    if marker == 0xE2 and payload.startswith(b"ICC_PROFILE\0"):
        return payload
    if marker == 0xEE and payload.startswith(b"Adobe"):
        return payload  # says how colours are counted
    return b"" if marker in _APPLICATIONS or marker == _COMMENT else payload


def _orientation(tiff: bytes) -> int:
    """The orientation in Exif data, upright where these are broken (Exif 2.32, 4.6.2)."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return UPRIGHT
    try:
        (first,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, first)
        for n in range(entries):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", tiff, first + 2 + 12 * n)
            if tag == 0x0112 and kind == 3:
                return value if 1 <= value <= 8 else UPRIGHT
    except struct.error:
        pass
    return UPRIGHT


_AT_ONCE = 1_000_000
_UNPACKED = 100 * _AT_ONCE


# PNG (third edition, 5): chunks; those whose name begins with a capital are the picture's own.
_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_SHOWN = frozenset(
    (
        *(b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV", b"cLLI"),
        *(b"bKGD", b"pHYs", b"sPLT", b"hIST", b"acTL", b"fcTL", b"fdAT"),
    )
)


def _png(data: bytes) -> CleanFile:
    kept = [_PNG]
    orientation = UPRIGHT
    rows: list[bytes] = []
    for kind, content, whole in _chunks(data):
        if kind == b"eXIf":
            orientation = _orientation(content)
        if kind == b"IDAT":
            rows.append(content)
        if kind[:1].isupper() or kind in _PNG_SHOWN:
            kept.append(whole)
    if not _ends(b"".join(rows)):
        raise Damaged
    return CleanFile(b"".join(kept), orientation)


def _ends(packed: bytes) -> bool:
    """Whether packed rows reach their end; what unpacks to very much is believed.

    Only the raw stream is read: programs show a picture whose checksum is wrong.
    """
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    unpacked, left = 0, packed[2:]
    while left and not stream.eof and unpacked < _UNPACKED:
        unpacked += len(stream.decompress(left, _AT_ONCE))
        left = stream.unconsumed_tail
    return stream.eof or unpacked >= _UNPACKED


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    at = len(_PNG)
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        content = data[at + 8 : at + 8 + length]
        (check,) = struct.unpack_from(">I", data, at + 8 + length)
        if check != zlib.crc32(kind + content):
            raise Damaged
        yield kind, content, data[at : at + 12 + length]
        at += 12 + length
        if kind == b"IEND":
            return


# GIF89a: blocks; extensions hold text, comments and the data of programs.
_TRAILER = b";"
_GRAPHIC, _APPLICATION = 0xF9, 0xFF
_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")


def _gif(data: bytes) -> CleanFile:
    at = 13 + _table(data[10])
    kept = [data[:at]]
    shown = False
    # A file without its trailer is whole where a block ends.
    while at < len(data) and data[at : at + 1] != _TRAILER:
        begin = at
        if data[at] == 0x21:
            label = data[at + 1]
            loops = data[at + 3 : at + 14] in _LOOPS
            at = _after_blocks(data, at + 2)
            if label == _GRAPHIC or (label == _APPLICATION and loops):
                kept.append(data[begin:at])
        elif data[at] == 0x2C:
            pixels = at + 11 + _table(data[at + 9])
            at = _after_blocks(data, pixels)
            shown = shown or at > pixels + 1
            kept.append(data[begin:at])
        else:
            raise Damaged
    if not shown:
        raise Damaged
    return CleanFile(b"".join([*kept, _TRAILER]))


def _images(data: bytes) -> int:
    """How many pictures a clean GIF holds."""
    at, images = 13 + _table(data[10]), 0
    while data[at : at + 1] != _TRAILER:
        if data[at] == 0x2C:
            images += 1
            at = _after_blocks(data, at + 11 + _table(data[at + 9]))
        else:
            at = _after_blocks(data, at + 2)
    return images


def _table(flags: int) -> int:
    """The bytes of a colour table."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    while data[at]:
        at += 1 + data[at]
    return at + 1


_CLEANERS = {"jpeg": _jpeg, "png": _png, "gif": _gif}
