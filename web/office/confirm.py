"""A further proof by somebody who is in, before what counts."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from accounts import confirming
from accounts.entering import Refused, SignedIn
from accounts.sessions import Opened
from pli.language import say
from web.office import cookies, entry, mails
from web.office.entry import NO_CODE, NO_PASSKEY
from web.office.keeping import Kept
from web.office.office_routes import LARGEST_FORM, OfficeRoute, Who
from web.office.sign_in_forms import CodeForm
from web.office.visit import Visit, kept_values

CONFIRM = f"{cookies.PATH}/confirm"


class Confirm:
    """The pages under /office/confirm."""

    def office_routes(self) -> Sequence[OfficeRoute]:
        """For everybody who is in."""
        return [
            OfficeRoute("/confirm", self.confirm, Who.SIGNED_IN, methods=("GET", "POST")),
            OfficeRoute("/confirm/passkey/ask", self.ask_passkey, Who.SIGNED_IN, methods=("POST",)),
            OfficeRoute(
                "/confirm/passkey",
                self.passkey,
                Who.SIGNED_IN,
                methods=("POST",),
                largest=2 * LARGEST_FORM,
            ),
        ]

    async def confirm(self, visit: Visit) -> Response:
        """GET asks, POST takes a code of the app or a recovery code."""
        if not visit.posted:
            return confirm_page(visit)
        form = CodeForm.of(visit)
        if not form.validate():
            return confirm_page(visit, form, status_code=422)
        async with visit.context.database.begin() as session:
            found = await confirming.by_code(
                session,
                cookie=visit.cookie,
                code=form.code.data,
                visitor=visit.visitor,
                keys=visit.context.keys,
                policy=visit.context.policy,
                now=visit.now,
            )
            await mails.warn(session, visit, found)
        if isinstance(found, Refused):
            form.blame(visit, "code", entry.refusal_of(found, NO_CODE))
            return confirm_page(visit, form, status_code=422)
        return await _confirmed(visit, found)

    async def ask_passkey(self, visit: Visit) -> Response:
        """What the browser needs to ask for a passkey of this account."""
        asked = None
        if visit.site is not None:
            async with visit.context.database.begin() as session:
                asked = await confirming.ask_passkey(
                    session,
                    cookie=visit.cookie,
                    site=visit.site,
                    policy=visit.context.policy,
                    now=visit.now,
                )
        if asked is None:
            return visit.refusal(404, say(NO_PASSKEY).tell(visit.language))
        return visit.json(asked)

    async def passkey(self, visit: Visit) -> Response:
        """The passkey's answer."""
        if visit.site is None:
            return confirm_page(visit, status_code=404)
        async with visit.context.database.begin() as session:
            found = await confirming.by_passkey(
                session,
                cookie=visit.cookie,
                site=visit.site,
                answer=str(visit.form.get("answer", "")),
                policy=visit.context.policy,
                now=visit.now,
            )
            await mails.warn(session, visit, found)
        if isinstance(found, Refused):
            told = entry.refusal_of(found, NO_PASSKEY).tell(visit.language)
            return confirm_page(visit, fault=told, status_code=422)
        return await _confirmed(visit, found)


async def _confirmed(visit: Visit, found: SignedIn) -> Response:
    opened = Opened(found.secret, found.until)
    response = await entry.went_in(visit, opened)
    entry.give(visit, response, opened)
    return response


def confirm_page(
    visit: Visit,
    form: CodeForm | None = None,
    *,
    status_code: int = 200,
    fault: str = "",
    kept: Kept | None = None,
) -> Response:
    """The page that asks somebody who is in for a further proof."""
    return visit.page(
        "confirm",
        status_code=status_code,
        form=form or CodeForm.empty(visit),
        fault=fault,
        narrow=True,
        **({} if kept is None else kept_values(kept)),
    )
