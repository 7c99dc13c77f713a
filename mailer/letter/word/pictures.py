"""The pictures of a document: which can go into a letter, under which names, and why not."""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass, field

from mailer.letter import images, picture_files
from mailer.letter.import_report import Report
from pli.language import N_, Sentence, say

PIXELS = 40_000_000
_WIDEST = 1_200
"""Pixels; twice the width of a letter, for sharp screens."""
_HEAVY = 1_000_000
"""Bytes; a heavier picture is made smaller at once, and its file beside the letter is light."""
_CONVERTED = ("BMP", "TIFF", "WEBP", "PNG", "JPEG", "GIF")
_VECTORS = {b"\x01\0\0\0": "EMF", b"\xd7\xcd\xc6\x9a": "WMF", b"\x01\0\x09\0": "WMF"}


@dataclass(slots=True)
class Pictures:
    """The pictures of a letter by their file's name; `stem` is how each name begins."""

    stem: str
    report: Report
    files: dict[str, bytes] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    _refused: dict[str, Sentence] = field(default_factory=dict)

    def take(self, data: bytes, place: str) -> str | None:
        """The name under which a picture goes into the letter; None if it is left out, and told."""
        mark = hashlib.sha256(data).hexdigest()
        if mark in self.names:
            return self.names[mark]
        if mark not in self._refused:
            made = self._made(data, place)
            if not isinstance(made, Sentence):
                name = f"{self.stem}-{len(self.files) + 1}.{images.look('', made).extension}"
                self.files[name] = made
                self.names[mark] = name
                return name
            self._refused[mark] = made
        self.report.left_out(self._refused[mark], place)
        return None

    def name_of_file(self, data: bytes) -> str:
        """The name of a picture in the letter."""
        return next(name for name, file in self.files.items() if file == data)

    def _made(self, data: bytes, place: str) -> bytes | Sentence:
        for magic, kind in _VECTORS.items():
            if data.startswith(magic):
                return say(
                    N_("a picture in {kind}, which no mail shows: save it as PNG"), kind=kind
                )
        try:
            found = images.look("", data)
        except images.ImageError:
            return self._converted(data, place)
        if found.width * found.height > PIXELS:
            return _too_wide(found.width * found.height)
        if found.kind == "webp" or len(data) > _HEAVY:
            return self._converted(data, place)
        try:
            picture_files.cleaned(found.kind, data)
        except picture_files.Damaged:
            return say(N_("a picture that is damaged"))
        return data

    def _converted(self, data: bytes, place: str) -> bytes | Sentence:
        """A picture of another kind, or one that is too heavy, as a PNG or a JPEG."""
        from PIL import Image, ImageOps

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", Image.DecompressionBombWarning)
                with Image.open(io.BytesIO(data), formats=_CONVERTED) as image:
                    if image.width * image.height > PIXELS:
                        return _too_wide(image.width * image.height)
                    kind = image.format or ""
                    # A JPEG is decoded no larger than needed, which saves time and memory.
                    image.draft(None, (_WIDEST, _WIDEST))
                    upright = ImageOps.exif_transpose(image)
                    upright.thumbnail((_WIDEST, 2 * _WIDEST))
                    lossless = kind in ("BMP", "PNG", "GIF", "TIFF") or "A" in upright.getbands()
                    made = _saved(upright, "PNG") if lossless else b""
                    if not made or len(made) > _HEAVY:
                        made = _saved(upright.convert("RGB"), "JPEG")
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            return say(N_("a picture of no known kind, or damaged"))
        if len(made) > _HEAVY:
            return say(N_("a picture that stays too heavy for a mail"))
        told = N_("a picture in {kind} of {size} kB became one of {made} kB that mails show")
        self.report.changed(
            say(told, kind=kind, size=len(data) // 1000, made=-(-len(made) // 1000)), place
        )
        return made


def _saved(image: object, kind: str) -> bytes:
    from PIL import Image

    assert isinstance(image, Image.Image), "an opened picture"
    written = io.BytesIO()
    if kind == "PNG":
        plain = (
            image if image.mode in ("1", "L", "LA", "P", "RGB", "RGBA") else image.convert("RGB")
        )
        plain.save(written, "PNG", optimize=True)
    else:
        image.save(written, "JPEG", quality=85, optimize=True)
    return written.getvalue()


def _too_wide(pixels: int) -> Sentence:
    return say(
        N_("a picture of {n} million pixels: make it smaller than {limit} million"),
        n=pixels // 1_000_000,
        limit=PIXELS // 1_000_000,
    )
