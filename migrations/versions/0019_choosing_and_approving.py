"""who is set aside, who approved and released a campaign, and which warnings somebody let pass

Revision ID: 0019
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

from pli.columns import Document, Moment

ID = sa.Integer().with_variant(sa.BigInteger(), "postgresql")

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("campaign") as campaign:
        campaign.add_column(sa.Column("aside", Document, nullable=False, server_default="{}"))
        campaign.add_column(sa.Column("draft_id", ID, nullable=True))
        campaign.add_column(sa.Column("released_by", sa.String(length=200), nullable=True))
        campaign.add_column(sa.Column("released_at", Moment(), nullable=True))
        campaign.add_column(sa.Column("released_count", sa.Integer(), nullable=True))
    op.create_table(
        "approval_event",
        sa.Column("id", ID, nullable=False),
        sa.Column("campaign_id", ID, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("asked_account", ID, nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("seen", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_approval_event_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_event")),
    )
    op.create_index(op.f("ix_approval_event_campaign_id"), "approval_event", ["campaign_id"])
    op.create_table(
        "ticked_finding",
        sa.Column("id", ID, nullable=False),
        sa.Column("campaign_id", ID, nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("sentence", Document, nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_ticked_finding_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticked_finding")),
        sa.UniqueConstraint("campaign_id", "key", name=op.f("uq_ticked_finding_campaign_id_key")),
    )


def downgrade() -> None:
    op.drop_table("ticked_finding")
    op.drop_index(op.f("ix_approval_event_campaign_id"), "approval_event")
    op.drop_table("approval_event")
    # Column by column: SQLite would else make the table anew, to which rows of others refer.
    for column in ("released_count", "released_at", "released_by", "draft_id", "aside"):
        op.drop_column("campaign", column)
