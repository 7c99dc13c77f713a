"""What one signs in by, changed by somebody who is in: passkeys, the app, recovery codes."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.responses import Response

from accounts import enrolling, passkeys, recovery, totp
from accounts.passkeys import PasskeyError
from accounts.totp import TotpError
from pli.language import say
from web.office.enrol import app_again, app_page, codes_page, first_codes
from web.office.entry import NO_PASSKEY
from web.office.office_routes import LARGEST_FORM, OfficeRoute, Who
from web.office.sign_in_forms import AppCodeForm
from web.office.visit import Visit

ME = "/office/me"
APP_CODE = f"{ME}/app/code"


class OwnFactors:
    """The paths below /office/me that change factors."""

    def office_routes(self) -> Sequence[OfficeRoute]:
        """For everybody who is in and has proved so within the last hour."""
        paths = {
            "/me/passkeys/ask": self.ask_passkey,
            "/me/passkeys": self.add_passkey,
            "/me/passkeys/{id:number}/remove": self.remove_passkey,
            "/me/app": self.app,
            "/me/app/code": self.app_code,
            "/me/app/remove": self.remove_app,
            "/me/codes": self.codes,
        }
        return [
            OfficeRoute(
                path,
                endpoint,
                Who.SIGNED_IN,
                methods=("POST",),
                confirmed=True,
                largest=2 * LARGEST_FORM,
            )
            for path, endpoint in paths.items()
        ]

    async def ask_passkey(self, visit: Visit) -> Response:
        """What the browser needs to make a passkey, as JSON."""
        if visit.site is None:
            return visit.refusal(404, say(NO_PASSKEY).tell(visit.language))
        try:
            async with visit.context.database.begin() as session:
                asked = await passkeys.ask_to_register(
                    session,
                    account_id=visit.who.account_id,
                    site=visit.site,
                    binding=visit.cookie,
                    now=visit.now,
                )
        except PasskeyError as error:
            return visit.refusal(422, "; ".join(error.lines(visit.language)))
        return visit.json(asked)

    async def add_passkey(self, visit: Visit) -> Response:
        """The new passkey."""
        if visit.site is None:
            raise HTTPException(404)
        who = visit.who
        try:
            async with visit.context.database.begin() as session:
                await passkeys.register(
                    session,
                    account_id=who.account_id,
                    site=visit.site,
                    answer=str(visit.form.get("answer", "")),
                    binding=visit.cookie,
                    name=str(visit.form.get("name", "")),
                    by=who.actor,
                    now=visit.now,
                )
                codes = await first_codes(session, visit, who, None)
        except PasskeyError as error:
            return _fault(visit, error)
        return await codes_page(visit, codes) if codes else visit.go(ME)

    async def remove_passkey(self, visit: Visit) -> Response:
        """Take a passkey away; one of somebody else is not there."""
        try:
            async with visit.context.database.begin() as session:
                gone = await enrolling.remove_passkey(
                    session,
                    here=visit.who,
                    passkey_id=visit.number("id"),
                    policy=visit.context.policy,
                    now=visit.now,
                )
        except PasskeyError as error:
            return _fault(visit, error)
        if not gone:
            raise HTTPException(404)
        return visit.go(ME)

    async def app(self, visit: Visit) -> Response:
        """Begin with an app; one that is in use works until the first code of the new one."""
        async with visit.context.database.begin() as session:
            shown = await totp.begin(
                session,
                account_id=visit.who.account_id,
                issuer=visit.context.pages.identity.committee,
                keys=visit.context.keys,
            )
        return app_page(visit, shown, APP_CODE)

    async def app_code(self, visit: Visit) -> Response:
        """The new app's first code."""
        form, who = AppCodeForm.of(visit), visit.who
        if not form.validate():
            return await app_again(visit, who, form, APP_CODE)
        try:
            async with visit.context.database.begin() as session:
                await totp.confirm(
                    session,
                    account_id=who.account_id,
                    code=form.code.data,
                    keys=visit.context.keys,
                    by=who.actor,
                    now=visit.now,
                )
                codes = await first_codes(session, visit, who, None)
        except TotpError as error:
            form.blame(visit, "code", error)
            return await app_again(visit, who, form, APP_CODE)
        return await codes_page(visit, codes) if codes else visit.go(ME)

    async def remove_app(self, visit: Visit) -> Response:
        """Forget the app; who has none finds nothing there."""
        try:
            async with visit.context.database.begin() as session:
                gone = await enrolling.remove_app(
                    session, here=visit.who, policy=visit.context.policy, now=visit.now
                )
        except TotpError as error:
            return _fault(visit, error)
        if not gone:
            raise HTTPException(404)
        return visit.go(ME)

    async def codes(self, visit: Visit) -> Response:
        """Ten new recovery codes; the old ones are dead."""
        async with visit.context.database.begin() as session:
            codes = await recovery.make(
                session, account_id=visit.who.account_id, by=visit.who.actor, now=visit.now
            )
        return await codes_page(visit, codes)


def _fault(visit: Visit, error: PasskeyError | TotpError) -> Response:
    fault = "; ".join(error.lines(visit.language))
    return visit.page("factor_fault", status_code=422, fault=fault, narrow=True)
