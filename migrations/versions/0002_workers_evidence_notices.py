"""workers, evidence, notices; a campaign's hour and its makers

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

from pli.columns import Moment

ID = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
STATUS = sa.Enum(
    "excluded",
    "pending",
    "sending",
    "sent",
    "failed",
    "skipped",
    "uncertain",
    name="status",
    native_enum=False,
    length=16,
)

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("id", ID, nullable=False),
        sa.Column(
            "kind", sa.Enum("test", name="noticekind", native_enum=False, length=16), nullable=False
        ),
        sa.Column("address", sa.String(length=320), nullable=False),
        sa.Column("address_key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("status", STATUS, nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("next_attempt_at", Moment(), nullable=True),
        sa.Column("lease", sa.BigInteger(), nullable=True),
        sa.Column("lease_until", Moment(), nullable=True),
        sa.Column("last_attempt_at", Moment(), nullable=True),
        sa.Column("relay", sa.String(length=255), nullable=True),
        sa.Column("reply_code", sa.Integer(), nullable=True),
        sa.Column("enhanced_code", sa.String(length=16), nullable=True),
        sa.Column("reply_text", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index(
        "ix_notice_due",
        "notice",
        ["next_attempt_at"],
        unique=False,
        sqlite_where=sa.text("status IN ('pending', 'sending')"),
        postgresql_where=sa.text("status IN ('pending', 'sending')"),
    )
    op.create_table(
        "program",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_program")),
    )
    op.create_table(
        "worker",
        sa.Column("id", ID, nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("command", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("relay", sa.String(length=255), nullable=False),
        sa.Column("started_at", Moment(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.Column("batches", sa.Integer(), nullable=False),
        sa.Column("settled", sa.Integer(), nullable=False),
        sa.Column("rate", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker")),
    )
    op.create_table(
        "evidence",
        sa.Column("id", ID, nullable=False),
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column(
            "source",
            sa.Enum("journal", "log", "opt_out", name="source", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("status", STATUS, nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_evidence_delivery_id_delivery")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
    )
    op.create_index(op.f("ix_evidence_delivery_id"), "evidence", ["delivery_id"], unique=False)
    op.add_column(
        "campaign",
        sa.Column("resend_uncertain", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column(
        "delivery", sa.Column("doubted", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("campaign", sa.Column("created_by", sa.String(length=200), nullable=True))
    op.add_column("campaign", sa.Column("scheduled_at", Moment(), nullable=True))
    op.add_column("campaign", sa.Column("scheduled_zone", sa.String(length=64), nullable=True))


def downgrade() -> None:
    raise NotImplementedError(
        "go back with a backup: taking tables away would take the ledger away"
    )
