"""mails that come in wait in a table; how far mailboxes are read, and what has come in so far

Revision ID: 0021
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

from pli.columns import Document, Moment

ID = sa.Integer().with_variant(sa.BigInteger(), "postgresql")
WAITING = sa.text("due_at IS NOT NULL")

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "intake_mail",
        sa.Column("id", ID, nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("door", sa.String(length=48), nullable=False),
        sa.Column("form", sa.String(length=16), nullable=False),
        sa.Column("came_to", sa.String(length=320), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=True),
        sa.Column("uid", sa.BigInteger(), nullable=True),
        sa.Column("due_at", Moment(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), server_default="", nullable=False),
        sa.Column("acted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("filed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("sender_key", sa.LargeBinary(length=16), nullable=True),
        sa.Column("note", sa.String(length=200), server_default="", nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intake_mail")),
        sa.UniqueConstraint("digest", name=op.f("uq_intake_mail_digest")),
    )
    for column in ("at", "came_to", "sender_key"):
        op.create_index(op.f(f"ix_intake_mail_{column}"), "intake_mail", [column])
    op.create_index(
        "ix_intake_mail_waiting",
        "intake_mail",
        ["due_at"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )
    op.create_index("ix_intake_mail_door", "intake_mail", ["door", "uid"])
    op.create_index("ix_intake_mail_kind", "intake_mail", ["kind", "at"])
    op.create_table(
        "intake_door",
        sa.Column("name", sa.String(length=48), nullable=False),
        sa.Column("uidvalidity", sa.BigInteger(), nullable=True),
        sa.Column("uid", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.BigInteger(), nullable=True),
        sa.Column("lease_until", Moment(), nullable=True),
        sa.Column("seen_at", Moment(), nullable=True),
        sa.Column("fault", Document(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_intake_door")),
    )
    op.create_table(
        "intake_tally",
        sa.Column("door", sa.String(length=48), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("mails", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("latest_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("door", "kind", name=op.f("pk_intake_tally")),
    )


def downgrade() -> None:
    op.drop_table("intake_tally")
    op.drop_table("intake_door")
    for name in ("kind", "door", "waiting", "sender_key", "came_to", "at"):
        op.drop_index(f"ix_intake_mail_{name}", "intake_mail")
    op.drop_table("intake_mail")
