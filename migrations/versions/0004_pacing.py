"""pacing: how much of each limit is used, and each worker's part of the limits

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

from pli.columns import Document, Moment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pacing",
        sa.Column("relay", sa.String(length=255), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("first_used_at", Moment(), nullable=False),
        sa.Column("meters", Document, nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("rest_until", Moment(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("relay", "provider", name=op.f("pk_pacing")),
    )
    op.create_table(
        "seat",
        sa.Column("relay", sa.String(length=255), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("holder", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("connections", sa.Integer(), nullable=False),
        sa.Column("per_second", sa.Integer(), nullable=False),
        sa.Column("rate", sa.Double(), nullable=False),
        sa.Column("lease_until", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("relay", "provider", "holder", name=op.f("pk_seat")),
    )


def downgrade() -> None:
    op.drop_table("seat")
    op.drop_table("pacing")
