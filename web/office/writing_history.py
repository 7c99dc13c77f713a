"""The history of a manuscript, its states, and its test copies."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.exceptions import HTTPException
from starlette.responses import Response

from accounts.abilities import Ability
from mailer.draft_models import DraftState
from mailer.letter import head, sendable, theme
from mailer.letter.drafts import reading, rows, saving, states, versions
from mailer.letter.drafts.reading import Source
from mailer.letter.drafts.rows import DraftGone, DraftLine
from mailer.letter.drafts.saving import Conflict
from mailer.letter.snapshot import Frozen
from mailer.notices import test_copies
from pli.audit import AuditAction
from pli.errors import PliError
from pli.language import N_, say
from subscribers import attributes
from subscribers.address import Address
from web.office import writing_page
from web.office.visit import Visit
from web.office.writing_colleagues import readers_of_tests

SELF = "self"
MOST_ASKED = 50


class WritingHistory:
    """The routes /office/letters/ID/history, /restore, /state and /test."""

    async def history(self, visit: Visit) -> Response:
        """The versions that were kept."""
        async with visit.context.database.reading() as session:
            line = await _line(session, visit)
            kept = await versions.versions(session, line.id)
            makers = await rows.makers(session, line.id)
        return visit.page(
            "writing_history",
            draft=line,
            kept=kept,
            makers=[writing_page.name_of(it) for it in makers],
            name_of=writing_page.name_of,
            may_write=_may_write(visit, line),
        )

    async def version(self, visit: Visit) -> Response:
        """One version, and how it differs from the one before."""
        async with visit.context.database.reading() as session:
            line = await _line(session, visit)
            try:
                kept = await versions.version(session, line.id, visit.number("version"))
            except PliError:
                raise HTTPException(404) from None
            earlier = await versions.before(session, line.id, kept.version)
        told = _in_words(kept, visit.language)
        before = _in_words(earlier, visit.language) if earlier else None
        return visit.page(
            "writing_version",
            draft=line,
            kept=kept,
            by=writing_page.name_of(kept.saved_by),
            text=told,
            differences=None if before is None else versions.differences(before, told),
            may_write=_may_write(visit, line) and kept.version != line.version,
        )

    async def restore(self, visit: Visit) -> Response:
        """Make an earlier version the text again."""
        asked = str(visit.form.get("version", ""))
        number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 10 else 0
        try:
            async with visit.context.database.begin() as session:
                saved = await versions.restore(
                    session,
                    draft_id=visit.number("id"),
                    number=number,
                    by=visit.who.actor,
                    now=visit.now,
                )
        except PliError as error:
            return _refused(visit, error)
        if isinstance(saved, Conflict):
            raise HTTPException(409)
        return visit.go(f"/office/letters/{visit.number('id')}", done="restored")

    async def state(self, visit: Visit) -> Response:
        """Put a manuscript away, take it out again, or delete it for ever."""
        asked = str(visit.form.get("state", ""))
        try:
            async with visit.context.database.begin() as session:
                if asked == "deleted":
                    await states.delete_draft(
                        session,
                        draft_id=visit.number("id"),
                        by=visit.who.actor,
                        now=visit.now,
                    )
                elif asked in ("writing", "put_away"):
                    await _change(session, visit, DraftState(asked))
                else:
                    raise HTTPException(404)
        except PliError as error:
            return _refused(visit, error)
        return visit.go("/office/letters")

    async def test(self, visit: Visit) -> Response:
        """Send test copies: to oneself, or to people of the office."""
        document = visit.document if visit.body else {}
        asked = document.get("to", [SELF]) if visit.body else visit.form.getlist("to")
        named = [str(it) for it in asked[:MOST_ASKED]] if isinstance(asked, list) else []
        context = visit.context
        async with context.database.reading() as session:
            line = await _line(session, visit)
            source = await reading.source(session, line.id)
            declared = await attributes.declared(session)
            mine, colleagues = await readers_of_tests(session, visit, line)
        chosen = [it for it in (mine, *colleagues) if str(it.id) in named]
        if SELF in named and mine not in chosen:
            chosen.insert(0, mine)
        try:
            frozen = await asyncio.to_thread(_frozen, source, declared, visit)
            async with context.database.begin() as session:
                ids = await test_copies.order(
                    session,
                    frozen=frozen,
                    list_id=line.list_id,
                    addresses=[Address.parse(it.address) for it in chosen],
                    keys=context.keys,
                    now=visit.now,
                )
                saving.trace(
                    session,
                    AuditAction.TEST_ORDERED,
                    line.list_id,
                    line.id,
                    by=visit.who.actor,
                    why=f"{len(ids)}",
                    now=visit.now,
                )
        except PliError as error:
            return _refused(visit, error)
        if visit.by_script:
            return visit.answer({"notices": list(ids)})
        return visit.go(f"/office/letters/{line.id}/test?ids={','.join(map(str, ids))}")

    async def tested(self, visit: Visit) -> Response:
        """What became of test copies."""
        written = visit.request.query_params.get("ids", "").split(",")[:MOST_ASKED]
        ids = [int(it) for it in written if it.isascii() and it.isdigit() and len(it) < 10]
        async with visit.context.database.reading() as session:
            line = await _line(session, visit)
            mine, colleagues = await readers_of_tests(session, visit, line)
            found = await test_copies.outcomes(
                session, ids=ids, addresses=[it.address for it in (mine, *colleagues)]
            )
        if visit.by_script:
            told = [
                {
                    "id": it.id,
                    "address": it.address,
                    "done": it.done,
                    "text": it.outcome.tell(visit.language),
                }
                for it in found
            ]
            return visit.answer({"outcomes": told})
        waits = not all(it.done for it in found) and "still" not in visit.request.query_params
        return visit.page(
            "writing_tested",
            draft=line,
            found=found,
            refresh=3 if waits else None,
            colleagues=colleagues,
            mine=mine,
        )


def _frozen(source: Source, declared: Collection[str], visit: Visit) -> Frozen:
    """The letter of a manuscript, pressed, checked and frozen: work for a thread."""
    options = visit.context.options
    letter = reading.parsed(
        source,
        sizes=options.sizes,
        shape_of=lambda name: theme.shape_of(name, options.themes),
    )
    return sendable.sendable(
        letter,
        identity=sendable.identity_for(letter, visit.context.pages.identity),
        attributes=declared,
        sizes=options.sizes,
        themes=options.themes,
    ).frozen


async def _line(session: AsyncSession, visit: Visit) -> DraftLine:
    try:
        return await rows.line_of(session, visit.number("id"))
    except DraftGone:
        raise HTTPException(404) from None


async def _change(session: AsyncSession, visit: Visit, state: DraftState) -> None:
    line = await rows.line_of(session, visit.number("id"))
    if state is DraftState.WRITING and line.state not in (state, DraftState.PUT_AWAY):
        raise HTTPException(404)  # what was released is opened again by its sending alone
    await states.set_state(
        session, draft_id=line.id, state=state, by=visit.who.actor, now=visit.now
    )


def _may_write(visit: Visit, line: DraftLine) -> bool:
    return line.is_open and visit.who.granted.may(Ability.WRITE_DRAFTS, (line.list_id,))


def _in_words(kept: versions.Kept, language: str) -> str:
    """A version as its page shows it: the fields of its head by their names, then the body."""
    found = head.values(kept.head)
    fields = [
        say(N_("{field}: {value}"), field=say(head.LABELS[key]), value=found[key]).tell(language)
        for key in head.FIELDS
        if found[key]
    ]
    return "\n".join([*fields, *head.others(kept.head), "", kept.body.lstrip("\r\n")])


def _refused(visit: Visit, error: PliError) -> Response:
    code = writing_page.code_of(error)
    code = code if code in (410, 423) else 422
    if visit.by_script:
        faults = [{"field": "", "text": it} for it in error.lines(visit.language)]
        return visit.answer({"faults": faults}, status_code=code)
    return visit.page(
        "trouble",
        status_code=code,
        heading=say(N_("This is not possible here")).tell(visit.language),
        advice=" ".join(error.lines(visit.language)),
    )
