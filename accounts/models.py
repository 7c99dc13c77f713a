"""The tables of accounts. Nothing in them, copied by a thief, lets anybody in.

| what | how it is kept |
|---|---|
| a password | Argon2id with a salt |
| the secret of a TOTP app | AES-256-GCM under a key made of pli.keys, tied to its account |
| the secret of a session, the token of a link | SHA-256: both are 32 random bytes |
| a recovery code | SHA-256 with its account's number: a code has 80 random bits |
| the six digits beside a link | HMAC-SHA256 under the token of that link, which is not kept |
| a passkey | its public key |
| who failed to sign in | HMAC-SHA256 of the address or network, under a key of that day |
"""

from __future__ import annotations

import enum
from datetime import date, datetime

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from accounts.abilities import Right
from pli.columns import Base, Document, Id, enum_of, partial_index


class AccountState(enum.Enum):
    """The state of an account: invited and never there yet, in use, closed."""

    INVITED = "invited"
    ACTIVE = "active"
    CLOSED = "closed"


class LinkKind(enum.Enum):
    """What a link of a mail is for."""

    INVITE = "invite"
    SIGN_IN = "sign_in"
    RESET = "reset"


class Stage(enum.Enum):
    """How far a session has come: in, or before its second factor, or before its enrolment."""

    WHOLE = "whole"
    SECOND = "second"
    ENROL = "enrol"


class Purpose(enum.Enum):
    """What a challenge of a passkey was made for."""

    REGISTER = "register"
    SIGN_IN = "sign_in"
    CONFIRM = "confirm"


class Account(Base):
    """A person of the office, known by one address.

    `address` is as written and `address_folded` the same for all its spellings. `handle` is what
    passkeys know the account by: random, so that a passkey betrays no address. `totp_pending` waits
    for its first code, and `totp_step` is the step of the last code that was taken.
    """

    __tablename__ = "account"
    __table_args__ = {"sqlite_autoincrement": True}  # the audit outlives rows: no id is used twice
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(String(320))
    address_folded: Mapped[str] = mapped_column(String(320), unique=True)
    language: Mapped[str] = mapped_column(String(8))
    zone: Mapped[str] = mapped_column(String(64))
    state: Mapped[AccountState] = mapped_column(enum_of(AccountState))
    handle: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    password: Mapped[str | None] = mapped_column(String(255))
    totp: Mapped[bytes | None] = mapped_column(LargeBinary(96))
    totp_pending: Mapped[bytes | None] = mapped_column(LargeBinary(96))
    totp_step: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(String(200))


class AccountRight(Base):
    """One right of an account, on one list; on all lists if `list_id` is NULL."""

    __tablename__ = "account_right"
    __table_args__ = (
        UniqueConstraint("account_id", "right", "list_id"),
        # NULLs count as different from each other.
        partial_index(
            "uq_account_right_on_all",
            "account_id",
            "right",
            unique=True,
            where="list_id IS NULL",
        ),
    )
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    right: Mapped[Right] = mapped_column(enum_of(Right))
    list_id: Mapped[int | None] = mapped_column(ForeignKey("list.id", ondelete="CASCADE"))
    granted_at: Mapped[datetime]
    granted_by: Mapped[str] = mapped_column(String(200))


class OfficeSession(Base):
    """One browser that is signed in, or on its way; `until` is the latest end, `seen_at` moves on.

    `factors` are the names of what was proved, with spaces between. `confirmed_at` is the last time
    at which the person proved to be there.
    """

    __tablename__ = "session"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), index=True
    )
    stage: Mapped[Stage] = mapped_column(enum_of(Stage))
    factors: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    until: Mapped[datetime] = mapped_column(index=True)
    confirmed_at: Mapped[datetime]
    browser: Mapped[str] = mapped_column(String(100))


class Passkey(Base):
    """A passkey of an account: its public key, and how often it was used by its own count."""

    __tablename__ = "passkey"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), index=True
    )
    credential_id: Mapped[bytes] = mapped_column(LargeBinary(1023), unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(100))
    transports: Mapped[list[str]] = mapped_column(Document)
    made_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Challenge(Base):
    """A question to a passkey, as SHA-256; it is taken away by the first answer."""

    __tablename__ = "passkey_challenge"
    hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    binding: Mapped[bytes] = mapped_column(LargeBinary(32))
    purpose: Mapped[Purpose] = mapped_column(enum_of(Purpose))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    until: Mapped[datetime] = mapped_column(index=True)


class RecoveryCode(Base):
    """A code for a person whose device is lost; it works once."""

    __tablename__ = "recovery_code"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    used_at: Mapped[datetime | None]
    __table_args__ = (Index(None, "account_id"),)


class SignInLink(Base):
    """A link that lets its reader in once; `binding` names the browser that asked for it.

    `carried` is where that browser was going, and what it had typed, as the pages wrote it.
    """

    __tablename__ = "sign_in_link"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[LinkKind] = mapped_column(enum_of(LinkKind))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    account_id: Mapped[int] = mapped_column(
        ForeignKey("account.id", ondelete="CASCADE"), index=True
    )
    binding: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    code_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    tries: Mapped[int]
    made_at: Mapped[datetime]
    until: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
    carried: Mapped[str] = mapped_column(Text, default="", server_default="")


class SignInFailure(Base):
    """How often a sign-in failed for an address or from a network, or links were asked for there.

    `wait_until` is until when nothing of the kind is judged.
    """

    __tablename__ = "sign_in_failure"
    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    day: Mapped[date] = mapped_column(index=True)
    count: Mapped[int]
    at: Mapped[datetime]
    wait_until: Mapped[datetime]
