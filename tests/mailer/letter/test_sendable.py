"""A letter is frozen if it can be sent; else an error lists everything that forbids it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailer.letter.letter import LetterError
from mailer.letter.sendable import sendable
from mailer.letter.snapshot import thaw
from tests import factories as make

FROZEN_IDENTITY = thaw(make.frozen().text)[2]


def test_a_sound_letter_is_frozen_as_it_is() -> None:
    letter = make.letter()
    checked = sendable(letter, identity=FROZEN_IDENTITY, attributes=())
    assert checked.frozen == make.frozen(letter)
    assert list(checked.warnings) == []


def test_what_could_be_better_is_handed_back_and_forbids_nothing() -> None:
    letter = make.letter(body="# Une séance\n\n[ici](https://example.org)\n")
    (warning,) = sendable(letter, identity=FROZEN_IDENTITY, attributes=()).warnings
    assert "does not say where it leads" in str(warning.told)


def test_a_name_that_no_person_has_forbids_it() -> None:
    letter = make.letter(body="# Une séance\n\n{{ subscriber.mandat }}\n")
    assert sendable(letter, identity=FROZEN_IDENTITY, attributes={"mandat"}).frozen.letter == letter
    with pytest.raises(LetterError, match="mandat"):
        sendable(letter, identity=FROZEN_IDENTITY, attributes=())


def test_each_line_that_the_footer_lacks_is_told() -> None:
    nobody = replace(FROZEN_IDENTITY, phone="", address=" ")
    with pytest.raises(LetterError) as refused:
        sendable(make.letter(), identity=nobody, attributes=())
    assert [str(it).split(":")[1] for it in refused.value.sentences] == [
        " the footer has no address",
        " the footer has no phone",
    ]
