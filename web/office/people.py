"""The people of the office, for operators: who there is, and what each may do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.exceptions import HTTPException
from starlette.responses import Response

from accounts import links, people, rights, session_ends
from accounts.abilities import Ability
from accounts.models import Account, AccountState, LinkKind
from accounts.people import AccountError
from accounts.rights import Right, RightError
from pli.errors import PliError
from pli.language import N_
from subscribers import lists
from subscribers.address import Address
from web.office import mails, words
from web.office.account_forms import ALL, InviteForm, RightForm, invite_form, right_form
from web.office.office_routes import Lists, OfficeRoute
from web.office.visit import Visit

PATH = "/office/accounts"
Change = Callable[[AsyncSession, Account], Awaitable[None]]


class People:
    """The pages under /office/accounts."""

    def office_routes(self) -> Sequence[OfficeRoute]:
        """For operators; what changes an account asks for a fresh proof."""
        changing = {
            "/accounts": self.invite,
            "/accounts/{id:number}/rights": self.grant,
            "/accounts/{id:number}/rights/take": self.revoke,
            "/accounts/{id:number}/close": self.close,
            "/accounts/{id:number}/reopen": self.reopen,
            "/accounts/{id:number}/end-sessions": self.end_sessions,
            "/accounts/{id:number}/reset": self.reset,
            "/accounts/{id:number}/link": self.link,
        }
        return [
            OfficeRoute(
                "/accounts", self.everybody, Ability.ACCOUNTS, Lists.NONE, title=N_("Accounts")
            ),
            OfficeRoute("/accounts/{id:number}", self.one, Ability.ACCOUNTS, Lists.NONE),
            *(
                OfficeRoute(
                    path,
                    endpoint,
                    Ability.ACCOUNTS,
                    Lists.NONE,
                    methods=("POST",),
                    confirmed=True,
                )
                for path, endpoint in changing.items()
            ),
        ]

    async def everybody(self, visit: Visit) -> Response:
        """Everybody, and the form for somebody new."""
        async with visit.context.database.reading() as session:
            return await _everybody(session, visit)

    async def invite(self, visit: Visit) -> Response:
        """Make an account with a first right, and send its invitation."""
        async with visit.context.database.reading() as session:
            form = invite_form(visit, await lists.everything(session))
            if not form.validate():
                return await _everybody(session, visit, form)
        by, now = visit.who.actor, visit.now
        try:
            async with visit.context.database.begin() as session:
                account = await people.invite(
                    session,
                    address=Address.parse(form.address.data),
                    name=form.name.data,
                    language=form.language.data,
                    zone=visit.context.options.zone,
                    by=by,
                    now=now,
                )
                right, list_id = form.chosen
                await rights.grant(
                    session, account_id=account.id, right=right, list_id=list_id, by=by, now=now
                )
                await _send_link(session, visit, account)
        except RightError as error:
            form.blame(visit, "right", error)
        except AccountError as error:
            form.blame(visit, "address", error)
        else:
            return visit.go(f"{PATH}/{account.id}", done="link")
        async with visit.context.database.reading() as session:
            return await _everybody(session, visit, form)

    async def one(self, visit: Visit) -> Response:
        """One account."""
        async with visit.context.database.reading() as session:
            return await _one(session, visit)

    async def grant(self, visit: Visit) -> Response:
        """Give a right."""
        async with visit.context.database.reading() as session:
            form = right_form(visit, await lists.everything(session))
            if not form.validate():
                return await _one(session, visit, form)
        right, list_id = form.chosen
        try:
            async with visit.context.database.begin() as session:
                account = await _account(session, visit)
                await rights.grant(
                    session,
                    account_id=account.id,
                    right=right,
                    list_id=list_id,
                    by=visit.who.actor,
                    now=visit.now,
                )
        except RightError as error:
            form.blame(visit, "right", error)
            async with visit.context.database.reading() as session:
                return await _one(session, visit, form)
        return visit.go(f"{PATH}/{visit.number('id')}")

    async def revoke(self, visit: Visit) -> Response:
        """Take a right."""
        right, list_id = _right_of(visit)

        async def take(session: AsyncSession, account: Account) -> None:
            await rights.revoke(
                session,
                account_id=account.id,
                right=right,
                list_id=list_id,
                by=visit.who.actor,
                now=visit.now,
            )

        return await _changed(visit, take)

    async def close(self, visit: Visit) -> Response:
        """Close the account: its sessions end at once."""

        async def close(session: AsyncSession, account: Account) -> None:
            await people.close(session, account_id=account.id, by=visit.who.actor, now=visit.now)

        return await _changed(visit, close)

    async def reopen(self, visit: Visit) -> Response:
        """Let the account in again."""

        async def reopen(session: AsyncSession, account: Account) -> None:
            await people.reopen(session, account_id=account.id, by=visit.who.actor, now=visit.now)

        return await _changed(visit, reopen)

    async def end_sessions(self, visit: Visit) -> Response:
        """End all sessions of the account."""

        async def end(session: AsyncSession, account: Account) -> None:
            await session_ends.end_all(
                session, account_id=account.id, by=visit.who.actor, now=visit.now
            )

        return await _changed(visit, end)

    async def reset(self, visit: Visit) -> Response:
        """Take all factors from somebody who has lost them, and send a link."""

        async def reset(session: AsyncSession, account: Account) -> None:
            await people.reset(session, account_id=account.id, by=visit.who.actor, now=visit.now)
            await _send_link(session, visit, account)

        return await _changed(visit, reset, done="link")

    async def link(self, visit: Visit) -> Response:
        """Send an invitation once more, or a link to somebody who cannot come in."""

        async def send(session: AsyncSession, account: Account) -> None:
            await _send_link(session, visit, account)

        return await _changed(visit, send, done="link")


async def _everybody(
    session: AsyncSession, visit: Visit, form: InviteForm | None = None
) -> Response:
    everybody = await people.everybody(session)
    granted = await rights.of_everybody(session)
    return visit.page(
        "accounts",
        status_code=200 if form is None else 422,
        accounts=everybody,
        granted=granted,
        form=form or invite_form(visit, await lists.everything(session)),
        wrong=form,
        rights=words.RIGHTS,
        states=words.STATES,
    )


async def _one(session: AsyncSession, visit: Visit, form: RightForm | None = None) -> Response:
    account = await _account(session, visit)
    every = await lists.everything(session)
    granted = await rights.granted(session, account_id=account.id)
    titles = {it.id: it.title for it in every}
    return visit.page(
        "account",
        status_code=200 if form is None else 422,
        account=account,
        state=words.STATES[account.state],
        is_closed=account.state is AccountState.CLOSED,
        is_invited=account.state is AccountState.INVITED,
        is_own=account.id == visit.who.account_id,
        rights=[
            (right, words.RIGHTS[right], list_id, titles.get(list_id, "") if list_id else "")
            for right, on in granted.rights.items()
            for list_id in ([None] if on.every else []) + sorted(on.ids)
        ],
        sessions=await session_ends.listed(session, account_id=account.id, now=visit.now),
        form=form or right_form(visit, every),
        wrong=form,
        all_lists=ALL,
        no_browser=N_("a browser that is not known"),
    )


async def _account(session: AsyncSession, visit: Visit) -> Account:
    try:
        return await people.by_id(session, visit.number("id"))
    except AccountError:
        raise HTTPException(404) from None


async def _changed(visit: Visit, change: Change, *, done: str = "") -> Response:
    """Change the account of the path in one transaction, then show it."""
    try:
        async with visit.context.database.begin() as session:
            await change(session, await _account(session, visit))
    except PliError as error:
        async with visit.context.database.reading() as session:
            form = right_form(visit, await lists.everything(session))
            form.blame(visit, "right", error)
            return await _one(session, visit, form)
    return visit.go(f"{PATH}/{visit.number('id')}", done=done)


async def _send_link(session: AsyncSession, visit: Visit, account: Account) -> None:
    """Make a link that lives for a day, and order its mail; AccountError for a closed account."""
    invited = account.state is AccountState.INVITED
    kind = LinkKind.INVITE if invited else LinkKind.RESET
    made = await links.make(
        session,
        account_id=account.id,
        kind=kind,
        binding=None,
        by=visit.who.actor,
        now=visit.now,
    )
    if made is None:
        raise AccountError(N_("{address}: that account is closed"), address=account.address)
    await mails.order_link(session, visit, account, kind, made)


def _right_of(visit: Visit) -> tuple[Right, int | None]:
    list_id = str(visit.form.get("list", ALL))
    try:
        return Right(visit.form.get("right")), None if list_id == ALL else int(list_id[:9])
    except ValueError:
        raise HTTPException(404) from None
