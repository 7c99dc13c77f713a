"""The preview of a manuscript: pressed, kept for its frame, with what is to be said of it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from accounts.abilities import Ability
from mailer.letter import head
from mailer.letter.drafts import making, pictures, readers, rows, saving
from mailer.letter.drafts.preview import Placed, Preview, Setting, View, preview
from mailer.letter.drafts.rows import DraftGone, DraftLine, DraftText
from mailer.letter.finding import warning
from mailer.letter.subject_cuts import cuts
from mailer.links import Links
from mailer.recipient import Recipient
from mailer.report import viewing
from pli.errors import PliError
from pli.language import N_, Sentence, say
from subscribers import attributes
from web.office import returned
from web.office.visit import Visit
from web.office.writing_findings import finding_document
from web.office.writing_forms import is_too_long, of_document, text_of
from web.office.writing_previews import Previews
from web.pages import guarded

POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data: https:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""A letter has its styles inline; nothing in it runs, and it is nobody's origin."""

NOTED_EVERY = timedelta(hours=1)
"""Who looks as the same person again and again has one look an hour in the audit."""


class WritingPreview:
    """The routes /office/letters/ID/preview."""

    def __init__(self) -> None:
        self._previews = Previews()

    async def preview(self, visit: Visit) -> Response:
        """Press what is written, saved or not; 202 if a newer one of the same author came."""
        written, document = of_document(visit), visit.document
        line = document.get("line")
        if is_too_long(written.body):
            return visit.answer({"fault": _told(visit, saving.too_long())}, status_code=413)
        try:
            async with visit.context.database.reading() as session:
                found = await rows.get(session, visit.number("id"))
        except DraftGone as error:
            return visit.answer({"fault": _told(visit, error)}, status_code=410)
        text = head.with_values(found.head, written.front) + written.body
        view = _view(text_of(document.get("view")))
        made = await self._press(
            visit,
            found.line,
            text,
            view=view,
            reader=_named(visit, text_of(document.get("as"), 320)),
            at=line if isinstance(line, int) else None,
        )
        if made is None:
            return visit.answer({"dropped": True}, status_code=202)
        subject = written.front.get("subject", found.front["subject"])
        return visit.answer(self._document(visit, found.line, made, subject, view))

    async def of_saved(self, visit: Visit, found: DraftText) -> dict[str, Any] | None:
        """The preview of a manuscript as it is, for the page without JavaScript."""
        view = _view(str(visit.form.get("view", "")))
        reader = str(visit.form.get("as", ""))[:320]
        made = await self._press(
            visit, found.line, found.text, view=view, reader=_named(visit, reader), at=None
        )
        if made is None:
            return None
        document = self._document(visit, found.line, made, found.front["subject"], view)
        return document | {"view": view.value, "as": reader}

    async def frame(self, visit: Visit) -> Response:
        """The page within the frame; what another process pressed is pressed again, as saved."""
        draft_id = visit.number("id")
        page = self._previews.page(draft_id, visit.request.path_params["key"])
        if page is None:
            async with visit.context.database.reading() as session:
                try:
                    found = await rows.get(session, draft_id)
                except DraftGone:
                    raise HTTPException(404) from None
            asked = visit.request.query_params
            made = await self._press(
                visit,
                found.line,
                found.text,
                view=_view(asked.get("view", "")),
                reader="",
                at=None,
            )
            page = made.page if made else ""
        headers = {**guarded(POLICY), "Cache-Control": "no-store"}
        return HTMLResponse(page, headers=headers)

    def _document(
        self, visit: Visit, line: DraftLine, made: Preview, subject: str, view: View
    ) -> dict[str, Any]:
        name = self._previews.keep(line.id, made.page) if made.page else ""
        # Another process of the office, which does not have the page, presses it in the same view.
        address = f"/office/letters/{line.id}/preview/{name}?view={view.value}"
        return {
            "address": address if name else "",
            "findings": [finding_document(it, visit.language) for it in made.findings],
            "errors": made.errors,
            "subject_cuts": [{"who": it, "shown": cut} for it, cut in cuts(subject).items()],
        }

    async def _press(
        self,
        visit: Visit,
        line: DraftLine,
        text: str,
        *,
        view: View,
        reader: str,
        at: int | None,
    ) -> Preview | None:
        context = visit.context
        front = head.values(head.split(text)[0])
        async with context.database.reading() as session:
            whom = await _reader(session, visit, line, reader, front["language"])
            seen = await viewing.saw_lately(
                session,
                person_id=whom.delivery_id,
                account_id=visit.who.account_id,
                since=visit.now - NOTED_EVERY,
            )
            files = await pictures.all_bytes(session, line.id)
            declared = await attributes.declared(session)
            further = await _taken(session, line, front["number"])
            further += await returned.placed(session, line.id, head.split(text)[1])
            if _names(visit, line, reader) and not whom.delivery_id:
                further.append(_nobody(reader))
        if whom.delivery_id and not seen:
            async with context.database.begin() as session:
                viewing.note_person_seen(
                    session,
                    person_id=whom.delivery_id,
                    how="preview",
                    by=visit.who.actor,
                    now=visit.now,
                )
        identity = context.pages.identity
        setting = Setting(
            identity,
            Links(context.keys, identity.public_url, identity.domain),
            context.keys.current,
            context.options.themes,
            context.options.sizes,
            declared,
        )
        work = partial(
            preview,
            text,
            number=line.number,
            files=files,
            setting=setting,
            reader=whom,
            view=view,
            line=at,
            further=further,
        )
        return await self._previews.press(line.id, visit.who.account_id, work)


def _told(visit: Visit, error: PliError) -> str:
    return " ".join(error.lines(visit.language))


def _view(name: str) -> View:
    return next((it for it in View if it.value == name), View.MAIL)


def _named(visit: Visit, text: str) -> str:
    """Whom a field names: an address, or the longest names, in words of the person's language."""
    longest = say(N_("the longest names")).tell(visit.language)
    return readers.LONGEST if text.strip().lower() == longest.lower() else text


async def _reader(
    session: Any, visit: Visit, line: DraftLine, named: str, language: str
) -> Recipient:
    if named == readers.LONGEST:
        return await readers.longest(session, line, language)
    if _names(visit, line, named):
        found = await readers.person(session, line, named)
        if found is not None:
            return found
    return readers.nobody(line, language)


def _names(visit: Visit, line: DraftLine, named: str) -> bool:
    """Whether a person is named, by somebody who may."""
    may = visit.who.granted.may(Ability.SEE_COPIES, (line.list_id,))
    return named not in ("", readers.LONGEST) and may


def _nobody(named: str) -> Placed:
    """That the mail is not as somebody who was named gets it."""
    told = say(N_("“{named}” is not shown: nobody of this list has this address"), named=named)
    return Placed(warning("", told, Sentence("")))


async def _taken(session: Any, line: DraftLine, number: str) -> list[Placed]:
    """That the number has been taken meanwhile, by a campaign or another manuscript."""
    if not (number.isascii() and number.isdigit() and 0 < int(number[:11]) < 2**31):
        return []
    found = await making.taken(session, list_id=line.list_id, number=int(number), but=line.id)
    if found is None:
        return []
    by = (
        say(N_("number {n} is that of campaign {id}"), n=found.number, id=found.campaign_id)
        if found.campaign_id is not None
        else say(N_("number {n} is that of manuscript {id}"), n=found.number, id=found.draft_id)
    )
    following = await making.next_number(session, list_id=line.list_id)
    remedy: Sentence = say(N_("the next free number is {n}"), n=following)
    return [Placed(warning("", by, remedy), "number", str(following))]
