"""The tokens of an RTF file (Microsoft's Rich Text Format Specification 1.9.1), and their text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from mailer.letter.word.refusing import Unreadable
from pli.language import N_

_TOKEN = re.compile(
    rb"(?P<open>\{)|(?P<close>\})"
    rb"|\\(?P<word>[a-zA-Z]{1,32})(?P<value>-?\d{1,10})? ?"
    rb"|\\'(?P<byte>[0-9a-fA-F]{2})"
    rb"|\\(?P<sign>[^a-zA-Z'])"
    rb"|(?P<ends>[\r\n\0]+)"
    rb"|(?P<text>[^{}\\\r\n\0]+)"
    rb"|(?P<stray>\\)",
    re.DOTALL,
)
DEEPEST = 250
_MOST_TOKENS = 20_000_000


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of an RTF file: `raw` as it stands there.

    `kind` is "open", "close", "word", "byte", "sign", "ends" or "text"; a word has its `name` and,
    perhaps, a `value`.
    """

    kind: str
    raw: bytes
    name: str = ""
    value: int | None = None


@dataclass(slots=True)
class Group:
    """What stands between two braces: tokens and groups."""

    parts: list[Token | Group] = field(default_factory=list)

    @property
    def destination(self) -> tuple[str, bool]:
        """The first control word, and whether readers who do not know it skip the group."""
        starred = False
        for it in self.parts:
            if isinstance(it, Group):
                break
            if it.kind == "sign" and it.raw == b"\\*":
                starred = True
            elif it.kind == "word":
                return it.name, starred
            elif it.kind != "ends":
                break
        return "", starred

    def groups(self) -> Iterator[Group]:
        """The groups directly within this one."""
        yield from (it for it in self.parts if isinstance(it, Group))


def read(data: bytes) -> Group:
    """The outermost group of an RTF file; raises Unreadable."""
    whole = Group()
    open_groups = [whole]
    for token in _tokens(data):
        if token.kind == "open":
            group = Group()
            open_groups[-1].parts.append(group)
            open_groups.append(group)
            if len(open_groups) > DEEPEST:
                raise _damaged()
        elif token.kind == "close":
            if len(open_groups) == 1:
                break  # what stands behind the last brace is no part of the document
            open_groups.pop()
        else:
            open_groups[-1].parts.append(token)
    first = next(whole.groups(), None)
    if first is None or first.destination[0] != "rtf":
        raise _damaged()
    return first


def _tokens(data: bytes) -> Iterator[Token]:
    at = 0
    number = 0
    while at < len(data):
        found = _TOKEN.match(data, at)
        assert found is not None
        assert found.lastgroup is not None
        kind = "word" if found["word"] is not None else found.lastgroup
        number += 1
        if number > _MOST_TOKENS:
            raise Unreadable(N_("it needs more memory than it may have: cut it up"))
        at = found.end()
        if kind != "word":
            yield Token(kind, found[0])
            continue
        name = found["word"].decode()
        value = None if found["value"] is None else int(found["value"])
        if name == "bin":
            # So many octets follow as they are; nothing that letters have is kept in them.
            at += max(value or 0, 0)
            continue
        yield Token(kind, found[0], name, value)


def written(group: Group) -> bytes:
    """A group as RTF."""
    pieces: list[bytes] = []
    _write(group, pieces)
    return b"".join(pieces)


def _write(group: Group, pieces: list[bytes]) -> None:
    pieces.append(b"{")
    for it in group.parts:
        if isinstance(it, Group):
            _write(it, pieces)
        else:
            pieces.append(it.raw)
    pieces.append(b"}")


def _damaged() -> Unreadable:
    return Unreadable(N_("this .rtf is damaged: open it, and save it anew"))
