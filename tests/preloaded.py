"""Imports all that commands import, but no command: a command's language is set at its import."""

from __future__ import annotations

import gc
import pkgutil
import sys
from importlib import import_module

import aiosqlite
import alembic.command
import asyncpg
import premailer
import rich.progress
import rich.table
import sqlalchemy.dialects.postgresql.asyncpg
import sqlalchemy.dialects.sqlite.aiosqlite
import uvicorn
from sqlalchemy.orm import configure_mappers

for _room in ("pli", "subscribers", "accounts", "mailer", "web"):
    for _module in pkgutil.walk_packages(import_module(_room).__path__, f"{_room}."):
        import_module(_module.name)
configure_mappers()
# Without this, a child's garbage collector would touch, and so copy, the imported modules.
gc.freeze()


def enter(room: str) -> None:
    """Import a room of commands, in a process that has no room of commands yet."""
    assert not [it for it in sys.modules if it.partition(".")[0] == "commands"]
    import_module(room)


__all__ = ["aiosqlite", "alembic", "asyncpg", "enter", "premailer", "rich", "sqlalchemy", "uvicorn"]
