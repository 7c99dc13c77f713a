"""This package's tables: keys known, the program, where the database lives, and who did what."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import BigInteger, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pli.actor import ActorKind
from pli.columns import Base, Id, enum_of, partial_index


class AuditAction(enum.Enum):
    """What was done; the values are kept, and have 16 characters at most."""

    SIGNED_IN = "signed_in"
    HALF_WAY = "half_way"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGNED_OUT = "signed_out"
    CONFIRMED = "confirmed"
    SESSIONS_ENDED = "sessions_ended"
    LINK_MADE = "link_made"
    LINK_USED = "link_used"
    PASSWORD_SET = "password_set"  # noqa: S105 (an action's name, no password)
    TOTP_SET = "totp_set"
    TOTP_REMOVED = "totp_removed"
    CODES_MADE = "codes_made"
    CODE_USED = "code_used"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    PASSKEY_REFUSED = "passkey_refused"
    ACCOUNT_MADE = "account_made"
    ACCOUNT_CHANGED = "account_changed"
    ACCOUNT_CLOSED = "account_closed"
    ACCOUNT_REOPENED = "account_reopened"
    ACCOUNT_RESET = "account_reset"
    RIGHT_GRANTED = "right_granted"
    RIGHT_REVOKED = "right_revoked"
    PERSON_VIEWED = "person_viewed"
    PEOPLE_VIEWED = "people_viewed"
    PERSON_CHANGED = "person_changed"
    BARRED = "barred"
    LIFTED = "lifted"
    BOUNCE_CLAIMED = "bounce_claimed"
    WISH_DISMISSED = "wish_dismissed"
    LIST_MADE = "list_made"
    LIST_CHANGED = "list_changed"
    ATTRIBUTE_MADE = "attribute_made"
    ATTRIBUTE_TYPED = "attribute_typed"
    SEGMENT_SAVED = "segment_saved"
    FROZEN_ANEW = "frozen_anew"
    TICKED = "ticked"
    APPROVAL_ASKED = "approval_asked"
    APPROVED = "approved"
    SENT_BACK = "sent_back"
    RELEASED = "released"
    RELEASE_STOPPED = "release_stopped"
    SCHEDULED = "scheduled"
    HOURS_CHANGED = "hours_changed"
    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    CANCELLED = "cancelled"
    RETRIED = "retried"
    SETTLED = "settled"
    DRAFT_MADE = "draft_made"
    DRAFT_SAVED = "draft_saved"
    DRAFT_PICTURE = "draft_picture"
    DRAFT_STATE = "draft_state"
    DRAFT_RESTORED = "draft_restored"
    DRAFT_DELETED = "draft_deleted"
    TEST_ORDERED = "test_ordered"


class AuditObject(enum.Enum):
    """What it was done to."""

    ACCOUNT = "account"
    PERSON = "person"
    LIST = "list"
    CAMPAIGN = "campaign"
    ATTRIBUTE = "attribute"
    SEGMENT = "segment"
    DRAFT = "draft"


class ChoreState(enum.Enum):
    """What is to become of a chore: it waits for its hour, or for a person, or for nothing more."""

    WAITING = "waiting"
    HELD = "held"
    FORGOTTEN = "forgotten"


class Chore(Base):
    """One piece of work that is no batch: of which kind, for which row, and when it is due next.

    `row_id` is an id in the table that the kind works on, 0 for the kind's schedule. `tries` counts
    failures in a row, and `code` names the latest; neither holds a text of what failed, for such
    texts hold addresses. `lease` is drawn for each time that a process does the chore. A kind whose
    own rows say when they are due has a chore here only after a failure.
    """

    __tablename__ = "chore"
    __table_args__ = (
        UniqueConstraint("kind", "row_id"),
        partial_index(
            "ix_chore_due",
            "due_at",
            where="state = 'waiting'",
        ),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    row_id: Mapped[int] = mapped_column(Id)
    state: Mapped[ChoreState] = mapped_column(enum_of(ChoreState))
    due_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    code: Mapped[str] = mapped_column(String(64), default="", server_default="")
    lease: Mapped[int | None] = mapped_column(BigInteger)
    lease_until: Mapped[datetime | None]
    offered_at: Mapped[datetime]


class KeyFingerprint(Base):
    """The fingerprint of each key in pli.keys, by which other keys are noticed."""

    __tablename__ = "key_fingerprint"
    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(32))


class Program(Base):
    """The version of the program that last migrated this database; one row."""

    __tablename__ = "program"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    version: Mapped[str] = mapped_column(String(32))


class Home(Base):
    """Where this database is at home, and how often an engine has begun to work on it; one row.

    `adopted` counts how often a person said that it is at home where it is now. `inode` and `path`
    are of a SQLite file; None is unknown, and proves nothing. `backup_of` is set in a file that
    `pli db backup` wrote: the hour, as a person named it.
    """

    __tablename__ = "home"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    adopted: Mapped[int] = mapped_column(Id, default=0, server_default="0")
    starts: Mapped[int] = mapped_column(Id, default=0, server_default="0")
    inode: Mapped[str | None] = mapped_column(String(20))
    path: Mapped[str | None] = mapped_column(Text)
    backup_of: Mapped[str | None] = mapped_column(String(64))


class Audit(Base):
    """One thing that somebody did or saw; rows are only ever added.

    Neither `account_id` nor `object_id` nor `list_id` refers to a row: a trace outlives what it
    tells of. `actor` is the actor's text at that time.
    """

    __tablename__ = "audit"
    __table_args__ = (Index(None, "object_kind", "object_id"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime]
    actor_kind: Mapped[ActorKind] = mapped_column(enum_of(ActorKind))
    account_id: Mapped[int | None] = mapped_column(Id, index=True)
    actor: Mapped[str] = mapped_column(String(200))
    action: Mapped[AuditAction] = mapped_column(enum_of(AuditAction))
    object_kind: Mapped[AuditObject] = mapped_column(enum_of(AuditObject))
    object_id: Mapped[int | None] = mapped_column(Id)
    list_id: Mapped[int | None] = mapped_column(Id)
    count: Mapped[int | None]
    why: Mapped[str] = mapped_column(Text)
