"""What comes in is stored once, worked on once, and goes by its address; on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest
from sqlalchemy import select, update

from mailer.bounce_models import Bounce, BounceMail
from mailer.campaign import coming_back
from mailer.intake import deciding, probes, taking, tallies, unproven, waiting, working
from mailer.intake.deciding import IntakeError
from mailer.intake.forwarding import Forward
from mailer.intake.taking import Place, Taken
from mailer.intake_models import IntakeMail
from mailer.models import Delivery, Notice, NoticeKind
from mailer.notices import forward_mail
from mailer.report import intake as came_in
from pli import audit
from pli.actor import Actor
from pli.audit import AuditAction
from pli.chores import carry_out
from pli.database import Database
from pli.keys import Keys
from subscribers import optout
from subscribers.models import Subscriber
from tests import factories as make
from tests.mailer.bounces.coming_back import bounce_of, one_copy, suppressed
from tests.mailer.intake.coming_in import (
    kinds,
    leave_address,
    means,
    proven,
    taken,
    tally,
    worked,
    written,
)
from tests.specimens.bounces.pieces import message_id, return_path


async def test_a_bounce_is_stored_first_and_acts_once_however_often_it_comes(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    mail = bounce_of(number, email)
    assert await taken(database, mail, return_path(number).upper()) is Taken.NEW
    assert await taken(database, mail, return_path(number)) is Taken.KNOWN
    assert await suppressed(database) == {}
    assert await worked(database) == 1
    assert await worked(database) == 0
    assert await taken(database, mail, return_path(number)) is Taken.KNOWN
    assert await worked(database) == 0
    assert list(await suppressed(database)) == [email]
    async with database.reading() as session:
        assert len((await session.scalars(select(Bounce))).all()) == 1
        assert await session.scalar(select(IntakeMail.raw)) == b""
        assert await tallies.anything(session)
        assert await came_in.unclaimed(session) == 0
    assert await tally(database) == {"failure": 1}


async def test_ten_mails_to_one_token_within_an_hour_are_heard_and_the_rest_is_counted(
    database: Database, now: datetime
) -> None:
    number, _email = await one_copy(database, now)
    came = [await taken(database, b"Subject: %d\n\nx" % n, return_path(number)) for n in range(13)]
    assert came == [Taken.NEW] * 10 + [Taken.DROPPED] * 3
    assert await tally(database) == {"noise": 3}
    async with database.begin() as session:
        assert not await tallies.anything(session)
        await session.execute(update(IntakeMail).values(at=datetime.now(UTC) - timedelta(hours=2)))
    assert await taken(database, b"Subject: later\n\nx", return_path(number)) is Taken.NEW


async def test_the_doctors_own_mails_are_no_noise_however_often_it_asks(
    database: Database,
) -> None:
    to = probes.address(make.KEYS, make.IDENTITY.public_url, "orme.example.org")
    for _ in range(taking.MOST_TO_ONE + 2):
        mark, now = probes.new_mark(), datetime.now(UTC)
        mail = probes.mail(sender="comite@orme.example.org", to=to, mark=mark, now=now)
        assert await taken(database, mail, to) is Taken.NEW
        await worked(database)
        async with database.reading() as session:
            assert await probes.door_of(session, mark, since=now) == "test"


async def test_a_mail_to_the_address_of_a_copy_leaves_its_list_as_one_click_does(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        council = await make.a_list(session, "conseil", now=now)
        anne = await make.a_person(session, keys, "anne", members, council, now=now)
        bob = await make.a_person(session, keys, "bob", members, now=now)
    # A mail program sends the same octets for whoever presses its button.
    same = b"Subject: unsubscribe\n\n"
    for it in (anne, bob):
        assert await taken(database, same, leave_address(it.id, members.id).upper()) is Taken.NEW
    async with database.begin() as session:  # no envelope is known, but a header
        to = leave_address(anne.id, council.id)[:-30] + "00@orme.example.org"
        await taking.take(
            session, raw=f"Delivered-To: {to}\n\n".encode(), came_to="", by="imap", now=now
        )
    assert await worked(database) == 3
    assert await kinds(database) == ["left", "left", "reply"]
    async with database.reading() as session:
        on = await optout.still_on(session, subscriber_id=anne.id)
        assert [it.name for it in on] == ["conseil"]
        assert await optout.still_on(session, subscriber_id=bob.id) == []


async def test_who_is_proven_leaves_by_a_word_and_who_is_not_is_shown_to_staff(
    database: Database, keys: Keys, now: datetime
) -> None:
    async with database.begin() as session:
        members = await make.a_list(session, "membres", now=now)
        council = await make.a_list(session, "conseil", now=now)
        people = [
            await make.a_person(session, keys, it, members, council, now=now)
            for it in ("anne", "bob", "carla")
        ]
    anne, bob, carla = people
    await taken(database, written(anne.email, "STOP", more=proven()))
    await taken(database, written(bob.email, "STOP"))
    await taken(database, written(bob.email, "Stop!", more=proven("evil.example.net")))
    await taken(database, written(carla.email, "Re: STOP", "Stop à la guerre\n", proven()))
    await taken(database, written("nobody@example.org", "désabonnement", more=proven()))
    await worked(database)
    assert await kinds(database) == ["left", "stop", "stop", "reply", "reply"]
    async with database.begin() as session:
        left = [
            [it.name for it in await optout.still_on(session, subscriber_id=who.id)]
            for who in people
        ]
        assert left == [[], ["membres", "conseil"], ["membres", "conseil"]]
        wishes = await came_in.wishes(session)
        # Whoever writes it again is one line still.
        assert [(it.address, it.subject, it.mails, it.lists) for it in wishes] == [
            (bob.email, "STOP", 2, ["Liste membres", "Liste conseil"])
        ]
        assert await unproven.people(session) == 1
        by, mail_id = Actor.system("root"), wishes[0].mail
        await deciding.dismiss(session, mail_id=mail_id, by=by, now=now)
        for verb in (deciding.dismiss, deciding.leave):
            with pytest.raises(IntakeError, match="waits for no decision"):
                await verb(session, mail_id=mail_id, by=by, now=now)
        assert await came_in.wishes(session) == []
        assert await unproven.people(session) == 0
        noted = await audit.events(session, action=AuditAction.WISH_DISMISSED)
        assert [it.object_id for it in noted.events] == [bob.id]
    assert await kinds(database) == ["left", "reply", "reply", "reply", "reply"]
    # A later mail of the same person waits anew, until somebody lets them leave.
    for subject in ("STOP !", "stop"):
        await taken(database, written(bob.email, subject))
    await worked(database)
    async with database.begin() as session:
        (wish,) = await came_in.wishes(session)
        assert await deciding.leave(session, mail_id=wish.mail, by=by, now=now) == 2
        assert await optout.still_on(session, subscriber_id=bob.id) == []
    assert (await kinds(database))[5:] == ["left", "left"]


async def test_a_word_in_answer_to_a_letter_leaves_the_lists_of_that_letter(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    async with database.begin() as session:
        other = await make.a_list(session, "autre", now=now)
        anne = await session.scalar(select(Subscriber).where(Subscriber.email == email))
        assert anne is not None
        of_the_letter = await session.scalar(select(Delivery.list_id).where(Delivery.id == number))
        for list_id in (other.id, of_the_letter):
            await make.a_subscription(session, anne.id, list_id or 0, now=now)
    answer = f"{proven()}In-Reply-To: {message_id(number)}\n"
    await taken(database, written(email, "Re: Lettre", "Désabonnement\n\n> Bonjour", answer))
    await worked(database)
    async with database.reading() as session:
        on = await optout.still_on(session, subscriber_id=anne.id)
    assert [it.name for it in on] == ["autre"]


async def test_what_a_person_answers_is_passed_on_whole_and_nothing_of_it_is_kept(
    database: Database, keys: Keys, now: datetime
) -> None:
    forward = Forward("bureau@orme.example.org", make.IDENTITY, "fr")
    raw = written("anne@example.org", "=?utf-8?q?R=C3=A9union?=", "Bonjour,\n.\nMerci\n")
    await taken(database, raw)
    for n in range(12):
        await taken(database, written("bob@example.org", f"n° {n}"))
    await worked(database, forward)
    assert await kinds(database) == ["forwarded"] * 11 + ["noise"] * 2
    async with database.reading() as session:
        notice = (await session.scalars(select(Notice).order_by(Notice.id))).first()
        assert notice is not None
        content = await session.scalar(select(Notice.content).order_by(Notice.id).limit(1))
        assert (await session.scalars(select(BounceMail))).all() == []
        assert set(await session.scalars(select(IntakeMail.raw))) == {b""}
    assert (notice.kind, notice.address) == (NoticeKind.FORWARD, "bureau@orme.example.org")
    mail = forward_mail.compose(
        notice_id=1, address=notice.address, content=content or "", keys=keys, now=now
    )
    read = message_from_bytes(
        b"".join(mail.pieces).replace(b"\r\n..", b"\r\n."), policy=policy.default
    )
    assert read["Subject"] == "Réunion"
    assert read["Reply-To"] == "Quelqu’un <anne@example.org>"
    body, attached = read.iter_parts()
    assert "a répondu" in body.get_content()
    assert attached.get_content() == raw
    assert mail.return_path.startswith("bounce+")


async def test_a_fault_of_ours_puts_one_mail_off_and_at_last_keeps_it_for_a_person(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, email = await one_copy(database, now)
    await taken(database, bounce_of(number, email), return_path(number))
    with monkeypatch.context() as broken:
        broken.setattr(coming_back, "take_in_all", None)
        for _ in range(len(waiting.DELAYS) + 1):
            assert await worked(database) == 0
            assert await suppressed(database) == {}
            async with database.begin() as session:  # time passes
                await session.execute(
                    update(IntakeMail)
                    .where(IntakeMail.due_at.is_not(None))
                    .values(due_at=now - timedelta(days=9))
                )
    assert await kinds(database) == ["fault"]
    async with database.begin() as session:
        assert (await session.scalar(select(IntakeMail.raw)) or b"").startswith(b"Return-Path")
        assert await taking.delete_old(session, before=datetime.now(UTC) + timedelta(days=9)) == 0


async def test_two_workers_work_on_a_mail_once_and_old_proofs_are_deleted(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    await taken(database, bounce_of(number, email), return_path(number))
    async with database.reading() as session:
        (row_id,) = (await session.scalars(waiting.due())).all()
        assert (await came_in.waiting(session, now=datetime.now(UTC))).mails == 1
    assert await working.work(database, means(), row_id)
    assert not await working.work(database, means(), row_id)
    async with database.begin() as session:
        place = Place(7, 12)
        again = await taking.take(
            session, raw=bounce_of(number, email), came_to="", by="imap", place=place, now=now
        )
        assert again is Taken.KNOWN
        assert (
            await session.execute(select(IntakeMail.uidvalidity, IntakeMail.uid))
        ).one() == place
        later = datetime.now(UTC) + timedelta(days=3)
        assert await taking.delete_old(session, before=later) == 1


async def test_the_chore_of_a_mail_is_due_by_its_own_row_and_is_done_once(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    await taken(database, bounce_of(number, email), return_path(number))
    (kind,) = working.kinds(database, means())
    assert kind.source is not None
    async with database.reading() as session:
        (row_id,) = (await session.scalars(kind.source())).all()
    assert await carry_out(database, kind, row_id) is None
    assert await carry_out(database, kind, row_id) is None
    assert list(await suppressed(database)) == [email]
    assert await tally(database) == {"failure": 1}
