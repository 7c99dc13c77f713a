"""a worker tells with which settings it runs, and what it sends

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_NEW = {"only": 32, "settings_hash": 32}


def upgrade() -> None:
    with op.batch_alter_table("worker") as worker:
        for name, length in _NEW.items():
            worker.add_column(
                sa.Column(name, sa.String(length=length), server_default="", nullable=False)
            )


def downgrade() -> None:
    with op.batch_alter_table("worker") as worker:
        for name in _NEW:
            worker.drop_column(name)
