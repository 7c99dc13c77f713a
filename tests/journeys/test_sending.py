"""Whole sendings, from the outside: command line, HTTP, and a real SMTP server."""

from __future__ import annotations

import csv
import io
import signal
import time
from collections import Counter

from tests.factories import calendar, pdf
from tests.journeys.installation import Installation
from tests.mailer.letter.picture_bytes import heavy_picture
from tests.relay import Relay
from tests.waiting import until

HEADER = (
    "subscriber_id,email,list,status,reason,attempts,first_attempt_at,last_attempt_at,relay,"
    "reply_code,enhanced_code,reply_text,message_id,bounce,"
    "bounce_reason,bounced_at"
)


def test_a_letter_reaches_everyone_and_the_report_says_so(
    installation: Installation, relay: Relay
) -> None:
    installation.members(30)
    letter = installation.letter()
    said = installation.pli("send", letter, "--list", "comite", "--yes", "--json").json
    assert said | {"started_at": "", "finished_at": ""} == {
        "campaign": 1, "letter": 1, "lists": ["comite"], "segment": None, "state": "finished",
        "candidates": 30, "excluded": {}, "prepared": 30, "pending": 0, "sending": 0, "sent": 30,
        "failed": 0, "skipped": 0, "uncertain": 0, "balanced": True, "started_at": "",
        "finished_at": "",
        "failures": {
            "unknown_user": 0, "mailbox_full": 0, "policy": 0, "too_large": 0, "gave_up": 0,
            "other": 0,
        },
        "bounces": {},
    }  # fmt: skip
    assert relay.recipients == {f"p{n:04}@example.org": 1 for n in range(30)}
    mail = relay.received[0].message
    person = mail["To"].addresses[0].addr_spec.removeprefix("p").split("@")[0].lstrip("0") or "0"
    plain = mail.get_body(("plain",))
    assert plain is not None
    text = plain.get_content()
    assert f"Bonjour Prénom{person}" in text.replace("\u202f", " ")
    assert mail["List-Unsubscribe"].strip().startswith(f"<{installation.public_url}/u/")
    assert mail["List-Unsubscribe-Post"] is None
    rows = list(csv.DictReader(io.StringIO(installation.pli("report", "1", "--format", "csv").out)))
    assert ",".join(rows[0]) == HEADER
    assert {row["message_id"] for row in rows} == {
        str(it.message["Message-ID"]) for it in relay.received
    }
    assert "<svg" in installation.pli("report", "letter:1", "--format", "html").out


def test_the_same_letter_does_not_go_out_twice_by_mistake(
    installation: Installation, relay: Relay
) -> None:
    installation.members(3)
    letter = installation.letter()
    installation.pli("send", letter, "--list", "comite", "--yes")
    refused = installation.pli("send", letter, "--list", "comite", "--yes", code=1)
    assert "campaign 1" in refused.err
    assert "--again new" in refused.err
    installation.members(5)
    again = installation.pli(
        "send", letter, "--list", "comite", "--again", "new", "--yes", "--json"
    )
    assert (again.json["sent"], again.json["excluded"]) == (2, {"already": 3})
    assert set(relay.recipients.values()) == {1}
    installation.pli("send", letter, "--list", "comite", "--again", "all", "--yes")
    assert sum(relay.recipients.values()) == 10
    installation.letter(text="Un autre texte.")
    other = installation.pli("send", letter, "--list", "comite", "--yes", code=1)
    assert "another text" in other.err


def test_a_kill_in_the_middle_loses_nobody_and_doubles_nobody(
    installation: Installation, relay: Relay
) -> None:
    installation.members(300)
    letter = installation.letter()
    relay.delay = 0.02
    with installation.running("send", letter, "--list", "comite", "--yes") as process:
        until(lambda: len(relay.received) > 60)
        process.kill()
        process.wait()
    relay.delay = 0
    time.sleep(0.2)
    assert len(relay.received) < 300
    report = installation.pli("send", letter, "--list", "comite", "--yes", "--json").json
    assert report["balanced"]
    assert report["sent"] + report["uncertain"] == 300
    rows = csv.DictReader(io.StringIO(installation.pli("report", "1", "--format", "csv").out))
    ends = {row["email"]: row["status"] for row in rows}
    sent = {email for email, status in ends.items() if status == "sent"}
    uncertain = {email for email, status in ends.items() if status == "uncertain"}
    assert set(relay.recipients.values()) == {1}
    assert sent <= set(relay.recipients) <= sent | uncertain
    assert len(uncertain) <= 2 * 10, "two copies a connection at most"


def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(
    installation: Installation, relay: Relay
) -> None:
    installation.members(200)
    letter = installation.letter()
    relay.delay = 0.03
    with installation.running("send", letter, "--list", "comite", "--yes") as process:
        until(lambda: len(relay.received) > 20)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "goes on" in err
    assert "Traceback" not in err
    stopped = installation.pli("report", "1", "--json").json
    assert stopped["sent"] == len(relay.received) < 200
    assert (stopped["uncertain"], stopped["sending"]) == (0, 0)
    relay.delay = 0
    done = installation.pli("send", letter, "--list", "comite", "--yes", "--json").json
    assert (done["sent"], done["uncertain"]) == (200, 0)
    assert set(relay.recipients.values()) == {1}


def test_a_send_beside_a_server_lets_the_server_do_the_work(
    installation: Installation, relay: Relay
) -> None:
    installation.members(20)
    letter = installation.letter()
    with installation.serving() as server:
        second = installation.pli("serve", "--listen", "127.0.0.1:0", code=1)
        assert f"process {server.pid}" in second.err
        assert len(second.err.strip().splitlines()) == 1
        report = installation.pli("send", letter, "--list", "comite", "--yes", "--json").json
    assert (report["state"], report["sent"]) == ("finished", 20)
    assert set(relay.recipients.values()) == {1}
    assert server.returncode == 0


def test_a_server_goes_on_where_a_killed_sender_was(
    installation: Installation, relay: Relay
) -> None:
    installation.members(150)
    letter = installation.letter()
    relay.delay = 0.02
    with installation.running("send", letter, "--list", "comite", "--yes") as process:
        until(lambda: len(relay.received) > 30)
        process.kill()
        process.wait()
    relay.delay = 0
    with installation.serving():
        until(lambda: installation.pli("report", "1", "--json").json["state"] == "finished")
    assert set(relay.recipients.values()) == {1}
    report = installation.pli("report", "1", "--json").json
    assert report["sent"] <= len(relay.recipients) <= report["sent"] + report["uncertain"]


def test_an_unsubscribe_click_in_the_middle_of_a_campaign_takes_effect_at_once(
    installation: Installation, relay: Relay
) -> None:
    installation.members(80)
    installation.pli("send", installation.letter(1), "--list", "comite", "--yes")
    links = {
        mail.recipient: str(mail.message["List-Unsubscribe"]).strip().strip("<>")
        for mail in relay.received
    }
    relay.received.clear()
    relay.delay = 0.3
    with installation.serving():
        with installation.running("send", installation.letter(2), "--list", "comite", "--yes"):
            until(lambda: len(relay.received) > 2)
            leaving = "p0079@example.org"
            link = links[leaving]
            path = link.removeprefix(installation.public_url)
            asked, page = installation.get(path)
            assert asked == 200
            assert "<button" in page
            assert installation.post(link, **{"List-Unsubscribe": "One-Click"})[0] == 200
            assert installation.post(link, **{"List-Unsubscribe": "One-Click"})[0] == 200
            relay.delay = 0
            until(lambda: installation.pli("report", "2", "--json").json["state"] == "finished")
        status, page = installation.get("/u/not-a-token")
        assert status == 404
        assert "contact@example.org" in page
        assert installation.get("/l/comite/2")[0] == 200
    report = installation.pli("report", "2", "--json").json
    assert (report["sent"], report["skipped"]) == (79, 1)
    assert leaving not in relay.recipients


def test_failed_skipped_and_excluded_copies_are_told_with_their_reasons(
    installation: Installation, relay: Relay
) -> None:
    def script(stage: str, recipient: str, times: int) -> str | None:
        if stage != "rcpt":
            return None
        return {
            "p0001@example.org": "550 5.1.1 no such user",
            "p0002@example.org": "552 5.2.2 mailbox full",
            "p0003@example.org": "451 4.7.1 later" if times == 1 else None,
        }.get(recipient)

    relay.script = script
    installation.members(10)
    installation.pli("subscriber", "unsubscribe", "p0004@example.org", "--list", "comite")
    said = installation.pli("send", installation.letter(), "--list", "comite", "--yes")
    assert "p0001@example.org" in said.out
    assert "550 5.1.1 no such user" in " ".join(said.out.split())
    report = installation.pli("report", "1", "--json").json
    assert (report["sent"], report["failed"], report["excluded"]) == (7, 2, {"left": 1})
    assert report["failures"]["unknown_user"] == report["failures"]["mailbox_full"] == 1
    french = installation.pli("report", "1", LC_ALL="fr_FR.UTF-8").out
    assert french != installation.pli("report", "1").out
    rows = csv.DictReader(io.StringIO(installation.pli("report", "1", "--format", "csv").out))
    assert Counter(row["status"] for row in rows) == {"sent": 7, "failed": 2, "excluded": 1}


def test_a_segment_narrows_whom_a_letter_is_for(installation: Installation, relay: Relay) -> None:
    (installation.folder / "a.csv").write_text(
        "Courriel;Département\r\na@example.org;44\r\nb@example.org;49\r\nc@example.org;\r\n"
    )
    installation.pli(
        "subscriber", "import", "a.csv", "--list", "comite", "--basis", "member", "--source", "x",
        "--yes",
    )  # fmt: skip
    installation.pli(
        "send", installation.letter(), "--list", "comite", "--segment", "departement in (44, 85)",
        "--yes",
    )  # fmt: skip
    assert set(relay.recipients) == {"a@example.org"}


def test_a_test_copy_goes_to_one_address_and_no_campaign_is_made(
    installation: Installation, relay: Relay
) -> None:
    installation.members(3)
    letter = installation.letter()
    said = installation.pli("send", letter, "--list", "comite", "--test", "autrice@example.org")
    assert "autrice@example.org" in said.out
    assert [it.message["To"] for it in relay.received] == ["autrice@example.org"]
    assert installation.pli("campaign", "list", "--json").json == []
    wrong = installation.pli("send", letter, "--list", "comite", "--test", "nobody", code=1)
    assert len(wrong.err.splitlines()) == 1


def test_start_and_resume_from_another_process_take_effect_within_two_seconds(
    installation: Installation, relay: Relay
) -> None:
    installation.members(200)
    relay.delay = 0.05
    installation.pli("campaign", "create", installation.letter(), "--list", "comite")
    with (installation.folder / "pli.toml").open("a") as file:
        file.write("relay_connections = 1\n")
    with installation.serving():
        installation.pli("campaign", "start", "1", "--yes")
        until(lambda: bool(relay.received), 2)
        installation.pli("campaign", "pause", "1")
        time.sleep(2)
        stood = len(relay.received)
        time.sleep(0.5)
        assert len(relay.received) == stood < 200
        installation.pli("campaign", "resume", "1")
        until(lambda: len(relay.received) > stood, 2)
        relay.delay = 0
        until(
            lambda: installation.pli("report", "1", "--json", code=None).json["state"] == "finished"
        )
    assert len(relay.received) == len(relay.recipients) == 200


def test_what_heavy_pictures_weigh_for_all_is_told_before_they_leave(
    installation: Installation, relay: Relay
) -> None:
    installation.members(4)
    for name in ("a.png", "b.png"):
        (installation.folder / name).write_bytes(heavy_picture(name.encode()))
    letter = installation.letter(text="![a](a.png)\n\n![b](b.png)\n\n![la même](./a.png)")
    said = installation.pli("send", letter, "--list", "comite", "--yes")
    assert "the pictures weigh 328 kB in each copy: 2 MB for 4 people" in said.err
    pictures = [
        it for it in relay.received[0].message.walk() if it.get_content_type() == "image/png"
    ]
    assert len(pictures) == 2


def test_files_travel_with_each_copy_with_a_test_copy_and_to_the_web_version(
    installation: Installation, relay: Relay
) -> None:
    installation.members(3)
    files = {"Procès-verbal.pdf": pdf(size=300_000), "réunion.ics": calendar()}
    for name, data in files.items():
        (installation.folder / name).write_bytes(data)
    letter = installation.folder / installation.letter()
    listed = "".join(f"  - {name}\n" for name in files)
    letter.write_text(letter.read_text().replace("---\n\n", f"attachments:\n{listed}---\n\n", 1))
    told = "the files with it weigh 411 kB in each copy: 2 MB for 3 people"
    assert told in installation.pli("campaign", "create", letter.name, "--list", "comite").err
    installation.pli("campaign", "cancel", "1", "--yes")
    installation.pli("send", letter.name, "--list", "comite", "--test", "autrice@example.org")
    assert told in installation.pli("send", letter.name, "--list", "comite", "--yes").err
    assert len(relay.received) == 4
    for received in relay.received:
        assert received.message.get_content_type() == "multipart/mixed"
        attached = [*received.message.iter_attachments()]
        assert [it.get_filename() for it in attached] == [*files]
        assert [it.get_payload(decode=True) for it in attached] == [*files.values()]
        assert "Bonjour" in str(received.message.get_body(("html",)))
    (installation.folder / "Procès-verbal.pdf").write_bytes(pdf("Corrige"))
    again = installation.pli("send", letter.name, "--list", "comite", "--yes", code=1)
    assert "another text" in again.err
    with installation.serving():
        status, page = installation.get("/l/comite/1")
        assert (status, 'href="1/1.pdf"' in page) == (200, True)
        assert installation.get("/l/comite/1/2.ics") == (200, calendar().decode())


def test_a_file_that_cannot_travel_stops_the_sending_in_one_line(
    installation: Installation, relay: Relay
) -> None:
    installation.members(1)
    letter = installation.folder / installation.letter()
    letter.write_text(letter.read_text().replace("---\n\n", "attachments: a.pdf\n---\n\n", 1))
    (installation.folder / "a.pdf").write_bytes(pdf(size=5_000_000))
    said = installation.pli("send", letter.name, "--list", "comite", "--yes", code=1)
    assert said.err.splitlines() == [
        "lettre-1.md:7: the attachments weigh 5001 kB with “a.pdf”, and may weigh 5000 kB: "
        "put it on a web page, and link to it"
    ]
    assert not relay.received
