"""A provider posts what became of copies, and proves itself as its kind does."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from standardwebhooks.webhooks import Webhook

from mailer.intake.hooks import Hook
from mailer.intake.sns import Topic
from mailer.intake_models import IntakeMail, IntakeTally
from pli.database import Database
from tests import factories as make
from tests.mailer.intake import payloads
from tests.mailer.intake.sns_authority import (
    CERTIFICATE,
    SCALEWAY_CERTIFICATE,
    SCALEWAY_PLACE,
    SCALEWAY_SUBSCRIBE,
    SCALEWAY_TOPIC,
    SUBSCRIBE,
    TOPIC,
    Service,
    message,
)
from web.app import create_app

NOW = datetime(2026, 11, 28, 10, tzinfo=UTC)
SECRET = "n7xL2vQ0c9Zb4mT1kR8wYg"
FORMER = "Zq3sD6fG8hJ1kL4mN7pR0t"
STANDARD = "whsec_" + base64.b64encode(b"k" * 24).decode()
BOUNCE = payloads.bounced("x", "Permanent", "General", "5.1.1", "smtp; 550 5.1.1 unknown")


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
async def client(sqlite_url: str, service: Service) -> AsyncIterator[httpx.AsyncClient]:
    database = Database(sqlite_url)
    until = NOW + timedelta(days=1)
    app = create_app(
        database,
        keys=make.KEYS,
        identity=make.IDENTITY,
        hooks=[
            Hook("main", "brevo", SECRET, FORMER, until),
            Hook("deux", "standard", STANDARD),
            Hook("trois", "ses", topic=Topic("ses", TOPIC, service)),
            Hook("quatre", "mailjet", SECRET, FORMER, NOW),
            Hook("cinq", "scaleway", topic=Topic("scaleway", SCALEWAY_TOPIC, service)),
        ],
        now=lambda: NOW,
    )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="https://lettres.test") as asking:
        asking.database = database  # type: ignore[attr-defined]
        yield asking
    await database.close()


async def kept(client: httpx.AsyncClient) -> int:
    database: Database = client.database  # type: ignore[attr-defined]
    async with database.reading() as session:
        return await session.scalar(select(func.count()).select_from(IntakeMail)) or 0


async def post(client: httpx.AsyncClient, path: str, document: Any, **options: Any) -> int:
    return (await client.post(path, json=document, **options)).status_code


async def test_a_provider_that_signs_nothing_shows_the_secret_of_its_address(
    client: httpx.AsyncClient,
) -> None:
    event = payloads.brevo("hard_bounce", "x")
    assert await post(client, "/hooks/main", event) == 401
    assert await post(client, "/hooks/main", event, auth=("pli", "wrong")) == 401
    assert await post(client, "/hooks/main?key=" + SECRET[:-1], event) == 401
    assert await post(client, "/hooks/main", event, headers={"Authorization": "Basic é"[:6]}) == 401
    assert await kept(client) == 0
    assert await post(client, "/hooks/main", event, auth=("pli", SECRET)) == 200
    assert await post(client, f"/hooks/main?key={SECRET}", event) == 200
    assert await post(client, f"/hooks/main?key={FORMER}", {**event, "id": 2}) == 200
    # Of another hook the former secret is over.
    assert await post(client, f"/hooks/quatre?key={FORMER}", event) == 401
    assert await kept(client) == 2
    assert (await client.get("/hooks/main")).status_code == 405
    assert await post(client, "/hooks/nobody", event, auth=("pli", SECRET)) == 404


async def test_a_batch_is_kept_whole_and_who_opened_what_is_dropped_unread(
    client: httpx.AsyncClient,
) -> None:
    batch = [payloads.brevo(it, "x") for it in ("delivered", "opened", "click", "hard_bounce")]
    assert await post(client, f"/hooks/main?key={SECRET}", batch) == 200
    database: Database = client.database  # type: ignore[attr-defined]
    async with database.reading() as session:
        raws = b"".join(await session.scalars(select(IntakeMail.raw)))
        tally = (await session.execute(select(IntakeTally.kind, IntakeTally.mails))).one()
    assert b"opened" not in raws
    assert b"hard_bounce" in raws
    assert tuple(tally) == ("tracking", 2)


async def test_a_standard_webhook_is_signed_and_an_old_one_is_a_replay(
    client: httpx.AsyncClient,
) -> None:
    body = json.dumps(payloads.standard("email.bounced", "x"))
    signer = Webhook(STANDARD)

    def signed(at: datetime) -> dict[str, str]:
        return {
            "webhook-id": "m1", "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": signer.sign("m1", at, body),
        }  # fmt: skip

    at = datetime.now(UTC)
    for headers, code in (
        ({}, 401),
        (signed(at - timedelta(minutes=6)), 401),
        ({**signed(at), "webhook-id": "m2"}, 401),
        ({**signed(at), "webhook-signature": "v1,x v1"}, 401),
        (signed(at), 200),
        (signed(at), 200),
    ):
        answer = await client.post("/hooks/deux", content=body, headers=headers)
        assert answer.status_code == code
    assert await kept(client) == 1


@pytest.mark.parametrize("version", ["1", "2"])
async def test_a_message_of_sns_is_verified_by_the_certificate_of_its_service(
    client: httpx.AsyncClient, service: Service, version: str
) -> None:
    answer = await client.post("/hooks/trois", content=message(BOUNCE, version))
    assert answer.status_code == 200
    again = await client.post("/hooks/trois", content=message(BOUNCE, version))  # a replay
    assert again.status_code == 200
    assert service.asked == [CERTIFICATE]
    assert await kept(client) == 1
    confirms = message("You have chosen", version, Type="SubscriptionConfirmation")
    for _ in range(2):  # a replay: it is confirmed once
        assert (await client.post("/hooks/trois", content=confirms)).status_code == 200
    assert service.asked == [CERTIFICATE, SUBSCRIBE]


async def test_scaleways_messages_are_verified_by_a_certificate_of_its_own_authority(
    client: httpx.AsyncClient, service: Service
) -> None:
    its = {"TopicArn": SCALEWAY_TOPIC, "SigningCertURL": SCALEWAY_CERTIFICATE}
    told = message(payloads.scaleway("email_dropped", "x", 550, payloads.UNKNOWN), "1", **its)
    assert (await client.post("/hooks/cinq", content=told)).status_code == 401
    assert service.asked == [SCALEWAY_CERTIFICATE, f"{SCALEWAY_PLACE}/sns-trust-chain.pem"]
    service.issued = True
    its["SigningCertURL"] = SCALEWAY_CERTIFICATE.replace("0123", "4567")
    told = message(payloads.scaleway("email_dropped", "x", 550, payloads.UNKNOWN), "1", **its)
    confirms = message(
        "You have chosen", "1", Type="SubscriptionConfirmation", SubscribeURL=SCALEWAY_SUBSCRIBE,
        **its,
    )  # fmt: skip
    for body in (told, told, confirms, confirms):
        assert (await client.post("/hooks/cinq", content=body)).status_code == 200
    assert service.asked[2:] == [
        its["SigningCertURL"], f"{SCALEWAY_PLACE}/sns-trust-chain.pem", SCALEWAY_SUBSCRIBE,
    ]  # fmt: skip
    for address in (
        f"https://sns.mnq.fr-par.scaleway.com/{'a' * 8}.pem",
        SCALEWAY_CERTIFICATE.replace("messaging.", "evil."),
        SCALEWAY_CERTIFICATE.replace("/fr-par/sns/", "/fr-par/sns/../"),
        CERTIFICATE,
    ):
        body = message({}, "1", **{**its, "SigningCertURL": address})
        assert (await client.post("/hooks/cinq", content=body)).status_code == 401
    assert len(service.asked) == 5


async def test_a_subscription_whose_service_is_away_is_confirmed_at_the_next_try(
    client: httpx.AsyncClient, service: Service
) -> None:
    assert (await client.post("/hooks/trois", content=message(BOUNCE))).status_code == 200
    confirms = message("You have chosen", Type="SubscriptionConfirmation")
    service.away = True
    assert (await client.post("/hooks/trois", content=confirms)).status_code == 503
    service.away = False
    assert (await client.post("/hooks/trois", content=confirms)).status_code == 200
    assert service.asked == [CERTIFICATE, SUBSCRIBE, SUBSCRIBE]


@pytest.mark.parametrize(
    ("changes", "asks"),
    [
        ({"SigningCertURL": "https://sns.eu-west-3.amazonaws.com.evil.test/a.pem"}, False),
        ({"SigningCertURL": "https://evil.test/sns.eu-west-3.amazonaws.com/a.pem"}, False),
        ({"SigningCertURL": "http://sns.eu-west-3.amazonaws.com/a.pem"}, False),
        ({"SigningCertURL": "https://u@sns.eu-west-3.amazonaws.com/a.pem"}, False),
        ({"SigningCertURL": "https://sns.eu-west-3.amazonaws.com:8443/a.pem"}, False),
        ({"SigningCertURL": "https://sns.eu-west-3.amazonaws.com/a.txt"}, False),
        ({"SigningCertURL": "https://[oops/a.pem"}, False),
        ({"TopicArn": TOPIC + "x"}, False),
        ({"SignatureVersion": "3"}, False),
        ({"Type": "Other"}, False),
        ({"Type": "SubscriptionConfirmation", "TopicArn": TOPIC + "x"}, False),
        ({"Type": "SubscriptionConfirmation", "SubscribeURL": "https://evil.test/"}, True),
    ],
)
async def test_a_message_that_is_not_of_our_topic_is_refused_and_nobody_else_is_asked(
    client: httpx.AsyncClient, service: Service, changes: dict[str, str], asks: bool
) -> None:
    if "SignatureVersion" in changes or changes.get("Type") == "Other":
        body = json.dumps({**json.loads(message(BOUNCE)), **changes}).encode()
    else:
        body = message(BOUNCE, **changes)
    assert (await client.post("/hooks/trois", content=body)).status_code == 401
    assert service.asked == ([CERTIFICATE] if asks else [])
    assert await kept(client) == 0


async def test_a_forged_message_is_refused_and_a_service_that_is_away_is_asked_again(
    client: httpx.AsyncClient, service: Service
) -> None:
    deep: Any = 1
    for _ in range(900):
        deep = [deep]
    body = message({**BOUNCE, "more": deep})
    assert (await client.post("/hooks/trois", content=body)).status_code == 401
    forged = json.loads(message(BOUNCE))
    forged["Message"] = json.dumps({**BOUNCE, "more": 1})
    assert await post(client, "/hooks/trois", forged) == 401
    service.away = True
    service.asked.clear()
    assert await post(client, "/hooks/trois", {"Type": "Notification"}) == 401
    assert await kept(client) == 0


@pytest.mark.parametrize("path", [f"/hooks/main?key={SECRET}", "/hooks/trois"])
async def test_what_is_too_large_or_nested_a_thousand_deep_is_refused(
    client: httpx.AsyncClient, path: str
) -> None:
    deep = b'{"a":' * 1_000 + b"1" + b"}" * 1_000
    assert (await client.post(path, content=deep)).status_code == 400

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(50):
            yield b"[" * 1_000_000

    large = await client.post(path, content=b"x" * 50, headers={"Content-Length": "50000000"})
    assert large.status_code == 413
    assert (await client.post(path, content=endless())).status_code == 413
    assert await kept(client) == 0
