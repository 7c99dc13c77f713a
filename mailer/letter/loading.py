"""Loads the pictures of a letter from beside it, each once, and makes them ready to travel."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from mailer.letter import images, limits
from mailer.letter.images import Fitted
from mailer.letter.limits import LetterLimits
from mailer.letter.markdown import ParsedMarkdown
from mailer.letter.note import Note
from mailer.letter.sanitising import line_of
from mailer.letter.tokens import Shape
from pli.errors import PliError
from pli.language import N_, Sentence, say


@dataclass(slots=True)
class Pictures:
    """The pictures of a letter by their names; faults and notes have lines of the body, from 0."""

    found: dict[str, bytes] = field(default_factory=dict)
    faults: list[tuple[int, Sentence]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def load(
    parsed: ParsedMarkdown,
    shape: Shape,
    read: Callable[[str], bytes] | None,
    sizes: LetterLimits,
) -> Pictures:
    """Load the local pictures of a letter, for the places that a theme of this shape has.

    Without `read`, the local ones are left out.
    """
    loading = _Loading(sizes, _places(parsed.tree, shape.picture))
    for image in parsed.tree.iter("img"):
        line, name = line_of(image), unquote(image.get("src", ""))
        if parsed.placeholders.within(name):
            continue  # An expression in an address is told already.
        if fault := _elsewhere(name) or _nameless(image):
            loading.pictures.faults.append((line, fault))
        elif read is not None and _is_local(name) and not loading.add(line, name, read):
            break
    return loading.pictures


def _places(tree: Element, most: int) -> dict[str, int]:
    """The width of each picture's place in pixels of the page: the widest, if it stands twice.

    A picture in a column counts as in the whole letter: on a telephone it fills the window.
    """
    widest: dict[str, int] = {}
    for image in tree.iter("img"):
        name, asked = unquote(image.get("src", "")), image.get("width", "")
        place = min(int(asked), most) if asked.isdigit() and int(asked) else most
        widest[name] = max(widest.get(name, 0), place)
    return widest


def _is_local(name: str) -> bool:
    return bool(name) and not name.lower().startswith("https:")


def _elsewhere(name: str) -> Sentence | None:
    """What is wrong with an address that is neither a file's name nor a safe site's."""
    scheme = name.partition(":")[0].lower() if ":" in name else ""
    if scheme == "data":
        return say(N_("an image is written into the text (data:): save it as a file beside it"))
    if (scheme and scheme != "https") or name.startswith("//"):
        return say(
            N_('the image "{name}" is not at an https:// address: put it beside the letter'),
            name=name,
        )
    return None


def _nameless(image: Element) -> Sentence | None:
    """What is wrong with an image whose address sanitising took out, such as file: or C:."""
    if image.get("src"):
        return None
    return say(
        N_(
            "this image has no name that can be used: put the file beside the letter, and write "
            "its name alone"
        )
    )


@dataclass(slots=True)
class _Loading:
    """The pictures as they are loaded, and what they come to together."""

    sizes: LetterLimits
    places: Mapping[str, int]
    pictures: Pictures = field(default_factory=Pictures)
    names: set[str] = field(default_factory=set)
    made: dict[tuple[bytes, int], Fitted] = field(default_factory=dict)
    pixels: int = 0

    def add(self, line: int, name: str, read: Callable[[str], bytes]) -> bool:
        """Load a picture, if it is a new one; False if no other may be loaded after it."""
        if name in self.names:
            return True
        self.names.add(name)
        if fault := limits.too_many(len(self.names), 0, self.sizes):
            self.pictures.faults.append((line, fault))
            return False
        try:
            fault = self._make(line, name, read(name))
        except PliError as error:
            fault = error.sentences[0]
        if fault:
            self.pictures.faults.append((line, fault))
            return True
        weight = sum(len(it.data) for it in self.made.values())
        if fault := limits.too_many(len(self.names), weight, self.sizes):
            self.pictures.faults.append((line, fault))
        return fault is None

    def _make(self, line: int, name: str, data: bytes) -> Sentence | None:
        place = self.places[name]
        known = (hashlib.sha256(data).digest(), place)
        if known not in self.made:
            seen = images.look(name, data)
            self.pixels += seen.width * seen.height
            fault = limits.too_wide(name, seen.width * seen.height, self.sizes)
            if fault := fault or limits.too_wide_together(self.pixels, self.sizes):
                return fault
            self.made[known] = images.fitted(name, data, place)
            if told := self.made[known].told:
                self.pictures.notes.append(Note(line, *told))
        self.pictures.found[name] = self.made[known].data
        return None
