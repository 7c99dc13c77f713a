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
)
from sqlalchemy.orm import Mapped, mapped_column

from pli.columns import Base, Document, Id, enum_of, partial_index


class CampaignState(enum.Enum):
    """The state of a campaign."""

    DRAFT = "draft"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    PREPARED = "prepared"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    FINISHED = "finished"


class Audience(enum.Enum):
    """The people whom a further sending of the same letter is for."""

    FIRST = "first"
    NEW = "new"
    ALL = "all"


class Status(enum.Enum):
    """What became of one copy, as far as this program knows."""

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
    """What showed afterwards what had become of an uncertain copy."""

    JOURNAL = "journal"
    LOG = "log"
    OPT_OUT = "opt_out"
    NOTICE = "notice"


class NoticeKind(enum.Enum):
    """The purpose of a notice."""

    TEST = "test"
    TROUBLE = "trouble"
    ACCOUNT = "account"
    FORWARD = "forward"
    SENDING = "sending"
    OFFICE = "office"


class ApprovalKind(enum.Enum):
    """One step of a campaign towards its approval, or back from it."""

    WROTE = "wrote"
    ASKED = "asked"
    APPROVED = "approved"
    SENT_BACK = "sent_back"
    CHANGED = "changed"
    REMINDED = "reminded"


class Listening(enum.Enum):
    """Whether a process does chores: because it was asked to, or because nobody else does."""

    NO = "no"
    ASKED = "asked"
    STANDS_IN = "stands_in"


class Campaign(Base):
    """One sending of one letter to one or more lists.

    `frozen` holds letter, theme and identity as canonical text. `letter_hash` is the hash of the
    letter alone, and shows when the same number has another text. `frozen_hash` is the hash of all
    of `frozen`, `approved_hash` of what was approved. `excluded` counts the excluded by reason; the
    counts do not change after preparing. `rule` is the segment's canonical text, "" for everybody.
    `scheduled_zone` is the time zone in which a person named `scheduled_at`, and in which it is
    shown again; `not_after_zone` is the same for `not_after`. `aside` names the lists and segments
    that are set aside (mailer/campaign/addressees.py). `released_by`, `released_at`,
    `released_count`: who let it go, when, and for how many people as things stood then.
    `draft_id` is the manuscript of which it was frozen. `quiet_hours` (21:00-07:00) are by
    clocks in `quiet_zone`. `resend_uncertain`: copies in doubt are sent again without a person, at
    the risk of a second copy.
    """

    __tablename__ = "campaign"
    __table_args__ = (
        partial_index(
            "ix_campaign_active",
            "state",
            where="state = 'running'",
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
    aside: Mapped[dict[str, Any]] = mapped_column(Document, default=dict, server_default="{}")
    draft_id: Mapped[int | None] = mapped_column(Id)
    released_by: Mapped[str | None] = mapped_column(String(200))
    released_at: Mapped[datetime | None]
    released_count: Mapped[int | None]
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
    """The lists of a campaign, in order.

    A person gets the letter under the first of these lists on which they may receive.
    """

    __tablename__ = "campaign_list"
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("list.id"), primary_key=True)
    position: Mapped[int]


class ApprovalEvent(Base):
    """One step towards a campaign's approval: who did it, to which frozen hash; only ever added.

    `wrote` and `changed` are by those who may not approve it where a second person must. `asked`
    names one account in `asked_account`, or all who may approve (None). `note` is what was said,
    `remarks` what was said about single blocks (`campaign/remarks.py`). `seen` is what was
    approved, as text: later ones are compared with it.
    """

    __tablename__ = "approval_event"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), index=True)
    at: Mapped[datetime]
    kind: Mapped[ApprovalKind] = mapped_column(enum_of(ApprovalKind))
    by: Mapped[str] = mapped_column(String(200))
    hash: Mapped[str] = mapped_column(String(64))
    asked_account: Mapped[int | None] = mapped_column(Id)
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    remarks: Mapped[list[dict[str, Any]]] = mapped_column(
        Document, default=list, server_default="[]"
    )
    seen: Mapped[str | None] = mapped_column(Text, deferred=True)


class TickedFinding(Base):
    """A warning about a campaign that somebody read and let pass; rows are only added.

    `key` is the hash of the warning's sentence: another warning is another row.
    """

    __tablename__ = "ticked_finding"
    __table_args__ = (UniqueConstraint("campaign_id", "key"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    key: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(200))
    sentence: Mapped[dict[str, Any]] = mapped_column(Document)


class Batch(Base):
    """Some hundreds of deliveries that a worker takes as one piece of work.

    All are of one list, and of one provider by their addresses when the batch was cut
    (mailer/providers.py). `takings` counts takings in a row without a recorded outcome. The counts
    of statuses change in the same transaction as the rows.
    """

    __tablename__ = "batch"
    __table_args__ = (
        UniqueConstraint("campaign_id", "number"),
        partial_index(
            "ix_batch_open",
            "campaign_id",
            "due_at",
            where="pending > 0 OR sending > 0",
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
    """Whether a batch has copies that wait or are in work: the condition of `ix_batch_open`.

    It is written out as in the index: with parameters, a planner cannot know that the index fits.
    """
    nought = literal_column("0", Integer)
    return or_(Batch.pending > nought, Batch.sending > nought)


class Delivery(Base):
    """One copy to one person: a row for every candidate.

    `batch` is the number of its batch within the campaign, null for the excluded. `reason` says why
    a copy is excluded, skipped or failed. `doubted`: the copy waits again although an earlier try
    may have arrived; if it then does not leave, it is uncertain, never skipped or failed. The row
    stays when its person is erased.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("campaign_id", "subscriber_id"),
        Index("ix_delivery_batch", "campaign_id", "batch"),
        partial_index(
            "ix_delivery_reason",
            "campaign_id",
            "reason",
            where="reason IS NOT NULL",
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
    """One try of one delivery: when, over which relay, and what the relay answered.

    There is no foreign key. The statement before has just changed the delivery, and to look for it
    once more took PostgreSQL as long as to write both.
    """

    __tablename__ = "attempt"
    # SQLite keeps the rows in the tree of the key: one tree to write instead of two.
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
    """What became of a copy that was in doubt, and what proves it; rows are only ever added.

    `status` is what was proved. `detail` is what was read: a line of a log, the use of a token.
    """

    __tablename__ = "evidence"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"), index=True)
    at: Mapped[datetime]
    source: Mapped[Source] = mapped_column(enum_of(Source))
    status: Mapped[Status] = mapped_column(enum_of(Status))
    detail: Mapped[str] = mapped_column(Text)


class Notice(Base):
    """A single mail that is no letter; it goes before every campaign, and no campaign counts it.

    `content` is what the mail is made from: for a test copy, the frozen letter. A mail to somebody
    of the office may hold a link that lets its reader in: its content is emptied when it was sent.
    Only the last try is kept.
    """

    __tablename__ = "notice"
    __table_args__ = (
        partial_index(
            "ix_notice_due",
            "next_attempt_at",
            where="status IN ('pending', 'sending')",
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
    """A process that sends: on which host, when it was last seen, and how fast.

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
    listens: Mapped[Listening] = mapped_column(
        enum_of(Listening), default=Listening.NO, server_default="no"
    )
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    batches: Mapped[int] = mapped_column(default=0)
    settled: Mapped[int] = mapped_column(default=0)
    rate: Mapped[float] = mapped_column(default=0.0)


class Pacing(Base):
    """What is used of the limits of a relay, or (`provider`) of a provider behind it.

    `sliding_windows`: seconds of the period → [slot, copies] pairs. `level`, `rest_until`, `tries`,
    `weight` and `said` are the throttle (mailer/pacing/throttle.py). Nothing is sent until
    `limit_until`, since the relay said in the words of `limit_said` that a limit of its own is
    reached.
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
    limit_until: Mapped[datetime | None]
    limit_said: Mapped[str] = mapped_column(Text, default="", server_default="")


class RelayTrouble(Base):
    """A relay that cannot be used, or the last time it could not: `over_at` says that it can again.

    `name` is the relay's name in the settings, `relay` its name in attempts. `refused`: a person
    must change something; otherwise the relay does not answer, and is tried again at
    `next_try_at`. `patience_from`: from when the patience of campaigns counts. `told_at`: when the
    office was told. `asked_at`: when a person asked for a try at once.
    """

    __tablename__ = "relay_trouble"
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    relay: Mapped[str] = mapped_column(String(255))
    refused: Mapped[bool]
    reason: Mapped[dict[str, Any]] = mapped_column(Document)
    since: Mapped[datetime]
    patience_from: Mapped[datetime]
    tried_at: Mapped[datetime]
    next_try_at: Mapped[datetime]
    over_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    asked_at: Mapped[datetime | None]


class Share(Base):
    """A worker's leased part of the limits that workers divide, at a relay or a provider behind it.

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
