"""How far a manuscript is: written, in review, released, put away, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, exists, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.draft_models import (
    Draft,
    DraftMaker,
    DraftPicture,
    DraftPresence,
    DraftSave,
    DraftState,
    DraftVersion,
    PictureBytes,
)
from mailer.letter.drafts.rows import DraftError, line_of
from mailer.letter.drafts.saving import trace
from pli.actor import Actor
from pli.audit import AuditAction
from pli.language import N_

FROM: Mapping[DraftState, frozenset[DraftState]] = {
    # A campaign that was cancelled, or sent back by who should approve it, opens its manuscript.
    DraftState.WRITING: frozenset({DraftState.IN_REVIEW, DraftState.RELEASED, DraftState.PUT_AWAY}),
    DraftState.IN_REVIEW: frozenset({DraftState.WRITING, DraftState.RELEASED}),
    DraftState.RELEASED: frozenset({DraftState.WRITING, DraftState.IN_REVIEW}),
    DraftState.PUT_AWAY: frozenset({DraftState.WRITING, DraftState.IN_REVIEW, DraftState.RELEASED}),
}
"""From which states each state is reached."""


async def set_state(
    session: AsyncSession, *, draft_id: int, state: DraftState, by: Actor, now: datetime
) -> bool:
    """Change the state; False if it is in that state already. Raises DraftGone and DraftError."""
    line = await line_of(session, draft_id)
    if line.state is state:
        return False
    done = await session.execute(
        update(Draft)
        .where(Draft.id == draft_id, Draft.state.in_(FROM[state]))
        .values(state=state)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(done, CursorResult)
    if not done.rowcount:
        raise DraftError(N_("this manuscript is in another state meanwhile: look at it again"))
    trace(
        session,
        AuditAction.DRAFT_STATE,
        line.list_id,
        draft_id,
        by=by,
        why=state.value,
        now=now,
    )
    return True


async def delete_draft(session: AsyncSession, *, draft_id: int, by: Actor, now: datetime) -> None:
    """Delete a manuscript that is put away, with its versions and its pictures, for ever.

    Its row stays without a text, so that a page that is open on it hears that it is gone. Raises
    DraftGone, and DraftError in another state.
    """
    line = await line_of(session, draft_id)
    done = await session.execute(
        update(Draft)
        .where(Draft.id == draft_id, Draft.state == DraftState.PUT_AWAY)
        .values(state=DraftState.DELETED, head="", body="", title="", number=None)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(done, CursorResult)
    if not done.rowcount:
        raise DraftError(N_("only a manuscript that is put away can be deleted"))
    for statement in (
        delete(DraftVersion).where(DraftVersion.draft_id == draft_id),
        delete(DraftPicture).where(DraftPicture.draft_id == draft_id),
        delete(DraftSave).where(DraftSave.draft_id == draft_id),
        delete(DraftPresence).where(DraftPresence.draft_id == draft_id),
        delete(DraftMaker).where(DraftMaker.draft_id == draft_id),
    ):
        await session.execute(statement)
    await forget_unused(session)
    trace(session, AuditAction.DRAFT_DELETED, line.list_id, draft_id, by=by, now=now)


async def forget_unused(session: AsyncSession) -> None:
    """Delete the pictures that no manuscript has any more."""
    await session.execute(
        delete(PictureBytes).where(~exists().where(DraftPicture.sha256 == PictureBytes.sha256))
    )
