"""No rule hides in an entrance: the terminal and the pages reach the tables only by verbs."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.paths import ROOT

INVENTS_PEOPLE = ROOT / "commands" / "demo" / "population.py"
ENTRANCES = [
    ROOT / "cli.py",
    *sorted(
        file
        for folder in ("commands", "web")
        for file in (ROOT / folder).rglob("*.py")
        if file != INVENTS_PEOPLE
    ),
]
STATEMENTS = {"select", "insert", "update", "delete", "text", "func", "exists"}
ASKS = {"execute", "exec_driver_sql", "get_one", "scalar", "scalars", "stream_scalars"}
ASKS_IF_OF_A_SESSION = {"add", "add_all", "delete", "flush", "get", "merge", "refresh", "stream"}


def sql_in(source: str) -> Iterator[str]:
    """Yield what a file imports from SQLAlchemy to write statements, and its calls of a session."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "sqlalchemy":
            for it in node.names:
                if it.name in STATEMENTS:
                    yield f"line {node.lineno}: imports {it.name}"
        elif isinstance(node, ast.Import):
            for it in node.names:
                if it.name.split(".")[0] == "sqlalchemy":
                    yield f"line {node.lineno}: imports {it.name} as a whole"
        elif isinstance(node, ast.Attribute):
            of = ast.unparse(node.value)
            of_a_session = of.rpartition(".")[2].lstrip("_") in ("session", "connection")
            if node.attr in ASKS or (of_a_session and node.attr in ASKS_IF_OF_A_SESSION):
                yield f"line {node.lineno}: {of}.{node.attr}"


def test_no_entrance_writes_sql_of_its_own() -> None:
    found = {str(it.relative_to(ROOT)): list(sql_in(it.read_text())) for it in ENTRANCES}
    assert {name: faults for name, faults in found.items() if faults} == {}, (
        "what is asked of the tables is a verb of mailer/ or subscribers/: a rule that lives in "
        "commands/ or web/ is out of reach for every other entrance, which then decides otherwise"
    )


@pytest.mark.parametrize(
    "source",
    [
        "from sqlalchemy import select",
        "from sqlalchemy.sql import func as f",
        "import sqlalchemy as sa",
        "async def a(session): await session.execute(b)",
        "async def a(self): return await self._session.scalar(b)",
        "async def a(session): await session.get(Letter, 1)",
        "async def a(rows): await rows.scalars(b)",
    ],
)
def test_sql_is_found_however_it_is_written(source: str) -> None:
    assert len(list(sql_in(source))) == 1


@pytest.mark.parametrize(
    "source",
    [
        "from sqlalchemy import make_url",
        "from sqlalchemy.ext.asyncio import AsyncSession",
        "async def a(session): await session.rollback()",
        "async def a(session): await session.run_sync(leave, list_id=1)",
        "a = settings.get('session')",
    ],
)
def test_a_session_may_be_opened_and_handed_on(source: str) -> None:
    assert list(sql_in(source)) == []
