"""Lets mammoth read a prepared .docx, and makes the clean tree of its HTML."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import mammoth

from mailer.letter.converting.convert import convert
from mailer.letter.converting.converted import Converted
from mailer.letter.import_report import Report
from mailer.letter.word.package import Package
from mailer.letter.word.pictures import Pictures
from mailer.letter.word.preparing import prepare
from mailer.letter.word.styling import STYLE_MAP


def read(
    data: bytes, stem: str, report: Report, *, choice: str | None, guess_headings: bool
) -> tuple[Converted, dict[str, bytes], list[str]]:
    """The tree of a .docx, its pictures by name, and all its words; raises PliError.

    `choice` is "accept" or "reject" for tracked changes; None refuses a document that has some.
    """
    package = Package(data)
    pictures = Pictures(stem, report)
    prepared, words = prepare(package, pictures, report, choice)
    html = mammoth.convert_to_html(
        io.BytesIO(prepared.data),
        style_map=STYLE_MAP,
        include_embedded_style_map=False,
        convert_image=mammoth.images.img_element(_named(pictures)),
    ).value
    converted = convert(
        html,
        report,
        marks=prepared.marks,
        files=frozenset(pictures.files),
        guess_headings=guess_headings,
    )
    return converted, pictures.files, words


def _named(pictures: Pictures) -> Callable[..., dict[str, str]]:
    def attributes(image: Any) -> dict[str, str]:
        with image.open() as file:
            return {"src": pictures.name_of_file(file.read())}

    return attributes
