"""work that is no batch: of which kind, for which row, and when it is due

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

from pli.columns import Id, Moment

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chore",
        sa.Column("id", Id, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("row_id", Id, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=64), server_default="", nullable=False),
        sa.Column("lease", sa.BigInteger(), nullable=True),
        sa.Column("lease_until", Moment(), nullable=True),
        sa.Column("offered_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chore")),
        sa.UniqueConstraint("kind", "row_id", name=op.f("uq_chore_kind_row_id")),
    )
    op.create_index(
        "ix_chore_due",
        "chore",
        ["due_at"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.add_column(
        "worker",
        sa.Column("listens", sa.String(length=16), server_default="no", nullable=False),
    )


def downgrade() -> None:
    with op.batch_alter_table("worker") as table:
        table.drop_column("listens")
    op.drop_table("chore")
