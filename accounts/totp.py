"""Codes of an app (TOTP, RFC 6238): enrolled by a first code, and each code taken once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from accounts import sealing, trace
from accounts.models import Account
from pli.actor import Actor
from pli.audit import AuditAction
from pli.errors import PliError
from pli.keys import Keys
from pli.language import N_

if TYPE_CHECKING:
    from pyotp import TOTP

AROUND = 1
"""How many steps of 30 seconds before and after now are taken."""
FAR_AROUND = 10
"""How many are looked at to tell a person that the clock of the device is wrong."""
STEP_SECONDS = 30
_PURPOSE = b"totp secret"
_CODE = re.compile(r"[0-9]{6}")


class TotpError(PliError):
    """The app cannot be enrolled with this code."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an app needs, shown once: an address for a QR code, and the secret to type."""

    uri: str = field(repr=False)
    secret: str = field(repr=False)

    @property
    def in_groups(self) -> str:
        """The secret in groups of four letters."""
        return " ".join(self.secret[at : at + 4] for at in range(0, len(self.secret), 4))

    def svg(self, *, title: str = "") -> str:
        """The QR code as an SVG element without any style, dark on white."""
        import segno

        code = segno.make(self.uri, error="m", micro=False)
        return code.svg_inline(
            scale=4, title=title or None, light="#fff", omitsize=True, svgclass=None, lineclass=None
        )


async def begin(session: AsyncSession, *, account_id: int, issuer: str, keys: Keys) -> Enrolment:
    """Make a new secret, which waits for its first code; the one in use works until then.

    `issuer` is the committee's name, as the app shows it.
    """
    import pyotp

    secret = pyotp.random_base32()
    found = await _enrolment(session, account_id, secret, issuer)
    sealed = sealing.seal(keys, _PURPOSE, account_id, secret.encode())
    await session.execute(
        update(Account).where(Account.id == account_id).values(totp_pending=sealed)
    )
    return found


async def waiting(
    session: AsyncSession, *, account_id: int, issuer: str, keys: Keys
) -> Enrolment | None:
    """The secret that waits for its first code, to be shown once more after a wrong one."""
    sealed = await session.scalar(select(Account.totp_pending).where(Account.id == account_id))
    if sealed is None:
        return None
    secret = sealing.opened(keys, _PURPOSE, account_id, sealed).decode()
    return await _enrolment(session, account_id, secret, issuer)


async def _enrolment(session: AsyncSession, account_id: int, secret: str, issuer: str) -> Enrolment:
    address = await session.scalar(select(Account.address).where(Account.id == account_id))
    if address is None:
        raise TotpError(N_("there is no account {number}"), number=account_id)
    # A colon would end the issuer within the label.
    uri = _app(secret).provisioning_uri(name=address, issuer_name=issuer.replace(":", " ").strip())
    return Enrolment(uri, secret)


async def confirm(
    session: AsyncSession, *, account_id: int, code: str, keys: Keys, by: Actor, now: datetime
) -> None:
    """Take the waiting secret into use by a first code of it; that code is used then.

    Raises TotpError, also with how far the device's clock is off.
    """
    sealed = await session.scalar(select(Account.totp_pending).where(Account.id == account_id))
    if sealed is None:
        raise TotpError(N_("no app waits to be enrolled: begin again"))
    app = _app(sealing.opened(keys, _PURPOSE, account_id, sealed).decode())
    step = _step(app, code, now, AROUND)
    if step is None:
        raise _fault(app, code, now)
    kept = await session.execute(
        update(Account)
        .where(Account.id == account_id, Account.totp_pending == sealed)
        .values(totp=sealed, totp_pending=None, totp_step=step)
    )
    assert isinstance(kept, CursorResult)
    if not kept.rowcount:
        raise TotpError(N_("no app waits to be enrolled: begin again"))
    trace.of_account(session, AuditAction.TOTP_SET, account_id, by=by, now=now)


async def take(
    session: AsyncSession, *, account_id: int, code: str, keys: Keys, now: datetime
) -> bool:
    """Whether a code is right; no code is right twice, nor one of an earlier step than the last."""
    sealed = await session.scalar(select(Account.totp).where(Account.id == account_id))
    if sealed is None:
        return False
    app = _app(sealing.opened(keys, _PURPOSE, account_id, sealed).decode())
    step = _step(app, code, now, AROUND)
    if step is None:
        return False
    taken = await session.execute(
        update(Account)
        .where(
            Account.id == account_id,
            Account.totp == sealed,
            or_(Account.totp_step.is_(None), Account.totp_step < step),
        )
        .values(totp_step=step)
    )
    assert isinstance(taken, CursorResult)
    return taken.rowcount > 0


async def remove(session: AsyncSession, *, account_id: int, by: Actor, now: datetime) -> bool:
    """Forget the app of an account; False if it has none."""
    gone = await session.execute(
        update(Account)
        .where(Account.id == account_id, Account.totp.is_not(None))
        .values(totp=None, totp_pending=None)
    )
    assert isinstance(gone, CursorResult)
    if gone.rowcount:
        trace.of_account(session, AuditAction.TOTP_REMOVED, account_id, by=by, now=now)
    return gone.rowcount > 0


def is_code(text: str) -> bool:
    """Whether a text, with or without spaces, looks like a code of an app."""
    return len(text) < 50 and _CODE.fullmatch("".join(text.split())) is not None


def _app(secret: str) -> TOTP:
    import pyotp

    return pyotp.TOTP(secret, interval=STEP_SECONDS)


def _step(app: TOTP, code: str, now: datetime, around: int) -> int | None:
    """The step whose code this is, if it is within so many steps of now."""
    from pyotp.exceptions import OTPVerificationError

    if not is_code(code):
        return None
    try:
        return app.verify_and_get_timecode("".join(code.split()), for_time=now, valid_window=around)
    except OTPVerificationError:
        return None


def _fault(app: TOTP, code: str, now: datetime) -> TotpError:
    if not is_code(code):
        return TotpError(N_("a code has six digits, as the app shows them"))
    far = _step(app, code, now, FAR_AROUND)
    if far is None:
        return TotpError(N_("that is not the code: type the one that the app shows now"))
    steps = app.timecode(now) - far
    seconds = abs(steps) * STEP_SECONDS
    if steps > 0:
        return TotpError(
            N_("the clock of that device is about {n} seconds slow: set it, then type a new code"),
            n=seconds,
        )
    return TotpError(
        N_("the clock of that device is about {n} seconds fast: set it, then type a new code"),
        n=seconds,
    )
