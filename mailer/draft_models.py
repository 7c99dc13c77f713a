"""The tables of manuscripts: letters that people write in the office, and what they hold."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from pli.columns import Base, Id, enum_of


class DraftState(enum.Enum):
    """How far a manuscript is. DELETED: its row alone is left, so that its number stays taken."""

    WRITING = "writing"
    IN_REVIEW = "in_review"
    RELEASED = "released"
    PUT_AWAY = "put_away"
    DELETED = "deleted"


class Draft(Base):
    """A letter that is being written for a list; the office calls it a manuscript.

    `head` and `body` joined are the letter's file, byte for byte: `head` ends with the front
    matter's second line of dashes. `number` and `title` are what `head` says, for lists and
    comparisons; `number` is None where it says no number. `version` counts the saves.
    """

    __tablename__ = "draft"
    __table_args__ = (
        Index(None, "list_id", "number"),
        # A number that comes again would lead an open page to another manuscript.
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("list.id"))
    state: Mapped[DraftState] = mapped_column(enum_of(DraftState))
    number: Mapped[int | None]
    title: Mapped[str] = mapped_column(Text)
    head: Mapped[str] = mapped_column(Text, deferred=True)
    body: Mapped[str] = mapped_column(Text, deferred=True)
    version: Mapped[int]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(200))
    saved_at: Mapped[datetime]
    saved_by: Mapped[str] = mapped_column(String(200))


class DraftVersion(Base):
    """The text of a manuscript as one save left it; `asked`: a person asked to keep it."""

    __tablename__ = "draft_version"
    __table_args__ = (UniqueConstraint("draft_id", "version"),)
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    draft_id: Mapped[int] = mapped_column(ForeignKey("draft.id", ondelete="CASCADE"))
    version: Mapped[int]
    head: Mapped[str] = mapped_column(Text, deferred=True)
    body: Mapped[str] = mapped_column(Text, deferred=True)
    saved_at: Mapped[datetime]
    saved_by: Mapped[str] = mapped_column(String(200))
    asked: Mapped[bool]


class DraftMaker(Base):
    """Somebody who changed a manuscript; `maker` is the actor's text at the first change."""

    __tablename__ = "draft_maker"
    draft_id: Mapped[int] = mapped_column(
        ForeignKey("draft.id", ondelete="CASCADE"), primary_key=True
    )
    maker: Mapped[str] = mapped_column(String(200), primary_key=True)
    first_at: Mapped[datetime]


class DraftSave(Base):
    """A save that was taken, by the key that the page drew for it; kept for a day."""

    __tablename__ = "draft_save"
    draft_id: Mapped[int] = mapped_column(
        ForeignKey("draft.id", ondelete="CASCADE"), primary_key=True
    )
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int]
    at: Mapped[datetime]


class DraftPresence(Base):
    """Who has a manuscript open; `account_id` refers to no row, as in the audit."""

    __tablename__ = "draft_presence"
    draft_id: Mapped[int] = mapped_column(
        ForeignKey("draft.id", ondelete="CASCADE"), primary_key=True
    )
    account_id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(200))
    since: Mapped[datetime]
    seen_at: Mapped[datetime]


class PictureBytes(Base):
    """The bytes of a picture or an attached file, once for all manuscripts, by their SHA-256."""

    __tablename__ = "picture"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    width: Mapped[int]
    height: Mapped[int]
    size: Mapped[int]
    data: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)


class DraftPicture(Base):
    """A picture or an attached file of a manuscript, by the name that the text gives it.

    `alternative` is its text for those who do not see it: None before anybody said, "" if it is
    decoration.
    """

    __tablename__ = "draft_picture"
    draft_id: Mapped[int] = mapped_column(
        ForeignKey("draft.id", ondelete="CASCADE"), primary_key=True
    )
    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    sha256: Mapped[str] = mapped_column(ForeignKey("picture.sha256"), index=True)
    alternative: Mapped[str | None] = mapped_column(Text)
    added_at: Mapped[datetime]
