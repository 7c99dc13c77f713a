"""an import that was stopped knows where, and goes on

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

from pli.columns import Moment

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_COUNTS = ("rows", "line", "left_by_file", "barred_by_file")


def upgrade() -> None:
    with op.batch_alter_table("import") as imports:
        imports.add_column(
            sa.Column("digest", sa.String(length=64), server_default="", nullable=False)
        )
        imports.add_column(
            sa.Column("state", sa.String(length=16), server_default="finished", nullable=False)
        )
        imports.add_column(sa.Column("ended_at", Moment(), nullable=True))
        for name in _COUNTS:
            imports.add_column(sa.Column(name, sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("import") as imports:
        for name in (*_COUNTS, "ended_at", "state", "digest"):
            imports.drop_column(name)
