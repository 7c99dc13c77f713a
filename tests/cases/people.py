"""Files of people that were read wrongly, refused wrongly, or of which too little was said."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from tests.cases.trial import Case, Trial, Verdict
from tests.journeys.installation import Said
from tests.relay import Relay

OPTOUT_SECONDS = 2.0
MANY = 150_000


def imported(trial: Trial, name: str, *more: str, list_name: str = "comite") -> Said:
    """Import a file as the README of the cases says."""
    return trial.pli(
        "subscriber", "import", str(trial.inputs / name), "--list", list_name,
        "--basis", "member", "--source", "essai", "--yes", *more,
    )  # fmt: skip


def person(trial: Trial, email: str) -> dict[str, Any]:
    """What is held about a person, or an empty dict."""
    said = trial.pli("subscriber", "show", email, "--json")
    return dict(json.loads(said.out)) if said.code == 0 else {}


def all_text(trial: Trial) -> str:
    """Every name and attribute of every person, as one text."""
    rows = trial.read("SELECT email, first_name, last_name, attributes FROM subscriber")
    return json.dumps([[*row[:3], json.loads(row[3] or "{}")] for row in rows], ensure_ascii=False)


def confirmed(trial: Trial) -> set[str]:
    """Who is on a list."""
    rows = trial.read(
        "SELECT s.email FROM subscriber s JOIN subscription t ON t.subscriber_id = s.id"
        " WHERE t.state = 'confirmed'"
    )
    return {str(email) for (email,) in rows}


def read_as(name: str, *words: str, people: int, never: tuple[str, ...] = ()) -> Case:
    """A file of which so many people are added, with these words among what is held of them."""

    def case(trial: Trial) -> Verdict:
        said = imported(trial, name)
        held = all_text(trial)
        missing = [it for it in words if it not in held]
        wrong = [it for it in never if it in held]
        count = len(confirmed(trial))
        right = not missing and not wrong and count == people
        return Verdict(right, f"{count} people; missing {missing}, wrong {wrong}; {_last(said)}")

    return case


def told(name: str, *words: str, people: int | None = None, code: int | None = None) -> Case:
    """A file of which each of these words is said; so many people are added."""

    def case(trial: Trial) -> Verdict:
        said = imported(trial, name)
        everything = (said.out + said.err).lower()
        right = all(it.lower() in everything for it in words)
        right = right and (people is None or len(confirmed(trial)) == people)
        right = right and (code is None or said.code == code)
        return Verdict(right, f"exit {said.code}, {len(confirmed(trial))} people; {_last(said)}")

    return case


def _last(said: Said) -> str:
    lines = (said.err.strip() or said.out.strip()).splitlines()
    return lines[-1][:140] if lines else ""


def status_column(trial: Trial) -> Verdict:
    """Of four people only the one whose status says yes is on the list."""
    said = imported(trial, "status-column-says-unsubscribed.csv")
    on = confirmed(trial)
    return Verdict(on <= {"a@example.org"}, f"on the list: {sorted(on)}; {_last(said)}")


def invisible(trial: Trial) -> Verdict:
    """What stands around an address is stripped; what stands within is named."""
    said = imported(trial, "address-with-invisible-characters.csv")
    on = confirmed(trial)
    wanted = {f"a{n}@example.org" for n in (12, 14, 17, 18)}
    named = "U+00AD" in said.out + said.err or "a15@example.org" in on
    return Verdict(wanted <= on and named, f"on the list: {sorted(on)}; {_last(said)}")


def mistyped(trial: Trial) -> Verdict:
    """U+FFFD is refused, each of the others is told."""
    said = imported(trial, "address-surely-mistyped-but-taken.csv")
    everything = said.out + said.err
    on = confirmed(trial)
    told_of = [it for it in ("neil41", "37@example.org", "b50@example.org") if it in everything]
    right = not any("a44" in it for it in on) and len(told_of) == 3
    return Verdict(right, f"{len(on)} taken, told of {len(told_of)} of 3")


def dates_as_text(trial: Trial) -> Verdict:
    """A comparison of text by size is refused, or right."""
    imported(trial, "segment-dates-and-numbers-as-text.csv")
    seen = []
    right = True
    for rule, wanted in (("adhesion < 2020-01-01", "1"), ("age > 9", "2"), ("age < 50", "2")):
        said = trial.pli("segment", "count", rule)
        fine = "text" in said.err if said.code else said.out.strip().startswith(wanted)
        right = right and fine
        seen.append(f"{rule}: {_last(said)}")
    return Verdict(right, "; ".join(seen))


def yes_and_no(trial: Trial) -> Verdict:
    """`a_jour = non` selects the one who says non, or is refused with a word on quotation marks."""
    imported(trial, "segment-dates-and-numbers-as-text.csv")
    said = trial.pli("segment", "count", "a_jour = non")
    right = said.out.strip().startswith("1") if said.code == 0 else "quot" in said.err
    return Verdict(right, _last(said))


def unknown_encoding(trial: Trial) -> Verdict:
    said = imported(trial, "kind-headings-only.csv", "--encoding", "undefined")
    return Verdict(said.code in (1, 2) and "undefined" in said.err, _last(said))


def added_again(trial: Trial) -> Verdict:
    """`subscriber add` over a known person changes her, or says what stays."""
    imported(trial, "known-people.csv")
    trial.pli("list", "new", "autre")
    said = trial.pli(
        "subscriber", "add", "anne@example.org", "--list", "autre", "--basis", "member",
        "--source", "tel", "--first-name", "Annette", "--set", "departement=99",
    )  # fmt: skip
    held = all_text(trial)
    changed = "Annette" in held and '"99"' in held
    told_so = "Anne" in said.out + said.err and "44" in said.out + said.err
    return Verdict(changed or told_so, f"changed: {changed}; {_last(said)}")


def suppressed_is_told(trial: Trial) -> Verdict:
    """Adding a suppressed address says that nothing will be sent to it."""
    imported(trial, "known-people.csv")
    trial.pli("list", "new", "autre")
    trial.pli("subscriber", "suppress", "denis@example.org", "--reason", "objection", "--yes")
    if not trial.read("SELECT count(*) FROM suppression")[0][0]:
        trial.pli("subscriber", "suppress", "denis@example.org")
    said = trial.pli(
        "subscriber", "add", "denis@example.org", "--list", "autre", "--basis", "member",
        "--source", "tel",
    )  # fmt: skip
    words = (said.out + said.err).lower()
    right = "suppress" in words or "objected" in words or "nothing will be sent" in words
    return Verdict(right, _last(said))


def slip_in_list(trial: Trial) -> Verdict:
    """`--list comit` proposes comite, or at least names the new list as new."""
    imported(trial, "known-people.csv")
    said = imported(trial, "language-said-in-words.csv", list_name="comit")
    words = said.out + said.err
    return Verdict("comite" in words.replace("comit ", ""), f"exit {said.code}; {_last(said)}")


def leaving_all(trial: Trial) -> Verdict:
    """Who opens the link of a letter to two lists may leave both at once."""
    imported(trial, "known-people.csv")
    imported(trial, "known-people.csv", list_name="autre")
    with Relay().running() as relay:
        trial.set_relay(relay.url)
        name = trial.installation.letter()
        sent = trial.pli("send", name, "--list", "comite", "--list", "autre", "--yes")
        if sent.code:
            return Verdict(False, _last(sent))
        header = str(relay.received[0].message["List-Unsubscribe"])
    url = next(it.strip(" <>") for it in header.split(",") if "http" in it)
    with trial.installation.serving():
        code, page = trial.installation.get(url[url.index("/u/") :])
    offers = page.count('type="radio"')
    right = code == 200 and offers >= 2 and "comite" in page and "autre" in page
    return Verdict(right, f"{code}, {offers} choices")


def optout_beside_an_import(trial: Trial) -> Verdict:
    """A one-click POST is answered within two seconds while 150,000 people are imported."""
    imported(trial, "known-people.csv")
    many = trial.folder / "many.csv"
    rows = "".join(f"m{n:06}@example.org;Prénom{n};44\r\n" for n in range(MANY))
    many.write_text("Courriel;Prénom;Département\r\n" + rows, "utf-8")
    with Relay().running() as relay:
        trial.set_relay(relay.url)
        trial.pli("send", trial.installation.letter(), "--list", "comite", "--yes")
        headers = [str(mail.message["List-Unsubscribe"]) for mail in relay.received]
    urls = [next(it.strip(" <>") for it in head.split(",") if "http" in it) for head in headers]
    answers: list[tuple[int, float]] = []
    with (
        trial.installation.serving(),
        trial.installation.running(
            "subscriber", "import", str(many), "--list", "comite", "--basis", "member",
            "--source", "essai", "--yes",
        ) as running,
    ):  # fmt: skip
        for url in urls:
            time.sleep(3)
            if running.poll() is not None:
                break
            begun = time.monotonic()
            code, _ = trial.installation.post(url, **{"List-Unsubscribe": "One-Click"})
            answers.append((code, time.monotonic() - begun))
        running.wait(300)
    slowest = max((seconds for _, seconds in answers), default=0.0)
    right = bool(answers) and slowest < OPTOUT_SECONDS and all(it == 200 for it, _ in answers)
    return Verdict(right, f"{len(answers)} opt-outs, the slowest after {slowest:.2f} s")


CASES: dict[str, Case] = {
    "encoding-cp1252-names-in-capitals": read_as(
        "encoding-cp1252-names-in-capitals.csv", "LEFÈVRE", "FORÊT", "ABBÉ", "GONÇALVES", people=60
    ),
    "encoding-cp1252-only-euro-signs": read_as(
        "encoding-cp1252-only-euro-signs.csv", "12 €", people=3
    ),
    "encoding-cp1252-only-a-curly-apostrophe": read_as(
        "encoding-cp1252-only-a-curly-apostrophe.csv", "Val d’Oise", people=1
    ),
    "encoding-utf8-with-one-cp1252-line": read_as(
        "encoding-utf8-with-one-cp1252-line.csv", "Élan", "Çelik", "Forêt", people=4
    ),
    "heading-wrapped-with-commas": read_as(
        "heading-wrapped-with-commas.csv", "Élan", "01000", people=1
    ),
    "separator-commas-inside-headings": read_as("separator-commas-inside-headings.csv", people=1),
    "separator-space-before-quotes": read_as(
        "separator-space-before-quotes.csv", '"Zoe"', "Dupont, Jr", people=2, never=('\\"Zoe',)
    ),
    "heading-below-a-title-line": read_as("heading-below-a-title-line.csv", "Zoé", people=1),
    "heading-two-long-questions-alike-at-the-start": read_as(
        "heading-two-long-questions-alike-at-the-start.csv", '"Oui"', '"Non"', people=1
    ),
    "heading-empty-at-the-end-people-lost": read_as(
        "heading-empty-at-the-end-people-lost.csv", "Élan", "Dupont", people=2
    ),
    "heading-with-obligatoire": read_as("heading-with-obligatoire.csv", '"Zoé", "Élan"', people=1),
    "language-said-in-words": told("language-said-in-words.csv", "Breton", people=5),
    "note-of-1001-characters-person-lost": told(
        "note-of-1001-characters-person-lost.csv", "longer than 1000", people=2
    ),
    "status-column-says-unsubscribed": status_column,
    "address-with-invisible-characters": invisible,
    "address-surely-mistyped-but-taken": mistyped,
    "segment-dates-and-numbers-as-text": dates_as_text,
    "segment yes and no": yes_and_no,
    "kind-old-workbook": told("kind-old-workbook.xls", "CSV", people=0, code=1),
    "kind-html-table-called": told("kind-html-table-called.xls", "CSV", people=0, code=1),
    "kind-headings-only": told("kind-headings-only.csv", "nobody", people=0),
    "an encoding that is none": unknown_encoding,
    "add over a known person": added_again,
    "add a suppressed address": suppressed_is_told,
    "a slip in --list": slip_in_list,
    "leave every list of a letter": leaving_all,
    "an opt-out beside an import": optout_beside_an_import,
}


def folder(inputs: Path) -> Path:
    """Where the inputs of this room lie."""
    return inputs / "people"
