"""The doors by the web: what a relay's provider posts is proven, cut into events, and kept."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from mailer.bounces.relays import events
from mailer.bounces.relays.events import Document, NoEvents
from mailer.bounces.relays.kinds import KINDS, mark_of, number_of
from mailer.bounces.tokens import Tokens
from mailer.intake import probes, taking, tallies
from mailer.intake.sns import Confirmation, Topic
from mailer.intake.sns_certificates import SERVICES, NotSigned
from mailer.intake.tallies import Sort
from pli.database import Database

log = logging.getLogger("pli.intake")

LARGEST = 1_000_000
_LONGEST_CREDENTIALS = 1_000


class NotProven(Exception):
    """Who calls is not the provider; the text says why, for the log."""


class Proven(NamedTuple):
    """What a proven request says: its events, or a subscription that waits to be confirmed."""

    documents: Sequence[Document] = ()
    confirmation: Confirmation | None = None


@dataclass(frozen=True, slots=True)
class Hook:
    """One web hook: the relay's name and kind, and how its provider proves itself.

    `former` counts until `former_until`. `topic`: of a kind that signs by SNS.
    """

    name: str
    kind: str
    secret: str = field(default="", repr=False)
    former: str = field(default="", repr=False)
    former_until: datetime | None = None
    topic: Topic | None = None

    @property
    def door(self) -> str:
        """The name of this door."""
        return f"hook {self.name}"

    def read(self, body: bytes, headers: Mapping[str, str], key: str, now: datetime) -> Proven:
        """What a request says, if it is proven.

        `headers` have names in small letters; `key` is the secret as the address told it. Raises
        NotProven, NoEvents, and OSError if a service cannot be asked.
        """
        if self.kind in SERVICES:
            return self._of_topic(body)
        secrets = [it for it in (self.secret, self._former(now)) if it]
        if self.kind == "standard":
            self._verify(body, headers, secrets)
        else:
            self._compare(headers, key, secrets)
        return Proven(events.parsed(body))

    def _of_topic(self, body: bytes) -> Proven:
        if self.topic is None:
            raise NotProven("no topic is set")
        if events.too_deep(body):
            raise NoEvents
        try:
            told = self.topic.read(body)
        except NotSigned as error:
            raise NotProven(str(error)) from None
        if isinstance(told, Confirmation):
            return Proven(confirmation=told)
        return Proven([] if told is None else events.checked([told]))

    def _former(self, now: datetime) -> str:
        return self.former if self.former_until and now < self.former_until else ""

    def _verify(self, body: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> None:
        for secret in secrets:
            try:
                Webhook(secret).verify(body, dict(headers), json_parse=False)
            # The library lets errors of Base64 and of UTF-8 through.
            except (WebhookVerificationError, ValueError, IndexError):
                continue
            return
        raise NotProven("a wrong signature")

    def _compare(self, headers: Mapping[str, str], key: str, secrets: Sequence[str]) -> None:
        given = [it.encode("utf-8", "replace") for it in (_password(headers), key) if it]
        # Each is compared, so that the time tells nothing.
        right = [hmac.compare_digest(it, secret.encode()) for it in given for secret in secrets]
        if not any(right):
            raise NotProven("a wrong secret")


async def take(
    session: AsyncSession,
    hook: Hook,
    documents: Sequence[Document],
    *,
    tokens: Tokens,
    now: datetime,
) -> None:
    """Keep the events of one request; those that track people are counted, and dropped unread."""
    kind = KINDS[hook.kind]
    tracking = 0
    for document in documents:
        if kind.name_of(document) in kind.tracking:
            tracking += 1
            continue
        text = json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        raw = text.encode("utf-8", "replace")
        told = kind.read(document)
        if any(number_of(it, tokens) == probes.NUMBER for it in told):
            await taking.note(
                session, raw, by=hook.door, kind=Sort.PROBE, text=probes.BY_EVENT, now=now
            )
            continue
        await taking.take(
            session,
            raw=raw,
            came_to=mark_of(told),
            by=hook.door,
            form=hook.kind,
            glance=kind.name_of(document),
            now=now,
        )
    if tracking:
        await tallies.count(
            session, door=hook.door, kind=Sort.TRACKING.value, mails=tracking, at=now
        )


async def confirm(
    database: Database, hook: Hook, confirmation: Confirmation, *, now: datetime
) -> None:
    """Confirm a subscription once, whoever posts it again; raises OSError, and DatabaseAway."""
    assert hook.topic is not None
    mark = f"subscription {hook.topic.arn} {confirmation.token}".encode()
    async with database.reading() as session:
        if await taking.is_known(session, mark):
            return
    await asyncio.to_thread(hook.topic.confirm, confirmation)
    log.info("intake.subscribed", extra={"hook": hook.name})
    async with database.begin() as session:
        await taking.note(session, mark, by=hook.door, kind=Sort.SUBSCRIBED, now=now)


def _password(headers: Mapping[str, Any]) -> str:
    """The password of basic authentication (RFC 7617), as it stands in an address."""
    scheme, _, credentials = str(headers.get("authorization", "")).partition(" ")
    if scheme.lower() != "basic" or len(credentials) > _LONGEST_CREDENTIALS:
        return ""
    try:
        told = base64.b64decode(credentials.strip(), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""
    return told.partition(":")[2]
