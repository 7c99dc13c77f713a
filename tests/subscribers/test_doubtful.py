"""Addresses that are valid but probably mistyped: they are imported, and told."""

from __future__ import annotations

import pytest

from subscribers.address import Address
from subscribers.doubtful import doubt


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        ("o’neil@example.org", "is o'neil@example.org meant"),
        ("d‘arc@example.org", "is d'arc@example.org meant"),
        ("hélène@example.org", "is helene@example.org meant"),
        ("ÇELIK@example.org", "is CELIK@example.org meant"),
        ("sœur@example.org", "is soeur@example.org meant"),
        ("\u0430b@example.org", "Cyrillic letter among Latin ones: is ab@example.org meant"),
        ("ab\u03bf@example.org", "Greek letter among Latin ones: is abo@example.org meant"),
        ("ab@ex\u0430mple.org", "Cyrillic letter among Latin ones: is ab@example.org meant"),
    ],
)
def test_what_is_surely_mistyped_is_told_with_what_is_meant(raw: str, told: str) -> None:
    sentence = str(doubt(Address.parse(raw)))
    assert sentence.startswith("doubtful: ")
    assert told.replace("ab@example.org", "ab@example.org") in sentence


@pytest.mark.parametrize(
    "raw", ["a@example.org", "o'neil@example.org", "юзер@example.org", "用户@example.org",
            "a@exämple.org", "a@xn--exmple-cua.org", "a@пример.org"],
)  # fmt: skip
def test_an_address_that_may_well_be_is_not_doubted(raw: str) -> None:
    assert doubt(Address.parse(raw)) is None
