"""manuscripts: letters that are written in the office, their versions and their pictures

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

from pli.columns import Moment

ID = sa.Integer().with_variant(sa.BigInteger(), "postgresql")

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "draft",
        sa.Column("id", ID, nullable=False),
        sa.Column("list_id", ID, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("created_by", sa.String(length=200), nullable=False),
        sa.Column("saved_at", Moment(), nullable=False),
        sa.Column("saved_by", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["list_id"], ["list.id"], name=op.f("fk_draft_list_id_list")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_draft_list_id_draft_number"), "draft", ["list_id", "number"])
    op.create_table(
        "draft_version",
        sa.Column("id", ID, nullable=False),
        _of_draft("draft_version"),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("saved_at", Moment(), nullable=False),
        sa.Column("saved_by", sa.String(length=200), nullable=False),
        sa.Column("asked", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_version")),
        sa.UniqueConstraint("draft_id", "version", name=op.f("uq_draft_version_draft_id_version")),
    )
    op.create_table(
        "draft_maker",
        _of_draft("draft_maker"),
        sa.Column("maker", sa.String(length=200), nullable=False),
        sa.Column("first_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("draft_id", "maker", name=op.f("pk_draft_maker")),
    )
    op.create_table(
        "draft_save",
        _of_draft("draft_save"),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("draft_id", "key", name=op.f("pk_draft_save")),
    )
    op.create_table(
        "draft_presence",
        _of_draft("draft_presence"),
        sa.Column("account_id", ID, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("draft_id", "account_id", name=op.f("pk_draft_presence")),
    )
    op.create_table(
        "picture",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_picture")),
    )
    op.create_table(
        "draft_picture",
        _of_draft("draft_picture"),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("alternative", sa.Text(), nullable=True),
        sa.Column("added_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sha256"], ["picture.sha256"], name=op.f("fk_draft_picture_sha256_picture")
        ),
        sa.PrimaryKeyConstraint("draft_id", "name", name=op.f("pk_draft_picture")),
    )
    op.create_index(op.f("ix_draft_picture_sha256"), "draft_picture", ["sha256"])


def _of_draft(table: str) -> sa.Column[int]:
    return sa.Column(
        "draft_id",
        ID,
        sa.ForeignKey("draft.id", name=op.f(f"fk_{table}_draft_id_draft"), ondelete="CASCADE"),
        nullable=False,
    )


def downgrade() -> None:
    for table in (
        "draft_picture",
        "picture",
        "draft_presence",
        "draft_save",
        "draft_maker",
        "draft_version",
        "draft",
    ):
        op.drop_table(table)
