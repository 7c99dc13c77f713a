"""which relays cannot be used, since when, and whether the office knows

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

from pli.columns import Document, Moment

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "relay_trouble",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("relay", sa.String(length=255), nullable=False),
        sa.Column("refused", sa.Boolean(), nullable=False),
        sa.Column("reason", Document, nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("patience_from", Moment(), nullable=False),
        sa.Column("tried_at", Moment(), nullable=False),
        sa.Column("next_try_at", Moment(), nullable=False),
        sa.Column("over_at", Moment(), nullable=True),
        sa.Column("told_at", Moment(), nullable=True),
        sa.Column("asked_at", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_relay_trouble")),
    )


def downgrade() -> None:
    op.execute("DELETE FROM notice WHERE kind = 'trouble'")
    op.drop_table("relay_trouble")
