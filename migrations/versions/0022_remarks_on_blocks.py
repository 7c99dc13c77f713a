"""who sends a letter back says what is to be changed in which of its blocks

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

from pli.columns import Document

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_STEPS = sa.table(
    "approval_event",
    sa.column("id", sa.Integer),
    sa.column("note", sa.Text),
    sa.column("line", sa.Integer),
    sa.column("remarks", Document),
)


def upgrade() -> None:
    with op.batch_alter_table("approval_event") as step:
        step.add_column(sa.Column("remarks", Document, nullable=False, server_default="[]"))
    connection = op.get_bind()
    for it in connection.execute(sa.select(_STEPS).where(_STEPS.c.line.is_not(None))).all():
        # Which block was meant is not known: it was a line that somebody typed.
        remark = {"line": max(0, it.line - 1), "block": "", "note": it.note}
        connection.execute(
            _STEPS.update().where(_STEPS.c.id == it.id).values(note="", remarks=[remark])
        )
    with op.batch_alter_table("approval_event") as step:
        step.drop_column("line")


def downgrade() -> None:
    with op.batch_alter_table("approval_event") as step:
        step.add_column(sa.Column("line", sa.Integer(), nullable=True))
    connection = op.get_bind()
    for it in connection.execute(sa.select(_STEPS)).all():
        if it.remarks:
            said = "\n".join(part for part in (it.note, *(r["note"] for r in it.remarks)) if part)
            connection.execute(
                _STEPS.update()
                .where(_STEPS.c.id == it.id)
                .values(note=said, line=it.remarks[0]["line"] + 1)
            )
    with op.batch_alter_table("approval_event") as step:
        step.drop_column("remarks")
