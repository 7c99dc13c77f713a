"""Reads the files of themes: ours, and those in a folder of a person's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from mailer.letter.theme_toml import ThemeError
from pli.errors import reason_of
from pli.files import shipped
from pli.language import N_

HTML = "letter.html.j2"
TEXT = "letter.txt.j2"
INLINED = "inlined.css"
KEPT = "kept.css"
MAINS = (HTML, TEXT, INLINED, KEPT)
"""The files that the layout renders; the others are included by these."""
COMMON = "common"
"""The folder of what all themes share; its files are named `common/…`."""
_KINDS = (".css", ".j2")
_MOST = 60
_LARGEST = 100_000  # bytes


def home() -> Path:
    """The folder of our themes."""
    return shipped("templates") / "letters"


def ours(name: str) -> dict[str, str]:
    """The files of one of our themes, with all that it includes."""
    files = {f"{COMMON}/{it.name}": _text(it) for it in _within(home() / COMMON)}
    return files | {it.name: _text(it) for it in _within(home() / name)}


def own(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The files of a person's own theme, and where each of them lies; raises ThemeError.

    A file in the folder `common` takes the place of ours. What leads out of the folder, by a
    symbolic link, is refused: what a theme shows goes to every reader.
    """
    files: dict[str, str] = {}
    places: dict[str, str] = {}
    root = folder.resolve()
    for path in (*_within(folder), *_within(folder / COMMON)):
        name = path.relative_to(folder).as_posix()
        if not path.resolve().is_relative_to(root):
            raise ThemeError(
                N_("{file}: leads out of the theme's folder: copy the file there"), file=str(path)
            )
        if len(files) == _MOST:
            raise ThemeError(
                N_("{file}: is one of more than {most} files: take some away"),
                file=str(path),
                most=_MOST,
            )
        files[name], places[name] = _text(path), str(path)
    return files, places


def _within(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (it for it in sorted(folder.iterdir()) if it.suffix in _KINDS)


def _text(path: Path) -> str:
    if path.exists() and not path.is_file():
        raise ThemeError(N_("{file}: is no plain file: put a copy there"), file=str(path))
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise ThemeError(
                N_("{file}: is larger than {limit} kB: shorten it"),
                file=str(path),
                limit=_LARGEST // 1000,
            )
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ThemeError(
            N_('{file}: is not UTF-8: save it again with the encoding "UTF-8"'), file=str(path)
        ) from None
    except OSError as error:
        raise ThemeError(
            N_("{file}: cannot be read: {reason}"), file=str(path), reason=reason_of(error)
        ) from None


def known(files: Mapping[str, str]) -> tuple[str, ...]:
    """The files that a person may change: those of the theme itself."""
    return tuple(it for it in files if not it.startswith(f"{COMMON}/"))
