"""In by a link of a mail: asked for, looked at, and used by a button.

Mail scanners follow links, so GET changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from starlette.responses import Response

from accounts import links, people, signing_in_by_link
from accounts.limits import Wait
from accounts.links import LinkRefusal
from accounts.models import LinkKind
from accounts.signing_in_by_link import AskedLink
from pli.language import N_, say
from web.office import entry, mails
from web.office.keeping import Carried
from web.office.office_routes import OfficeRoute, Who
from web.office.sign_in import address_of
from web.office.sign_in_forms import AskLinkForm, LinkForm
from web.office.visit import Visit

ANSWERED_AFTER = 0.25
"""Seconds until who asks for a link is answered. A link and its mail take milliseconds to write,
where nothing is written for an address that nobody has: the time must not tell which it was."""


class ByLink:
    """The pages under /office/link."""

    def office_routes(self) -> Sequence[OfficeRoute]:
        """Open to anybody."""
        return [
            OfficeRoute("/link", self.ask, Who.ANYBODY, methods=("GET", "POST")),
            OfficeRoute("/link/{token}", self.link, Who.ANYBODY, methods=("GET", "POST")),
        ]

    async def ask(self, visit: Visit) -> Response:
        """Ask for a link; what is answered is the same whether or not anybody has the address."""
        # From the sign-in page, what was typed comes by POST, without an address yet.
        if not visit.posted or "address" not in visit.form:
            return _ask_page(visit, AskLinkForm.empty(visit))
        form, context = AskLinkForm.of(visit), visit.context
        if not form.validate():
            return _ask_page(visit, form, status_code=422)
        at = asyncio.get_running_loop().time() + ANSWERED_AFTER
        async with context.database.begin() as session:
            asked = await signing_in_by_link.ask_link(
                session,
                address=address_of(form.address.data),
                binding=visit.browser,
                carried=Carried(visit.next, visit.kept).text(),
                visitor=visit.visitor,
                policy=context.policy,
                keys=context.keys,
                now=visit.now,
            )
            if isinstance(asked, AskedLink):
                account = await people.by_id(session, asked.account_id)
                await mails.order_link(session, visit, account, asked.kind, asked.made)
        await asyncio.sleep(at - asyncio.get_running_loop().time())
        if isinstance(asked, Wait):
            form.blame(visit, "address", entry.too_often(asked.left))
            return _ask_page(visit, form, status_code=422)
        return _ask_page(visit, form, sent=True)

    async def link(self, visit: Visit) -> Response:
        """GET shows a button, POST uses the link."""
        token = str(visit.request.path_params["token"])
        async with visit.context.database.reading() as session:
            seen = await links.look(session, token=token, binding=visit.browser, now=visit.now)
        if seen is None:
            return _over(visit)
        form = LinkForm.of(visit)
        if not visit.posted:
            return _page(visit, seen, form)
        async with visit.context.database.begin() as session:
            found = await signing_in_by_link.by_link(
                session,
                token=token,
                binding=visit.browser,
                code=form.code.data or None,
                visitor=visit.visitor,
                policy=visit.context.policy,
                now=visit.now,
            )
        match found:
            case LinkRefusal.DEAD:
                return _over(visit)
            case LinkRefusal.OTHER_BROWSER:
                form.blame(visit, "code", say(N_("write the code that stands in the mail")))
                return _page(visit, seen, form, status_code=422)
            case LinkRefusal.WRONG_CODE:
                form.blame(visit, "code", say(N_("this is not the code of that mail")))
                return _page(visit, seen, form, status_code=422)
            case entry.Refused():
                return _over(visit)
        return await entry.answered(visit, found)


def _ask_page(
    visit: Visit, form: AskLinkForm, *, sent: bool = False, status_code: int = 200
) -> Response:
    return visit.page("ask_link", status_code=status_code, form=form, sent=sent, narrow=True)


def _page(visit: Visit, seen: links.Looked, form: LinkForm, *, status_code: int = 200) -> Response:
    return visit.page(
        "link",
        status_code=status_code,
        form=form,
        here_path=visit.request.url.path,
        needs_code=seen.needs_code,
        invited=seen.kind is LinkKind.INVITE,
        narrow=True,
        **Carried.read(seen.carried).values(),
    )


def _over(visit: Visit) -> Response:
    return visit.page("link_over", status_code=410, narrow=True)
