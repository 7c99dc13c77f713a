"""Which proofs suffice, as a table."""

from __future__ import annotations

from itertools import chain, combinations

import pytest

from accounts.factors import SECOND, Factor, Has, kept, read, stage, suffices
from accounts.models import Stage

PASSKEY, PASSWORD, TOTP = Factor.PASSKEY, Factor.PASSWORD, Factor.TOTP
CODE, LINK, RESET = Factor.RECOVERY_CODE, Factor.LINK, Factor.RESET
WHOLE, FURTHER, ENROL = Stage.WHOLE, Stage.SECOND, Stage.ENROL

NOTHING = Has()
WORD = Has(password=True)
APP = Has(password=True, totp=True, codes=10)
KEY = Has(passkeys=1)
BOTH = Has(password=True, passkeys=1, codes=3)
LEFT_OVER = Has(password=True, codes=3)

EVERY_PROOF = [
    frozenset(it)
    for it in chain.from_iterable(combinations(Factor, n) for n in range(len(Factor) + 1))
]
EVERY_ACCOUNT = [
    Has(password, totp, passkeys, codes)
    for password in (False, True)
    for totp in (False, True)
    for passkeys in (0, 2)
    for codes in (0, 10)
]


@pytest.mark.parametrize(
    ("proved", "has", "alone", "of_two"),
    [
        ({PASSKEY}, KEY, WHOLE, WHOLE),
        ({PASSWORD}, WORD, WHOLE, ENROL),
        ({PASSWORD}, APP, FURTHER, FURTHER),
        ({PASSWORD}, BOTH, WHOLE, FURTHER),
        ({PASSWORD}, LEFT_OVER, WHOLE, ENROL),
        ({PASSWORD, TOTP}, APP, WHOLE, WHOLE),
        ({PASSWORD, CODE}, APP, WHOLE, WHOLE),
        ({PASSWORD, PASSKEY}, BOTH, WHOLE, WHOLE),
        ({LINK}, NOTHING, ENROL, ENROL),
        ({LINK}, WORD, WHOLE, ENROL),
        ({LINK}, KEY, WHOLE, FURTHER),
        ({LINK}, APP, FURTHER, FURTHER),
        ({LINK, TOTP}, APP, WHOLE, WHOLE),
        ({LINK, TOTP}, Has(totp=True), ENROL, ENROL),
        ({LINK, PASSWORD}, WORD, WHOLE, ENROL),
        ({LINK, PASSWORD, TOTP}, APP, WHOLE, WHOLE),
        ({LINK, PASSKEY}, KEY, WHOLE, WHOLE),
        ({RESET}, NOTHING, ENROL, ENROL),
        ({RESET}, WORD, ENROL, ENROL),
        ({RESET}, KEY, ENROL, FURTHER),
        ({RESET}, APP, FURTHER, FURTHER),
        ({RESET, TOTP}, APP, ENROL, ENROL),
        ({RESET, CODE}, BOTH, ENROL, ENROL),
        ({RESET, PASSWORD}, WORD, WHOLE, ENROL),
        ({RESET, TOTP, PASSWORD}, APP, WHOLE, WHOLE),
        ({RESET, CODE, PASSKEY}, BOTH, WHOLE, WHOLE),
    ],
)
def test_what_was_proved_brings_a_person_so_far(
    proved: set[Factor], has: Has, alone: Stage, of_two: Stage
) -> None:
    assert stage(proved, has, two_needed=False) is alone
    assert stage(proved, has, two_needed=True) is of_two


def test_nobody_who_needs_two_factors_comes_in_with_one() -> None:
    for has in EVERY_ACCOUNT:
        for proved in EVERY_PROOF:
            if stage(proved, has, two_needed=True) is Stage.WHOLE:
                assert PASSKEY in proved or proved & SECOND
            if has.totp and (has.password or has.passkeys):
                lenient = stage(proved, has, two_needed=False)
                assert lenient is not Stage.WHOLE or PASSKEY in proved or proved & SECOND


def test_a_link_for_what_is_lost_lets_nobody_in_before_there_is_something_new() -> None:
    for has in EVERY_ACCOUNT:
        for proved in EVERY_PROOF:
            for two in (False, True):
                if RESET in proved and stage(proved, has, two_needed=two) is Stage.WHOLE:
                    assert proved & {PASSWORD, PASSKEY}


def test_what_suffices_lets_its_person_in_without_anything_new() -> None:
    for has in EVERY_ACCOUNT:
        for two in (False, True):
            mine = {
                factor
                for factor, there in (
                    (PASSWORD, has.password),
                    (TOTP, has.totp),
                    (PASSKEY, has.passkeys),
                )
                if there
            }
            # A code alone is no way in.
            comes_in = bool(mine - {TOTP}) and stage(mine, has, two_needed=two) is Stage.WHOLE
            assert suffices(has, two_needed=two) is comes_in, has


def test_who_is_asked_for_more_can_give_it() -> None:
    for has in EVERY_ACCOUNT:
        for proved in EVERY_PROOF:
            if stage(proved, has, two_needed=True) is Stage.SECOND:
                assert has.ways


@pytest.mark.parametrize("proved", EVERY_PROOF)
def test_factors_are_kept_as_words(proved: frozenset[Factor]) -> None:
    assert read(kept(proved)) == proved
    assert len(kept(proved)) <= 64
