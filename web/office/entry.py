"""What a sign-in comes to, as a page: in, one more proof, a factor to make, or refused."""

from __future__ import annotations

from datetime import timedelta

from starlette.responses import Response

from accounts import session_ends, sessions
from accounts.entering import Entry, NeedsEnrolment, NeedsSecondFactor, Refused, SignedIn
from accounts.factors import Factor
from accounts.models import Stage
from accounts.sessions import Opened
from pli.language import N_, Sentence, say, say_n
from web.office import cookies
from web.office.sign_in_forms import CodeForm, NewPasswordForm
from web.office.visit import Visit

HOME = f"{cookies.PATH}/"


async def answered(visit: Visit, entry: SignedIn | NeedsSecondFactor | NeedsEnrolment) -> Response:
    """The page after a proof that was right, with the new cookie.

    A session that this browser had before is over: its cookie is overwritten, and nobody should
    find it in use in a list, or use a copy of it.
    """
    if visit.cookie:
        async with visit.context.database.begin() as session:
            await session_ends.sign_out(session, cookie=visit.cookie, now=visit.now)
    match entry:
        case SignedIn():
            response = await went_in(visit, Opened(entry.secret, entry.until))
        case NeedsSecondFactor():
            response = second_page(visit, entry.ways)
        case NeedsEnrolment():
            async with visit.context.database.reading() as session:
                here = await sessions.half_way(
                    session, cookie=entry.secret, stage=Stage.ENROL, now=visit.now
                )
            address = here.address if here else ""
            response = enrol_page(visit, entry.ways, address=address)
    give(visit, response, Opened(entry.secret, entry.until))
    return response


def give(visit: Visit, response: Response, opened: Opened) -> None:
    """Let the browser keep the session's new secret."""
    cookies.give_session(
        response, opened.secret, until=opened.until, now=visit.now, address=visit.context.address
    )


async def went_in(visit: Visit, opened: Opened) -> Response:
    """Where somebody goes who is in: to what waits to be sent again, or on."""
    kept = visit.kept
    if kept is None:
        return visit.go(visit.next or HOME)
    async with visit.context.database.reading() as session:
        visit.here = await sessions.resume(
            session,
            cookie=opened.secret,
            two_for_all=visit.context.policy.two_for_all,
            now=visit.now,
        )
    return visit.page("again", again=kept, kept="")


def second_page(
    visit: Visit, ways: frozenset[Factor], form: CodeForm | None = None, *, status_code: int = 200
) -> Response:
    """The page that asks for one more proof."""
    codes = bool(ways & {Factor.TOTP, Factor.RECOVERY_CODE})
    return visit.page(
        "second",
        status_code=status_code,
        form=form or CodeForm.empty(visit),
        by_code=codes,
        by_passkey=Factor.PASSKEY in ways and visit.site is not None,
    )


def enrol_page(
    visit: Visit,
    ways: frozenset[Factor],
    form: NewPasswordForm | None = None,
    *,
    address: str,
    status_code: int = 200,
    fault: str = "",
) -> Response:
    """The page on which somebody makes what the account lacks."""
    return visit.page(
        "enrol",
        status_code=status_code,
        form=form or NewPasswordForm.empty(visit),
        by_password=Factor.PASSWORD in ways,
        by_app=Factor.TOTP in ways,
        by_passkey=visit.site is not None,
        fault=fault,
        address=address,
    )


def refusal_of(entry: Refused, text: str) -> Sentence:
    """The words for somebody who is refused; the same whatever was wrong."""
    return say(text) if entry.wait is None else too_often(entry.wait)


def too_often(wait: timedelta) -> Sentence:
    """How long to wait for the next try."""
    seconds = int(wait.total_seconds())
    if seconds < 60:
        return say_n(
            "too many tries: try again in {n} second",
            "too many tries: try again in {n} seconds",
            seconds,
        )
    return say_n(
        "too many tries: try again in {n} minute",
        "too many tries: try again in {n} minutes",
        -(-seconds // 60),
    )


NOT_SO = N_("this address and this password do not belong together")
"""Also told where nobody has that address."""
NO_CODE = N_("this code is not right, or was used already")
NO_PASSKEY = N_("this passkey is not known here, or could not be checked")
__all__ = [
    "HOME",
    "NOT_SO",
    "NO_CODE",
    "NO_PASSKEY",
    "Entry",
    "Refused",
    "answered",
    "enrol_page",
    "give",
    "refusal_of",
    "second_page",
    "too_often",
    "went_in",
]
