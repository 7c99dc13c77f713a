"""A verb run through in one go: over a session whose answers are there when they are awaited."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar, cast

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

R = TypeVar("R")


def at_once(session: Session) -> AsyncSession:
    """A session as verbs want it, that never has to be waited for."""
    return cast("AsyncSession", _AtOnce(session))


def run_through(verb: Coroutine[Any, Any, R]) -> R:
    """What a verb comes to that awaits nothing but a session `at_once`; RuntimeError if more."""
    try:
        verb.send(None)
    except StopIteration as end:
        return cast("R", end.value)
    verb.close()
    raise RuntimeError("a verb waited for more than its session")


class _AtOnce:
    def __init__(self, session: Session) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._session, name)
        if name not in _AWAITED:
            return attribute

        async def answered(*args: Any, **options: Any) -> Any:
            return attribute(*args, **options)

        return answered


_AWAITED = frozenset({"execute", "flush", "get", "get_one", "refresh", "scalar", "scalars"})
