"""What relays tell is read by the table of each kind, whatever the events hold."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from mailer.bounce_models import Bounce
from mailer.bounces.relays import events
from mailer.bounces.relays.events import DEEPEST, MOST, NoEvents
from mailer.bounces.relays.kinds import KINDS, number_of
from mailer.intake_models import IntakeMail
from pli.database import Database
from subscribers import optout
from subscribers.models import Subscriber
from tests.examples import examples
from tests.mailer.bounces.coming_back import one_copy, suppressed
from tests.mailer.intake import payloads
from tests.mailer.intake.coming_in import kinds, taken, worked
from tests.mailer.intake.payloads import Told
from tests.specimens.bounces.pieces import TOKENS, message_id, return_path


@pytest.mark.parametrize(
    "told",
    payloads.all_of(return_path(7)),
    ids=lambda it: f"{it.relay}-{KINDS[it.relay].name_of(it.document)}-{it.reason}",
)
def test_an_event_is_read_as_the_table_of_its_kind_says(told: Told) -> None:
    (event,) = KINDS[told.relay].read(told.document)
    report = event.report
    assert report.kind.value == told.kind
    assert number_of(event, TOKENS) == 7
    if told.reason:
        verdict = report.recipients[0].verdict
        assert (verdict.reason.value, verdict.weight.value) == (told.reason, told.weight)


def test_what_says_only_that_a_relay_has_the_copy_is_no_event() -> None:
    for relay, document in (
        ("ses", payloads.ses("Send", "x", send={})),
        ("brevo", payloads.brevo("request", "x")),
        ("scaleway", payloads.scaleway("email_queued", "x")),
        ("scaleway", payloads.scaleway("blocklist_created", "x")),
        ("standard", payloads.standard("email.sent", "x")),
    ):
        assert KINDS[relay].read(document) == ()


def test_a_copy_is_known_by_any_mark_of_ours_and_by_nothing_else() -> None:
    read = KINDS["ses"].read
    for name, value, number in (
        ("Message-ID", message_id(7), 7),
        ("X-Pli-Mark", message_id(7), 7),
        ("X-MJ-CustomID", return_path(7), 7),
        ("Return-Path", f"<{return_path(7)}>", 7),
        ("Subject", return_path(7), None),
        ("Message-ID", "<7@example.org>", None),
    ):
        mail = {"headers": [{"name": name, "value": value}]}
        (event,) = read({"eventType": "Rendering Failure", "mail": mail})
        assert number_of(event, TOKENS) == number


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda it: st.lists(it, max_size=3) | st.dictionaries(st.text(max_size=8), it, max_size=3),
    max_leaves=8,
)
NAMES = sorted({KINDS[it.relay].name_of(it.document) for it in payloads.all_of("x")})


@given(st.sampled_from(sorted(KINDS)), st.sampled_from(NAMES), st.data())
@settings(max_examples=examples(60))
def test_no_event_breaks_a_table(kind: str, name: str, data: st.DataObject) -> None:
    document: dict[str, Any] = {"event": name, "eventType": name, "type": name}
    for field in (
        "mail", "bounce", "complaint", "delivery", "deliveryDelay", "data", "email", "reason",
        "CustomID", "error", "email_headers", "email_response_code", "reject",
    ):  # fmt: skip
        document[field] = data.draw(JSON)
    for event in KINDS[kind].read(document):
        number_of(event, TOKENS)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"no", b"1", b'"x"', b"[1]", b"\xff", b"[" * 1_000_000, b'{"a":' * 1_000,
        json.dumps([{}] * (MOST + 1)).encode(), b'{"a": ' + b"9" * 5_000 + b"}",
        json.dumps({"a": "x"}).encode("utf-16"),
    ],
    ids=range(11),
)  # fmt: skip
def test_what_is_no_list_of_events_is_refused(body: bytes) -> None:
    try:
        assert events.parsed(body) == [{"a": "x"}]  # UTF-16 is JSON, too
    except NoEvents:
        assert not body.startswith(b"\xff\xfe")


def test_brackets_in_texts_are_no_depth() -> None:
    inner = "[{" * 50 + '\\"' + "\\\\"
    assert events.parsed(json.dumps({"a": inner, "b": [[[]]]}).encode()) == [
        {"a": inner, "b": [[[]]]}
    ]
    with pytest.raises(NoEvents):
        events.parsed(b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1))


async def test_events_act_once_out_of_order_and_again(database: Database, now: datetime) -> None:
    number, email = await one_copy(database, now)
    mark = return_path(number)
    failed = {**payloads.brevo("hard_bounce", mark, "550 5.1.1 user unknown"), "email": email}
    for document in (failed, payloads.brevo("deferred", mark), failed, {"event": "?", "x": 1}):
        raw = json.dumps(document).encode()
        await taken(database, raw, by="hook main", form="brevo")
    assert await worked(database) == 3
    assert await worked(database) == 0
    assert await kinds(database) == ["failure", "delay", "other"]
    assert list(await suppressed(database)) == [email]
    async with database.reading() as session:
        rows = (await session.scalars(select(Bounce).order_by(Bounce.id))).all()
    assert [(it.reason, it.weight, it.how) for it in rows] == [
        ("unknown_user", "certain", "relay"), ("other", "none", "relay"),
    ]  # fmt: skip


async def test_a_relays_unsubscription_leaves_the_list_and_its_own_list_bars_nobody(
    database: Database, now: datetime
) -> None:
    number, email = await one_copy(database, now)
    for document in (
        {**payloads.mailjet("blocked", return_path(number), error="preblocked"), "email": email},
        payloads.mailjet("unsub", return_path(number)),
    ):
        await taken(database, json.dumps(document).encode(), by="hook main", form="mailjet")
    await worked(database)
    assert await suppressed(database) == {}
    async with database.reading() as session:
        anne = await session.scalar(select(Subscriber.id).where(Subscriber.email == email))
        assert await optout.still_on(session, subscriber_id=anne or 0) == []


@pytest.mark.proof
async def test_signs_that_no_database_keeps_put_no_event_off(
    database: Database, now: datetime
) -> None:
    number, _email = await one_copy(database, now)
    for told in payloads.all_of(return_path(number)):
        for address in ("a\0b@example.org", "a\ud800b@example.org"):
            text = json.dumps(told.document).replace(payloads.ANNE, json.dumps(address)[1:-1])
            raw = json.dumps(json.loads(text), ensure_ascii=False).encode("utf-8", "replace")
            await taken(database, raw, by="hook main", form=told.relay)
    await worked(database)
    async with database.reading() as session:
        left = (await session.scalars(select(IntakeMail.form).where(IntakeMail.tries > 0))).all()
    assert left == []
