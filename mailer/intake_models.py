"""The tables of mails that come in: each mail, the mailboxes it is fetched from, and the counts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, LargeBinary, String, false
from sqlalchemy.orm import Mapped, mapped_column

from pli.columns import Base, Document, Id, partial_index


class IntakeMail(Base):
    """A mail, or a relay's event, that a door brought; it waits until `due_at` is NULL.

    The row stays as the proof that the mail was taken, by its `digest`; `raw` is emptied once it
    was worked. `form` is "mail", or the kind of relay whose event it is. `came_to` is the address
    of the envelope, or of the header, or what names the copy in an event; `glance` what it seemed
    to be at the door; `dropped` how many of that sort came after it and were not kept.
    `uidvalidity` and `uid` say where it lies in a mailbox; `again_of` is the row of the same mail,
    of which this is a second copy there. `kind` says what it was, `acted` whether something
    followed from it, `filed` whether its mailbox was told. `sender_key` is the address key of who
    wrote it, `note` its subject, or a probe's mark.
    """

    __tablename__ = "intake_mail"
    __table_args__ = (
        partial_index(
            "ix_intake_mail_waiting",
            "due_at",
            where="due_at IS NOT NULL",
        ),
        Index("ix_intake_mail_door", "door", "uid"),
        Index("ix_intake_mail_kind", "kind", "at"),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    at: Mapped[datetime] = mapped_column(index=True)
    door: Mapped[str] = mapped_column(String(48))
    form: Mapped[str] = mapped_column(String(16))
    came_to: Mapped[str] = mapped_column(String(320), index=True)
    glance: Mapped[str] = mapped_column(String(16), default="", server_default="")
    dropped: Mapped[int] = mapped_column(default=0, server_default="0")
    uidvalidity: Mapped[int | None] = mapped_column(BigInteger)
    uid: Mapped[int | None] = mapped_column(BigInteger)
    again_of: Mapped[int | None] = mapped_column(BigInteger)
    due_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    kind: Mapped[str] = mapped_column(String(16), default="", server_default="")
    acted: Mapped[bool] = mapped_column(default=False, server_default=false())
    filed: Mapped[bool] = mapped_column(default=False, server_default=false())
    sender_key: Mapped[bytes | None] = mapped_column(LargeBinary(16), index=True)
    note: Mapped[str] = mapped_column(String(200), default="", server_default="")
    raw: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class IntakeDoor(Base):
    """A mailbox from which mails are fetched: how far it was read, by whom, and what is wrong.

    Everything up to `uid` was taken, as long as the mailbox keeps its `uidvalidity`. `fault` is a
    sentence as a document; {}: the mailbox answers.
    """

    __tablename__ = "intake_door"
    name: Mapped[str] = mapped_column(String(48), primary_key=True)
    uidvalidity: Mapped[int | None] = mapped_column(BigInteger)
    uid: Mapped[int] = mapped_column(BigInteger, default=0)
    holder: Mapped[int | None] = mapped_column(BigInteger)
    lease_until: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    fault: Mapped[dict[str, Any]] = mapped_column(Document, default=dict)


class IntakeTally(Base):
    """How many mails came in by a door, by what they were; counted for ever.

    `seconds` is the time from arrival to record, of all of them together.
    """

    __tablename__ = "intake_tally"
    door: Mapped[str] = mapped_column(String(48), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    mails: Mapped[int] = mapped_column(BigInteger, default=0)
    seconds: Mapped[float] = mapped_column(default=0.0)
    latest_at: Mapped[datetime]
