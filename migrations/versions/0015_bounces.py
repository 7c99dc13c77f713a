"""mails that came back, and what follows from each; they hold what unknown_user held

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

from pli.columns import Moment

ID = sa.Integer().with_variant(sa.BigInteger(), "postgresql")

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bounce_mail",
        sa.Column("id", ID, nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("door", sa.String(length=16), nullable=False),
        sa.Column("came_to", sa.String(length=320), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("how", sa.String(length=16), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("subscriber_id", ID, nullable=True),
        sa.Column("address", sa.String(length=320), server_default="", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscriber_id"],
            ["subscriber.id"],
            name=op.f("fk_bounce_mail_subscriber_id_subscriber"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bounce_mail")),
        sa.UniqueConstraint("digest", name=op.f("uq_bounce_mail_digest")),
    )
    for column in ("at", "number", "subscriber_id"):
        op.create_index(op.f(f"ix_bounce_mail_{column}"), "bounce_mail", [column])
    bounce = op.create_table(
        "bounce",
        sa.Column("id", ID, nullable=False),
        sa.Column("mail_id", ID, nullable=True),
        sa.Column("delivery_id", ID, nullable=True),
        sa.Column("notice_id", ID, nullable=True),
        sa.Column("campaign_id", ID, nullable=True),
        sa.Column("provider", sa.String(length=32), server_default="", nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("weight", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("diagnostic", sa.Text(), nullable=False),
        sa.Column("remote", sa.String(length=255), nullable=False),
        sa.Column("how", sa.String(length=16), nullable=False),
        sa.Column("effect", sa.String(length=16), nullable=False),
        sa.Column("counts", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.ForeignKeyConstraint(
            ["mail_id"],
            ["bounce_mail.id"],
            name=op.f("fk_bounce_mail_id_bounce_mail"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.id"], name=op.f("fk_bounce_delivery_id_delivery")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bounce")),
        sa.UniqueConstraint(
            "delivery_id",
            "action",
            "reason",
            "status",
            "how",
            name=op.f("uq_bounce_delivery_id_action_reason_status_how"),
        ),
    )
    op.create_index("ix_bounce_campaign", "bounce", ["campaign_id", "at"])
    op.create_index(op.f("ix_bounce_mail_id"), "bounce", ["mail_id"])
    op.create_index(op.f("ix_bounce_notice_id"), "bounce", ["notice_id"])
    _move_answers(bounce)
    op.drop_index("ix_unknown_user_campaign", "unknown_user")
    op.drop_table("unknown_user")


def _move_answers(bounce: sa.Table) -> None:
    """Keep the answers that wait for the end of their campaign, the last of each copy."""
    unknown = sa.table(
        "unknown_user",
        *(sa.column(it) for it in ("id", "campaign_id", "delivery_id", "provider", "bars")),
    )
    attempt = sa.table(
        "attempt",
        sa.column("delivery_id"),
        sa.column("number"),
        sa.column("at", Moment()),
        *(sa.column(it) for it in ("enhanced_code", "reply_code", "outcome")),
    )
    delivery = sa.table("delivery", sa.column("id"), sa.column("attempts"))
    last = sa.select(sa.func.max(unknown.c.id)).group_by(unknown.c.delivery_id)
    bars = unknown.c.bars == sa.true()
    op.execute(
        sa.insert(bounce).from_select(
            [
                "delivery_id", "campaign_id", "provider", "at", "action", "reason", "weight",
                "status", "diagnostic", "remote", "how", "effect", "counts",
            ],
            sa.select(
                unknown.c.delivery_id,
                unknown.c.campaign_id,
                unknown.c.provider,
                attempt.c.at,
                sa.literal("failed"),
                sa.literal("unknown_user"),
                sa.case((bars, sa.literal("certain")), else_=sa.literal("likely")),
                sa.func.coalesce(attempt.c.enhanced_code, ""),
                sa.literal(""),
                sa.literal(""),
                sa.literal("session"),
                # The rest was decided, or came in a burst: it is no first against anybody.
                sa.case((bars, sa.literal("waiting")), else_=sa.literal("undone")),
                sa.true(),
            )
            .join(delivery, delivery.c.id == unknown.c.delivery_id)
            .join(
                attempt,
                sa.and_(
                    attempt.c.delivery_id == delivery.c.id,
                    attempt.c.number == delivery.c.attempts,
                ),
            )
            .where(unknown.c.id.in_(last)),
        )
    )  # fmt: skip


def downgrade() -> None:
    # Before, nothing kept whom a letter that came back is about: what waits would be lost.
    bounce = sa.table("bounce", sa.column("effect"))
    open_ = sa.select(sa.func.count()).where(bounce.c.effect.in_(("waiting", "held")))
    if n := op.get_bind().scalar(open_.select_from(bounce)):
        # alembic tells this error in one line, without a traceback.
        raise CommandError(
            f"{n} bounces wait for the end of their campaign or for a person, and would be lost: "
            'finish the campaigns, and decide about what "pli bounce list --held" shows'
        )
    # Before, a notice proved nothing: its evidence is a relay's word, as a line of its log is.
    evidence = sa.table("evidence", sa.column("source"))
    op.execute(sa.update(evidence).where(evidence.c.source == "notice").values(source="log"))
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
    for column in ("notice_id", "mail_id"):
        op.drop_index(op.f(f"ix_bounce_{column}"), "bounce")
    op.drop_index("ix_bounce_campaign", "bounce")
    op.drop_table("bounce")
    for column in ("subscriber_id", "number", "at"):
        op.drop_index(op.f(f"ix_bounce_mail_{column}"), "bounce_mail")
    op.drop_table("bounce_mail")
