"""Links that let somebody in once: an invitation, a way in, a way to new factors.

`look` reads, and `use` uses: a mail scanner that opens a link changes nothing. A link that somebody
asked for on the sign-in page works in the browser that asked; in another it takes the six digits
beside it.
"""

from __future__ import annotations

import enum
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from accounts import tokens, trace
from accounts.models import Account, AccountState, LinkKind, SignInLink
from pli.actor import Actor
from pli.audit import AuditAction

ASKED_FOR = timedelta(minutes=15)
"""How long a link lives that somebody asked for on the sign-in page."""
HANDED_OUT = timedelta(days=1)
"""How long a link lives that somebody of the office made for another."""
PATH = "/office/link/"
"""Where a browser brings the token of a link."""
MOST_AN_HOUR = 5
MOST_TRIES = 5


@dataclass(frozen=True, slots=True)
class Made:
    """A new link, told once: its token, and the six digits if it is bound to a browser."""

    token: str = field(repr=False)
    code: str | None = field(repr=False)
    until: datetime


@dataclass(frozen=True, slots=True)
class Looked:
    """What a link would do: its kind, and whether this browser has to give the six digits.

    `carried` is what the asking browser was about; another browser is not told. Else a stranger
    could ask for somebody's link with a form of the stranger's own, for that person to send.
    """

    kind: LinkKind
    needs_code: bool
    carried: str = ""


@dataclass(frozen=True, slots=True)
class Used:
    """A link that was used by this call, and the account it lets in."""

    kind: LinkKind
    account_id: int
    name: str


class LinkRefusal(enum.Enum):
    """Why a link lets nobody in: gone for good; asked for in another browser; wrong digits."""

    DEAD = "dead"
    OTHER_BROWSER = "other_browser"
    WRONG_CODE = "wrong_code"


async def make(
    session: AsyncSession,
    *,
    account_id: int,
    kind: LinkKind,
    binding: str | None,
    carried: str = "",
    by: Actor,
    now: datetime,
) -> Made | None:
    """Make a link for an account; None for a closed account, and for too many asked for.

    `binding` is the secret that the asking browser keeps in a cookie, or None for a link that is
    handed out: an invitation, or one by the command line, which lives for a day. `carried` comes
    back by `look`, in the asking browser.
    """
    # Of two that ask at once, one waits for the other's count.
    state = await session.scalar(
        select(Account.state).where(Account.id == account_id).with_for_update()
    )
    if state is None or not _fits(state, kind, handed_out=binding is None):
        return None
    if binding is not None:
        asked = await session.scalar(
            select(func.count())
            .select_from(SignInLink)
            .where(
                SignInLink.account_id == account_id,
                SignInLink.binding.is_not(None),
                SignInLink.made_at > now - timedelta(hours=1),
            )
        )
        if (asked or 0) >= MOST_AN_HOUR:
            return None
    token = tokens.new()
    code = f"{secrets.randbelow(1_000_000):06}" if binding is not None else None
    until = now + (HANDED_OUT if binding is None else ASKED_FOR)
    session.add(
        SignInLink(
            kind=kind,
            token_hash=tokens.digest(token),
            account_id=account_id,
            binding=None if binding is None else tokens.digest(binding),
            code_hash=None if code is None else _hash(token, code),
            tries=0,
            made_at=now,
            until=until,
            carried=carried,
        )
    )
    await session.flush()
    trace.of_account(session, AuditAction.LINK_MADE, account_id, by=by, why=kind.value, now=now)
    return Made(token, code, until)


async def hand_out(
    session: AsyncSession, *, account_id: int, by: Actor, now: datetime
) -> Made | None:
    """Make a link that somebody hands to the person: an invitation, or one to begin anew.

    None for a closed account.
    """
    state = await session.scalar(select(Account.state).where(Account.id == account_id))
    kind = LinkKind.INVITE if state is AccountState.INVITED else LinkKind.RESET
    return await make(session, account_id=account_id, kind=kind, binding=None, by=by, now=now)


def url(office: str, token: str) -> str:
    """The address of a link; `office` is where the office's pages are, without a slash behind."""
    return f"{office}{PATH}{token}"


async def look(
    session: AsyncSession, *, token: str, binding: str | None, now: datetime
) -> Looked | None:
    """What a link would do if it was used; None if it is dead. Nothing is written."""
    row = await _find(session, token, now)
    if row is None:
        return None
    needs_code = _needs_code(row, binding)
    return Looked(row.kind, needs_code, "" if needs_code else row.carried)


async def use(
    session: AsyncSession,
    *,
    token: str,
    binding: str | None,
    code: str | None = None,
    now: datetime,
) -> Used | LinkRefusal:
    """Use a link, once; the other links of its account are dead then.

    After five wrong codes the link is dead. A refusal is a value, so that the count of tries stays.
    """
    row = await _find(session, token, now)
    if row is None:
        return LinkRefusal.DEAD
    # The account before its links, here as in `make` and `end_all`: nobody waits in a circle.
    await session.execute(select(Account.id).where(Account.id == row.account_id).with_for_update())
    if _needs_code(row, binding):
        if not code:
            return LinkRefusal.OTHER_BROWSER
        # Counted before it is compared: a thousand tries at one moment are five.
        if not await _changed(session, row.id, SignInLink.tries < MOST_TRIES, tries=_ONE_MORE):
            return LinkRefusal.DEAD
        digits = "".join(code[:50].split())
        if not hmac.compare_digest(row.code_hash or b"", _hash(token, digits)):
            return LinkRefusal.WRONG_CODE
    if not await _changed(session, row.id, SignInLink.until > now, used_at=now, carried=""):
        return LinkRefusal.DEAD
    account = await session.get_one(Account, row.account_id)
    await session.execute(
        delete(SignInLink)
        .where(SignInLink.account_id == account.id, SignInLink.id != row.id)
        .execution_options(synchronize_session=False)
    )
    trace.of_account(
        session,
        AuditAction.LINK_USED,
        account.id,
        by=Actor.account(account.id, account.name),
        why=row.kind.value,
        now=now,
    )
    return Used(row.kind, account.id, account.name)


async def end_all(session: AsyncSession, *, account_id: int) -> None:
    """Let no link of an account work any more."""
    await session.execute(delete(SignInLink).where(SignInLink.account_id == account_id))


async def sweep(session: AsyncSession, *, now: datetime) -> int:
    """Delete links that have been dead for an hour: younger ones are still counted."""
    gone = await session.execute(
        delete(SignInLink).where(SignInLink.until < now - timedelta(hours=1))
    )
    assert isinstance(gone, CursorResult)
    return gone.rowcount


def _fits(state: AccountState, kind: LinkKind, *, handed_out: bool) -> bool:
    """Whether an account in this state may have such a link; nobody asks for an own invitation."""
    if kind is LinkKind.INVITE:
        return handed_out and state is AccountState.INVITED
    return state is AccountState.ACTIVE


async def _find(session: AsyncSession, token: str, now: datetime) -> SignInLink | None:
    opens = or_(
        Account.state == AccountState.ACTIVE,
        and_(SignInLink.kind == LinkKind.INVITE, Account.state == AccountState.INVITED),
    )
    return await session.scalar(
        select(SignInLink)
        .join(Account, Account.id == SignInLink.account_id)
        .where(
            SignInLink.token_hash == tokens.digest(token),
            SignInLink.used_at.is_(None),
            SignInLink.until > now,
            SignInLink.tries < MOST_TRIES,
            opens,
        )
        .execution_options(populate_existing=True)
    )


def _needs_code(row: SignInLink, binding: str | None) -> bool:
    if row.binding is None:
        return False
    return binding is None or not hmac.compare_digest(row.binding, tokens.digest(binding))


_ONE_MORE = SignInLink.tries + 1


async def _changed(
    session: AsyncSession, link_id: int, guard: ColumnElement[bool], **values: object
) -> bool:
    changed = await session.execute(
        update(SignInLink)
        .where(SignInLink.id == link_id, SignInLink.used_at.is_(None), guard)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(changed, CursorResult)
    return changed.rowcount > 0


def _hash(token: str, code: str) -> bytes:
    """Six digits alone are guessed from any hash; the token is not in the table."""
    message = b"code beside a link\0" + code.encode(errors="surrogatepass")
    return hmac.digest(token.encode(errors="surrogatepass"), message, "sha256")
