"""The tables of sending: campaigns, their batches, the deliveries, every attempt."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from pli.database import Base, Document, Id, enum_of


class CampaignState(enum.Enum):
    """The state of a sending (DESIGN, Words)."""

    DRAFT = "draft"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    PREPARED = "prepared"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FINISHED = "finished"


class Audience(enum.Enum):
    """Whom a further sending of the same letter is for."""

    FIRST = "first"
    NEW = "new"
    ALL = "all"


class Status(enum.Enum):
    """What became of one copy, as far as our sending goes."""

    EXCLUDED = "excluded"
    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"
    UNCERTAIN = "uncertain"


class Stage(enum.Enum):
    """How far one try came on the wire."""

    CONNECT = "connect"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"


class Campaign(Base):
    """One sending of one letter to one or more lists.

    `frozen` holds letter, theme and identity as canonical text; `letter_hash` is of the letter
    alone (the same number with another text is told by it), `frozen_hash` of all of it, and
    `approved_hash` of what was approved. `excluded` counts the excluded by reason: they never
    change after preparing. `rule` is the segment's canonical text, "" for everybody.
    """

    __tablename__ = "campaign"
    __table_args__ = (
        Index(
            "ix_campaign_active",
            "state",
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    number: Mapped[int] = mapped_column(index=True)
    title: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8))
    state: Mapped[CampaignState] = mapped_column(enum_of(CampaignState))
    reason: Mapped[dict[str, Any] | None] = mapped_column(Document)
    audience: Mapped[Audience] = mapped_column(enum_of(Audience))
    segment: Mapped[str] = mapped_column(Text, default="")
    rule: Mapped[str] = mapped_column(Text, default="")
    frozen: Mapped[str] = mapped_column(Text, deferred=True)
    letter_hash: Mapped[str] = mapped_column(String(64))
    frozen_hash: Mapped[str] = mapped_column(String(64))
    approved_hash: Mapped[str | None] = mapped_column(String(64))
    approved_by: Mapped[str | None] = mapped_column(String(200))
    approved_at: Mapped[datetime | None]
    token_key: Mapped[str] = mapped_column(String(2))
    retry_delays: Mapped[list[float]] = mapped_column(Document)
    excluded: Mapped[dict[str, Any]] = mapped_column(Document, default=dict)
    created_at: Mapped[datetime]
    prepared_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class CampaignList(Base):
    """The lists of a campaign, in order: a person gets the letter under the first that may."""

    __tablename__ = "campaign_list"
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("list.id"), primary_key=True)
    position: Mapped[int]


class Batch(Base):
    """Some hundreds of deliveries that a worker takes as one piece of work.

    `takings` counts takings in a row without a recorded outcome. The counts change with the rows,
    in the same transaction.
    """

    __tablename__ = "batch"
    __table_args__ = (
        UniqueConstraint("campaign_id", "number"),
        Index(
            "ix_batch_due",
            "due_at",
            sqlite_where=text("pending > 0 OR sending > 0"),
            postgresql_where=text("pending > 0 OR sending > 0"),
        ),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    number: Mapped[int]
    due_at: Mapped[datetime]
    lease: Mapped[int | None] = mapped_column(BigInteger)
    lease_until: Mapped[datetime | None]
    takings: Mapped[int] = mapped_column(default=0)
    pending: Mapped[int] = mapped_column(default=0)
    sending: Mapped[int] = mapped_column(default=0)
    sent: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    skipped: Mapped[int] = mapped_column(default=0)
    uncertain: Mapped[int] = mapped_column(default=0)


class Delivery(Base):
    """One copy to one person: a row for every candidate.

    `batch` is the number of its batch within the campaign, null for the excluded. `reason` says why
    a copy is excluded, skipped or failed. Erasing the person leaves the row.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("campaign_id", "subscriber_id"),
        Index(
            "ix_delivery_due",
            "campaign_id",
            "batch",
            "next_attempt_at",
            sqlite_where=text("status = 'pending'"),
            postgresql_where=text("status = 'pending'"),
        ),
        Index(
            "ix_delivery_in_work",
            "campaign_id",
            "batch",
            sqlite_where=text("status = 'sending'"),
            postgresql_where=text("status = 'sending'"),
        ),
        Index(
            "ix_delivery_unsent",
            "campaign_id",
            "status",
            "reason",
            sqlite_where=text("status IN ('failed', 'skipped', 'uncertain', 'excluded')"),
            postgresql_where=text("status IN ('failed', 'skipped', 'uncertain', 'excluded')"),
        ),
        Index(None, "subscriber_id"),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    subscriber_id: Mapped[int | None] = mapped_column(
        ForeignKey("subscriber.id", ondelete="SET NULL")
    )
    list_id: Mapped[int] = mapped_column(ForeignKey("list.id"))
    batch: Mapped[int | None]
    status: Mapped[Status] = mapped_column(enum_of(Status))
    reason: Mapped[str | None] = mapped_column(String(32))
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    lease: Mapped[int | None] = mapped_column(BigInteger)


class Attempt(Base):
    """One try of one delivery: when, by which relay, and what was answered."""

    __tablename__ = "attempt"
    __table_args__ = (
        ForeignKeyConstraint(["delivery_id"], ["delivery.id"]),
        # Clustered by its key: one tree to write instead of two (SQLite).
        {"sqlite_with_rowid": False},
    )
    delivery_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    relay: Mapped[str] = mapped_column(String(255))
    outcome: Mapped[str] = mapped_column(String(16))
    stage: Mapped[Stage] = mapped_column(enum_of(Stage))
    reply_code: Mapped[int | None]
    enhanced_code: Mapped[str | None] = mapped_column(String(16))
    reply_text: Mapped[str] = mapped_column(Text)
    milliseconds: Mapped[int]
