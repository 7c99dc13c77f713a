"""The sample letter, written from nothing by the keyboard alone."""

from __future__ import annotations

import pytest

from mailer.letter.drafts import pictures
from pli.keys import Keys
from tests.web.office.editor.desks import a_desk, a_manuscript, a_picture, an_author
from tests.web.office.editor.typist import Typist
from tests.web.office.served import a_street

pytestmark = pytest.mark.proof

# Typing sets apostrophes and narrow spaces; the fields of blocks take what is typed.
EXPECTED = """\
# Une lettre d’exemple\u202f: tout ce qui peut s’y trouver

::: chapeau
Bonjour {{ subscriber.first_name or "camarade" }}, voici une introduction.
:::

::: sommaire
:::

## Un intertitre, puis du texte

Un paragraphe avec des **mots en gras**, des *mots en italique* et \
[un lien vers le site](https://comite.example.org/) dans une phrase. L’avis \
«\u202fligne du Val-d’Orme\u202f» est adopté[^1].

1. garder un guichet ouvert\u202f;
2. remplacer un train par un train.

- une liste à points\u202f;
- et son deuxième point.

::: encadre Ce qu'il faut retenir
Le guichet reste ouvert.

- Les horaires d’été sont affichés en gare.
- La délégation revoit la région en janvier.
:::

### Un titre plus petit

::: citation Solène Kerdavid
On nous dit que le service public coûte cher.
:::

::: image gare.png
alt: Un train rouge devant des collines
légende: Le train de 7 h 42.
:::

::: votes L'avis sur la ligne
pour: 41
contre: 12
abstention: 10
:::

| Collège | Pour |
| --- | --- |
| Salariés | 27 |
| Entreprises | 14 |

::: bouton https://assemblee.example.org/avis Lire l'avis adopté
:::

:::: colonnes
::: colonne
En gare.
:::

::: colonne
Au téléphone.
:::
::::

::: agenda Prochains rendez-vous
2026-12-08 18:00 | Salle des fêtes | Réunion publique
2026-12-24 | Le local est fermé
:::

---

Une fin.

::: signature
nom: Solène Kerdavid
fonction: Secrétaire du comité
:::

[^1]: Séance plénière, point 4.
"""


async def test_the_sample_letter_is_written_from_nothing(sqlite_url: str, keys: Keys) -> None:
    async with a_street(sqlite_url, keys) as street:
        draft_id = await a_manuscript(street, "")
        async with a_desk(street, draft_id, await an_author(street)) as desk:
            hands = Typist(desk)
            page = desk.page
            await hands.start()
            await hands.heading(1, "Une lettre d'exemple : tout ce qui peut s'y trouver")
            await hands.insert("Introduction")
            await hands.keys.type("Bonjour ")
            await hands.tool("Personal word")
            await page.get_by_role("dialog").wait_for()
            await hands.press("Tab")
            await hands.keys.type("camarade")
            await hands.press("Enter")
            await desk.text.locator(".chip", has_text="first name").wait_for()
            await hands.line(", voici une introduction.")
            await hands.press("Enter")
            await hands.insert("Contents")
            await hands.press("ArrowDown")
            await hands.heading(2, "Un intertitre, puis du texte")
            await hands.keys.type("Un paragraphe avec des ")
            await hands.press("Control+b")
            await hands.keys.type("mots en gras")
            await hands.press("Control+b")
            await hands.keys.type(", des ")
            await hands.press("Control+i")
            await hands.keys.type("mots en italique")
            await hands.press("Control+i")
            await hands.keys.type(" et ")
            await hands.press("Control+k")
            await page.get_by_role("dialog").wait_for()
            await hands.keys.type("un lien vers le site")
            await hands.press("Tab")
            await hands.keys.type("comite.example.org/")
            await hands.press("Enter")
            await desk.text.get_by_text("un lien vers le site").wait_for()
            await hands.keys.type(" dans une phrase. L'avis \"ligne du Val-d'Orme\" est adopté")
            await hands.insert("Footnote")
            await hands.keys.type("Séance plénière, point 4.")
            # Back to the mark: the end of the paragraph above.
            await desk.text.get_by_text("est adopté").evaluate(
                """it => { const range = document.createRange(); range.selectNodeContents(it);
                range.collapse(false); getSelection().removeAllRanges();
                getSelection().addRange(range); }"""
            )
            await hands.line(".")
            await hands.tool("Numbered list")
            await hands.line("garder un guichet ouvert ;")
            await hands.line("remplacer un train par un train.")
            await hands.press("Enter")
            await hands.keys.type("- ")
            await hands.line("une liste à points ;")
            await hands.line("et son deuxième point.")
            await hands.press("Enter")
            await hands.insert("Box")
            await hands.keys.type("Ce qu'il faut retenir")
            await hands.press("Enter")
            await hands.line("Le guichet reste ouvert.")
            await hands.tool("List")
            await hands.line("Les horaires d'été sont affichés en gare.")
            await hands.line("La délégation revoit la région en janvier.")
            await hands.press("Enter", "Enter")
            await hands.heading(3, "Un titre plus petit")
            await hands.tool("Quotation")
            await hands.keys.type("On nous dit que le service public coûte cher.")
            await hands.press("Tab")
            await hands.keys.type("Solène Kerdavid")
            await hands.press("Enter")
            await hands.press("End", "Enter", "Enter")
            async with page.expect_file_chooser() as chooser:
                await hands.tool("Picture")
            await (await chooser.value).set_files(
                {"name": "gare.png", "mimeType": "image/png", "buffer": a_picture()}
            )
            await page.get_by_text("What does this picture show? Write it").wait_for()
            await hands.keys.type("Un train rouge devant des collines")
            await hands.press("Tab", "Tab")
            await hands.fill("Le train de 7 h 42.")
            await hands.insert("Votes")
            await hands.fill("L'avis sur la ligne", "41", "12", "10")
            await hands.insert("Table")
            for cell in ("Collège", "Pour", "Salariés", "27", "Entreprises", "14"):
                await hands.keys.type(cell)
                await hands.press("Tab")
            await hands.insert("Delete the row")
            await hands.press("ArrowDown")
            await hands.insert("Button")
            await hands.fill("Lire l'avis adopté", "https://assemblee.example.org/avis")
            await hands.insert("Two columns")
            await hands.keys.type("En gare.")
            await hands.press("ArrowDown")
            await hands.keys.type("Au téléphone.")
            await hands.press("ArrowDown")
            await hands.insert("Dates")
            await hands.keys.type("Prochains rendez-vous")
            await hands.press("Tab")
            await hands.keys.type("2026-12-08 18:00")
            await hands.press("Tab")
            await hands.keys.type("Salle des fêtes")
            await hands.press("Tab")
            await hands.keys.type("Réunion publique")
            await hands.press("Tab", "Tab")
            await hands.press("Enter")
            await hands.keys.type("2026-12-24")
            await hands.press("Tab", "Tab")
            await hands.fill("Le local est fermé")
            await hands.insert("Line across")
            await hands.press("ArrowDown")
            await hands.line("Une fin.")
            await hands.insert("Signature")
            await hands.fill("Solène Kerdavid", "Secrétaire du comité")
            await desk.saved()
            assert (await desk.body()).split("\n") == EXPECTED.split("\n")
            async with street.town.database.reading() as session:
                (kept,) = await pictures.pictures(session, draft_id)
            assert kept.name == "gare.png"
