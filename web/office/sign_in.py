"""The sign-in page: in by a password and a code, or by a passkey; and out again."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from accounts import entering, passkeys, session_ends, sessions, signing_in
from accounts.entering import Refused
from accounts.factors import Factor
from accounts.models import Stage
from accounts.signing_in import PasswordAttempt
from pli.errors import PliError
from pli.language import say
from subscribers.address import Address
from web.office import cookies, entry, mails
from web.office.entry import NO_CODE, NO_PASSKEY, NOT_SO
from web.office.forms import LONGEST
from web.office.keeping import Kept
from web.office.office_routes import LARGEST_FORM, OfficeRoute, Who
from web.office.sign_in_forms import CodeForm, SignInForm
from web.office.visit import Visit, kept_values

LARGEST_ANSWER = 2 * LARGEST_FORM
"""A passkey's answer, and beside it what waits to be sent again."""


class SignIn:
    """The pages under /office/sign-in, and /office/sign-out."""

    def office_routes(self) -> Sequence[OfficeRoute]:
        """Open to anybody but for the way out."""
        return [
            OfficeRoute("/sign-in", self.sign_in, Who.ANYBODY, methods=("GET", "POST")),
            OfficeRoute("/sign-in/done", self.done, Who.SIGNED_IN),
            OfficeRoute("/sign-in/code", self.code, Who.ANYBODY, methods=("POST",)),
            OfficeRoute("/sign-in/passkey/ask", self.ask_passkey, Who.ANYBODY, methods=("POST",)),
            OfficeRoute(
                "/sign-in/passkey",
                self.passkey,
                Who.ANYBODY,
                methods=("POST",),
                largest=LARGEST_ANSWER,
            ),
            OfficeRoute("/sign-out", self.sign_out, Who.SIGNED_IN, methods=("POST",)),
        ]

    async def sign_in(self, visit: Visit) -> Response:
        """Address and password."""
        if not visit.posted:
            if visit.here is not None:
                return visit.go(visit.next or entry.HOME)
            return sign_in_page(visit)
        if "address" not in visit.form:  # back from asking for a link, with what was typed
            return sign_in_page(visit)
        form = SignInForm.of(visit)
        if not form.validate():
            return sign_in_page(visit, form, status_code=422)
        context = visit.context
        async with context.database.begin() as session:
            attempt = await signing_in.begin(
                session,
                address=address_of(form.address.data),
                visitor=visit.visitor,
                keys=context.keys,
                now=visit.now,
            )
        found: entering.Entry
        if isinstance(attempt, PasswordAttempt):
            compared = await attempt.compare(form.password.data)
            async with context.database.begin() as session:
                found = await signing_in.by_password(
                    session,
                    attempt=attempt,
                    compared=compared,
                    policy=context.policy,
                    now=visit.now,
                )
                await mails.warn(session, visit, found)
        else:
            found = attempt
        if isinstance(found, Refused):
            form.blame(visit, "password", entry.refusal_of(found, NOT_SO))
            return sign_in_page(visit, form, status_code=422)
        return await entry.answered(visit, found)

    async def done(self, visit: Visit) -> Response:
        """In again, beside a page that waits: it holds this one in a frame, or in another tab."""
        return visit.page("signed_in", framed=True, narrow=True)

    async def code(self, visit: Visit) -> Response:
        """The second factor, after the first."""
        form, context = CodeForm.of(visit), visit.context
        ways = await self._ways(visit)
        if not ways:
            return sign_in_page(visit, over=True)
        if not form.validate():
            return entry.second_page(visit, ways, form, status_code=422)
        async with context.database.begin() as session:
            found = await signing_in.by_code(
                session,
                cookie=visit.cookie,
                code=form.code.data,
                visitor=visit.visitor,
                keys=context.keys,
                policy=context.policy,
                now=visit.now,
            )
            await mails.warn(session, visit, found)
        if isinstance(found, Refused):
            form.blame(visit, "code", entry.refusal_of(found, NO_CODE))
            return entry.second_page(visit, ways, form, status_code=422)
        return await entry.answered(visit, found)

    async def ask_passkey(self, visit: Visit) -> Response:
        """What the browser needs to ask for a passkey, as JSON."""
        if visit.site is None:
            return visit.refusal(404, say(NO_PASSKEY).tell(visit.language))
        async with visit.context.database.begin() as session:
            asked = await passkeys.ask(
                session, site=visit.site, binding=visit.browser, now=visit.now
            )
        return visit.json(asked)

    async def passkey(self, visit: Visit) -> Response:
        """The passkey's answer, which is both factors."""
        site, context = visit.site, visit.context
        if site is None:
            return sign_in_page(visit, status_code=404)
        async with context.database.begin() as session:
            found = await signing_in.by_passkey(
                session,
                site=site,
                answer=str(visit.form.get("answer", "")),
                binding=visit.browser,
                visitor=visit.visitor,
                policy=context.policy,
                keys=context.keys,
                now=visit.now,
            )
            await mails.warn(session, visit, found)
        if isinstance(found, Refused):
            told = entry.refusal_of(found, NO_PASSKEY).tell(visit.language)
            return sign_in_page(visit, fault=told, status_code=422)
        return await entry.answered(visit, found)

    async def sign_out(self, visit: Visit) -> Response:
        """Out: the cookie is worth nothing from now on."""
        async with visit.context.database.begin() as session:
            await session_ends.sign_out(session, cookie=visit.cookie, now=visit.now)
        response = visit.go(f"{cookies.PATH}/sign-in")
        cookies.take_session(response, visit.context.address)
        return response

    async def _ways(self, visit: Visit) -> frozenset[Factor]:
        """What the account that is half-way has for a second factor; none if nobody is."""
        async with visit.context.database.reading() as session:
            here = await sessions.half_way(
                session, cookie=visit.cookie, stage=Stage.SECOND, now=visit.now
            )
            if here is None:
                return frozenset()
            return (await entering.has(session, account_id=here.account_id)).ways


def sign_in_page(
    visit: Visit,
    form: SignInForm | None = None,
    *,
    status_code: int = 200,
    over: bool = False,
    fault: str = "",
    kept: Kept | None = None,
) -> Response:
    """The sign-in page; `over`: it stands in the place of a page whose session is over."""
    return visit.page(
        "sign_in",
        status_code=status_code,
        form=form or SignInForm.empty(visit),
        over=over,
        fault=fault,
        narrow=True,
        **({} if kept is None else kept_values(kept)),
    )


def address_of(typed: str) -> Address | None:
    """What was typed, if it is an address."""
    try:
        return Address.parse(typed[:LONGEST])
    except PliError:
        return None
