"""The tables of sending: campaigns, their batches, the deliveries, every attempt."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    false,
    literal_column,
    or_,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from pli.columns import Base, Document, Id, enum_of


class CampaignState(enum.Enum):
    """The state of a sending (README, the table of words)."""

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


class Source(enum.Enum):
    """What told afterwards what had become of an uncertain copy."""

    JOURNAL = "journal"
    LOG = "log"
    OPT_OUT = "opt_out"


class NoticeKind(enum.Enum):
    """What a single mail that is no letter is for."""

    TEST = "test"


class Campaign(Base):
    """One sending of one letter to one or more lists.

    `frozen` holds letter, theme and identity as canonical text; `letter_hash` is of the letter
    alone (the same number with another text is told by it), `frozen_hash` of all of it, and
    `approved_hash` of what was approved. `excluded` counts the excluded by reason: they never
    change after preparing. `rule` is the segment's canonical text, "" for everybody.
    `scheduled_zone` is the time zone in which `scheduled_at` was named, to be shown back in; so is
    `not_after_zone` of `not_after`. `quiet_hours` (21:00-07:00) are of clocks in `quiet_zone`.
    `resend_uncertain`: what is in doubt is sent again by itself, at the risk of a second copy.
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
    resend_uncertain: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_by: Mapped[str | None] = mapped_column(String(200))
    scheduled_at: Mapped[datetime | None]
    scheduled_zone: Mapped[str | None] = mapped_column(String(64))
    quiet_hours: Mapped[str | None] = mapped_column(String(11))
    quiet_zone: Mapped[str | None] = mapped_column(String(64))
    not_after: Mapped[datetime | None]
    not_after_zone: Mapped[str | None] = mapped_column(String(64))
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

    All of one list and, by their addresses when it was cut, of one provider (mailer/providers.py).
    `takings` counts takings in a row without a recorded outcome. The counts change with the rows,
    in the same transaction.
    """

    __tablename__ = "batch"
    __table_args__ = (
        UniqueConstraint("campaign_id", "number"),
        Index(
            "ix_batch_open",
            "campaign_id",
            "due_at",
            sqlite_where=text("pending > 0 OR sending > 0"),
            postgresql_where=text("pending > 0 OR sending > 0"),
        ),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    number: Mapped[int]
    list_id: Mapped[int] = mapped_column(ForeignKey("list.id"))
    provider: Mapped[str] = mapped_column(String(32))
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


def is_open() -> ColumnElement[bool]:
    """Whether anything of a batch waits or is in work: what `ix_batch_open` holds.

    Written out, as the index has it: a planner that sees parameters cannot know that it will do.
    """
    nought = literal_column("0", Integer)
    return or_(Batch.pending > nought, Batch.sending > nought)


class Delivery(Base):
    """One copy to one person: a row for every candidate.

    `batch` is the number of its batch within the campaign, null for the excluded. `reason` says why
    a copy is excluded, skipped or failed. `doubted`: it waits again although an earlier try may
    have arrived; what then does not leave after all is uncertain, never skipped or failed. Erasing
    the person leaves the row.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("campaign_id", "subscriber_id"),
        Index("ix_delivery_batch", "campaign_id", "batch"),
        Index(
            "ix_delivery_reason",
            "campaign_id",
            "reason",
            sqlite_where=text("reason IS NOT NULL"),
            postgresql_where=text("reason IS NOT NULL"),
        ),
        Index(None, "subscriber_id"),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(Id)
    subscriber_id: Mapped[int | None] = mapped_column(
        ForeignKey("subscriber.id", ondelete="SET NULL")
    )
    list_id: Mapped[int] = mapped_column(Id)
    batch: Mapped[int | None]
    status: Mapped[Status] = mapped_column(enum_of(Status))
    reason: Mapped[str | None] = mapped_column(String(32))
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime | None]
    lease: Mapped[int | None] = mapped_column(BigInteger)
    doubted: Mapped[bool] = mapped_column(server_default=false(), default=False)


class Attempt(Base):
    """One try of one delivery: when, by which relay, and what was answered.

    No foreign key: it is written by the statement after the one that changed its delivery, and to
    look for that once more took PostgreSQL as long as to write both.
    """

    __tablename__ = "attempt"
    # Clustered by its key: one tree to write instead of two (SQLite).
    __table_args__ = {"sqlite_with_rowid": False}
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


class Evidence(Base):
    """What became of a copy that was in doubt, and by what it is known; only ever added to.

    `status` is what it proved, `detail` what was read: a log's line, a token's use.
    """

    __tablename__ = "evidence"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"), index=True)
    at: Mapped[datetime]
    source: Mapped[Source] = mapped_column(enum_of(Source))
    status: Mapped[Status] = mapped_column(enum_of(Status))
    detail: Mapped[str] = mapped_column(Text)


class Notice(Base):
    """A single mail that is no letter; goes before every campaign and is in no campaign's sum.

    `content` is what its kind is made from: the frozen letter of a test copy. It keeps its last
    try only.
    """

    __tablename__ = "notice"
    __table_args__ = (
        Index(
            "ix_notice_due",
            "next_attempt_at",
            sqlite_where=text("status IN ('pending', 'sending')"),
            postgresql_where=text("status IN ('pending', 'sending')"),
        ),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[NoticeKind] = mapped_column(enum_of(NoticeKind))
    address: Mapped[str] = mapped_column(String(320))
    address_key: Mapped[bytes] = mapped_column(LargeBinary(16))
    content: Mapped[str] = mapped_column(Text, deferred=True)
    status: Mapped[Status] = mapped_column(enum_of(Status))
    reason: Mapped[str | None] = mapped_column(String(32))
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    next_attempt_at: Mapped[datetime | None]
    lease: Mapped[int | None] = mapped_column(BigInteger)
    lease_until: Mapped[datetime | None]
    last_attempt_at: Mapped[datetime | None]
    relay: Mapped[str | None] = mapped_column(String(255))
    reply_code: Mapped[int | None]
    enhanced_code: Mapped[str | None] = mapped_column(String(16))
    reply_text: Mapped[str | None] = mapped_column(Text)


class Worker(Base):
    """A process that sends: where it lives, when it was last seen, how fast it is.

    `rate` is in copies a second over the last seconds; `settled` counts since it started. `only` is
    the one thing that it sends ("campaign 3"), "" for everything; `settings_hash` is of the
    settings with which it began.
    """

    __tablename__ = "worker"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    host: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int]
    command: Mapped[str] = mapped_column(String(64))
    version: Mapped[str] = mapped_column(String(32))
    relay: Mapped[str] = mapped_column(String(255))
    only: Mapped[str] = mapped_column(String(32), default="", server_default="")
    settings_hash: Mapped[str] = mapped_column(String(32), default="", server_default="")
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    batches: Mapped[int] = mapped_column(default=0)
    settled: Mapped[int] = mapped_column(default=0)
    rate: Mapped[float] = mapped_column(default=0.0)


class Pacing(Base):
    """What is used of a relay's limits, or (`provider`) of those of a provider behind it.

    `sliding_windows`: seconds of the period → [slot, copies] pairs. `level`, `rest_until`, `tries`,
    `weight`, `said`: how far it is slowed down, and what was heard since that changed.
    """

    __tablename__ = "pacing"
    relay: Mapped[str] = mapped_column(String(255), primary_key=True)
    provider: Mapped[str] = mapped_column(String(32), primary_key=True)
    first_used_at: Mapped[datetime]
    sliding_windows: Mapped[dict[str, Any]] = mapped_column(Document, default=dict)
    level: Mapped[int] = mapped_column(default=0)
    rest_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    weight: Mapped[int] = mapped_column(default=0)
    said: Mapped[str] = mapped_column(Text, default="")


class Share(Base):
    """A worker's part of what is shared at a relay, or at a provider behind it, by lease.

    `rate` is in copies a second over the last seconds.
    """

    __tablename__ = "share"
    relay: Mapped[str] = mapped_column(String(255), primary_key=True)
    provider: Mapped[str] = mapped_column(String(32), primary_key=True)
    holder: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    connections: Mapped[int]
    per_second: Mapped[int]
    rate: Mapped[float] = mapped_column(default=0.0)
    lease_until: Mapped[datetime]
