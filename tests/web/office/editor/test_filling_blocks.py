"""Each block of the sample letter, changed by its fields in a real page, saved, and pressed."""

from __future__ import annotations

import pytest

from mailer.letter.drafts import pictures
from pli.actor import Actor
from pli.keys import Keys
from tests.web.office.editor.desks import a_desk, a_manuscript, a_picture, an_author, specimen
from tests.web.office.served import a_street

pytestmark = pytest.mark.proof

FIELDS = (
    ("Picture", "What the picture shows, for people who do not see it", "Une gare",
     "alt: Un train rouge devant des collines, au soleil du matin", "alt: Une gare"),
    ("Picture", "Caption", "Le car de 8 h.",
     "légende: Le train de 7 h 42, que la région voulait supprimer.", "légende: Le car de 8 h."),
    ("Picture", "Width in pixels", "320", "crédit: Dessin : le comité\n:::",
     "crédit: Dessin : le comité\nlargeur: 320\n:::"),
    ("Votes", "Title", "L'avis amendé", "::: votes L'avis sur la ligne du Val-d'Orme",
     "::: votes L'avis amendé"),
    ("Votes", "For", "43", "pour: 41\n", "pour: 43\n"),
    ("Button", "Words", "Lire tout", "/avis Lire l'avis adopté", "/avis Lire tout"),
    ("Button", "Address", "https://assemblee.example.org/tout",
     "https://assemblee.example.org/avis", "https://assemblee.example.org/tout"),
    ("Dates", "Title", "Nos dates", "::: agenda Prochains rendez-vous", "::: agenda Nos dates"),
    ("Dates", "What", "Réunion", "| Réunion publique sur les horaires\n", "| Réunion\n"),
    ("Signature", "Function", "Trésorière", "fonction: Secrétaire du comité",
     "fonction: Trésorière"),
    ("Contents", "Title", "Au sommaire", "::: sommaire\n", "::: sommaire Au sommaire\n"),
)  # fmt: skip
LINES = (
    ("Box", "Title", "À retenir", "::: encadre Ce qu'il faut retenir", "::: encadre À retenir"),
    ("Quotation", "Who said it", "Une élue",
     "::: citation Solène Kerdavid, au nom de la délégation", "::: citation Une élue"),
)  # fmt: skip
TO_THE_END = "() => getSelection().modify('move', 'forward', 'paragraphboundary')"
TEXTS = (
    ("à qui ne lira pas plus loin.", "plus loin."),
    ("Les horaires d'été sont affichés en gare.", "en gare."),
    ("et qui la paie.", "la paie."),
    ("dans la salle des pas perdus.", "pas perdus."),
    ("point 4 de l'ordre du jour.", "l'ordre du jour."),
    ("Un titre plus petit", "plus petit"),
    ("remplacer un train par un train.", "un train."),
    ("Entreprises", "Entreprises"),
)
"""Where a word is written behind a text: the text as shown, and its end in the source."""


async def test_each_block_of_the_sample_letter_is_filled_by_fields_saved_and_pressed(
    sqlite_url: str, keys: Keys
) -> None:
    async with a_street(sqlite_url, keys) as street:
        draft_id = await a_manuscript(street, specimen())
        async with street.town.database.begin() as session:
            for name in ("gare.png", "portrait.png"):
                await pictures.put(
                    session,
                    draft_id=draft_id,
                    name=name,
                    data=a_picture(),
                    by=Actor.system("root"),
                    now=street.town.clock.at,
                )
        size = {"width": 1440, "height": 900}
        async with a_desk(street, draft_id, await an_author(street), viewport=size) as desk:
            wanted = specimen()
            for kind, field, value, old, new in FIELDS:
                block = desk.text.get_by_role("group", name=kind, exact=True).first
                if "open" not in str(await block.get_attribute("class")).split():
                    await block.get_by_role("button", name=f"Change: {kind}").click()
                # The name of this one goes on with its hint.
                exact = field != "Width in pixels"
                await block.get_by_label(field, exact=exact).first.fill(value)
                await desk.page.keyboard.press("Enter")
                await desk.text.locator(".of-fields.open").wait_for(state="detached")
                assert wanted.count(old) == 1, old
                wanted = wanted.replace(old, new)
            for kind, field, value, old, new in LINES:
                block = desk.text.get_by_role("group", name=kind, exact=True).first
                await block.get_by_label(field, exact=True).fill(value)
                wanted = wanted.replace(old, new)
            await desk.saved()
            # Enter in a field leads on to an empty line, which is not written.
            assert (await desk.body()).split("\n") == wanted.split("\n")
            for shown, end in TEXTS:
                await desk.text.get_by_text(shown).first.click()
                await desk.page.evaluate(TO_THE_END)
                await desk.page.keyboard.type(" Ajouté")
                await desk.saved()
                assert f"{end} Ajouté" in await desk.body(), shown
            frame = desk.page.frame_locator("#preview")
            for _, _, value, _, _ in (*FIELDS, *LINES):
                if value not in ("320", "Une gare", "https://assemblee.example.org/tout"):
                    await frame.get_by_text(value).first.wait_for()
            await frame.get_by_alt_text("Une gare").wait_for()
            for _, end in TEXTS:
                await frame.get_by_text(f"{end} Ajouté").first.wait_for()
            link = frame.get_by_role("link", name="Lire tout")
            assert await link.get_attribute("href") == "https://assemblee.example.org/tout"
            assert await desk.page.locator("#findings li.error").count() == 0
