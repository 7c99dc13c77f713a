"""One migrated database of PostgreSQL that a worker's tests have one after the other.

A database of its own for each test cost the server 0.3 s of CPU, a third of all that the tests
took: CREATE DATABASE copies some hundred files, and both it and DROP DATABASE force a checkpoint.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Self

import asyncpg

from tests.servers import PostgreSQL

_TEMPLATE = "pli_template"
_NAME = "pli_tests"

_KEEP = """
CREATE SCHEMA kept;

CREATE TABLE kept.sequence AS
  SELECT seqrelid, seqstart, pg_sequence_last_value(seqrelid) AS last FROM pg_sequence;

CREATE TABLE kept.filled (name text, copy text);
DO $$
DECLARE
  name regclass;
BEGIN
  FOR name IN
    SELECT oid FROM pg_class WHERE relnamespace::regnamespace::text IN ('public', 'queue')
      AND relkind = 'r'
      AND pg_relation_size(oid) > 0
  LOOP
    EXECUTE format('CREATE TABLE kept.%I AS TABLE %s', 'rows_of_' || name, name);
    INSERT INTO kept.filled VALUES (name, format('kept.%I', 'rows_of_' || name));
  END LOOP;
END $$;

CREATE TABLE kept.altered (tag text);
CREATE FUNCTION kept.note_alteration() RETURNS event_trigger LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO kept.altered VALUES (tg_tag); END $$;

CREATE FUNCTION kept.differs(one text, other text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  found boolean;
BEGIN
  EXECUTE format('SELECT EXISTS (
      (SELECT it::text FROM %1$s it EXCEPT ALL SELECT it::text FROM %2$s it)
      UNION ALL (SELECT it::text FROM %2$s it EXCEPT ALL SELECT it::text FROM %1$s it))',
    one, other) INTO found;
  RETURN found;
END $$;

CREATE FUNCTION kept.restore() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  used text;
  it record;
BEGIN
  PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
  IF EXISTS (SELECT FROM kept.altered)
    OR EXISTS (SELECT FROM pg_statistic JOIN pg_class ON pg_class.oid = starelid
               WHERE relnamespace::regnamespace::text IN ('public', 'queue'))
    OR EXISTS (SELECT FROM pg_db_role_setting JOIN pg_database ON pg_database.oid = setdatabase
               WHERE datname = current_database())
  THEN
    RETURN false;
  END IF;
  SELECT string_agg(pg_class.oid::regclass::text, ', ') INTO used
    FROM pg_class LEFT JOIN kept.filled ON filled.name = pg_class.oid::regclass::text
    WHERE relnamespace::regnamespace::text IN ('public', 'queue') AND relkind = 'r'
      AND CASE WHEN filled.name IS NULL THEN pg_relation_size(pg_class.oid) > 0
          ELSE kept.differs(filled.name, filled.copy) END;
  IF used IS NOT NULL THEN
    EXECUTE 'TRUNCATE ' || used || ' CASCADE';
  END IF;
  FOR it IN SELECT * FROM kept.filled WHERE kept.differs(name, copy) LOOP
    EXECUTE format('INSERT INTO %s TABLE %s', it.name, it.copy);
  END LOOP;
  PERFORM setval(seqrelid, coalesce(last, seqstart), last IS NOT NULL) FROM kept.sequence
    WHERE pg_sequence_last_value(seqrelid) IS DISTINCT FROM last;
  RETURN true;
END $$;

CREATE EVENT TRIGGER altered ON ddl_command_end EXECUTE FUNCTION kept.note_alteration();
CREATE EVENT TRIGGER dropped ON sql_drop EXECUTE FUNCTION kept.note_alteration();
"""
"""Notes what the migrated database has, and makes kept.restore().

That brings the rows and the sequences back as they were. It answers false where a test altered
more than rows: tables, the planner's statistics, or the settings of the database.
"""


class MigratedDatabase:
    """A database that `ready` brings back to what the migrations left, whatever a test did to it.

    Its connection lives in a thread's loop, for a fixture may ask while a test's loop runs.
    """

    def __init__(self, server: PostgreSQL, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._loop = loop
        self._connection: asyncpg.Connection[Any] | None = None

    @classmethod
    @contextmanager
    def made(
        cls, server: PostgreSQL, migrate: Callable[[str], Coroutine[Any, Any, None]]
    ) -> Iterator[Self]:
        """Make it, and let `migrate` migrate the database whose URL it is given."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="migrated-database")
        thread.start()
        database = cls(server, loop)
        try:
            database._run(database._make(migrate))
            yield database
        finally:
            database._run(database._disconnect())
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

    def ready(self) -> str:
        """Its URL, once no test is connected and everything is as it was."""
        self._run(self._bring_back())
        return self._server.url(_NAME)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _make(self, migrate: Callable[[str], Coroutine[Any, Any, None]]) -> None:
        await self._server.execute(f"CREATE DATABASE {_TEMPLATE}")
        await migrate(self._server.url(_TEMPLATE))
        connection = await self._server.connect(_TEMPLATE)
        await connection.execute(_KEEP)
        await connection.close()
        await self._copy()

    async def _copy(self) -> None:
        await self._server.execute(
            f"CREATE DATABASE {_NAME} TEMPLATE {_TEMPLATE} STRATEGY FILE_COPY"
        )

    async def _bring_back(self) -> None:
        try:
            restored = await self._restore()
        except (asyncpg.PostgresConnectionError, asyncpg.InterfaceError, OSError):
            # A test has stopped the server since.
            await self._disconnect()
            restored = await self._restore()
        if not restored:
            await self._disconnect()
            await self._server.execute(f"DROP DATABASE {_NAME} WITH (FORCE)")
            await self._copy()

    async def _restore(self) -> bool:
        if self._connection is None:
            self._connection = await self._server.connect(_NAME)
        return bool(await self._connection.fetchval("SELECT kept.restore()"))

    async def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
