"""The tables of people: subscribers, lists, subscriptions, consent, suppressions, segments."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pli.columns import Base, Document, Id, enum_of, partial_index


class SubscriptionState(enum.Enum):
    """The state of a subscription: asked for, confirmed, ended."""

    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"
    LEFT = "left"


class Basis(enum.Enum):
    """Why we may write to a person (GDPR art. 6 and 9; docs/standards.md, Law 1)."""

    MEMBER = "member"
    CONTACT = "contact"
    CONSENT = "consent"


class AttributeType(enum.Enum):
    """The type of an attribute's values, given when they are read: databases cast differently."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"


class ConsentEvent(enum.Enum):
    """What happened to a consent."""

    SUBSCRIBED = "subscribed"
    CONFIRMED = "confirmed"
    LEFT = "left"
    RESTORED = "restored"
    PAUSED = "paused"
    RESUMED = "resumed"


class ImportState(enum.Enum):
    """Whether all rows of an imported file are in."""

    RUNNING = "running"
    FINISHED = "finished"


class SuppressionReason(enum.Enum):
    """Why an address is not written to."""

    HARD_BOUNCE = "hard_bounce"
    COMPLAINT = "complaint"
    OBJECTION = "objection"


class Subscriber(Base):
    """A person, known by one address.

    `email` is the address as written, its domain as A-label. `email_folded` is the same for all
    spellings of the address, and `address_key` is its keyed hash, by which suppressions are found.
    `attributes` are as written. `folded` holds names and attributes case-folded: what segments
    compare, alike on both databases.
    """

    __tablename__ = "subscriber"
    __table_args__ = {"sqlite_autoincrement": True}  # tokens outlive rows, so no id is used twice
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    email: Mapped[str] = mapped_column(String(320))
    email_folded: Mapped[str] = mapped_column(String(320), unique=True)
    address_key: Mapped[bytes] = mapped_column(LargeBinary(16), index=True)
    first_name: Mapped[str] = mapped_column(String(200), default="")
    last_name: Mapped[str] = mapped_column(String(200), default="")
    language: Mapped[str] = mapped_column(String(8), default="fr")
    attributes: Mapped[dict[str, Any]] = mapped_column(Document, default=dict)
    folded: Mapped[dict[str, Any]] = mapped_column(Document, default=dict)
    created_at: Mapped[datetime]


class List(Base):
    """A subject that people can join or leave; `name` stands in addresses, people read `title`.

    `relays` names the relays for this list's letters, in order. Empty: all, in the settings' order.
    """

    __tablename__ = "list"
    __table_args__ = {"sqlite_autoincrement": True}  # tokens outlive rows, so no id is used twice
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text, default="")
    language: Mapped[str] = mapped_column(String(8), default="fr")
    relays: Mapped[list[str]] = mapped_column(Document, default=list, server_default="[]")
    created_at: Mapped[datetime]


class Subscription(Base):
    """One person's subscription to one list."""

    __tablename__ = "subscription"
    __table_args__ = (UniqueConstraint("subscriber_id", "list_id"), Index(None, "list_id", "state"))
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    subscriber_id: Mapped[int] = mapped_column(ForeignKey("subscriber.id", ondelete="CASCADE"))
    list_id: Mapped[int] = mapped_column(ForeignKey("list.id"))
    state: Mapped[SubscriptionState] = mapped_column(enum_of(SubscriptionState))
    paused: Mapped[bool] = mapped_column(default=False)
    basis: Mapped[Basis] = mapped_column(enum_of(Basis))
    since: Mapped[datetime]


class ConsentRecord(Base):
    """One event of a consent. Rows are only added: the proof stays when the person is erased."""

    __tablename__ = "consent_record"
    __table_args__ = (
        partial_index(
            None,
            "delivery_id",
            where="delivery_id IS NOT NULL",
        ),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    subscriber_id: Mapped[int | None] = mapped_column(
        ForeignKey("subscriber.id", ondelete="SET NULL"), index=True
    )
    list_id: Mapped[int | None] = mapped_column(ForeignKey("list.id"))
    event: Mapped[ConsentEvent] = mapped_column(enum_of(ConsentEvent))
    basis: Mapped[Basis | None] = mapped_column(enum_of(Basis))
    source: Mapped[str] = mapped_column(Text)
    wording: Mapped[str] = mapped_column(Text, default="")
    entered_by: Mapped[str] = mapped_column(String(200), default="")
    delivery_id: Mapped[int | None] = mapped_column(Id)
    at: Mapped[datetime]


class Suppression(Base):
    """An address that is not written to, as its keyed hash; survives erasure and re-import."""

    __tablename__ = "suppression"
    address_key: Mapped[bytes] = mapped_column(LargeBinary(16), primary_key=True)
    reason: Mapped[SuppressionReason] = mapped_column(enum_of(SuppressionReason))
    source: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime]


class Segment(Base):
    """A named rule that selects people, kept as the rule's canonical text."""

    __tablename__ = "segment"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    rule: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


class Attribute(Base):
    """A declared attribute of people: its name in rules, its type, and its label for people."""

    __tablename__ = "attribute"
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    type: Mapped[AttributeType] = mapped_column(enum_of(AttributeType))
    label: Mapped[str] = mapped_column(String(200))


class Import(Base):
    """One imported file: its name, its list, basis and source, and what became of its rows.

    It is written in slices: `rows` are in, the last of them from the file's line `line`. A RUNNING
    import is being written, or was stopped. The same file, known by `digest`, then goes on behind
    those rows. `objected` counts everybody who said no. The file itself said it of
    `left_by_file` and `barred_by_file` of them.
    """

    __tablename__ = "import"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    file: Mapped[str] = mapped_column(Text)
    list_id: Mapped[int] = mapped_column(ForeignKey("list.id"))
    basis: Mapped[Basis] = mapped_column(enum_of(Basis))
    source: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64), default="", server_default="")
    state: Mapped[ImportState] = mapped_column(
        enum_of(ImportState),
        default=ImportState.FINISHED,
        server_default=ImportState.FINISHED.value,
    )
    at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    rows: Mapped[int] = mapped_column(default=0, server_default="0")
    line: Mapped[int] = mapped_column(default=0, server_default="0")
    added: Mapped[int]
    updated: Mapped[int]
    unchanged: Mapped[int]
    rejected: Mapped[int]
    objected: Mapped[int]
    left_by_file: Mapped[int] = mapped_column(default=0, server_default="0")
    barred_by_file: Mapped[int] = mapped_column(default=0, server_default="0")
