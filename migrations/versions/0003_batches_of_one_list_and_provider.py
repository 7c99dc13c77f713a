"""a batch is of one list and one provider; no index holds what a sending changes

Older batches hold several lists and providers: each gets its first row's list, and "other".

Revision ID: 0003
Revises: 0002
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

ID = sa.Integer().with_variant(sa.BigInteger(), "postgresql")

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_FIRST_LIST = """
UPDATE batch SET list_id = (
    SELECT delivery.list_id FROM delivery
    WHERE delivery.campaign_id = batch.campaign_id AND delivery.batch = batch.number
    ORDER BY delivery.id LIMIT 1
)
"""

_OPEN: dict[str, Any] = {
    "sqlite_where": sa.text("pending > 0 OR sending > 0"),
    "postgresql_where": sa.text("pending > 0 OR sending > 0"),
}


def upgrade() -> None:
    with op.batch_alter_table("batch") as batch:
        batch.add_column(sa.Column("list_id", ID, nullable=True))
        batch.add_column(
            sa.Column("provider", sa.String(length=32), nullable=False, server_default="other")
        )
    op.execute(_FIRST_LIST)
    with op.batch_alter_table("batch") as batch:
        batch.alter_column("list_id", nullable=False, existing_type=ID)
        batch.alter_column("provider", server_default=None, existing_type=sa.String(length=32))
        batch.create_foreign_key(op.f("fk_batch_list_id_list"), "list", ["list_id"], ["id"])
    op.drop_index("ix_batch_due", "batch")
    op.create_index("ix_batch_open", "batch", ["campaign_id", "due_at"], **_OPEN)
    for name in ("ix_delivery_due", "ix_delivery_in_work", "ix_delivery_unsent"):
        op.drop_index(name, "delivery")
    op.create_index("ix_delivery_batch", "delivery", ["campaign_id", "batch"])
    op.create_index(
        "ix_delivery_reason",
        "delivery",
        ["campaign_id", "reason"],
        sqlite_where=sa.text("reason IS NOT NULL"),
        postgresql_where=sa.text("reason IS NOT NULL"),
    )
    with op.batch_alter_table("delivery") as delivery:
        delivery.drop_constraint(op.f("fk_delivery_campaign_id_campaign"), type_="foreignkey")
        delivery.drop_constraint(op.f("fk_delivery_list_id_list"), type_="foreignkey")
    if op.get_context().dialect.name == "postgresql":
        # Leave room in each page for the later versions of its rows: sending, then sent.
        op.execute("ALTER TABLE delivery SET (fillfactor = 60)")


def downgrade() -> None:
    with op.batch_alter_table("delivery") as delivery:
        delivery.create_foreign_key(
            op.f("fk_delivery_campaign_id_campaign"), "campaign", ["campaign_id"], ["id"]
        )
        delivery.create_foreign_key(op.f("fk_delivery_list_id_list"), "list", ["list_id"], ["id"])
    op.drop_index("ix_delivery_reason", "delivery")
    op.drop_index("ix_delivery_batch", "delivery")
    op.create_index(
        "ix_delivery_unsent",
        "delivery",
        ["campaign_id", "status", "reason"],
        sqlite_where=sa.text("status IN ('failed', 'skipped', 'uncertain', 'excluded')"),
        postgresql_where=sa.text("status IN ('failed', 'skipped', 'uncertain', 'excluded')"),
    )
    op.create_index(
        "ix_delivery_in_work",
        "delivery",
        ["campaign_id", "batch"],
        sqlite_where=sa.text("status = 'sending'"),
        postgresql_where=sa.text("status = 'sending'"),
    )
    op.create_index(
        "ix_delivery_due",
        "delivery",
        ["campaign_id", "batch", "next_attempt_at"],
        sqlite_where=sa.text("status = 'pending'"),
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.drop_index("ix_batch_open", "batch")
    op.create_index("ix_batch_due", "batch", ["due_at"], **_OPEN)
    with op.batch_alter_table("batch") as batch:
        batch.drop_constraint(op.f("fk_batch_list_id_list"), type_="foreignkey")
        batch.drop_column("provider")
        batch.drop_column("list_id")
