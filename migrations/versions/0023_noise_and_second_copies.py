"""what seems noise at a door is told apart and counted, and a mailbox may hold a mail twice

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "intake_mail", sa.Column("glance", sa.String(length=16), server_default="", nullable=False)
    )
    op.add_column(
        "intake_mail", sa.Column("dropped", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column("intake_mail", sa.Column("again_of", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("intake_mail") as batch:
        for column in ("again_of", "dropped", "glance"):
            batch.drop_column(column)
