"""Who got what: one copy's story, copies page by page, and files of them. Each look is noted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response, StreamingResponse

from accounts.abilities import Ability
from mailer import reasons
from mailer.models import Status
from mailer.report import (
    copies,
    copy_pages,
    html_page,
    persons_letters,
    story,
    summary,
    viewing,
    workbook,
)
from mailer.report.copy_pages import After
from mailer.report.persons_letters import PersonsLetter
from mailer.report.story import NoStory, Story
from pli.language import N_, say
from subscribers.address import Address
from web.live import TAKEN
from web.office import cookies
from web.office.copy_forms import EXCEL, XLSX, ExportForm
from web.office.office_routes import OfficeRoute
from web.office.seen_lists import lists_of_sending, seen
from web.office.story_form import StoryForm
from web.office.visit import HEADERS, Visit

SENDINGS = f"{cookies.PATH}/sendings"
LATEST = 10
"""Letters of the person that stand below the story; the person's card has all."""
MOST_IN_WORKBOOK = 100_000
"""Rows that the office writes into a workbook; to make a larger one would keep others waiting."""
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class CopyLists:
    """The pages /office/sendings/ID/story, /copies and /export."""

    def office_routes(self) -> Sequence[OfficeRoute]:
        """For those who may see who got what, of one of its lists: they see the copies of those."""
        routes = (
            ("story", self.story, ("GET", "POST")),
            ("copies", self.copies, ("GET",)),
            ("export", self.export, ("GET", "POST")),
        )
        return [
            OfficeRoute(
                f"/sendings/{{id:number}}/{name}",
                endpoint,
                Ability.SEE_COPIES,
                lists_of_sending,
                methods=methods,
                partly=True,
            )
            for name, endpoint, methods in routes
        ]

    async def story(self, visit: Visit) -> Response:
        """Whether one person got it, and all letters to that person."""
        id_ = visit.number("id")
        form = StoryForm.of(visit)
        if not visit.posted or not form.validate():
            return await _story_page(visit, id_, form, status_code=422 if visit.posted else 200)
        address = Address.parse(form.address.data)
        async with visit.context.database.begin() as session:
            list_ids = await _lists(session, visit, id_)
            try:
                found = await story.story(
                    session, id_, address=address, zone=visit.who.zone, list_ids=list_ids
                )
            except NoStory as error:
                form.blame(visit, "address", error)
                return await _story_page(visit, id_, form, status_code=422)
            await viewing.note_person(
                session, address=address, how="story", by=visit.who.actor, now=visit.now
            )
            everywhere = visit.who.granted.lists_for(Ability.SEE_COPIES)
            assert found.subscriber_id is not None
            letters = await persons_letters.letters(
                session,
                found.subscriber_id,
                list_ids=None if everywhere.every else everywhere.ids,
                limit=LATEST,
            )
        return await _story_page(visit, id_, form, found=found, letters=letters.letters)

    async def copies(self, visit: Visit) -> Response:
        """A page of copies in one state, of one reason if it is asked for."""
        id_ = visit.number("id")
        asked = visit.request.query_params
        try:
            status = Status(asked.get("status", Status.FAILED.value))
        except ValueError:
            raise HTTPException(404) from None
        reason = asked.get("reason", "")[:32] or None
        async with visit.context.database.reading() as session:
            list_ids = await _lists(session, visit, id_)
            report = await summary.progress(session, id_)
            page = await copy_pages.page(
                session,
                id_,
                status=status,
                reason=reason,
                list_ids=list_ids,
                after=After.read(asked.get("after", "")),
            )
        if page.copies:
            async with visit.context.database.begin() as session:
                viewing.note_people(
                    session,
                    count=len(page.copies),
                    how="copies",
                    campaign_id=id_,
                    by=visit.who.actor,
                    now=visit.now,
                )
        return visit.page(
            "copies",
            campaign=id_,
            progress=report,
            page=page,
            chosen=status,
            reason=reason,
            why=reasons.sentence(status, reason) if reason else None,
            order=html_page.ORDER,
            status=reasons.status,
            is_barred=say(reasons.IS_BARRED),
        )

    async def export(self, visit: Visit) -> Response:
        """A file with a row for every copy; asks why, for it holds names."""
        id_ = visit.number("id")
        form = ExportForm.of(visit)
        form.translate()
        async with visit.context.database.reading() as session:
            list_ids = await _lists(session, visit, id_)
            progress = await summary.progress(session, id_)
        valid = visit.posted and form.validate()
        if valid and form.form.data == XLSX and progress.candidates > MOST_IN_WORKBOOK:
            form.blame(
                visit,
                "form",
                say(
                    N_("a workbook from the office holds {n} copies: take CSV"), n=MOST_IN_WORKBOOK
                ),
            )
            valid = False
        if not valid:
            return visit.page(
                "export",
                status_code=422 if visit.posted else 200,
                form=form,
                wrong=form if visit.posted else None,
                progress=progress,
                back=f"{SENDINGS}/{id_}",
            )
        async with visit.context.database.begin() as session:
            viewing.note_people(
                session,
                count=progress.candidates,
                how=f"{form.form.data}: {form.why.data}",
                campaign_id=id_,
                by=visit.who.actor,
                now=visit.now,
            )
        name = f"lettre-{progress.letter}-envoi-{id_}"
        if form.form.data == XLSX:
            return await _workbook(visit, id_, list_ids, f"{name}.xlsx")
        return _csv(visit, id_, list_ids, f"{name}.csv", excel=form.form.data == EXCEL)


async def _lists(session: AsyncSession, visit: Visit, campaign_id: int) -> frozenset[int] | None:
    lists = await summary.lists_of(session, campaign_id) or ()
    return seen(visit.who.granted, Ability.SEE_COPIES, lists)


async def _story_page(
    visit: Visit,
    campaign_id: int,
    form: StoryForm,
    *,
    status_code: int = 200,
    found: Story | None = None,
    letters: Sequence[PersonsLetter] = (),
) -> Response:
    async with visit.context.database.reading() as session:
        progress = await summary.progress(session, campaign_id)
    return visit.page(
        "story",
        status_code=status_code,
        campaign=campaign_id,
        progress=progress,
        form=form,
        wrong=form if status_code != 200 else None,
        found=found,
        letters=letters,
        status=reasons.status_of_one,
    )


def _csv(
    visit: Visit, campaign_id: int, list_ids: Collection[int] | None, name: str, *, excel: bool
) -> Response:
    taken: Callable[[], None] = visit.request.scope.get("extensions", {}).get(TAKEN, lambda: None)

    async def pieces() -> AsyncIterator[bytes]:
        async with visit.context.database.reading() as session:
            async for lines in copies.as_csv(
                session, campaign_id, visit.context.keys, excel=excel, list_ids=list_ids
            ):
                yield lines.encode()
                taken()

    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(pieces(), headers=headers, media_type="text/csv; charset=utf-8")


async def _workbook(
    visit: Visit, campaign_id: int, list_ids: Collection[int] | None, name: str
) -> Response:
    folder = TemporaryDirectory(prefix="pli-")
    file = Path(folder.name) / name
    try:
        async with visit.context.database.reading() as session:
            await workbook.write(session, campaign_id, visit.context.keys, file, list_ids=list_ids)
    except BaseException:
        folder.cleanup()
        raise
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{name}"'}
    return FileResponse(
        file, headers=headers, media_type=_XLSX, background=BackgroundTask(folder.cleanup)
    )
