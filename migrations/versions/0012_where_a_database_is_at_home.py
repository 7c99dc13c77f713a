"""a database knows where it is at home, and how often an engine has begun to work on it

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_NUMBER = sa.Integer().with_variant(sa.BigInteger(), "postgresql")


def upgrade() -> None:
    home = op.create_table(
        "home",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("adopted", _NUMBER, server_default="0", nullable=False),
        sa.Column("starts", _NUMBER, server_default="0", nullable=False),
        sa.Column("inode", sa.String(length=20), nullable=True),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("backup_of", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_home"),
    )
    op.bulk_insert(home, [{"id": 1}])


def downgrade() -> None:
    op.drop_table("home")
