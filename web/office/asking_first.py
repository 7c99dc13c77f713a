"""A page that asks before something is done to a sending, and what happens when it is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from mailer import reasons
from mailer.report import summary
from pli.errors import PliError
from pli.language import Sentence
from web.office import cookies
from web.office.forms import OfficeForm
from web.office.visit import Visit

SENDINGS = f"{cookies.PATH}/sendings"


@dataclass(frozen=True, slots=True)
class Asked:
    """The page that asks: its heading, what one should know, its form, and its button."""

    heading: str
    button: str
    told: Sequence[Sentence]
    form: OfficeForm
    fields: Sequence[str]
    danger: bool = False


async def ask_or_do(
    visit: Visit, asked: Asked, do: Callable[[AsyncSession], Awaitable[None]]
) -> Response:
    """Show the page that asks; or do it in one transaction, and go back to the sending."""
    id_ = visit.number("id")
    status = 200
    if visit.posted:
        status = 422
        if asked.form.validate():
            try:
                async with visit.context.database.begin() as session:
                    await do(session)
            except PliError as error:
                asked.form.blame(visit, asked.fields[0], error)
            else:
                return visit.go(f"{SENDINGS}/{id_}", done="sending")
    async with visit.context.database.reading() as session:
        progress = await summary.progress(session, id_)
    return visit.page(
        "act",
        status_code=status,
        asked=asked,
        progress=progress,
        state=reasons.state(progress.state),
        back=f"{SENDINGS}/{id_}",
    )
