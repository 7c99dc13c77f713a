"""Database, schema, keys and locks, on both databases."""

from __future__ import annotations

import asyncio
import json
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, TextClause, inspect, select, text
from sqlalchemy.orm import Session

from mailer.bounce_models import Bounce, Effect
from mailer.models import Pacing, Status
from pli import keys as key_ring
from pli import schema
from pli.columns import Base
from pli.database import Database, DatabaseAway, DatabaseError, check_keys
from pli.files import shipped
from pli.keys import Keys, KeysError
from pli.lock import Lock, Owner
from subscribers import attributes, people
from subscribers.address import Address
from subscribers.models import AttributeType, List, Subscriber
from subscribers.values import Value
from tests import factories as make


async def test_the_databases_clock_is_utc_and_compares_with_stored_moments(
    database: Database,
) -> None:
    assert abs(await database.now() - datetime.now(UTC)) < timedelta(seconds=5)


async def test_a_migrated_database_passes_the_check(database: Database) -> None:
    await schema.check(database)


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(database: Database) -> None:
    async with database.begin() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for verb in (schema.check, schema.upgrade):
        with pytest.raises(DatabaseError, match="newer version"):
            await verb(database)


async def test_a_database_of_an_older_version_is_refused_with_what_to_do(
    database: Database,
) -> None:
    for older in ("UPDATE alembic_version SET version_num = '0001'", "DROP TABLE alembic_version"):
        async with database.begin() as session:
            await session.execute(text(older))
        with pytest.raises(DatabaseError, match='older than this program: run "pli db upgrade"'):
            await schema.check(database)


async def test_a_process_of_another_version_is_refused_in_one_line(database: Database) -> None:
    async with database.begin() as session:
        await session.execute(text("UPDATE program SET version = '0.0.1'"))
    with pytest.raises(DatabaseError, match=r"brought up by 0\.0\.1"):
        await schema.check(database)
    await schema.upgrade(database)
    await schema.check(database)


async def test_the_migrations_make_the_tables_that_the_models_declare(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        return [
            it
            for it in compare_metadata(context, Base.metadata)
            if not (it[0].endswith("table") and it[1].name.startswith("pgqueuer"))
        ]

    async with database.reader.connect() as connection:
        assert await connection.run_sync(differences) == []


def words_of(condition: str) -> str:
    """A condition's words in one form: PostgreSQL adds types, and writes IN as ANY of an ARRAY."""
    plain = re.sub(r"::[a-z ]+(\[\])?", "", condition.lower())
    return " ".join(re.findall(r"\w+|>", plain)).replace("any array", "in")


async def test_a_partial_index_has_the_condition_that_its_model_declares(
    database: Database,
) -> None:
    declared = {
        str(it.name): words_of(it.info["where"])
        for table in Base.metadata.tables.values()
        for it in table.indexes
        if "where" in it.info
    }
    assert len(declared) > 5
    statement = (
        "SELECT name, sql FROM sqlite_master WHERE type = 'index'"
        if database.is_sqlite
        else "SELECT indexname, indexdef FROM pg_indexes"
    )
    async with database.reading() as session:
        made = {row[0]: str(row[1]) for row in await session.execute(text(statement))}
    assert {it: words_of(made[it].partition(" WHERE ")[2]) for it in declared} == declared


async def test_a_database_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/none.db")
    with pytest.raises(DatabaseError, match="pli db upgrade"):
        await schema.check(database)
    await database.close()


async def test_other_keys_than_the_databases_are_refused(database: Database, keys: Keys) -> None:
    async with database.begin() as session:
        await check_keys(session, keys)
    with pytest.raises(KeysError, match="not this database's"):
        async with database.begin() as session:
            await check_keys(session, key_ring.generate())


async def test_a_further_token_key_is_welcome_and_a_lost_one_is_not(
    database: Database, keys: Keys
) -> None:
    more = Keys({**keys.tokens, "zz": bytes(32)}, keys.address)
    async with database.begin() as session:
        await check_keys(session, more)
    with pytest.raises(KeysError):
        async with database.begin() as session:
            await check_keys(session, keys)


def test_only_one_engine_holds_a_file_and_says_who_it_is(tmp_path: Path) -> None:
    first = Lock(tmp_path / "pli.db", "engine")
    second = Lock(tmp_path / "pli.db", "engine")
    assert first.take(Owner(1, "pli serve", "2026-11-24T09:00:00Z"))
    assert second.take(Owner(2, "pli send", "2026-11-24T09:00:01Z")) is None
    assert second.owner() == Owner(1, "pli serve", "2026-11-24T09:00:00Z")
    first.release()
    assert second.take(Owner(2, "pli send", "2026-11-24T09:00:01Z"))
    second.release()


async def test_a_verb_is_performed_whole_or_not_at_all(database: Database, now: datetime) -> None:
    def found(session: Session, name: str, *, fails: bool = False) -> int:
        row = List(name=name, title=name, created_at=now)
        session.add(row)
        session.flush()
        if fails:
            raise ValueError(name)
        return row.id

    first = await database.perform(found, "membres")
    with pytest.raises(ValueError, match="elus"):
        await database.perform(found, "elus", fails=True)
    async with database.reading() as session:
        rows = (await session.execute(select(List.id, List.name))).all()
    assert [tuple(row) for row in rows] == [(first, "membres")]


def test_a_version_is_the_number_of_its_file_and_each_follows_the_one_before() -> None:
    scripts = ScriptDirectory(str(shipped("migrations")))
    chain = [it.revision for it in scripts.walk_revisions()]
    assert chain[::-1] == schema.versions()
    assert scripts.get_current_head() == schema.head()


def move(connection: Connection, wanted: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(shipped("migrations")))
    config.attributes["connection"] = connection
    (command.upgrade if wanted == "head" else command.downgrade)(config, wanted)


@pytest.mark.parametrize("effect", ["waiting", "held", "suppressed"])
async def test_the_way_back_before_bounces_is_refused_while_some_wait(
    database: Database, effect: str
) -> None:
    row = (
        "INSERT INTO bounce (delivery_id, at, action, reason, weight, status, diagnostic, remote,"
        " how, effect) VALUES (NULL, '2026-11-26 09:00:00', 'failed', 'unknown_user', 'certain',"
        " '5.1.1', '', '', 'session', :effect)"
    )

    async def back() -> None:
        async with database.writer.begin() as connection:
            await connection.execute(text(row), {"effect": effect})
            await connection.run_sync(move, "0014")

    if effect == "suppressed":
        async with database.writer.begin() as connection:
            for proof in _PROOFS:
                await connection.execute(text(proof))
        await back()
        async with database.writer.begin() as connection:
            # A version that knows no notices could not read that word.
            assert await connection.scalar(text("SELECT source FROM evidence")) == "log"
        return
    with pytest.raises(CommandError, match="1 bounces wait"):
        await back()


_PROOFS = (
    "INSERT INTO delivery (id, campaign_id, list_id, status, attempts) VALUES (7, 1, 1, 'sent', 1)",
    "INSERT INTO evidence (delivery_id, at, source, status, detail) VALUES"
    " (7, '2026-11-26 09:00:00', 'notice', 'sent', 'relayed')",
)


async def test_attempts_outlive_the_migration_that_takes_their_key_and_the_way_back(
    database: Database,
) -> None:
    def looks(connection: Connection) -> tuple[list[str], str]:
        keys = [str(it["name"]) for it in inspect(connection).get_foreign_keys("attempt")]
        made = (
            "SELECT sql FROM sqlite_master WHERE name = 'attempt'"
            if database.is_sqlite
            else "SELECT array_to_string(reloptions, '') FROM pg_class WHERE relname = 'delivery'"
        )
        return keys, str(connection.scalar(text(made)))

    rows = (
        "INSERT INTO delivery (id, campaign_id, list_id, status, attempts)"
        " VALUES (7, 1, 1, 'sent', 1)",
        "INSERT INTO attempt (delivery_id, number, at, relay, outcome, stage, reply_text,"
        " milliseconds) VALUES (7, 1, '2026-11-26 09:00:00', 'r', 'sent', 'body', 'ok', 1)",
    )
    async with database.writer.begin() as connection:
        for row in rows:
            await connection.execute(text(row))
        for wanted, keys, full in (
            ("0005", ["fk_attempt_delivery_id_delivery"], "fillfactor=60"),
            ("head", [], "fillfactor=50"),
        ):
            await connection.run_sync(move, wanted)
            found, made = await connection.run_sync(looks)
            assert found == keys
            assert "WITHOUT ROWID" in made if database.is_sqlite else made == full
            assert await connection.scalar(text("SELECT reply_text FROM attempt")) == "ok"


async def test_what_is_used_of_limits_outlives_the_migration_that_renames_it_and_the_way_back(
    database: Database,
) -> None:
    used = {"3600": [[29930688, 9], [29930689, 35]], "86400": [[1247111, 44]]}

    def pacing(column: str) -> TextClause:
        names = f"relay, provider, first_used_at, {column}, level, rest_until, tries, weight, said"
        return text(f"SELECT {names} FROM pacing ORDER BY provider")

    def standing(table: str) -> TextClause:
        return text(
            f"INSERT INTO {table} (relay, provider, holder, connections, per_second, rate,"
            " lease_until) VALUES ('r', '', 5535328185676891179, 3, 0, 0.5, '2026-11-28 09:00:00')"
        )

    def tables(connection: Connection) -> set[str]:
        return set(inspect(connection).get_table_names()) & {"seat", "share"}

    async with database.writer.begin() as connection:
        for provider, said in (("", ""), ("orange", "421 4.7.0 trop de connexions")):
            row = (
                "INSERT INTO pacing (relay, provider, first_used_at, sliding_windows, level,"
                " rest_until, tries, weight, said) VALUES ('r', :provider, '2026-11-28 08:00:00',"
                " :used, 2, '2026-11-28 09:00:00', 7, 3, :said)"
            )
            values = {"provider": provider, "used": json.dumps(used), "said": said}
            await connection.execute(text(row), values)
        before = (await connection.execute(pacing("sliding_windows"))).all()
        assert len(before) == 2
        await connection.execute(standing("share"))

        await connection.run_sync(move, "0006")
        assert (await connection.execute(pacing("meters"))).all() == before
        assert await connection.run_sync(tables) == {"seat"}
        assert await connection.scalar(text("SELECT count(*) FROM seat")) == 0
        await connection.execute(standing("seat"))

        await connection.run_sync(move, "head")
        assert (await connection.execute(pacing("sliding_windows"))).all() == before
        assert await connection.run_sync(tables) == {"share"}
        assert await connection.scalar(text("SELECT count(*) FROM share")) == 0
    async with database.reading() as session:
        assert (await session.scalars(select(Pacing.sliding_windows))).all() == [used, used]


async def test_what_rules_compare_of_texts_is_written_anew_and_back(
    database: Database, keys: Keys, now: datetime
) -> None:
    """Version 0009 compares one apostrophe, one hyphen, and one word for yes."""
    person: dict[str, Value] = {"ville": "Val d’Oise", "a_jour": "Vrai", "suivi": True, "age": 9}
    async with database.begin() as session:
        for name, type in (("suivi", AttributeType.BOOLEAN), ("age", AttributeType.NUMBER)):
            await attributes.declare(session, name=name, type=type, label=name)
        await people.add(
            session,
            address=Address.parse("anne@example.org"),
            keys=keys,
            first_name="Anne-Marie",
            attributes=person,
            now=now,
        )

    async def compared() -> Any:
        async with database.reading() as session:
            return await session.scalar(select(Subscriber.folded))

    after = {
        "ville": "val d'oise", "a_jour": "oui", "suivi": "true", "age": 9,
        "first_name": "anne marie",
    }  # fmt: skip
    before = after | {"ville": "val d’oise", "a_jour": "vrai", "first_name": "anne-marie"}
    assert await compared() == after
    for wanted, expected in (("0008", before), ("head", after)):
        async with database.writer.begin() as connection:
            await connection.run_sync(move, wanted)
        assert await compared() == expected


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("steps", [0, 1, 2])
async def test_a_process_that_was_stopped_meets_one_error_for_all_that_the_server_ended(
    database: Database, steps: int
) -> None:
    """A stopped process does not read; what its server said comes at its next step."""
    held = asyncio.Barrier(4)

    async def backend() -> int:
        async with database.begin() as session:
            pid = await session.scalar(text("SELECT pg_backend_pid()"))
            await held.wait()
        assert pid is not None
        return int(pid)

    ended = await asyncio.gather(*(backend() for _ in range(4)))
    async with database.reading() as session:
        await session.execute(
            text("SELECT pg_terminate_backend(pid) FROM unnest(cast(:pids AS int[])) AS pid"),
            {"pids": list(ended)},
        )
    time.sleep(0.3)  # noqa: ASYNC251 (the process is stopped)
    for _ in range(steps):
        await asyncio.sleep(0)
    errors = []
    for _ in range(6):
        try:
            async with database.begin() as session:
                await session.execute(select(1))
        except DatabaseAway as error:
            errors.append(str(error))
    assert len(errors) <= 1, errors


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
async def test_what_the_server_ended_within_a_transaction_is_told_as_away(
    database: Database,
) -> None:
    async def stopped() -> None:
        async with database.begin() as session:
            await session.execute(text("SET idle_in_transaction_session_timeout = 200"))
            time.sleep(0.6)  # noqa: ASYNC251 (the process is stopped)
            await asyncio.sleep(0)
            await session.execute(select(1))

    with pytest.raises(DatabaseAway):
        await stopped()
    for _ in range(3):
        assert await database.now()


async def test_answers_that_wait_move_into_the_table_of_bounces(
    database: Database, now: datetime
) -> None:
    async with database.begin() as session:
        await make.a_campaign_with(
            session, [make.Copy(Status.FAILED, "unknown_user", (make.UNKNOWN_USER,))] * 2, now=now
        )
    async with database.begin() as session:
        connection = await session.connection()
        await connection.run_sync(move, "0014")
        await session.execute(
            text(
                "INSERT INTO unknown_user (campaign_id, delivery_id, relay, provider, others, "
                "others_of_provider, bars) VALUES (1, 1, 'r:25', 'orange', 0, 0, false), "
                "(1, 1, 'r:25', 'orange', 0, 0, true), (1, 2, 'r:25', 'orange', 3, 3, false)"
            )
        )
        await connection.run_sync(move, "head")
    async with database.reading() as session:
        rows = await session.scalars(select(Bounce).order_by(Bounce.delivery_id))
        found = [(it.delivery_id, it.weight, it.status, it.effect, it.at) for it in rows]
    tried = now + timedelta(minutes=1)
    assert found == [
        (1, "certain", "5.1.1", Effect.WAITING, tried),
        (2, "likely", "5.1.1", Effect.UNDONE, tried),
    ]
