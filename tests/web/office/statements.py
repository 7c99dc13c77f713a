"""The statements that a page of the office asks the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from tests.web.office.person import Town


@contextmanager
def asked(town: Town) -> Iterator[list[str]]:
    """The statements that the database is asked meanwhile."""
    said: list[str] = []

    def note(*statement: object) -> None:
        if not str(statement[2]).startswith("BEGIN"):
            said.append(str(statement[2]))

    engines = {town.database.reader.sync_engine, town.database.writer.sync_engine}
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield said
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)
