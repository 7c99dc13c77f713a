"""Manuscripts to work with, and people who write them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from mailer.letter import head
from mailer.letter.drafts import making
from pli.actor import Actor
from tests import factories as make

ANNE, BRUNO = Actor.account(1, "Anne Exemple"), Actor.account(2, "Bruno Essai")
HEAD = head.new(
    {
        "number": "294",
        "title": "Une lettre",
        "date": "2026-11-24",
        "subject": "Lettre n° 294 : l’été",
        "preheader": "Une phrase vraie, assez longue pour la boîte de réception.",
    }
)
BODY = '\n# Une séance\n\nBonjour {{ subscriber.first_name or "camarade" }}.\n\n- un\n- deux\n'


async def a_written(
    session: AsyncSession, now: datetime, *, name: str = "membres", by: Actor = ANNE, **text: Any
) -> tuple[int, int]:
    """A manuscript: its id, and its list's."""
    of = await make.a_list(session, name, now=now)
    draft_id = await making.create(
        session,
        list_id=of.id,
        top=text.get("top", HEAD),
        body=text.get("body", BODY),
        by=by,
        now=now,
    )
    return draft_id, of.id
