"""Style sheets and modules of the office: files of ours, under names that hold their hash."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from pli.files import shipped
from web.pages import guarded

FILES = {
    "pages.css": "pages.css",
    "office.css": "office/static/office.css",
    "writing.css": "office/static/writing.css",
    "passkeys.js": "office/static/passkeys.js",
    "following.js": "office/static/following.js",
    "live.js": "office/static/live.js",
    "choosing.js": "office/static/choosing.js",
}
"""By the name in templates: the file below `templates/`."""
BUILT = ("editor.js", "editor.css")
"""Files of `web/static/`, which `make editor` writes from `web/editor/`."""
_TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is served."""

    path: str
    content: bytes
    media_type: str


@cache
def assets() -> dict[str, Asset]:
    """All assets, by their names in templates."""
    found = {}
    templates = shipped("templates")
    files = {name: templates / file for name, file in FILES.items()}
    files |= {name: Path(__file__).parent.parent / "static" / name for name in BUILT}
    for name, file in files.items():
        content = file.read_bytes()
        stem, _, kind = name.rpartition(".")
        path = f"/static/{stem}.{hashlib.sha256(content).hexdigest()[:16]}.{kind}"
        found[name] = Asset(path, content, _TYPES[kind])
    return found


def asset(name: str) -> str:
    """The address of an asset."""
    return assets()[name].path


async def serve(request: Request) -> Response:
    """One asset, which never changes under its name."""
    found = next((it for it in assets().values() if it.path == request.url.path), None)
    if found is None:
        raise HTTPException(404)
    headers = {
        **guarded("default-src 'none'"),
        "Cache-Control": "public, max-age=31536000, immutable",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    return Response(found.content, headers=headers, media_type=found.media_type)
