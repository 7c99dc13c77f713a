"""Writing in the office: the list, the page, saving, and what a module of ours is answered."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from accounts.rights import Right
from mailer.letter import head
from mailer.letter.drafts import rows
from pli import audit
from pli.audit import AuditAction
from pli.database import Database
from pli.keys import Keys
from subscribers.models import List
from tests import factories as make
from tests.mailer.letter.drafts.written import BODY
from tests.web.office.manuscripts import Module, a_manuscript
from tests.web.office.person import Town, a_town
from tests.web.office.signed import signed_in


@pytest.fixture
async def town(database: Database, keys: Keys, now: datetime) -> AsyncIterator[Town]:
    async with a_town(database, keys, now) as town:
        yield town


async def test_a_module_saves_cuts_and_previews(town: Town) -> None:
    draft_id, _ = await a_manuscript(town)
    anne = await town.hire("anne", Right.AUTHOR)
    async with town.somebody() as person:
        module = Module(person, await signed_in(town, person, anne))
        at = f"/office/letters/{draft_id}"
        page = await person.go(at)
        assert page.status_code == 200
        assert 'data-version="1"' in page.text
        cut = (await module.ask("POST", f"{at}/blocks", {"body": BODY})).json()["blocks"]
        assert "".join(it["source"] for it in cut) == BODY
        assert [it["kind"] for it in cut] == ["gap", "heading", "paragraph", "bullets"]
        saved = await module.ask(
            "PUT",
            at,
            {"base": 1, "key": "a", "front": {"title": "Autre : titre"}, "body": BODY + "\nFin.\n"},
        )
        assert saved.status_code == 200, saved.text
        assert saved.json()["version"] == 2
        shown = await module.ask(
            "POST", f"{at}/preview", {"front": {}, "body": BODY, "view": "mail", "line": 3}
        )
        told = shown.json()
        assert told["errors"] == 0, told
        frame = await person.go(told["address"])
        assert "Bonjour camarade." in frame.text
        assert "sandbox" in frame.headers["content-security-policy"]
        assert re.search(r'<p[^>]* id="ici"', frame.text)
        wrong = {"front": {"number": "-3", "date": "31/02/2026"}, "body": BODY, "view": "mail"}
        told = (await module.ask("POST", f"{at}/preview", wrong)).json()
        assert [it["text"] for it in told["findings"] if it["field"] in wrong["front"]] == [
            'Number "-3" is no number of a letter: write 294',
            'Date "31/02/2026" is not a date: write 2026-11-24, or 24/11/2026',
        ]
        as_text = {"front": {}, "body": "Un *mot*.", "view": "text"}
        told = (await module.ask("POST", f"{at}/preview", as_text)).json()
        assert "<pre>" in (await person.go(told["address"])).text
        # Asked of a process that did not press it: what is saved, in the same view.
        elsewhere = re.sub(r"preview/[^?]+", "preview/of-another-process", told["address"])
        assert "Fin." in (text := (await person.go(elsewhere)).text)
        assert "<pre>" in text


async def test_a_save_that_did_not_see_the_latest_text_gets_both(town: Town) -> None:
    draft_id, _ = await a_manuscript(town)
    anne, bruno = await town.hire("anne", Right.AUTHOR), await town.hire("bruno", Right.AUTHOR)
    at = f"/office/letters/{draft_id}"
    async with town.somebody() as one, town.somebody() as other:
        first = Module(one, await signed_in(town, one, anne))
        second = Module(other, await signed_in(town, other, bruno))
        here = await first.ask("POST", f"{at}/presence", {})
        assert here.json()["present"] == []
        there = (await second.ask("POST", f"{at}/presence", {})).json()
        assert [it["name"] for it in there["present"]] == ["Anne"]
        away = await first.ask("POST", f"{at}/presence", {"leaves": True})
        assert [it["name"] for it in away.json()["present"]] == ["Bruno"]
        assert (await second.ask("POST", f"{at}/presence", {})).json()["present"] == []
        await first.ask("POST", f"{at}/presence", {})
        await first.ask("PUT", at, {"base": 1, "key": "a", "body": "\nde Anne\n"})
        late = await second.ask("PUT", at, {"base": 1, "key": "b", "body": "\nde Bruno\n"})
        assert late.status_code == 409
        told = late.json()
        assert (told["version"], told["by"], told["body"]) == (2, "Anne", "\nde Anne\n")
        assert told["own"] is False
        page = await other.go(at)
        assert "Anne has it open since" in page.text
        # Without JavaScript: what was typed is on the page, and saving again is one's decision.
        await other.go(at)
        await first.ask("PUT", at, {"base": 2, "key": "c", "body": "\nencore Anne\n"})
        again = await other.send(at, body="\nde Bruno\n", do="save")
        assert again.status_code == 409
        assert "<del>" in again.text
        assert "de Bruno" in other.text
        assert (await other.send(at, body="\nde Bruno\n", do="save")).status_code == 200
        listed = await other.go(f"{at}/history")
        by = re.findall(r">Version (\d)</a>.*?by (\w+)<?", listed.text.replace("\n", " "))
        assert [f"{number} {name}" for number, name in by] == [
            "4 Bruno",
            "3 Anne",
            "2 Anne",
            "1 root",
        ]
        page = await other.go(f"{at}/history/4")
        assert "<del>encore Anne</del><ins>de Bruno</ins>" in page.text
        assert (await other.go(f"{at}/history/9")).status_code == 404
        await other.go(f"{at}/history")
        assert (await other.send(f"{at}/restore", version="3")).status_code == 200
        assert "encore Anne" in other.text


async def test_a_field_that_became_too_long_is_refused_by_its_name_and_an_old_one_stays(
    town: Town,
) -> None:
    old = "long " * 500
    draft_id, _ = await a_manuscript(town, top=head.new({"title": old, "number": "7"}))
    anne = await town.hire("anne", Right.AUTHOR)
    at = f"/office/letters/{draft_id}"
    async with town.somebody() as person:
        module = Module(person, await signed_in(town, person, anne))
        front = {"title": old, "subject": "s" * 2_001, "preheader": "p" * 2_000}
        asked = {"base": 1, "front": front, "body": BODY}
        refused = await module.ask("PUT", at, asked)
        assert refused.status_code == 422
        text = "the field “Subject” has 2001 signs: shorten it to 2000"
        assert refused.json() == {"faults": [{"field": "subject", "text": text}]}
        front["subject"] = "s" * 2_000
        assert (await module.ask("PUT", at, asked)).status_code == 200
        for wrong in ('{"title": {}}', '{"number": 7}'):
            document = f'{{"base": 2, "body": "", "front": {wrong}}}'.encode()
            answer = await module.ask("PUT", at, document)
            assert answer.status_code == 400
        await person.go(at)
        page = await person.send(at, subject="t" * 3_000, body="un texte à garder", do="save")
        assert page.status_code == 422
        assert "“Subject” has 3000 signs" in person.text
        assert "un texte à garder" in person.text
        assert 'name="subject" aria-invalid="true" value="ttt' in page.text
    async with town.database.reading() as session:
        assert (await rows.get(session, draft_id)).front["subject"] == "s" * 2_000


async def test_a_page_hears_who_is_signed_in_now_and_whether_that_person_may_write(
    town: Town,
) -> None:
    draft_id, list_id = await a_manuscript(town)
    for name, lists, may in (("anne", [list_id], True), ("carla", [None], False)):
        right = Right.AUTHOR if may else Right.READER
        account = await town.hire(name, right, lists=lists)
        async with town.somebody() as person:
            module = Module(person, await signed_in(town, person, account))
            for number, expected in ((draft_id, may), (999, False)):
                told = (await module.ask("GET", f"/office/letters/{number}/token")).json()
                assert told == {
                    "token": module.token,
                    "account": account.id,
                    "name": name.capitalize(),
                    "may_write": expected,
                }


async def test_a_session_that_ended_loses_no_text(town: Town) -> None:
    draft_id, _ = await a_manuscript(town)
    anne = await town.hire("anne", Right.AUTHOR)
    at = f"/office/letters/{draft_id}"
    long_text = "\n" + "Un mot après l’autre. " * 2_500
    async with town.somebody() as person:
        module = Module(person, await signed_in(town, person, anne))
        page = await person.go(at)
        person.forget()
        for method, path in (("PUT", at), ("POST", f"{at}/presence"), ("GET", f"{at}/token")):
            answer = await module.ask(method, path, None if method == "GET" else {"body": ""})
            assert answer.status_code == 401
            way_in = answer.json()["sign_in"]
            assert way_in == "/office/sign-in?next=%2Foffice%2Fsign-in%2Fdone"
        person.page = page
        over = await person.send(at, body=long_text, do="save")
        assert over.status_code == 401
        assert long_text.strip() in person.text, "a text longer than a form carries through"
        token = await signed_in(town, person, anne)
        again = await person.send(at, body=long_text)
        assert again.status_code == 403, "the form is of the session before"
        assert (await person.send(at)).status_code == 200
        assert long_text.strip() in person.text
        assert (await module.ask("PUT", at, {"base": 2, "body": "x"})).status_code == 403
        assert (await person.go(f"{at}/token")).status_code == 404, "it is no page"
        module.token = (await module.ask("GET", f"{at}/token")).json()["token"]
        assert module.token == token
        assert (await module.ask("PUT", at, {"base": 2, "body": "x"})).status_code == 200


async def test_only_the_pages_of_signing_in_may_stand_in_a_frame_of_ours(town: Town) -> None:
    anne = await town.hire("anne", Right.AUTHOR)

    async with town.somebody() as person:

        async def frames(path: str) -> str:
            answer = await person.go(path)
            return answer.headers["content-security-policy"].rpartition("frame-ancestors ")[2]

        for path in ("/office/sign-in", "/office/link"):
            assert await frames(path) == "'self'"
        await signed_in(town, person, anne)
        for path in ("/office/", "/office/me", "/office/letters", "/office/confirm"):
            assert await frames(path) == "'none'"
        assert await frames("/office/sign-in?next=/office/sign-in/done") == "'self'"
        assert "goes on by itself" in person.text


async def test_a_manuscript_is_begun_written_checked_and_put_away_without_javascript(
    town: Town,
) -> None:
    _, list_id = await a_manuscript(town)
    await town.hire("anne", Right.AUTHOR, lists=[list_id])
    async with town.somebody() as anne:
        await anne.sign_in("anne")
        await anne.go("/office/letters")
        assert "Une lettre" in anne.text
        wrong = await anne.send("/office/letters/new", list=str(list_id), number="neuf")
        assert wrong.status_code == 422
        begun = await anne.send("/office/letters/new", list=str(list_id), number="", start="")
        at = begun.url.path
        assert anne.forms()[at]["number"] == "295", "the next number of the list"
        checked = await anne.send(
            at, title="Deux : titre", number="294", body="\n# A\n\n#### B\n", do="check"
        )
        assert checked.status_code == 200
        assert "the field “Subject” is empty" in anne.text
        assert "number 294 is that of manuscript" in anne.text
        assert "the next free number is" in anne.text
        frame = re.search(r'<iframe[^>]* src="([^"]+)" sandbox ', checked.text)
        assert frame
        await anne.go(frame[1])
        assert ">B</h4>" in anne.text
        await anne.go(at)
        saved = await anne.send(at, body="\n# A\n\nun texte\n", do="save")
        assert "The manuscript is saved." in saved.text
        copied = await anne.go("/office/letters")
        source = at.rpartition("/")[2]
        copied = await anne.send("/office/letters/new", list=str(list_id), start=f"draft:{source}")
        assert "un texte" in copied.text
        await anne.go("/office/letters")
        assert (await anne.send("/office/letters/new", list="999")).status_code == 404
        await anne.go(at)
        await anne.send(f"{at}/state", state="put_away")
        locked = await anne.go(at)
        assert "put away: take it out again" in anne.text
        assert 'fieldset class="bare" disabled' in locked.text
        await anne.send(f"{at}/state", state="deleted")
        gone = await anne.go(at)
        assert gone.status_code == 410


async def test_test_copies_go_to_people_of_the_office_and_their_outcome_is_told(town: Town) -> None:
    draft_id, list_id = await a_manuscript(town)
    anne = await town.hire("anne", Right.AUTHOR)
    bruno = await town.hire("bruno", Right.SENDER, lists=[list_id])
    await town.hire("carla", Right.OPERATOR)
    at = f"/office/letters/{draft_id}"
    async with town.somebody() as person:
        module = Module(person, await signed_in(town, person, anne))
        page = await person.go(at)
        assert "Bruno" in page.text
        assert "Carla" not in page.text
        ordered = await module.ask("POST", f"{at}/test", {"to": ["self", str(bruno.id), "999"]})
        ids = ordered.json()["notices"]
        assert len(ids) == 2
        told = await module.ask("GET", f"{at}/test?ids={ids[0]},{ids[1]},77")
        assert [(it["address"], it["done"], it["text"]) for it in told.json()["outcomes"]] == [
            ("anne@example.org", False, "on its way"),
            ("bruno@example.org", False, "on its way"),
        ]
        await module.ask("PUT", at, {"base": 1, "front": {"preheader": ""}, "body": BODY})
        refused = await module.ask("POST", f"{at}/test", {"to": ["self"]})
        assert refused.status_code == 422
        assert "preheader is missing" in refused.json()["faults"][0]["text"]
        none = await module.ask("POST", f"{at}/test", {"to": []})
        assert none.status_code == 422


async def test_an_author_sees_a_person_only_with_the_right_to_and_that_is_noted(
    town: Town,
) -> None:
    draft_id, list_id = await a_manuscript(town)
    async with town.database.begin() as session:
        of = await session.get_one(List, list_id)
        jeanne = await make.a_person(session, town.keys, "jeanne", of, now=town.clock.at)
        jeanne.first_name = "Jeanne-Louise"
    for name, rights in (("anne", [Right.AUTHOR]), ("bruno", [Right.AUTHOR, Right.WHO])):
        account = await town.hire(name, *rights)
        async with town.somebody() as person:
            module = Module(person, await signed_in(town, person, account))
            seen = []
            for whom in ("", "The longest names", "jeanne@example.org", "jeanne@example.org"):
                shown = await module.ask(
                    "POST",
                    f"/office/letters/{draft_id}/preview",
                    {"front": {}, "body": BODY, "as": whom, "view": "text"},
                )
                seen.append((await person.go(shown.json()["address"])).text)
            typed = {"front": {}, "body": BODY, "as": "jean@example.org"}
            answer = await module.ask("POST", f"/office/letters/{draft_id}/preview", typed)
            told = [it["text"] for it in answer.json()["findings"]]
            said = "“jean@example.org” is not shown: nobody of this list has this address"
            assert (said in told) == (name == "bruno")
        assert "Bonjour camarade." in seen[0]
        assert re.search("Bonjour Marie-Christi[^ .]*\\.", seen[1]), "as long as the longest"
        assert ("Bonjour Jeanne-Louise." in seen[2]) == (name == "bruno")
    async with town.database.reading() as session:
        noted = await audit.events(session, action=AuditAction.PERSON_VIEWED)
    found = [(it.object_id, it.actor) for it in noted.events]
    assert found == [(jeanne.id, f"Bruno (#{account.id})")]
