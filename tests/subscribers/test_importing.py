"""Imports: which people are taken, which are skipped, and what is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from pli.actor import Actor
from pli.database import Database
from pli.keys import Keys
from subscribers import attributes, consent, csv_reading, importing, lists, optout, people, segments
from subscribers.address import Address
from subscribers.import_reading import CHUNK
from subscribers.import_report import ImportReport
from subscribers.models import (
    AttributeType,
    Basis,
    ConsentEvent,
    ConsentRecord,
    Import,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)

OFFICE = Actor.system("secrétariat")

FILE = """Courriel;Prénom;Nom;Département;Mandat
Anne@Example.org;Anne;Épreuve;44;titulaire
bernard@example.org;Bernard;Essai;49;
chloe@example.com;Chloé;Modèle;;suppléant
"""


class Office:
    """Imports files into one list, one after the other."""

    def __init__(self, session: AsyncSession, keys: Keys, now: datetime, list_id: int) -> None:
        self.session, self.keys, self.now, self.list_id = session, keys, now, list_id

    async def take(self, text: str, basis: Basis = Basis.MEMBER) -> ImportReport:
        sheet = csv_reading.read(text.encode("cp1252"))
        foreseen = await importing.preview(
            self.session, sheet, list_id=self.list_id, keys=self.keys
        )
        report = await importing.run(
            self.session,
            sheet,
            list_id=self.list_id,
            basis=basis,
            source="fichier des adhérents",
            by=OFFICE,
            keys=self.keys,
            file="membres.csv",
            now=self.now,
        )
        assert report == foreseen
        return report

    async def person(self, email: str) -> Subscriber:
        found = await people.get(self.session, Address.parse(email))
        await self.session.refresh(found)
        return found

    async def on_the_list(self) -> list[str]:
        may = consent.may_receive(self.list_id)
        rows = await self.session.scalars(
            select(Subscriber.email).where(may).order_by(Subscriber.id)
        )
        return [email[0].lower() for email in rows]


@pytest.fixture
async def office(database: Database, keys: Keys, now: datetime) -> AsyncIterator[Office]:
    async with database.begin() as session:
        joined = await lists.create(session, name="comite", now=now)
        yield Office(session, keys, now, joined.id)


def _counts(report: ImportReport) -> tuple[int, int, int, int, int]:
    return (
        report.added,
        report.updated,
        report.unchanged,
        report.objected,
        len(report.rejected),
    )


async def test_people_come_onto_the_list_with_their_attributes_and_a_proof(office: Office) -> None:
    assert _counts(await office.take(FILE)) == (3, 0, 0, 0, 0)
    assert await office.on_the_list() == ["a", "b", "c"]
    anne = await office.person("anne@example.org")
    assert (anne.email, anne.first_name, anne.last_name) == ("Anne@example.org", "Anne", "Épreuve")
    assert anne.attributes == {"departement": "44", "mandat": "titulaire"}
    assert await attributes.declared(office.session) == {
        "departement": AttributeType.TEXT,
        "mandat": AttributeType.TEXT,
    }
    records = list(await office.session.scalars(select(ConsentRecord)))
    assert {(it.event, it.basis, it.source, it.entered_by, it.at) for it in records} == {
        (ConsentEvent.SUBSCRIBED, Basis.MEMBER, "fichier des adhérents", "secrétariat", office.now)
    }
    assert len(records) == 3
    kept = (await office.session.scalars(select(Import))).one()
    assert (kept.file, kept.added, kept.basis) == ("membres.csv", 3, Basis.MEMBER)
    rule = await segments.read(office.session, "departement in (44, 49) and not has mandat")
    assert await segments.count(office.session, rule) == 1


async def test_a_second_import_changes_what_the_file_says_and_nothing_else(office: Office) -> None:
    await office.take(FILE)
    assert _counts(await office.take(FILE)) == (0, 0, 3, 0, 0)
    assert await office.session.scalar(select(func.count()).select_from(ConsentRecord)) == 3

    again = FILE.replace("49", "85").replace("Chloé;Modèle;;suppléant", ";;;")
    assert _counts(await office.take(again + "denis@example.org;;;;\n")) == (1, 1, 2, 0, 0)
    bernard = await office.person("bernard@example.org")
    assert bernard.attributes == {"departement": "85"}
    chloe = await office.person("chloe@example.com")
    assert (chloe.first_name, chloe.attributes) == ("Chloé", {"mandat": "suppléant"})
    for rule, count in (
        ("departement = 85", 1),
        ("departement = 49", 0),
        ("mandat = Suppléant", 1),
    ):
        read = await segments.read(office.session, rule)
        assert await segments.count(office.session, read) == count


async def test_an_import_never_brings_back_who_left_nor_writes_to_who_objected(
    office: Office,
) -> None:
    await office.take(FILE)
    anne, bernard = [await office.person(f"{it}@example.org") for it in ("anne", "bernard")]
    for person in (anne, bernard):
        await optout.unsubscribe(
            office.session,
            subscriber_id=person.id,
            list_id=office.list_id,
            source="clic",
            now=office.now,
        )
    # Somebody asks in Bernard's name to come back, and Bernard never confirms that.
    assert await consent.subscribe(
        office.session,
        subscriber_id=bernard.id,
        list_id=office.list_id,
        basis=Basis.CONSENT,
        source="formulaire",
        confirmed=False,
        again=True,
        now=office.now,
    )
    for email in ("chloe@example.com", "emile@example.org"):
        await office.session.run_sync(
            optout.suppress,
            address_key=office.keys.address_key(email),
            reason=SuppressionReason.OBJECTION,
            source="courrier",
            now=office.now,
        )
    report = await office.take(FILE.replace("44", "99") + "emile@example.org;;;;\n")
    assert _counts(report) == (0, 0, 0, 4, 0)
    assert await office.on_the_list() == []
    assert (await office.person("anne@example.org")).attributes["departement"] == "44"
    assert await people.find(office.session, Address.parse("emile@example.org")) is None


async def test_who_never_confirmed_and_never_left_is_confirmed_by_an_imports_basis(
    office: Office,
) -> None:
    await office.take("Mail\nanne@example.org\n")
    person = await office.person("anne@example.org")
    subscription = (await office.session.scalars(select(Subscription))).one()
    subscription.state = SubscriptionState.UNCONFIRMED
    await office.session.flush()
    assert _counts(await office.take("Mail\nanne@example.org\n")) == (0, 1, 0, 0, 0)
    assert await office.on_the_list() == ["a"]
    assert person.id == subscription.subscriber_id


async def test_rows_that_cannot_be_taken_are_told_with_their_line_and_the_others_are_taken(
    office: Office,
) -> None:
    await attributes.declare(office.session, name="age", type=AttributeType.NUMBER, label="Âge")
    report = await office.take(
        "Courriel;Prénom;Âge;Langue\n"
        "anne@example.org;Anne;40,5;Français\n"
        "Dupont;Jean;44;\n"
        "bernard@example.org;Bernard;quarante;\n"
        "ANNE@example.org;Anne;41;\n"
        "chloe@example.org;Chloé;41;de\n"
        "\n"
        'denis@example.org;"Denis;42;\n'
        f"emile@example.org;{'E' * 201};;\n"
        "fatou@example.org;Fatou;1;2;3\n"
        "gael@example.org;Gaël;30;en\n"
    )
    assert [(it.line, it.value.split(";")[0], str(it.reason)) for it in report.rejected] == [
        (3, "Dupont", "there is no @ in the address"),
        (5, "ANNE@example.org", "the address stands on line 2 already"),
        (8, "denis@example.org", "a quotation mark is opened and never closed"),
        (10, "fatou@example.org", "there is a cell too many in this line"),
    ]
    assert [(it.line, str(it.reason)) for it in report.noted] == [
        (4, 'age: "quarante" is not a number: left out'),
        (6, 'the language "de" is neither fr nor en'),
        (9, f'the name "{"E" * 60}…" is longer than 200 characters: left out'),
    ]
    assert report.added == 5
    assert (await office.person("anne@example.org")).attributes == {"age": 40.5}
    assert (await office.person("gael@example.org")).language == "en"
    rule = await segments.read(office.session, "age < 40")
    assert await segments.count(office.session, rule) == 1


async def test_a_column_beside_the_point_loses_no_person(office: Office) -> None:
    note = "x" * 1001
    lines = "".join(f"ligne {n}\n" for n in range(300))
    report = await office.take(
        "Courriel;Langue;Remarque;\n"
        f"anne@example.org;Anglais;{note};\n"
        f'bernard@example.org;Breton;"{lines}";rappeler\n'
        "chloe@example.org;en-GB;;\n"
        "denis@example.org;Français (France);;\n"
    )
    assert _counts(report) == (4, 0, 0, 0, 0)
    assert [(it.line, it.value, str(it.reason)) for it in report.noted] == [
        (2, "anne@example.org", "remarque: the text is longer than 1000 characters: left out"),
        (3, "bernard@example.org", 'column 4 has no heading: "rappeler" is left out'),
        (3, "bernard@example.org", 'the language "Breton" is neither fr nor en'),
        (3, "bernard@example.org", "remarque: the text is longer than 1000 characters: left out"),
    ]
    languages = [
        (await office.person(f"{it}@example.org")).language for it in ("anne", "chloe", "denis")
    ]
    assert languages == ["en", "en", "fr"]


NOES = """Courriel;Prénom;Statut
anne@example.org;Anne;inscrit
bernard@example.org;Bernard;désinscrit
chloe@example.org;Chloé;bounced
denis@example.org;Denis;plainte
emile@example.org;Émile;blocklisted
fatou@example.org;Fatou;pending
Anne@example.org;Anne;
"""


async def test_who_said_no_elsewhere_becomes_no_subscriber(office: Office) -> None:
    report = await office.take(NOES)
    assert _counts(report) == (1, 0, 0, 0, 2)
    assert (report.left, report.suppressed, report.rows) == (1, 3, 7)
    assert await office.on_the_list() == ["a"]
    assert [str(it.reason) for it in report.rejected] == [
        'Statut says "pending": the person never confirmed',
        "the address stands on line 2 already",
    ]
    barred = {it.reason for it in await office.session.scalars(select(Suppression))}
    assert barred == set(SuppressionReason)
    records = list(await office.session.scalars(select(ConsentRecord)))
    assert {it.event for it in records} == {ConsentEvent.SUBSCRIBED, ConsentEvent.LEFT}
    # Nobody comes back by the same file without its column, or by the file again.
    plain = "\n".join(line.rpartition(";")[0] for line in NOES.splitlines()[:6])
    assert _counts(await office.take(plain + "\n")) == (0, 0, 1, 4, 0)
    assert _counts(await office.take(NOES)) == (0, 0, 1, 4, 2)
    assert await office.on_the_list() == ["a"]


async def test_a_no_ends_a_subscription_that_runs(office: Office) -> None:
    await office.take("Courriel\nanne@example.org\nchloe@example.org\nbernard@example.org\n")
    report = await office.take(
        "Courriel;Désinscrit le;Bounced\n"
        "anne@example.org;;0\nbernard@example.org;12/03/2026;0\nchloe@example.org;;1\n"
    )
    assert _counts(report) == (0, 1, 0, 0, 0)
    assert (report.left, report.suppressed) == (1, 1)
    assert await office.on_the_list() == ["a"]


async def test_the_no_of_a_later_line_counts_for_the_first(office: Office) -> None:
    report = await office.take(
        "Courriel;Statut\nanne@example.org;inscrit\nANNE@example.org;désinscrit\n"
    )
    assert (report.added, report.left, len(report.rejected)) == (0, 1, 1)
    assert await office.on_the_list() == []


async def test_a_word_that_nobody_answered_makes_nobody_a_subscriber(office: Office) -> None:
    report = await office.take("Courriel;Statut\nanne@example.org;en sommeil\nb@example.org;\n")
    assert [str(it.reason) for it in report.rejected] == [
        'Statut says "en sommeil": nobody said what that means'
    ]
    assert await office.on_the_list() == ["b"]


async def test_more_than_a_chunk_is_taken_and_duplicates_are_seen_across_chunks(
    office: Office,
) -> None:
    n = CHUNK + 3
    rows = "".join(f"p{i}@example.org;44\n" for i in range(n))
    report = await office.take(f"Mail;Département\n{rows}P0@example.org;49\n")
    assert report.added == n
    assert [str(it.reason) for it in report.rejected] == ["the address stands on line 2 already"]


async def test_a_person_known_from_another_list_is_new_on_this_one(
    office: Office, now: datetime
) -> None:
    await office.take(FILE)
    other = await lists.create(office.session, name="conseillers", now=now)
    there = Office(office.session, office.keys, now, other.id)
    assert _counts(await there.take(FILE)) == (3, 0, 0, 0, 0)
    assert await office.session.scalar(select(func.count()).select_from(Subscriber)) == 3
