"""The tables of what came back: mails that bounced, and what the world answered about a copy."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from pli.columns import Base, Id, enum_of


class Effect(enum.Enum):
    """What follows from a bounce for the address.

    WAITING: it is suppressed when its campaign ends. HELD: it came in a burst, and a person
    decides. UNDONE: a person took it back, or did not believe it. FORMER: it is about an address
    that the person has no more.
    """

    NONE = "none"
    WAITING = "waiting"
    HELD = "held"
    SUPPRESSED = "suppressed"
    UNDONE = "undone"
    FORMER = "former"


class BounceMail(Base):
    """A mail that came back, as far as it is kept: its header and its text, compressed.

    `digest` is the SHA-256 of the mail as it came: read twice, it adds nothing. `number` is what
    its token names: a delivery, or a notice from `links.FIRST_NUMBER` on; None: no token, so it
    acts on nobody until a person claims it. `address` is whom it then speaks of. The row goes with
    its person.
    """

    __tablename__ = "bounce_mail"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    at: Mapped[datetime] = mapped_column(index=True)
    door: Mapped[str] = mapped_column(String(16))
    came_to: Mapped[str] = mapped_column(String(320))
    kind: Mapped[str] = mapped_column(String(16))
    how: Mapped[str] = mapped_column(String(16))
    number: Mapped[int | None] = mapped_column(BigInteger, index=True)
    subscriber_id: Mapped[int | None] = mapped_column(
        ForeignKey("subscriber.id", ondelete="CASCADE"), index=True
    )
    address: Mapped[str] = mapped_column(String(320), default="", server_default="")
    note: Mapped[str] = mapped_column(Text, default="", server_default="")
    raw: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class Bounce(Base):
    """What the world answered about one copy or notice; a delivery's status does not change by it.

    A refusal while the letter was handed over is one, too (`how` "session", no mail), if the copy
    failed for it. `reason`, `weight`, `action` and `how` are values of mailer/bounces/report.py.
    `diagnostic` holds no address. `counts`: a burst is judged by this answer as well, since nobody
    has decided about it yet.
    """

    __tablename__ = "bounce"
    __table_args__ = (
        UniqueConstraint("delivery_id", "action", "reason", "status", "how"),
        Index("ix_bounce_campaign", "campaign_id", "at"),
        Index(None, "mail_id"),
        Index(None, "notice_id"),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    mail_id: Mapped[int | None] = mapped_column(ForeignKey("bounce_mail.id", ondelete="SET NULL"))
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("delivery.id"))
    notice_id: Mapped[int | None] = mapped_column(Id)
    campaign_id: Mapped[int | None] = mapped_column(Id)
    provider: Mapped[str] = mapped_column(String(32), default="", server_default="")
    at: Mapped[datetime]
    action: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(16))
    weight: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(16))
    diagnostic: Mapped[str] = mapped_column(Text)
    remote: Mapped[str] = mapped_column(String(255))
    how: Mapped[str] = mapped_column(String(16))
    effect: Mapped[Effect] = mapped_column(enum_of(Effect))
    counts: Mapped[bool] = mapped_column(default=True, server_default=true())
