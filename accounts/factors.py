"""The rule which proofs of a person suffice to come in. It asks no table; a test has it as one."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass

from accounts.models import Stage


class Factor(enum.Enum):
    """One thing by which a person proved to be who the account says."""

    PASSKEY = "passkey"
    PASSWORD = "password"  # noqa: S105 (a factor's name, no password)
    TOTP = "totp"
    RECOVERY_CODE = "recovery_code"
    LINK = "link"
    RESET = "reset"
    """A link for a lost passkey or password: it leads to a new one, and not further."""


SECOND = frozenset({Factor.TOTP, Factor.RECOVERY_CODE})


@dataclass(frozen=True, slots=True)
class Has:
    """The factors that an account has: whether each is there, and how many codes are left."""

    password: bool = False
    totp: bool = False
    passkeys: int = 0
    codes: int = 0

    @property
    def ways(self) -> frozenset[Factor]:
        """What can be the second factor of this account."""
        there = {
            Factor.TOTP: self.totp,
            Factor.PASSKEY: self.passkeys > 0,
            # Codes stand in for a device; alone, they are left over from one.
            Factor.RECOVERY_CODE: self.codes > 0 and (self.totp or self.passkeys > 0),
        }
        return frozenset(factor for factor, is_there in there.items() if is_there)


def stage(proved: Iterable[Factor], has: Has, *, two_needed: bool) -> Stage:
    """How far these proofs bring a person.

    A passkey is both factors. An app is asked for wherever there is one, and a passkey in its place
    where two factors are needed. An account with nothing but a link has to enrol first, and so has
    somebody whose passkey or password is lost: after the second factor, if there is one.
    """
    proved = frozenset(proved)
    if Factor.PASSKEY in proved:
        return Stage.WHOLE
    if not (has.password or has.passkeys):
        return Stage.ENROL
    if not proved & SECOND:
        if has.totp or (two_needed and has.passkeys):
            return Stage.SECOND
        if two_needed:
            return Stage.ENROL
    return Stage.ENROL if must_renew(proved) else Stage.WHOLE


def suffices(has: Has, *, two_needed: bool) -> bool:
    """Whether a person with these factors can come in, and needs no new one for it."""
    if has.passkeys:
        return True
    return has.password and (has.totp or not two_needed)


def must_renew(proved: Iterable[Factor]) -> bool:
    """Whether a lost passkey or password has yet to be replaced by a new one."""
    proved = frozenset(proved)
    return Factor.RESET in proved and proved.isdisjoint({Factor.PASSWORD, Factor.PASSKEY})


def kept(proved: Iterable[Factor]) -> str:
    """Factors as a session's row keeps them."""
    return " ".join(sorted(it.value for it in proved))


def read(text: str) -> frozenset[Factor]:
    """Factors as they were kept."""
    return frozenset(Factor(it) for it in text.split())
