"""New factors for somebody who is on the way in and lacks one."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from accounts import enrolling, entering, passwords, recovery, sessions, totp
from accounts.entering import Entry, Refused
from accounts.models import Stage
from accounts.passkeys import PasskeyError
from accounts.passwords import PasswordError
from accounts.sessions import Here
from accounts.totp import Enrolment, TotpError
from pli.errors import PliError
from pli.language import say
from web.office import entry
from web.office.entry import NO_PASSKEY
from web.office.office_routes import LARGEST_FORM, OfficeRoute, Who
from web.office.sign_in import sign_in_page
from web.office.sign_in_forms import AppCodeForm, NewPasswordForm
from web.office.visit import Visit


class Enrol:
    """The pages under /office/enrol."""

    def office_routes(self) -> Sequence[OfficeRoute]:
        """Open to who has a session that waits for a factor; the verbs look at that."""
        paths = {
            "/enrol/password": self.password,
            "/enrol/app": self.app,
            "/enrol/app/code": self.app_code,
            "/enrol/passkey/ask": self.ask_passkey,
        }
        return [
            OfficeRoute("/enrol", self.enrol, Who.ANYBODY),
            *(OfficeRoute(path, it, Who.ANYBODY, methods=("POST",)) for path, it in paths.items()),
            OfficeRoute(
                "/enrol/passkey",
                self.passkey,
                Who.ANYBODY,
                methods=("POST",),
                largest=2 * LARGEST_FORM,
            ),
        ]

    async def enrol(self, visit: Visit) -> Response:
        """What the account may have."""
        here = await _half_way(visit)
        return await _page(visit, here) if here else sign_in_page(visit)

    async def password(self, visit: Visit) -> Response:
        """The first password."""
        here = await _half_way(visit)
        if here is None:
            return sign_in_page(visit, over=True)
        form, context = NewPasswordForm.of(visit), visit.context
        if not form.validate():
            return await _page(visit, here, form)
        try:
            hashed = await passwords.hashed(form.password.data, names=names_of(visit, here))
        except PasswordError as error:
            form.blame(visit, "password", error)
            return await _page(visit, here, form)
        async with context.database.begin() as session:
            found = await enrolling.with_password(
                session, cookie=visit.cookie, password=hashed, policy=context.policy, now=visit.now
            )
        return await _answered(visit, found)

    async def app(self, visit: Visit) -> Response:
        """Begin with an app: its secret, as a picture and as text."""
        context = visit.context
        async with context.database.begin() as session:
            shown = await enrolling.begin_totp(
                session,
                cookie=visit.cookie,
                issuer=context.pages.identity.committee,
                keys=context.keys,
                policy=context.policy,
                now=visit.now,
            )
        if shown is None:
            return sign_in_page(visit, over=True)
        return app_page(visit, shown, "/office/enrol/app/code")

    async def app_code(self, visit: Visit) -> Response:
        """The app's first code."""
        here = await _half_way(visit)
        if here is None:
            return sign_in_page(visit, over=True)
        form, context = AppCodeForm.of(visit), visit.context
        codes: list[str] = []
        try:
            if not form.validate():
                return await app_again(visit, here, form, "/office/enrol/app/code")
            async with context.database.begin() as session:
                found = await enrolling.with_totp(
                    session,
                    cookie=visit.cookie,
                    code=form.code.data,
                    keys=context.keys,
                    policy=context.policy,
                    now=visit.now,
                )
                codes = await first_codes(session, visit, here, found)
        except TotpError as error:
            form.blame(visit, "code", error)
            return await app_again(visit, here, form, "/office/enrol/app/code")
        return await _answered(visit, found, codes)

    async def ask_passkey(self, visit: Visit) -> Response:
        """What the browser needs to make a passkey, as JSON."""
        asked, context = None, visit.context
        if visit.site is not None:
            try:
                async with context.database.begin() as session:
                    asked = await enrolling.ask_passkey(
                        session,
                        cookie=visit.cookie,
                        site=visit.site,
                        policy=context.policy,
                        now=visit.now,
                    )
            except PasskeyError as error:
                return visit.refusal(422, "; ".join(error.lines(visit.language)))
        if asked is None:
            return visit.refusal(404, say(NO_PASSKEY).tell(visit.language))
        return visit.json(asked)

    async def passkey(self, visit: Visit) -> Response:
        """The new passkey."""
        here = await _half_way(visit)
        if here is None or visit.site is None:
            return sign_in_page(visit, over=True)
        context = visit.context
        try:
            async with context.database.begin() as session:
                found = await enrolling.with_passkey(
                    session,
                    cookie=visit.cookie,
                    site=visit.site,
                    answer=str(visit.form.get("answer", "")),
                    name=str(visit.form.get("name", "")),
                    policy=context.policy,
                    now=visit.now,
                )
                codes = await first_codes(session, visit, here, found)
        except PasskeyError as error:
            return await _page(visit, here, fault=error)
        return await _answered(visit, found, codes)


def names_of(visit: Visit, here: Here) -> list[str]:
    """What a password must not be made of."""
    return [here.name, here.address, visit.context.pages.identity.committee]


async def first_codes(
    session: AsyncSession, visit: Visit, here: Here, found: Entry | None
) -> list[str]:
    """Recovery codes for an account that has none, in the transaction of its new device."""
    if isinstance(found, Refused) or await recovery.left(session, account_id=here.account_id):
        return []
    return await recovery.make(session, account_id=here.account_id, by=here.actor, now=visit.now)


def app_page(
    visit: Visit,
    shown: Enrolment,
    action: str,
    form: AppCodeForm | None = None,
    *,
    status_code: int = 200,
) -> Response:
    """The secret for an app, and the field for its first code."""
    return visit.page(
        "app",
        status_code=status_code,
        shown=shown,
        action=action,
        form=form or AppCodeForm.empty(visit),
        narrow=True,
    )


async def app_again(visit: Visit, here: Here, form: AppCodeForm, action: str) -> Response:
    """The same secret once more, after a wrong code."""
    async with visit.context.database.reading() as session:
        shown = await totp.waiting(
            session,
            account_id=here.account_id,
            issuer=visit.context.pages.identity.committee,
            keys=visit.context.keys,
        )
    if shown is None:
        return visit.go("/office/me" if visit.here else "/office/enrol")
    return app_page(visit, shown, action, form, status_code=422)


async def _half_way(visit: Visit) -> Here | None:
    async with visit.context.database.reading() as session:
        return await sessions.half_way(
            session, cookie=visit.cookie, stage=Stage.ENROL, now=visit.now
        )


async def _page(
    visit: Visit,
    here: Here,
    form: NewPasswordForm | None = None,
    fault: PliError | None = None,
) -> Response:
    async with visit.context.database.reading() as session:
        has = await entering.has(session, account_id=here.account_id)
    wrong = form is not None or fault is not None
    return entry.enrol_page(
        visit,
        entering.to_enrol(here.proved, has),
        form,
        address=here.address,
        status_code=422 if wrong else 200,
        fault="; ".join(fault.lines(visit.language)) if fault else "",
    )


async def _answered(visit: Visit, found: Entry, codes: Sequence[str] = ()) -> Response:
    """In, or to what is still missing; new codes are shown first."""
    if isinstance(found, Refused):
        return sign_in_page(visit, over=True)
    response = await entry.answered(visit, found)
    if not codes:
        return response
    shown = await codes_page(visit, codes)
    shown.headers.raw.extend(it for it in response.headers.raw if it[0] == b"set-cookie")
    return shown


async def codes_page(visit: Visit, codes: Sequence[str]) -> Response:
    """Recovery codes, which are shown once; what waits to be sent again stands below them."""
    return visit.page("codes", codes=codes, again=visit.kept, kept="", narrow=True)
