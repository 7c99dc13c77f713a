"""answers that call a recipient unknown wait for a burst, and a relay rests at its own limit

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

from pli.columns import Moment

ID = sa.Integer().with_variant(sa.BigInteger(), "postgresql")

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "unknown_user",
        sa.Column("id", ID, nullable=False),
        sa.Column("campaign_id", ID, nullable=False),
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("relay", sa.String(length=255), nullable=False),
        sa.Column("provider", sa.String(length=32), nullable=False),
        sa.Column("others", sa.Integer(), nullable=False),
        sa.Column("others_of_provider", sa.Integer(), nullable=False),
        sa.Column("bars", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unknown_user")),
    )
    op.create_index("ix_unknown_user_campaign", "unknown_user", ["campaign_id", "id"])
    with op.batch_alter_table("pacing") as pacing:
        pacing.add_column(sa.Column("limit_until", Moment(), nullable=True))
        pacing.add_column(sa.Column("limit_said", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("pacing") as pacing:
        pacing.drop_column("limit_said")
        pacing.drop_column("limit_until")
    op.drop_index("ix_unknown_user_campaign", "unknown_user")
    op.drop_table("unknown_user")
