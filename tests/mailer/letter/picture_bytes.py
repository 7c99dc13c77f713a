"""JPEG and GIF files made of their pieces."""

from __future__ import annotations

import struct
import zlib

from tests.factories import PIXEL

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
BASELINE, PROGRESSIVE = 0xC0, 0xC2
TABLES = b"\xff\xc4" + struct.pack(">H", 5) + b"\x00\x01\x02"
SCAN = b"\xff\xda" + struct.pack(">H", 8) + bytes(6) + b"\x12\x34\xff\x00\x56"


def segment(marker: int, payload: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(payload) + 2) + payload


def frame(width: int = 640, height: int = 480, *, kind: int = BASELINE) -> bytes:
    return segment(kind, struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00")


def turned(orientation: int, order: str = ">") -> bytes:
    """An Exif segment as telephones write it, in either byte order."""
    mark = b"MM" if order == ">" else b"II"
    value = struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    directory = struct.pack(order + "HI", 42, 8) + struct.pack(order + "H", 1) + value + bytes(4)
    return segment(0xE1, b"Exif\0\0" + mark + directory)


def jpeg(*parts: bytes) -> bytes:
    return SOI + b"".join(parts) + TABLES + SCAN + EOI


def gif(width: int, height: int, version: bytes = b"89a") -> bytes:
    return b"GIF" + version + struct.pack("<HHBBB", width, height, 0, 0, 0) + b";"


def chunk(kind: bytes, content: bytes) -> bytes:
    """A piece of a PNG."""
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))


def heavy_picture(sign: bytes) -> bytes:
    """A PNG of 120 kB, which the sign tells from others."""
    block = b"\0" + struct.pack("<HH", 60_000, 5_535) + (sign * 60_000)[:60_000]
    return PIXEL[:33] + chunk(b"IDAT", b"\x78\x01" + block * 2 + b"\x01\0\0\xff\xff") + PIXEL[-12:]
