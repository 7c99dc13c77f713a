"""One visit to the office: who it is, what was typed, and how it is answered."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from accounts.abilities import OnLists
from accounts.entering import Policy, Visitor
from accounts.passkeys import Site
from accounts.sessions import Here
from pli import pages as templates
from pli.database import Database
from pli.hours import zone_of
from pli.keys import Keys
from web.live import Poller
from web.networks import NO_PROXIES, Networks
from web.office import tokens
from web.office.address import OfficeAddress, path_of_ours
from web.office.assets import asset
from web.office.keeping import Kept
from web.office.multipart import SentFile
from web.office.options import OfficeOptions
from web.office.words import DONE, FIELDS
from web.pages import Pages, guarded

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
FRAMED = POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'")
"""Of pages that nobody is signed in on: a page whose session ended asks for sign-in in a frame."""
HEADERS = {
    **guarded(POLICY),
    # With "no-referrer" a form's Origin is "null", and some browsers tell us nothing else of it.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(), geolocation=(), microphone=(), payment=(), usb=(), "
        "publickey-credentials-get=(self), publickey-credentials-create=(self)"
    ),
}


@dataclass(frozen=True, slots=True)
class Link:
    """A route in the navigation."""

    path: str
    title: str


@dataclass(frozen=True, slots=True)
class OfficeContext:
    """What all routes share: injected objects, and the values of the settings."""

    pages: Pages
    keys: Keys
    address: OfficeAddress
    options: OfficeOptions
    inbox: bool
    live: Poller
    networks: Networks = NO_PROXIES

    @property
    def database(self) -> Database:
        """The installation's database."""
        return self.pages.database

    @property
    def policy(self) -> Policy:
        """What the settings say of signing in."""
        return self.options.policy


@dataclass(slots=True)
class Visit:
    """A request, as a route sees it. `here` is None before signing in."""

    request: Request
    context: OfficeContext
    origin: str
    language: str
    now: datetime
    browser: str
    """The secret by which this browser is known before its person is."""
    here: Here | None = None
    cookie: str = ""
    form: FormData = field(default_factory=FormData)
    body: bytes = b""
    """What a module of ours sent as JSON."""
    files: Mapping[str, SentFile] = field(default_factory=dict)
    """The files of a form, by the names of its fields."""
    lists: OnLists = field(default_factory=OnLists)
    """On which lists the person may do what this route is for."""
    navigation: Sequence[Link] = ()

    @property
    def posted(self) -> bool:
        """Whether a form was sent; all else reads: a mail scanner may ask by HEAD, too."""
        return self.request.method in ("POST", "PUT")

    @property
    def by_script(self) -> bool:
        """Whether a module of ours asks, which reads documents and no pages."""
        return "application/json" in self.request.headers.get("accept", "")

    @property
    def document(self) -> dict[str, Any]:
        """What a module of ours sent; 400 for what is no object in JSON."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise HTTPException(400)
        return found

    @property
    def who(self) -> Here:
        """Who is in; only where the guard has let somebody in."""
        assert self.here is not None
        return self.here

    @property
    def visitor(self) -> Visitor:
        """From where somebody asks; behind a trusted proxy, whom the proxy names."""
        headers = self.request.headers
        host = self.request.client.host if self.request.client else None
        if host is not None:
            forwarded = ",".join(headers.getlist("x-forwarded-for"))
            named = self.context.networks.of(host, forwarded)
            host = named.partition("/")[0] if named else host
        return Visitor.of(host, headers.get("user-agent", ""))

    @property
    def site(self) -> Site | None:
        """The office as passkeys know it under the address that was asked; None: it has none."""
        return Site.of(self.origin, name=self.context.pages.identity.committee)

    @property
    def token(self) -> str:
        """The token for a form on the page that answers."""
        if self.here is not None:
            return tokens.of_session(self.context.keys, self.here)
        return tokens.of_browser(self.context.keys, self.browser)

    @property
    def zone(self) -> tzinfo | None:
        """By whose clocks hours are told."""
        return zone_of(self.here.zone) if self.here else self.context.pages.zone

    @property
    def next(self) -> str:
        """Where somebody wanted to go, if that is a page of ours."""
        asked = self.form.get("next") or self.request.query_params.get("next", "")
        return path_of_ours(str(asked))

    @property
    def kept(self) -> Kept | None:
        """The form that was not taken, which is sent again after signing in."""
        return Kept.read(str(self.form.get("kept", "")))

    def number(self, name: str) -> int:
        """A number of the path."""
        found: int = self.request.path_params[name]
        return found

    def frame(self, **values: Any) -> dict[str, Any]:
        """The values that every page of the office needs, and these."""
        kept = self.kept
        return {
            "identity": self.context.pages.identity,
            "zone": self.zone,
            "asset": asset,
            "token": self.token,
            "here": self.here,
            "navigation": self.navigation,
            "place": self.request.url.path,
            "next": self.next,
            "kept": kept.text() if kept else "",
            "kept_fields": kept.fields if kept else (),
            "passkeys": self.site is not None,
            "inbox": self.context.inbox,
            "refresh": None,
            "narrow": False,
            "fault": "",
            "done": DONE.get(self.request.query_params.get("done", ""), ""),
            "described": described,
            "field_names": FIELDS,
        } | values

    def page(
        self, name: str, *, status_code: int = 200, framed: bool = False, **values: Any
    ) -> Response:
        """A page of `templates/office/`; `framed`: pages of ours may hold it in a frame."""
        body = templates.render(f"office/{name}.html.j2", self.language, **self.frame(**values))
        return self.html(body, status_code=status_code, framed=framed)

    def html(self, body: str, *, status_code: int = 200, framed: bool = False) -> Response:
        """A page that is rendered already."""
        headers = {**HEADERS, "Content-Language": self.language, "Vary": "Cookie"}
        if self.here is None or framed:
            headers["Content-Security-Policy"] = FRAMED
        return HTMLResponse(body, status_code, headers)

    def json(self, text: str) -> Response:
        """A document for a module of ours."""
        return Response(text, headers=HEADERS, media_type="application/json")

    def json_file(self, document: Mapping[str, Any], name: str) -> Response:
        """A JSON document that a browser saves under this name."""
        headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
        return JSONResponse(document, headers=headers)

    def answer(self, document: Mapping[str, Any], *, status_code: int = 200) -> Response:
        """A document for a module of ours; moments in it are told in UTC."""
        text = json.dumps(document, ensure_ascii=False, default=datetime.isoformat)
        return Response(text, status_code, HEADERS, media_type="application/json")

    def refusal(self, status_code: int, text: str) -> Response:
        """A sentence for a module of ours."""
        return JSONResponse({"fault": text}, status_code, HEADERS)

    def go(self, path: str, *, done: str = "") -> Response:
        """Lead to a page of the office, by GET; `done`: which sentence of DONE it tells."""
        return RedirectResponse(f"{path}?done={done}" if done else path, 303, HEADERS)


def described(field: Any, ids: Sequence[str]) -> dict[str, str]:
    """The attributes by which a field is tied to its hint and its fault."""
    tied = {"aria-describedby": " ".join(ids)} if ids else {}
    return tied | ({"aria-invalid": "true"} if field.errors else {})


def kept_values(kept: Kept) -> dict[str, Any]:
    """The values of a page that carries a form which was not taken."""
    return {"kept": kept.text(), "kept_fields": kept.fields, "next": ""}
