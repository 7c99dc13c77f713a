"""Whether answers arrive: what the doctor says, what a release is warned of, and the figures."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx

from mailer.intake import checkup, mailboxes, probes, tallies
from mailer.intake.checkup import Expected
from pli.checks import State
from pli.database import Database
from pli.language import N_, say
from tests.factories import IDENTITY, KEYS
from tests.mailer.intake.coming_in import taken, worked
from web.metrics import Metrics, create_metrics_app

DOMAIN = "orme.example.org"


async def told(database: Database, expected: Expected) -> list[str]:
    async with database.reading() as session:
        found = await checkup.check(session, expected)
    return [it.told.tell("en") for it in found]


async def test_while_no_door_ever_brought_anything_the_doctor_and_a_release_are_warned(
    database: Database,
) -> None:
    (warning,) = await told(database, Expected(DOMAIN))
    assert "no answer ever came in" in warning
    async with database.reading() as session:
        assert await checkup.before_a_release(session, copies=50) is None
        said = await checkup.before_a_release(session, copies=51)
    assert said is not None
    assert said.tell("en").startswith("51 copies, and no answer ever came in")
    await taken(database, b"Subject: x\n\ny")
    await worked(database)
    assert await told(database, Expected(DOMAIN)) == []
    async with database.reading() as session:
        assert await checkup.before_a_release(session, copies=5_000) is None


async def test_the_doctor_tells_of_tracking_and_of_a_mailbox_that_cannot_be_read(
    database: Database,
) -> None:
    async with database.begin() as session:
        await tallies.count(session, door="hook main", kind="tracking", mails=7, at=_now())
        await tallies.count(session, door="imap", kind="failure", at=_now())
        await mailboxes.hold(session, "imap", 1)
        await mailboxes.failed(
            session, "imap", say(N_("mailbox {name}: the server hung up"), name="imap")
        )
    found = await told(database, Expected(DOMAIN, mailboxes=("imap",)))
    assert found == [
        "mailbox imap: the server hung up",
        "the relay counts who opens letters and follows links: it told 7 such events",
    ]
    assert len(await told(database, Expected(DOMAIN))) == 1  # that mailbox is set no more


async def test_a_probe_comes_in_or_the_missing_step_is_told(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    mark = probes.new_mark()
    to = probes.address(KEYS, IDENTITY.public_url, DOMAIN)
    mail = probes.mail(sender="comite@orme.example.org", to=to, mark=mark, now=_now())

    async def arrives() -> None:
        await taken(database, b"Received: by mx\r\n" + mail, to, by="lmtp")
        await worked(database)

    async def nothing() -> None:
        return None

    async def refused() -> str:
        return "550 no relaying"

    found = await checkup.arrives(database, mark, arrives, Expected(DOMAIN))
    assert found.state is State.OK
    assert "by lmtp" in found.told.tell("en")
    other = probes.new_mark()
    for send, expected, remedy in (
        (refused, Expected(DOMAIN), "let it pass mails to orme.example.org on to Pli"),
        (nothing, Expected(DOMAIN, "127.0.0.1:2424"), "see in the relay's log"),
        (nothing, Expected(DOMAIN, mailboxes=("imap",)), "the MX of orme.example.org"),
        (nothing, Expected(DOMAIN, hooks=("main",)), "its events go to the address"),
        (nothing, Expected(DOMAIN), "pli intake setup"),
    ):
        found = await checkup.arrives(database, other, send, expected, seconds=0.0)
        assert found.state is State.WARNING
        assert found.remedy is not None
        assert remedy in found.remedy.tell("en")

    async def waits() -> None:
        await taken(database, b"Subject: it waits\n\n", to)

    found = await checkup.arrives(database, other, waits, Expected(DOMAIN), seconds=0.0)
    assert found.remedy is not None
    assert "run “pli serve”" in found.remedy.tell("en")
    await database.close()


async def test_figures_tell_what_came_in_and_what_waits(sqlite_url: str) -> None:

    database = Database(sqlite_url)
    await taken(
        database, b"From: MAILER-DAEMON@mx\nSubject: failure notice\n\n<a@b.example>: 550 no\n"
    )
    await worked(database)
    await taken(database, b"Subject: y\n\ny")
    transport = httpx.ASGITransport(app=create_metrics_app(database, Metrics()))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        shown = (await client.get("/metrics")).text
    await database.close()
    assert 'pli_intake_mails_total{door="test",kind="failure"} 1.0' in shown
    assert 'pli_intake_seconds_count{door="test"} 1.0' in shown
    assert "pli_intake_waiting 1.0" in shown
    assert "pli_intake_unclaimed 1.0" in shown
    assert "b.example" not in shown


def _now() -> datetime:
    return datetime.now(UTC)
