"""Steps of before remarks were on blocks, and back: nothing that was said is lost."""

from __future__ import annotations

from datetime import datetime

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from mailer.campaign import approvals, lifecycle
from mailer.campaign.remarks import Remark
from pli.actor import Actor
from pli.database import Database
from pli.files import shipped
from pli.keys import Keys
from tests import factories as make

pytestmark = pytest.mark.proof

BRUNO = Actor.account(102, "Bruno")


def move(connection: Connection, wanted: str) -> None:
    """Take the schema to a version."""
    config = Config()
    config.set_main_option("script_location", str(shipped("migrations")))
    config.attributes["connection"] = connection
    (command.upgrade if wanted == "head" else command.downgrade)(config, wanted)


async def test_what_was_said_of_a_line_is_kept_on_the_way_back_and_forth(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        made = await make.a_draft(
            session, keys, [members], of=make.letter("# Un\n\nDeux\n"), by=BRUNO, now=now
        )
        for said in ({"note": "Tout."}, {"note": "Presque.", "remarks": {2: "Là."}}):
            await lifecycle.send_back(session, campaign_id=made.id, by=BRUNO, now=now, **said)
    steps_of = ScriptDirectory(str(shipped("migrations"))).walk_revisions()
    before = next(it.down_revision for it in steps_of if it.path.endswith("remarks_on_blocks.py"))
    assert isinstance(before, str)
    async with database.writer.begin() as connection:
        await connection.run_sync(move, before)
        rows = await connection.execute(text("SELECT note, line FROM approval_event ORDER BY id"))
        assert [tuple(row) for row in rows] == [("Tout.", None), ("Presque.\nLà.", 3)]
        await connection.run_sync(move, "head")
    async with database.reading() as session:
        steps = await approvals.steps(session, made.id)
    assert [(it.note, list(it.remarks)) for it in steps] == [
        ("Tout.", []),
        ("", [Remark(2, "", "Presque.\nLà.")]),
    ]
