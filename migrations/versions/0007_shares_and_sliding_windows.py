"""pacing has the names of code and docs: seat becomes share, and meters sliding_windows

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

from pli.columns import Moment

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _replace("seat", by="share")
    op.execute("ALTER TABLE pacing RENAME COLUMN meters TO sliding_windows")


def downgrade() -> None:
    op.execute("ALTER TABLE pacing RENAME COLUMN sliding_windows TO meters")
    _replace("share", by="seat")


def _replace(old: str, *, by: str) -> None:
    # Made anew: its rows are leases of running workers, and no worker runs during a migration.
    op.drop_table(old)
    op.create_table(
        by,
        sa.Column("relay", sa.String(length=255), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("holder", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("connections", sa.Integer(), nullable=False),
        sa.Column("per_second", sa.Integer(), nullable=False),
        sa.Column("rate", sa.Double(), nullable=False),
        sa.Column("lease_until", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("relay", "provider", "holder", name=op.f(f"pk_{by}")),
    )
