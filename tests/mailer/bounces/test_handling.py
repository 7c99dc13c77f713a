"""A person loses a letter only for what is certain, and everything can be taken back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import delete, func, select, update

from mailer.bounce_models import Bounce, BounceMail, Effect
from mailer.bounces import checkup, deciding, handling, repeated, session_refusals
from mailer.bounces.keeping import unpacked
from mailer.bounces.report import Kind
from mailer.bounces.rules import USUAL
from mailer.campaign import barring
from mailer.links import FIRST_NUMBER
from mailer.models import Campaign, Delivery, Notice, NoticeKind, Stage, Status
from mailer.outcomes import Result, judge
from mailer.report import bounces
from pli.actor import Actor
from pli.database import Database
from pli.tables import Audit
from subscribers.models import Subscriber, SuppressionReason
from tests.mailer.bounces.coming_back import (
    BLAMED,
    FULL,
    GONE,
    LIKELY,
    UNTOLD,
    bounce_of,
    burst_of,
    comes,
    complaint_of,
    copies_of,
    further_copy,
    one_copy,
    return_path,
    sent,
    suppressed,
)
from tests.paths import ROOT

DAY = timedelta(days=1)
HARD = SuppressionReason.HARD_BOUNCE
SPECIMENS = [
    it.read_bytes() for it in sorted((ROOT / "tests/specimens/bounces/written").glob("*.eml"))
]


async def test_who_is_certainly_gone_is_suppressed_once_and_the_copy_stays_sent(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    raw = bounce_of(number, email)
    came = await comes(database, raw, now)
    assert (came.new, came.kind, came.effect) == (True, Kind.FAILURE, Effect.SUPPRESSED)
    again = await comes(database, raw, now)
    assert (again.new, again.mail_id) == (False, came.mail_id)
    # The same bounce in another mail is kept, and told once.
    more = await comes(database, bounce_of(number, email, more="X-Try: 2\n"), now)
    assert (more.new, more.bounce_id) == (True, None)
    assert await suppressed(database) == {email: HARD}
    async with database.reading() as session:
        row = await session.get(Delivery, number)
        assert row is not None
        assert row.status is Status.SENT
        assert await session.scalar(select(func.count()).select_from(Bounce)) == 1
        listed = await bounces.latest(session, limit=9)
        told = str(listed[0].sentence)
    assert told.startswith("The mailbox does not exist (any more). The provider said: “550 5.1.1")
    assert "@" not in told


@pytest.mark.parametrize("which", ["forged", "no copy", "no notice", "empty", "no token"])
async def test_a_mail_that_names_no_copy_of_ours_acts_on_nobody(
    database: Database, now: datetime, which: str
) -> None:
    number, email = await one_copy(database, now)
    forged = bounce_of(number, email).replace(b"bounce+", b"bounce+00")
    raw = {
        "forged": forged.replace(b"Message-ID: <61", b"Message-ID: <62").replace(b"/u/", b"/u/A"),
        "no copy": bounce_of(10**9, email),
        "no notice": bounce_of(FIRST_NUMBER + 7, email),
        "empty": b"",
        "no token": UNTOLD.format(email).encode(),
    }[which]
    came = await comes(database, raw, now)
    assert came.bounce_id is None
    assert await suppressed(database) == {}


async def test_an_unclaimed_mail_is_shown_with_its_person_and_claimed_by_somebody_once(
    database: Database, now: datetime
) -> None:
    _, email = await one_copy(database, now)
    came = await comes(database, UNTOLD.format(email).encode(), now)
    async with database.begin() as session:
        (shown,) = await bounces.unclaimed(session, limit=9)
        assert (shown.mail, shown.address) == (came.mail_id, email)
        assert shown.subscriber is not None

        claim = partial(
            handling.claim,
            mail_id=shown.mail,
            subscriber_id=shown.subscriber,
            by=Actor.system("anne"),
            now=now,
        )
        assert (await session.run_sync(claim)).effect is Effect.SUPPRESSED
        assert await bounces.unclaimed(session, limit=9) == []
        with pytest.raises(handling.ClaimError, match="belongs to a copy already"):
            await session.run_sync(claim)
    assert await suppressed(database) == {email: HARD}


async def test_a_complaint_suppresses_and_only_the_person_can_come_back(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    came = await comes(database, complaint_of(number, email), now)
    assert came.effect is Effect.SUPPRESSED
    async with database.begin() as session:
        assert came.bounce_id is not None
        undone = await barring.undo_one(session, bounce_id=came.bounce_id, now=now)
        assert undone == (0, 0)
        key = (await session.scalars(select(Subscriber.address_key))).one()
        with pytest.raises(barring.ComplaintStands, match="--person-asked"):
            await barring.lift_address(session, address_key=key, now=now)
    assert await suppressed(database) == {email: SuppressionReason.COMPLAINT}
    async with database.begin() as session:
        by = Actor.system("anne")
        assert await barring.lift_address(session, address_key=key, asked=True, by=by, now=now)
        assert (await session.scalars(select(Audit.why))).all() == ["asked by the person"]
    assert await suppressed(database) == {}


@pytest.mark.parametrize(
    ("said", "action"),
    [(FULL, "failed"), (BLAMED, "failed"), (LIKELY, "failed"), (GONE, "delayed"),
     (("2.0.0", "250 ok"), "delivered")],
)  # fmt: skip
async def test_whatever_is_not_certain_is_noted_and_suppresses_nobody(
    database: Database, now: datetime, said: tuple[str, str], action: str
) -> None:
    number, email = await one_copy(database, now)
    came = await comes(database, bounce_of(number, email, said, action=action), now)
    assert came.bounce_id is not None
    assert came.effect is Effect.NONE
    assert await suppressed(database) == {}


@pytest.mark.parametrize(
    ("days", "letter", "expected"),
    [(7, 2, True), (6, 2, False), (7, 1, False)],
    ids=["another letter a week later", "too soon", "the same letter"],
)
async def test_a_second_likely_gone_suppresses_if_another_letter_says_so_later(
    database: Database, now: datetime, days: int, letter: int, expected: bool
) -> None:
    number, email = await one_copy(database, now)
    await comes(database, bounce_of(number, email, LIKELY), now)
    later = now + days * DAY
    async with database.begin() as session:
        await session.execute(update(Campaign).values(number=1))
        second = await further_copy(session, email, letter, later)
    came = await comes(database, bounce_of(second, email, LIKELY), later + timedelta(hours=1))
    assert (came.effect is Effect.SUPPRESSED) is expected
    assert (email in await suppressed(database)) is expected


async def test_a_letter_that_was_taken_for_two_weeks_lets_the_count_begin_anew(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    await comes(database, bounce_of(number, email, LIKELY), now)
    async with database.begin() as session:
        await further_copy(session, email, 2, now + 10 * DAY)
        third = await further_copy(session, email, 3, now + 30 * DAY)
    came = await comes(database, bounce_of(third, email, LIKELY), now + 30 * DAY)
    assert came.effect is Effect.NONE
    assert await suppressed(database) == {}


@pytest.mark.parametrize("suppress", [False, True])
async def test_five_letters_over_two_months_to_a_full_mailbox_ask_staff(
    database: Database, now: datetime, suppress: bool
) -> None:
    rules = replace(USUAL, suppress_stale=suppress)
    number, email = await one_copy(database, now)
    for n in range(5):
        at = now + n * 15 * DAY
        if n:
            async with database.begin() as session:
                number = await further_copy(session, email, 400 + n, at)
        async with database.reading() as session:
            assert await bounces.stale(session, rules, at) == []
        came = await comes(database, bounce_of(number, email, FULL), at, rules=rules)
    async with database.reading() as session:
        found = await session.run_sync(repeated.stale, rules, at)
    if suppress:
        assert came.effect is Effect.SUPPRESSED
        assert await suppressed(database) == {email: HARD}
    else:
        assert [(it.letters, it.reason) for it in found] == [(5, "full")]
        assert await suppressed(database) == {}


async def test_who_has_another_address_by_now_keeps_it(database: Database, now: datetime) -> None:
    number, email = await one_copy(database, now)
    async with database.begin() as session:
        await session.execute(
            update(Subscriber).values(
                email="new@example.org", email_folded="new@example.org", address_key=b"n" * 16
            )
        )
    came = await comes(database, bounce_of(number, email), now)
    assert came.effect is Effect.FORMER
    assert await suppressed(database) == {}


async def test_of_an_erased_person_the_fact_is_kept_and_the_mails_are_gone(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    await comes(database, bounce_of(number, email, FULL), now)
    async with database.begin() as session:
        mail = (await session.scalars(select(BounceMail.raw))).one()
        assert email.encode() in unpacked(mail)
        await session.execute(delete(Subscriber).where(Subscriber.email == email))
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(BounceMail)) == 0
        (kept,) = (await session.scalars(select(Bounce))).all()
        assert (kept.mail_id, kept.reason) == (None, "full")
    came = await comes(database, bounce_of(number, email), now)
    assert came.bounce_id is not None
    assert came.effect is Effect.NONE


async def test_a_thousand_mails_about_one_copy_are_heard_ten_times(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    for n in range(30):
        await comes(database, bounce_of(number, email, FULL, more=f"X-Try: {n}\n"), now)
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(BounceMail)) == 10
        assert await session.scalar(select(func.count()).select_from(Bounce)) == 1


async def test_mails_are_kept_for_a_while_and_what_followed_stays(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    came = await comes(database, bounce_of(number, email), now)
    async with database.begin() as session:
        for days, expected in ((0, 0), (1, 1)):
            old = partial(handling.delete_old_mails, before=now + days * DAY)
            assert await session.run_sync(old) == expected
        assert came.bounce_id is not None
        listed, source = await bounces.one(session, came.bounce_id)
    assert (listed.mail, source) == (None, "")
    assert await suppressed(database) == {email: HARD}


async def test_a_burst_is_held_and_taken_back_by_one_command(
    database: Database, now: datetime
) -> None:
    campaign_id = await burst_of(database, now, 100, 19)
    assert len(await suppressed(database)) == 19
    async with database.begin() as session:
        copies = await copies_of(session, campaign_id)
        assert await checkup.check(session, now=now) == []
    came = await comes(database, bounce_of(*copies[19]), now + timedelta(minutes=1))
    assert came.effect is Effect.HELD
    assert await suppressed(database) == {}
    async with database.begin() as session:
        assert len(await bounces.latest(session, held=True, limit=99)) == 20
        (told,) = await checkup.check(session, now=now)
        assert "20 addresses came back as gone in a burst" in str(told.told)
        found = await barring.undecided(session, campaign_id=campaign_id)
        assert found is not None
        assert found.would_be_barred == 20
        by = Actor.system("anne")
        undone = await barring.undo(session, campaign_id=campaign_id, by=by, why="mx", now=now)
        assert undone == (20, 0)
        assert await bounces.latest(session, held=True, limit=99) == []
        assert (await session.scalars(select(Audit.why))).all() == ["mx"]
    # Somebody has decided: one more is one, and no burst.
    came = await comes(database, bounce_of(*copies[20]), now + timedelta(minutes=2))
    assert came.effect is Effect.SUPPRESSED


async def test_a_late_burst_of_likely_ones_is_shown_until_somebody_decides(
    database: Database, now: datetime
) -> None:
    """Its campaign is over, so nothing pauses, and nothing of it is certain, so nothing is held."""
    async with database.begin() as session:
        copies = await sent(session, now, 40)
        campaign_id = await session.scalar(select(func.max(Campaign.id)))
        assert campaign_id is not None
    for number, email in copies[:19]:
        await comes(database, bounce_of(number, email, LIKELY), now)
    async with database.reading() as session:
        assert await checkup.check(session, now=now) == []
        assert await bounces.latest(session, held=True, limit=99) == []
    await comes(database, bounce_of(*copies[19], LIKELY), now)
    async with database.begin() as session:
        (told,) = await checkup.check(session, now=now)
        assert str(told.told) == (
            f"campaign {campaign_id}: 20 addresses came back as likely gone in a burst; "
            "nobody is barred"
        )
        shown = await bounces.latest(session, held=True, limit=99)
        assert {str(it.followed) for it in shown} == {"only noted: came in a burst"}
        assert len(shown) == 20
        undone = await barring.undo(session, campaign_id=campaign_id, now=now)
        assert undone == (20, 0)
        assert await checkup.check(session, now=now) == []
        assert await bounces.latest(session, held=True, limit=99) == []
        (one, *_) = await bounces.latest(session, limit=1)
        assert str(one.followed) == "taken back"


async def test_what_was_taken_back_is_no_burst_when_it_comes_again(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    await comes(database, bounce_of(number, email), now)
    async with database.begin() as session:
        key = (await session.scalars(select(Subscriber.address_key))).one()
        await barring.lift_address(session, address_key=key, now=now)
    await comes(database, bounce_of(number, email, LIKELY), now)
    async with database.reading() as session:
        assert await bounces.latest(session, held=True, limit=9) == []
        assert not (await session.scalars(select(Bounce.counts).order_by(Bounce.id.desc()))).first()


async def test_a_person_who_believes_a_burst_bars_its_addresses(
    database: Database, now: datetime
) -> None:
    campaign_id = await burst_of(database, now, 40, 20)
    assert await suppressed(database) == {}
    async with database.begin() as session:
        assert await barring.suppress(session, campaign_id=campaign_id, now=now) == 20
    assert len(await suppressed(database)) == 20
    async with database.begin() as session:
        undone = await barring.undo(session, campaign_id=campaign_id, provider="sfr", now=now)
        assert undone == (0, 0)
        undone = await barring.undo(session, campaign_id=campaign_id, provider="orange", now=now)
        assert undone == (20, 20)
    assert await suppressed(database) == {}


async def test_an_address_that_two_bounces_suppress_stays_so_if_one_is_taken_back(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    first = await comes(database, bounce_of(number, email), now)
    async with database.begin() as session:
        second = await further_copy(session, email, 2, now)
    again = await comes(database, bounce_of(second, email), now)
    for it, expected in ((first, {email: HARD}), (again, {})):
        async with database.begin() as session:
            assert it.bounce_id is not None
            await barring.undo_one(session, bounce_id=it.bounce_id, now=now)
        assert await suppressed(database) == expected


async def test_what_comes_back_of_a_notice_is_kept_with_it_and_bars_nobody(
    database: Database, now: datetime
) -> None:
    _, email = await one_copy(database, now)
    async with database.begin() as session:
        notice = Notice(
            kind=NoticeKind.TEST, address=email, address_key=b"k" * 16, content="{}",
            status=Status.SENT, created_at=now,
        )  # fmt: skip
        session.add(notice)
        await session.flush()
        notice_id = notice.id
    came = await comes(database, bounce_of(FIRST_NUMBER + notice_id, email), now)
    assert came.bounce_id is not None
    assert await suppressed(database) == {}
    async with database.reading() as session:
        assert (await session.scalars(select(Bounce.notice_id))).all() == [notice_id]


async def test_an_address_that_staff_lift_is_shown_as_taken_back(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    await comes(database, bounce_of(number, email), now)
    async with database.begin() as session:
        key = (await session.scalars(select(Subscriber.address_key))).one()
        assert await barring.lift_address(session, address_key=key, now=now)
        assert not await barring.lift_address(session, address_key=key, now=now)
        (listed,) = await bounces.latest(session, limit=9)
    assert listed.effect is Effect.UNDONE
    assert await suppressed(database) == {}


async def test_a_mail_by_its_return_path_alone_is_known(database: Database, now: datetime) -> None:
    number, email = await one_copy(database, now)
    raw = UNTOLD.format(email).encode()
    came = await comes(database, raw, now, came_to=return_path(number).upper())
    assert came.effect is Effect.SUPPRESSED


async def test_the_doctor_tells_what_came_back_about_us(database: Database, now: datetime) -> None:
    number, email = await one_copy(database, now)
    await comes(database, bounce_of(number, email, BLAMED), now)
    async with database.reading() as session:
        (told,) = await checkup.check(session, now=now + DAY)
        assert "550 5.7.1 message refused as spam" in str(told.told)
        assert await checkup.check(session, now=now + 8 * DAY) == []


@pytest.mark.parametrize("days", [8, 2])
async def test_a_relay_that_says_unknown_in_words_is_believed_at_a_second_letter_a_week_later(
    database: Database, now: datetime, days: int
) -> None:
    number, email = await one_copy(database, now)
    later = now + days * DAY
    async with database.begin() as session:
        await session.execute(update(Campaign).values(number=1))
        second = await further_copy(session, email, 2, later)
        await session.execute(update(Delivery).values(status=Status.FAILED))
        for delivery, at in ((number, now), (second, later)):
            row = await session.get(Delivery, delivery)
            assert row is not None
            refused = judge(Stage.RCPT, 550, "user unknown")
            record = partial(
                session_refusals.record,
                campaign_id=row.campaign_id,
                provider="other",
                failed=[Result(delivery, 1, at.timestamp(), refused)],
                now=at,
            )
            assert await session.run_sync(record)
            await session.run_sync(deciding.conclude, row.campaign_id, at)
    assert await suppressed(database) == ({email: HARD} if days == 8 else {})


async def test_two_processes_that_read_one_mail_record_it_once(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    raw = bounce_of(number, email)
    both = await asyncio.gather(*(comes(database, raw, now) for _ in range(4)))
    assert sum(it.new for it in both) == 1
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(BounceMail)) == 1
        assert await session.scalar(select(func.count()).select_from(Bounce)) == 1


async def test_whatever_comes_in_is_recorded_or_kept_and_harms_nobody(
    database: Database, now: datetime
) -> None:
    """Mails of other copies, and signs that no database keeps."""
    _, email = await one_copy(database, now)
    gone = bounce_of(999, email)
    odd = [
        gone.replace(b"User unknown", b"\0 \xff\xfe \xed\xa0\x80 &#0; =00"),
        gone.replace(b"rfc822; ", b"utf-8; \\x{0}\\x{d800}\\x{110000}"),
        gone.replace(b"Status: 5.1.1", b"Status: 5." + b"1" * 400),
        gone.replace(b"Reporting-MTA", b"Remote-MTA: dns; " + b"m" * 900 + b"\nReporting-MTA"),
        b"Subject: =?utf-8?b?AAAA?=\nFrom: mailer-daemon@\xff\n\n\0\0",
    ]
    for raw in (*SPECIMENS, *odd):
        came = await comes(database, raw, now, came_to="bounce+00@example.org" * 30)
        assert came.new or came.mail_id is None or raw in SPECIMENS
    assert await suppressed(database) == {}
