"""What is said about a block of a letter, and where it stands after the text was changed."""

from __future__ import annotations

from datetime import datetime

import pytest

from mailer.campaign import approvals, lifecycle
from mailer.campaign.finding import CampaignError
from mailer.campaign.remarks import LONGEST, Remark, about, blocks, excerpt, places
from mailer.models import ApprovalKind
from mailer.notices import asking
from pli.actor import Actor
from pli.database import Database
from pli.keys import Keys
from tests import factories as make

ANNE, BRUNO = Actor.account(101, "Anne"), Actor.account(102, "Bruno")
BODY = """# Une séance

Un paragraphe de deux
lignes.

- un
- deux

La réunion est le 3.
"""


def test_a_remark_is_on_the_block_that_has_its_line() -> None:
    assert [it.line for it in blocks(BODY)] == [0, 2, 5, 8]
    for line, first, text in (
        (0, 0, "# Une séance"),
        (1, 0, "# Une séance"),
        (3, 2, "Un paragraphe de deux\nlignes."),
        (8, 8, "La réunion est le 3."),
        (99, 8, "La réunion est le 3."),
    ):
        assert about(BODY, {line: " quand ? "}) == [Remark(first, text, "quand ?")], line
    assert about("", {0: "rien"}) == [Remark(0, "", "rien")]
    assert [it.line for it in about("\n\n# Un\n", {0: "a", 2: "b"})] == [2, 2]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (BODY, 8),
        ("Tout en haut.\n\n" + BODY, 10),
        ("La réunion est le 3.\n\n" + BODY, 10),
        (BODY.replace("le 3", "le lundi 3 décembre"), 8),
        (BODY.replace("La réunion est le 3.\n", ""), None),
        ("", None),
    ],
    ids=["unchanged", "moved down", "twice", "rewritten", "gone", "empty"],
)
def test_a_block_is_found_again_by_what_is_left_of_it(body: str, place: int | None) -> None:
    assert places(about(BODY, {8: "quel jour ?"}), body) == [place]


def test_a_line_without_a_known_block_has_no_place_and_an_excerpt_is_one_line() -> None:
    assert places([Remark(3, "", "avant les blocs")], BODY) == [None]
    assert excerpt("Un  paragraphe\nde deux") == "Un paragraphe de deux"
    assert excerpt("## Titre") == "Titre"
    assert excerpt("- un\n- [deux](https://example.org)\n") == "un deux"
    long = excerpt("mot " * 100)
    assert long.endswith("mot…")
    assert len(long) <= 141


def test_a_long_remark_is_refused_and_nothing_of_it_is_cut_off() -> None:
    assert about(BODY, {0: f" {'é' * LONGEST} "})[0].note == "é" * LONGEST
    with pytest.raises(CampaignError, match=r"2,001 signs.*2,000 at most"):
        about(BODY, {0: "é" * (LONGEST + 1)})


async def test_remarks_stay_open_until_somebody_asks_again_or_approves(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        await make.a_person(session, keys, "jeanne", members, now=now)
        made = await make.a_draft(session, keys, [members], of=make.letter(BODY), by=ANNE, now=now)
        assert await approvals.sent_back(session, None) is None
        assert await approvals.sent_back(session, made) is None
        for line in (-1, 9, 10**6):
            with pytest.raises(CampaignError, match="no such line"):
                await lifecycle.send_back(
                    session, campaign_id=made.id, remarks={line: "?"}, by=BRUNO, now=now
                )
        await lifecycle.send_back(
            session,
            campaign_id=made.id,
            note=" Presque. ",
            remarks={8: "Quel jour ?", 0: " ", 5: "Et trois ?"},
            by=BRUNO,
            now=now,
        )
        step = await approvals.sent_back(session, made)
        assert step is not None
        assert [(it.line, it.note) for it in step.remarks] == [
            (5, "Et trois ?"),
            (8, "Quel jour ?"),
        ]
        assert step.said == "Presque.\nEt trois ?\nQuel jour ?"
        approvals.add(session, ApprovalKind.CHANGED, made, by=ANNE, now=now)
        await session.flush()
        assert await approvals.sent_back(session, made) == step, "a change may answer only a part"
        found = await approvals.steps(session, made.id)
        assert approvals.waiting(found) is None
        await approvals.ask(
            session, campaign_id=made.id, asked_account=None, note="", by=ANNE, now=now
        )
        assert await approvals.sent_back(session, made) is None
        asked = approvals.waiting(await approvals.steps(session, made.id))
        assert asked is not None
        assert asking.is_asked(asked, 102)
        assert not asking.is_asked(asked, 101), "nobody asks oneself"
