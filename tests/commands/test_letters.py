from __future__ import annotations

import json
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from pli.errors import PliError
from tests.commands.invoking import pli
from tests.factories import FRONT, pdf

SETTINGS = """committee = "Comité"
address = "3 place du Marché"
phone = "02 99 00 00 00"
email = "comite@example.org"
public_url = "https://lettres.example.org"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with settings, and no database yet."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pli.toml").write_text(SETTINGS)
    return tmp_path


def test_a_new_letter_can_be_sent_as_it_is_and_is_never_overwritten(folder: Path) -> None:
    assert pli("letter", "new").exit_code == 0
    checked = pli("letter", "check", "lettre-1.md", "--json")
    assert checked.exit_code == 0
    assert json.loads(checked.stdout) == {"faults": [], "findings": []}
    again = pli("letter", "new", "lettre-1.md")
    assert isinstance(again.exception, PliError)
    pli("letter", "new")
    assert (folder / "lettre-2.md").is_file()
    assert json.loads(pli("letter", "show", "lettre-2.md", "--json").stdout)["number"] == 2


def test_a_new_letter_is_in_the_language_of_the_settings_or_the_one_asked_for(
    folder: Path,
) -> None:
    (folder / "pli.toml").write_text('language = "en"\n' + SETTINGS)
    for options, language in (((), "en"), (("--language", "fr"), "fr")):
        assert pli("letter", "new", f"{language}.md", *options).exit_code == 0
        checked = pli("letter", "check", f"{language}.md", "--json")
        assert json.loads(checked.stdout) == {"faults": [], "findings": []}
        shown = json.loads(pli("letter", "show", f"{language}.md", "--json").stdout)
        assert shown["language"] == language


def test_a_letter_with_warnings_can_be_sent_and_one_with_errors_not(folder: Path) -> None:
    (folder / "a.md").write_text(FRONT + "[x](#)")
    checked = pli("letter", "check", "a.md")
    assert checked.exit_code == 0
    assert "a.md:8: " in checked.stdout
    (folder / "pli.toml").write_text(SETTINGS.replace("Comité", ""))
    assert pli("letter", "check", "a.md").exit_code == 1


def test_a_name_that_only_a_database_knows_is_told_to_be_unchecked(folder: Path) -> None:
    (folder / "a.md").write_text(FRONT + "# x\n\n{{ subscriber.mandat }}")
    checked = pli("letter", "check", "a.md")
    assert checked.exit_code == 0
    assert "mandat" in checked.stderr


def test_a_letter_is_exported_as_a_mail_a_page_and_a_text(folder: Path) -> None:
    (folder / "a.md").write_text(FRONT + "Bonjour {{ subscriber.first_name }}, voilà.")
    mail = message_from_bytes(
        pli("letter", "export", "a.md", "--format", "eml").stdout_bytes, policy=policy.default
    )
    assert mail["To"] == "Camille Martin <camille.martin@example.org>"
    assert "Bonjour Camille, voilà." in pli("letter", "export", "a.md", "--format", "text").stdout
    pli("letter", "export", "a.md", "--output", "a.html")
    assert "Bonjour Camille, voilà." in (folder / "a.html").read_text()


def test_a_letter_with_personal_words_is_previewed_for_somebody_and_for_nobody(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("click.launch", lambda _: 0)
    (folder / "a.md").write_text(
        FRONT + 'Bonjour {{ subscriber.first_name or "camarade" }}, voilà.'
    )
    page = Path(pli("letter", "preview", "a.md").stdout.strip()).read_text()
    assert page.index("Bonjour Camille, voilà.") < page.index("Bonjour camarade, voilà.")
    bare = pli("letter", "export", "a.md", "--format", "text", "--without-values").stdout
    assert "Bonjour camarade, voilà." in bare


def test_a_letter_without_personal_words_is_previewed_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("click.launch", lambda _: 0)
    (folder / "a.md").write_text(FRONT + "Bonjour.")
    page = Path(pli("letter", "preview", "a.md").stdout.strip()).read_text()
    assert page.count("Bonjour.") == 1
    assert "iframe" not in page


def test_the_files_of_a_letter_are_named_and_travel_in_its_mail(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("click.launch", lambda _: 0)
    (folder / "Procès-verbal.pdf").write_bytes(pdf())
    front = FRONT.removesuffix("---\n") + "attachments:\n  - Procès-verbal.pdf\n---\n"
    (folder / "a.md").write_text(front + "# Bonjour\n\nVoilà.")
    assert pli("letter", "check", "a.md").exit_code == 0
    shown = pli("letter", "show", "a.md", "--json").stdout
    assert json.loads(shown)["attachments"] == ["Procès-verbal.pdf"]
    page = Path(pli("letter", "preview", "a.md").stdout.strip()).read_text()
    assert "<li>Procès-verbal.pdf (1 kB)</li>" in page
    assert page.count("Voilà.") == 1
    mail = message_from_bytes(
        pli("letter", "export", "a.md", "--format", "eml").stdout_bytes, policy=policy.default
    )
    assert [it.get_filename() for it in mail.iter_attachments()] == ["Procès-verbal.pdf"]


def test_the_limits_of_a_letter_are_settings(folder: Path) -> None:
    (folder / "a.md").write_text(FRONT + "x" * 3_000)
    assert pli("letter", "check", "a.md").exit_code == 0
    (folder / "pli.toml").write_text(SETTINGS + "letter_text_kb = 2\n")
    for command in (("check",), ("show",), ("export",)):
        refused = pli("letter", *command, "a.md")
        assert "shorten it to 2 kB" in str(refused.exception)
