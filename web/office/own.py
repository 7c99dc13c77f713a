"""One's own page: language, sessions, and the factors by which one signs in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from accounts import enrolling, entering, passkeys, passwords, people, recovery, session_ends
from accounts.passwords import PasswordError
from accounts.people import AccountError
from pli.language import N_
from web.office import confirm, entry
from web.office.enrol import names_of
from web.office.office_routes import OfficeRoute, Who
from web.office.own_factors import OwnFactors
from web.office.own_forms import OwnPasswordForm, ProfileForm
from web.office.visit import Visit

ME = "/office/me"


class Own:
    """The pages under /office/me."""

    def office_routes(self) -> Sequence[OfficeRoute]:
        """For everybody who is in; what changes factors asks for a fresh proof."""
        changing = {
            "/me": self.change,
            "/me/sessions/{id:number}/end": self.end_session,
            "/me/sessions/end-others": self.end_others,
        }
        return [
            OfficeRoute("/me", self.show, Who.SIGNED_IN),
            *(
                OfficeRoute(path, it, Who.SIGNED_IN, methods=("POST",))
                for path, it in changing.items()
            ),
            OfficeRoute(
                "/me/password", self.password, Who.SIGNED_IN, methods=("POST",), confirmed=True
            ),
            *OwnFactors().office_routes(),
        ]

    async def show(self, visit: Visit) -> Response:
        """Everything about oneself."""
        return await own_page(visit)

    async def change(self, visit: Visit) -> Response:
        """Another name, language or time zone."""
        form = ProfileForm.of(visit)
        if not form.validate():
            return await own_page(visit, profile=form)
        try:
            async with visit.context.database.begin() as session:
                await people.change(
                    session,
                    account_id=visit.who.account_id,
                    name=form.name.data,
                    language=form.language.data,
                    zone=form.zone.data.strip(),
                    by=visit.who.actor,
                    now=visit.now,
                )
        except AccountError as error:
            form.blame(visit, "zone", error)
            return await own_page(visit, profile=form)
        return visit.go(ME, done="saved")

    async def end_session(self, visit: Visit) -> Response:
        """End one of one's sessions; a session of somebody else is not there."""
        async with visit.context.database.begin() as session:
            ended = await session_ends.end(
                session,
                session_id=visit.number("id"),
                account_id=visit.who.account_id,
                by=visit.who.actor,
                now=visit.now,
            )
        if not ended:
            raise HTTPException(404)
        return visit.go(ME)

    async def end_others(self, visit: Visit) -> Response:
        """End all sessions but this one."""
        async with visit.context.database.begin() as session:
            await session_ends.end_all(
                session,
                account_id=visit.who.account_id,
                but=visit.who.session_id,
                by=visit.who.actor,
                now=visit.now,
            )
        return visit.go(ME)

    async def password(self, visit: Visit) -> Response:
        """Another password; the other sessions end."""
        form = OwnPasswordForm.of(visit)
        if not form.validate():
            return await own_page(visit, password=form)
        try:
            hashed = await passwords.hashed(form.password.data, names=names_of(visit, visit.who))
        except PasswordError as error:
            form.blame(visit, "password", error)
            return await own_page(visit, password=form)
        async with visit.context.database.begin() as session:
            opened = await enrolling.replace_password(
                session,
                cookie=visit.cookie,
                password=hashed,
                policy=visit.context.policy,
                now=visit.now,
            )
        if opened is None:
            return confirm.confirm_page(visit, status_code=403)
        response = visit.go(ME, done="password")
        entry.give(visit, response, opened)
        return response


async def own_page(
    visit: Visit,
    *,
    profile: ProfileForm | None = None,
    password: OwnPasswordForm | None = None,
    fault: str = "",
) -> Response:
    """The page, with the form that was wrong."""
    who, now = visit.who, visit.now
    async with visit.context.database.reading() as session:
        values: dict[str, Any] = {
            "sessions": await session_ends.listed(session, account_id=who.account_id, now=now),
            "keys": await passkeys.listed(session, account_id=who.account_id),
            "codes": await recovery.left(session, account_id=who.account_id),
            "has": await entering.has(session, account_id=who.account_id),
        }
    wrong = profile or password
    return visit.page(
        "me",
        status_code=422 if wrong or fault else 200,
        profile=profile
        or ProfileForm.empty(visit, name=who.name, language=who.language, zone=who.zone),
        password=password or OwnPasswordForm.empty(visit),
        wrong=wrong,
        fault=fault,
        no_browser=N_("a browser that is not known"),
        **values,
    )
