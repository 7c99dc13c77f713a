"""The list of manuscripts, and beginning a new one."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.exceptions import HTTPException
from starlette.responses import Response

from accounts.abilities import Ability
from mailer.draft_models import DraftState
from mailer.letter.drafts import copying, making, presence, rows, taking_over
from mailer.letter.drafts.taking_over import TakenOver
from pli.errors import PliError
from pli.language import N_, say
from subscribers import lists
from web.office.forms import OfficeForm, SelectChoice, SelectField, StringField
from web.office.visit import Visit
from web.office.writing_page import STATES, name_of
from web.office.writing_taking import WritingTaking, told_or_there

ORDER = (
    DraftState.WRITING,
    DraftState.IN_REVIEW,
    DraftState.RELEASED,
    DraftState.PUT_AWAY,
)


MOST = 60
"""Manuscripts and letters to start from."""


class NewForm(OfficeForm):
    """For which list, with which number, and from what."""

    list = SelectField(N_("For which list"), choices=[])
    number = StringField(
        N_("Number"), description=N_("The next one of the list if nothing is written.")
    )
    start = SelectField(N_("Start from"), choices=[])


class Manuscripts:
    """The pages /office/letters and /office/letters/new."""

    def __init__(self, taking: WritingTaking) -> None:
        self._taking = taking

    async def show(self, visit: Visit) -> Response:
        """The manuscripts that one may see, and the form for a new one."""
        return await self._page(visit, await self._form(visit))

    async def begin(self, visit: Visit) -> Response:
        """Begin a manuscript: empty, as another one is, or from a document."""
        form = await self._form(visit)
        number = (form.number.data or "").strip()
        if number and not (number.isascii() and number.isdigit() and 0 < int(number[:11]) < 2**31):
            form.blame(visit, "number", say(N_("this is not a whole number")))
        if not form.list.data or not form.list.data.isdigit():
            form.blame(visit, "list", say(N_("choose a list")))
        if form.number.errors or form.list.errors:
            return await self._page(visit, form, wrong=True)
        list_id = int(form.list.data)
        if not visit.lists.cover((list_id,)):
            raise HTTPException(404)
        taken = None
        try:
            if "file" in visit.files:
                taken = await self._taking.read(visit, taking_over.STEM)
            draft_id = await self._begin(visit, list_id, number, form.start.data or "", taken)
        except PliError as error:
            form.blame(visit, "start", error)
            return await self._page(visit, form, wrong=True)
        if taken is not None:
            return told_or_there(visit, draft_id, taken)
        return visit.go(f"/office/letters/{draft_id}")

    async def _begin(
        self, visit: Visit, list_id: int, number: str, start: str, taken: TakenOver | None
    ) -> int:
        async with visit.context.database.begin() as session:
            row = next((it for it in await lists.everything(session) if it.id == list_id), None)
            if row is None:
                raise HTTPException(404)
            front = {"number": number} if number else {}
            new = await making.proposed(
                session,
                list_id=list_id,
                given={"language": row.language, **(taken.front if taken else {}), **front},
                now=visit.now.astimezone(visit.zone),
            )
            if taken is not None:
                return await _of_document(visit, session, list_id, new.head, taken)
            kind, _, source = start.partition(":")
            if kind and not source.isdigit():
                raise HTTPException(404)
            by, now = visit.who.actor, visit.now
            day = f"{now.astimezone(visit.zone):%Y-%m-%d}"
            taking = {"number": number or str(new.number), "date": day}
            if kind == "draft":
                line = await rows.line_of(session, int(source))
                if not visit.who.granted.may(Ability.SEE_DRAFTS, (line.list_id,)):
                    raise HTTPException(404)
                return await copying.from_draft(
                    session, source=line.id, list_id=list_id, front=taking, by=by, now=now
                )
            if kind == "campaign":
                seen = visit.who.granted.lists_for(Ability.SEE_DRAFTS)
                if not seen.among(await copying.lists_of_campaign(session, int(source))):
                    raise HTTPException(404)
                return await copying.from_campaign(
                    session,
                    campaign_id=int(source),
                    list_id=list_id,
                    front=taking,
                    by=by,
                    now=now,
                )
            return await making.create(
                session, list_id=list_id, top=new.head, body=new.body, by=by, now=now
            )

    async def _form(self, visit: Visit) -> NewForm:
        """The form, with what one may write for and start from."""
        may = visit.who.granted
        async with visit.context.database.reading() as session:
            every = await lists.everything(session)
            seen = may.lists_for(Ability.SEE_DRAFTS)
            ids = seen.among(it.id for it in every)
            drafts = await rows.listed(session, list_ids=ids, limit=MOST)
            sent = await copying.sent_letters(session, list_ids=ids, limit=MOST)
        form = NewForm.of(visit)
        writes = may.lists_for(Ability.WRITE_DRAFTS)
        form.list.choices = [
            SelectChoice(str(it.id), it.title) for it in every if writes.cover((it.id,))
        ]
        nothing = SelectChoice("", say(N_("an empty page")).tell(visit.language))
        form.start.choices = [
            nothing,
            *(SelectChoice(f"draft:{it.id}", named(it.number, it.title)) for it in drafts),
            *(SelectChoice(f"campaign:{it.id}", named(it.number, it.title)) for it in sent),
        ]
        return form

    async def _page(self, visit: Visit, form: NewForm, *, wrong: bool = False) -> Response:
        async with visit.context.database.reading() as session:
            ids = None if visit.lists.every else visit.lists.ids
            if visit.posted:
                seen = visit.who.granted.lists_for(Ability.SEE_DRAFTS)
                ids = None if seen.every else seen.ids
            found = await rows.listed(session, list_ids=ids)
            present = await presence.of_all(session, [it.id for it in found], now=visit.now)
        groups = [
            (STATES[state], state.value, [it for it in found if it.state is state])
            for state in ORDER
        ]
        return visit.page(
            "manuscripts",
            status_code=422 if wrong else 200,
            groups=[it for it in groups if it[2]],
            present=present,
            name_of=name_of,
            form=form if form.list.choices else None,
            wrong=form if wrong else None,
        )


async def _of_document(
    visit: Visit, session: AsyncSession, list_id: int, top: str, taken: TakenOver
) -> int:
    by, now = visit.who.actor, visit.now
    draft_id = await making.create(
        session, list_id=list_id, top=top, body=f"\n{taken.body}", by=by, now=now
    )
    await taking_over.put_pictures(session, draft_id=draft_id, of=taken, by=by, now=now)
    return draft_id


def named(number: int | None, title: str) -> str:
    """A letter in a list of letters."""
    return f"{number or '–'} · {title[:80]}"
