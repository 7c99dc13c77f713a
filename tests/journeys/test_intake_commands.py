"""What an operator is told about doors, in both languages, and what the pages of docs say of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from mailer.bounces.report import Kind
from mailer.intake import setup_lines, words
from mailer.intake.setup_lines import MAILBOX, PROVIDERS, RELAYS
from mailer.intake.tallies import Sort
from mailer.links import Links
from pli import keys as key_ring
from tests.journeys.installation import Installation
from tests.paths import ROOT

PAGE = (ROOT / "docs" / "bounces.md").read_text()


@pytest.mark.parametrize(
    "lines",
    [
        setup_lines.of_relay("postfix", "lettres.example.org", ""),
        setup_lines.of_provider("brevo", "https://lettres.example.org", "…")[:1],
        setup_lines.of_mailbox(),
    ],
    ids=["postfix", "brevo", "mailbox"],
)
def test_the_page_shows_the_lines_that_the_command_prints(lines: list[setup_lines.Lines]) -> None:
    missing = [line for it in lines for line in it.text.split("\n") if f"    {line}\n" not in PAGE]
    assert missing == []


def test_each_way_is_told_with_its_lines_and_in_both_languages(installation: Installation) -> None:
    said = {
        it: installation.pli("intake", "setup", "--for", it).out for it in (*RELAYS, *PROVIDERS)
    }
    assert "example.org lmtp:inet:127.0.0.1:2424" in said["postfix"]
    assert "All mail to example.org then comes to Pli" in said["postfix"]
    refused = "who answers a letter writes to contact@example.org, and is refused"
    assert f"Then {refused}" in said["postfix"]
    assert "reply_forward" not in said["brevo"]
    assert "protocol = lmtp" in said["exim"]
    assert 'action "pli" relay host lmtp://127.0.0.1:2424' in said["opensmtpd"]
    assert f"{installation.public_url[:7]}pli:" in said["brevo"]
    assert "/hooks/main" in said["ses"]
    assert "whsec_" in said["standard"]
    french = installation.pli("intake", "setup", "--for", MAILBOX, LC_ALL="fr_FR.UTF-8").out
    assert "Relancez ensuite Pli" in french
    assert "[intake.imap]" in french
    installation.set('intake_listen = "127.0.0.1:2424"')
    assert [it for it in _answers(installation) if refused in it]
    installation.set('reply_forward = "bureau@elsewhere.example"')
    assert not [it for it in _answers(installation) if refused in it]
    assert "refused" not in installation.pli("intake", "setup", "--for", "postfix").out
    assert "add --for" in installation.pli("intake", "setup", code=2).err


def _answers(installation: Installation) -> list[str]:
    """What the doctor says of answers."""
    found = installation.pli("doctor", "--json", code=None).json["checks"]
    return [it["message"] for it in found if it["check"] == "answers"]


def test_a_door_that_is_open_to_the_world_does_not_open(installation: Installation) -> None:
    installation.set('intake_listen = "0.0.0.0:2424"')
    said = installation.pli("serve", code=1).err
    assert "is reached by other machines: set intake_tls_cert and intake_tls_key" in said
    assert said.count("\n") == 1


def test_what_came_in_is_listed_and_a_wish_is_decided(installation: Installation) -> None:
    installation.members(1)
    assert "Nothing ever came in by a door" in installation.pli("intake", "list").out
    (installation.folder / "box" / "new").mkdir(parents=True)
    (installation.folder / "box" / "cur").mkdir()
    mail = b"From: p0000@example.org\nSubject: STOP\nMessage-ID: <1@x>\n\nMerci\n"
    (installation.folder / "box" / "new" / "1").write_bytes(mail)
    assert "1 mail was taken in" in installation.pli("intake", "maildir", "box").out
    assert "1 mail was worked on" in installation.pli("intake", "work").out
    shown = installation.pli("intake", "list").out
    assert "a wish to leave that nothing proves" in shown
    assert "p0000@example.org" in shown
    assert "STOP" in shown
    (wish,) = installation.pli("intake", "list", "--json").json["wishes"]
    assert wish["lists"] != []
    assert "They have left 1 list." in installation.pli("intake", "leave", str(wish["mail"])).out
    assert installation.pli("intake", "list", "--json").json["wishes"] == []
    assert "waits for no decision" in installation.pli(
        "intake", "dismiss", str(wish["mail"]), code=1
    ).err  # fmt: skip
    with closing(sqlite3.connect(installation.folder / "pli.db")) as database:
        database.execute("UPDATE intake_mail SET kind = 'fault'")
        database.commit()
    number = str(wish["mail"])
    assert (
        f"mail {number}: a fault of Pli: kept (maildir)" in installation.pli("intake", "list").out
    )
    assert [it["mail"] for it in installation.pli("intake", "list", "--json").json["stuck"]] == [
        int(number)
    ]
    assert "waits to be worked on" in installation.pli("intake", "retry", number).out
    assert "1 mail was worked on" in installation.pli("intake", "work").out
    assert "is none that could not be worked" in installation.pli(
        "intake", "retry", number, code=1
    ).err  # fmt: skip
    assert "is no Maildir" in installation.pli("intake", "maildir", "none", code=1).err
    assert "name no such relay" in installation.pli("intake", "secret", "x", code=1).err


def test_a_new_secret_is_made_only_where_pli_makes_it(installation: Installation) -> None:
    theirs, former = "whsec_…", "whsec_" + "a2tr" * 8
    installation.set('relay_kind = "standard"', f'relay_hook_secret = "{former}"')
    said = installation.pli("intake", "secret").out
    assert f'relay_hook_secret = "{theirs}"' in said
    assert f'relay_hook_former = "{former}"' in said
    assert "The provider makes the new secret" in said
    assert "/hooks/" not in said
    installation.set('relay_kind = "ses"')
    said = installation.pli("intake", "secret", code=1).err
    assert "main: ses proves itself by its topic, and has no secret" in said


def test_each_kind_of_what_comes_in_has_words() -> None:
    assert set(words.KINDS) == {*Kind, *Sort}
    assert words.kind("stop").tell("fr") == "un souhait de départ que rien ne prouve"


@pytest.mark.proof
def test_a_pipe_is_told_to_try_later_whatever_is_wrong(installation: Installation) -> None:
    with closing(sqlite3.connect(installation.folder / "pli.db")) as database:
        for table in ("intake_mail", "bounce_mail"):
            database.execute(f"ALTER TABLE {table} RENAME TO {table}_away")
    for command in (("intake", "read"), ("bounce", "read", "-")):
        said = installation.pli_apart(*command, code=75).err
        assert "the mail server keeps the mail" in said
        assert "Traceback" not in said


def test_who_lets_a_large_campaign_go_is_warned_while_nothing_ever_came_in(
    installation: Installation,
) -> None:
    installation.members(51)
    letter = installation.letter()
    warning = "51 copies, and no answer ever came in"
    installation.pli("campaign", "create", letter, "--list", "comite")
    for command in (
        ("campaign", "approve", "1", "--yes"),
        ("campaign", "schedule", "1", "--at", "2099-01-01 08:00"),
        ("send", installation.letter(2), "--list", "comite", "--at", "2099-01-01 09:00", "--yes"),
        ("campaign", "start", "1", "--yes"),
    ):
        assert warning in installation.pli(*command).err, command
    with closing(sqlite3.connect(installation.folder / "pli.db")) as database:
        database.execute(
            "INSERT INTO intake_tally (door, kind, mails, seconds, latest_at)"
            " VALUES ('lmtp', 'probe', 1, 0, '2026-11-28 10:00:00.000000')"
        )
        database.commit()
    said = installation.pli("campaign", "schedule", "2", "--at", "2099-01-01 10:00")
    assert "no answer ever came in" not in said.err


def test_noise_is_told_by_copy(installation: Installation) -> None:
    installation.members(1)
    keys = key_ring.read(installation.folder / "pli.keys")
    path = Links(keys, "", "example.org").marks(7, keys.current).return_path
    for n in range(12):
        mail = f"Delivered-To: {path}\nSubject: {n}\n\nx\n"
        box = installation.folder / "box"
        for part in ("new", "cur"):
            (box / part).mkdir(parents=True, exist_ok=True)
        (box / "new" / f"{n:02}").write_text(mail)
    assert "10 mails were taken in" in installation.pli("intake", "maildir", "box").out
    assert "2 mails about copy 7 came so often by maildir" in installation.pli("intake", "list").out
    (noise,) = installation.pli("intake", "list", "--json").json["noise"]
    assert (noise["copy"], noise["dropped"]) == (7, 2)
