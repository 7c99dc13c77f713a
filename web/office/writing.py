"""The manuscripts: the list, the page to write on, and saving."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.exceptions import HTTPException
from starlette.responses import Response

from accounts.abilities import Ability
from mailer.letter.drafts import presence, rows, saving
from mailer.letter.drafts.rows import DraftGone, DraftText
from mailer.letter.drafts.saving import Conflict, DraftFieldTooLong, Saved
from pli.actor import is_same
from pli.errors import PliError
from pli.language import N_
from web.office import writing_page
from web.office.office_routes import Lists, OfficeRoute, Who
from web.office.visit import Visit
from web.office.writing_forms import Written, is_too_long, of_document, of_form, text_of
from web.office.writing_history import WritingHistory
from web.office.writing_list import Manuscripts
from web.office.writing_preview import WritingPreview
from web.office.writing_taking import LARGEST_DOCUMENT, LARGEST_PICTURE, WritingTaking

LARGEST = 8 * 1024 * 1024
"""Bytes of a text as a form sends it: three for each byte of an accented letter."""


async def list_of_draft(session: AsyncSession, values: Mapping[str, Any]) -> Collection[int] | None:
    """The list of the manuscript in the path."""
    return await rows.lists_of(session, values["id"])


class Writing:
    """The pages under /office/letters."""

    def __init__(self) -> None:
        self._preview = WritingPreview()
        self._taking = WritingTaking()
        self._history = WritingHistory()

    def office_routes(self) -> Sequence[OfficeRoute]:
        """Writing is for authors; whoever approves a letter reads its manuscript."""
        at = "/letters/{id:number}"
        write, see = Ability.WRITE_DRAFTS, Ability.SEE_DRAFTS
        post = ("POST",)
        manuscripts = Manuscripts(self._taking)
        return [
            OfficeRoute(
                "/letters",
                manuscripts.show,
                see,
                Lists.THOSE_GRANTED,
                title=N_("Manuscripts"),
            ),
            OfficeRoute(
                "/letters/new",
                manuscripts.begin,
                write,
                Lists.THOSE_GRANTED,
                methods=post,
                largest=LARGEST_DOCUMENT,
                files=True,
            ),
            OfficeRoute(at, self.page, see, list_of_draft),
            OfficeRoute(at, self.post, write, list_of_draft, methods=post, largest=LARGEST),
            OfficeRoute(at, self.put, write, list_of_draft, methods=("PUT",), largest=LARGEST),
            OfficeRoute(
                f"{at}/blocks", self.blocks, see, list_of_draft, methods=post, largest=LARGEST
            ),
            OfficeRoute(f"{at}/token", self.token, Who.SIGNED_IN),
            OfficeRoute(f"{at}/presence", self.presence, see, list_of_draft, methods=post),
            OfficeRoute(
                f"{at}/preview",
                self._preview.preview,
                see,
                list_of_draft,
                methods=post,
                largest=LARGEST,
            ),
            OfficeRoute(f"{at}/preview/{{key}}", self._preview.frame, see, list_of_draft),
            OfficeRoute(
                f"{at}/convert",
                self._taking.convert,
                write,
                list_of_draft,
                methods=post,
                largest=LARGEST_DOCUMENT,
                files=True,
            ),
            OfficeRoute(f"{at}/pictures", self._taking.pictures, see, list_of_draft),
            OfficeRoute(
                f"{at}/pictures",
                self._taking.add_picture,
                write,
                list_of_draft,
                methods=post,
                largest=LARGEST_PICTURE,
                files=True,
            ),
            OfficeRoute(f"{at}/pictures/{{name}}", self._taking.picture, see, list_of_draft),
            OfficeRoute(
                f"{at}/pictures/{{name}}",
                self._taking.describe_picture,
                write,
                list_of_draft,
                methods=post,
            ),
            OfficeRoute(f"{at}/fields", self._taking.fields, see, list_of_draft),
            OfficeRoute(f"{at}/history", self._history.history, see, list_of_draft),
            OfficeRoute(
                f"{at}/history/{{version:number}}", self._history.version, see, list_of_draft
            ),
            OfficeRoute(f"{at}/restore", self._history.restore, write, list_of_draft, methods=post),
            OfficeRoute(f"{at}/state", self._history.state, write, list_of_draft, methods=post),
            OfficeRoute(f"{at}/test", self._history.tested, Ability.SEND_TEST, list_of_draft),
            OfficeRoute(
                f"{at}/test", self._history.test, Ability.SEND_TEST, list_of_draft, methods=post
            ),
        ]

    async def page(self, visit: Visit) -> Response:
        """The page to write on."""
        try:
            return await writing_page.shown(visit, await _found(visit))
        except DraftGone:
            return writing_page.gone(visit)

    async def post(self, visit: Visit) -> Response:
        """The form without JavaScript: saves, and shows what was asked for beside it."""
        written = of_form(visit)
        asks = str(visit.form.get("do", "save"))
        try:
            saved = await self._save(visit, written, asked=asks == "save")
        except DraftGone:
            return writing_page.gone(visit, written)
        except PliError as error:
            return await writing_page.refused(visit, await _found(visit), written, error)
        found = await _found(visit)
        if isinstance(saved, Conflict):
            return await writing_page.conflict(visit, saved.latest, written)
        if asks in ("preview", "check"):
            previewed = await self._preview.of_saved(visit, found)
            return await writing_page.shown(visit, found, previewed=previewed)
        return visit.go(f"/office/letters/{visit.number('id')}", done="manuscript")

    async def put(self, visit: Visit) -> Response:
        """A save of the module: 200, or 409 with both texts, 410, 413, 422 with fields, 423."""
        written, document = of_document(visit), visit.document
        try:
            saved = await self._save(
                visit,
                written,
                key=text_of(document.get("key")),
                asked=document.get("asked") is True,
            )
        except PliError as error:
            return _refusal(visit, error)
        if isinstance(saved, Conflict):
            return visit.answer(_conflict(visit, saved.latest), status_code=409)
        return visit.answer(
            {
                "version": saved.version,
                "saved_at": saved.at,
                "by": writing_page.name_of(saved.by),
                "present": await self._present(visit),
            }
        )

    async def blocks(self, visit: Visit) -> Response:
        """A body cut into its top blocks."""
        body = visit.document.get("body")
        if not isinstance(body, str):
            raise HTTPException(400)
        if is_too_long(body):
            return _refusal(visit, saving.too_long())
        return visit.answer({"blocks": writing_page.blocks(body)})

    async def token(self, visit: Visit) -> Response:
        """Who is signed in now, and the token of a session that the page does not know."""
        if not visit.by_script:
            raise HTTPException(404)
        async with visit.context.database.reading() as session:
            of = await list_of_draft(session, visit.request.path_params)
        return visit.answer(
            {
                "token": visit.token,
                "account": visit.who.account_id,
                "name": visit.who.name,
                "may_write": bool(of) and visit.who.granted.may(Ability.WRITE_DRAFTS, of or ()),
            }
        )

    async def presence(self, visit: Visit) -> Response:
        """Say that somebody is here, or leaves, and hear who else is."""
        try:
            async with visit.context.database.reading() as session:
                line = await rows.line_of(session, visit.number("id"))
        except DraftGone as error:
            return _refusal(visit, error)
        account_id = visit.who.account_id
        async with visit.context.database.begin() as session:
            if visit.body and visit.document.get("leaves") is True:
                await presence.leave(session, draft_id=line.id, account_id=account_id)
            else:
                await presence.look_in(
                    session,
                    draft_id=line.id,
                    account_id=account_id,
                    name=visit.who.name,
                    now=visit.now,
                )
        return visit.answer(
            {
                "present": await self._present(visit),
                "version": line.version,
                "by": writing_page.name_of(line.saved_by),
                "own": _is_own(visit, line.saved_by),
            }
        )

    async def _present(self, visit: Visit) -> list[dict[str, Any]]:
        async with visit.context.database.reading() as session:
            found = await presence.present(
                session, visit.number("id"), but=visit.who.account_id, now=visit.now
            )
        return [{"name": it.name, "since": it.since} for it in found]

    async def _save(
        self,
        visit: Visit,
        written: Written,
        *,
        key: str = "",
        asked: bool,
    ) -> Saved | Conflict:
        async with visit.context.database.begin() as session:
            return await saving.save(
                session,
                draft_id=visit.number("id"),
                base=written.base,
                front=written.front,
                body=written.body,
                key=key,
                asked=asked,
                by=visit.who.actor,
                now=visit.now,
            )


async def _found(visit: Visit) -> DraftText:
    async with visit.context.database.reading() as session:
        return await rows.get(session, visit.number("id"))


def _conflict(visit: Visit, latest: DraftText) -> dict[str, Any]:
    return {
        "version": latest.line.version,
        "by": writing_page.name_of(latest.line.saved_by),
        "own": _is_own(visit, latest.line.saved_by),
        "front": latest.front,
        "body": latest.body,
        "blocks": writing_page.blocks(latest.body),
    }


def _is_own(visit: Visit, saved_by: str) -> bool:
    """Whether the person of the visit saved it, in another window."""
    return is_same(saved_by, visit.who.actor.text)


def _refusal(visit: Visit, error: PliError) -> Response:
    """A refusal for the module, told in the person's language."""
    code = writing_page.code_of(error)
    told = error.lines(visit.language)
    if isinstance(error, DraftFieldTooLong):
        faults = zip(error.fields, told, strict=True)
        document = {"faults": [{"field": field, "text": text} for field, text in faults]}
        return visit.answer(document, status_code=code)
    return visit.answer({"fault": " ".join(told)}, status_code=code)
