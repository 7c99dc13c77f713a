"""a list's relays; a campaign's quiet hours and its end

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

from pli.columns import Document, Moment

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("list") as list_:
        list_.add_column(sa.Column("relays", Document, nullable=False, server_default="[]"))
    with op.batch_alter_table("campaign") as campaign:
        campaign.add_column(sa.Column("quiet_hours", sa.String(length=11), nullable=True))
        campaign.add_column(sa.Column("quiet_zone", sa.String(length=64), nullable=True))
        campaign.add_column(sa.Column("not_after", Moment(), nullable=True))
        campaign.add_column(sa.Column("not_after_zone", sa.String(length=64), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("campaign") as campaign:
        for column in ("not_after_zone", "not_after", "quiet_zone", "quiet_hours"):
            campaign.drop_column(column)
    with op.batch_alter_table("list") as list_:
        list_.drop_column("relays")
