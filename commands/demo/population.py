"""Invents the demo's people, and writes them as a French office's Excel would."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from pli.actor import Actor
from pli.keys import Keys
from subscribers import consent, importing, lists, optout, segments
from subscribers.models import (
    Basis,
    Subscriber,
    Subscription,
    SuppressionReason,
)

LISTS = ("comite", "conseillers")
TITLES = {"comite": "Lettre du comité régional", "conseillers": "Conseillères et conseillers"}
SEGMENT = 'departement in (44, 49, 53, 72, 85) and not mandat = "suppléant"'
SAMPLE = 240
HEADINGS = ("Courriel", "Prénom", "Nom", "Département", "Fédération", "Mandat")
SEED = 57
SOURCE = "démonstration"

FIRST_NAMES = (
    "Aïcha", "Béatrice", "Camille", "Désiré", "Élodie", "Fatou", "Gaël", "Hélène", "Inès", "Joël",
    "Kévin", "Léa", "Maël", "Noémie", "Océane", "Paul", "Quentin", "Rémi", "Soraya", "Théo",
    "Ursule", "Valérie", "Warren", "Xavier", "Yaël", "Zoé",
)  # fmt: skip
LAST_NAMES = (
    "Exemple", "Modèle", "Essai", "Fictif", "Inventé", "Épreuve", "Canevas", "Maquette", "Gabarit",
    "Ébauche", "Patron", "Échantillon",
)  # fmt: skip
DEPARTMENTS = ("44", "44", "44", "49", "49", "53", "72", "85", "35")
FEDERATIONS = (
    "Santé", "Cheminots", "Éducation", "Métallurgie", "Commerce", "Services publics", "Énergie",
)  # fmt: skip
MANDATES = ("titulaire", "titulaire", "suppléant", "délégué", "")
DOMAINS = ("example.org", "example.com", "example.net")


class Person(NamedTuple):
    """A row of the sample file, in the order of its headings."""

    email: str
    first_name: str
    last_name: str
    department: str
    federation: str
    mandate: str


def people(count: int) -> Iterator[Person]:
    """Yield invented people, the same at each call."""
    chance = random.Random(SEED)
    for n in range(count):
        first, last = chance.choice(FIRST_NAMES), chance.choice(LAST_NAMES)
        yield Person(
            f"{_plain(first)}.{_plain(last)}.{n + 1}@{chance.choice(DOMAINS)}",
            first,
            last,
            chance.choice(DEPARTMENTS),
            chance.choice(FEDERATIONS),
            chance.choice(MANDATES),
        )


def as_excel_saves_it(rows: Sequence[Person]) -> bytes:
    """A CSV file with semicolons, Windows-1252 and CRLF."""
    lines = [";".join(it) for it in (HEADINGS, *rows)]
    return ("\r\n".join(lines) + "\r\n").encode("cp1252")


async def populate(
    session: AsyncSession,
    home: Path,
    keys: Keys,
    *,
    recipients: int | None,
    by: Actor,
    now: datetime,
) -> None:
    """Import two lists from two files; then let some people leave, ask to come back, or object."""
    everybody = list(people(recipients or SAMPLE))
    councillors = [it for n, it in enumerate(everybody) if n % 4 == 0]
    members = [it for n, it in enumerate(everybody) if n % 4 != 0 or n % 8 == 0]
    for name, rows in zip(LISTS, (members, councillors), strict=True):
        file = home / f"{name}.csv"
        file.write_bytes(as_excel_saves_it(rows))
        joined = await lists.create(session, name=name, title=TITLES[name], by=by, now=now)
        await importing.run(
            session,
            importing.read(file),
            list_id=joined.id,
            basis=Basis.MEMBER,
            source=SOURCE,
            keys=keys,
            file=file.name,
            by=by,
            now=now,
        )
    await _trouble(session, now=now)


async def _trouble(session: AsyncSession, *, now: datetime) -> None:
    """Let some people leave, some of these ask to come back (unconfirmed), and some object."""
    rows = await session.execute(
        select(Subscriber.id, Subscriber.address_key, Subscription.list_id)
        .join(Subscription, Subscription.subscriber_id == Subscriber.id)
        .order_by(Subscriber.id, Subscription.list_id)
        .limit(2_000)
    )
    for n, (person, address_key, list_id) in enumerate(rows.all()):
        if n % 10 == 7:
            await optout.unsubscribe(
                session, subscriber_id=person, list_id=list_id, source=SOURCE, now=now
            )
            if n % 20 == 7:
                await consent.subscribe(
                    session,
                    subscriber_id=person,
                    list_id=list_id,
                    basis=Basis.CONSENT,
                    source=SOURCE,
                    confirmed=False,
                    again=True,
                    now=now,
                )
        elif n % 40 == 13:
            await session.run_sync(
                optout.suppress,
                address_key=address_key,
                reason=SuppressionReason.OBJECTION,
                source=SOURCE,
                now=now,
            )


async def reachable(session: AsyncSession, *, limit: int) -> list[str]:
    """The addresses of the first people who will receive the demo's letter."""
    members = await lists.get(session, LISTS[0])
    selected = await segments.selecting(session, SEGMENT)
    found = await session.scalars(
        select(Subscriber.email)
        .where(selected, consent.may_receive(members.id))
        .order_by(Subscriber.id)
        .limit(limit)
    )
    return list(found)


def _plain(name: str) -> str:
    kept = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return kept.lower().replace(" ", "")
