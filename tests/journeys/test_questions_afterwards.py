"""After a sending, on the command line: did she get it, and how does it compare?"""

from __future__ import annotations

from tests.journeys.installation import Installation
from tests.relay import Relay


def test_staff_ask_who_got_it_why_it_was_stopped_and_how_letters_compare(
    installation: Installation, relay: Relay
) -> None:
    def script(stage: str, recipient: str, times: int) -> str | None:
        del times
        full = stage == "rcpt" and recipient.startswith("p0003@")
        return "552 5.2.2 Mailbox full" if full else None

    relay.script = script
    installation.members(10)
    for number in (1, 2):
        letter = installation.letter(number)
        installation.pli("send", letter, "--list", "comite", "--yes")
    said = installation.pli("campaign", "story", "letter:1", "p0001@example.org")
    assert "Yes, as far as one can know" in said.out
    assert "Try 1:" in said.out
    told = installation.pli("campaign", "story", "1", "p0003@example.org", "--json").json
    assert (told["status"], told["answer"]) == ("failed", "No. The mailbox is full.")
    assert told["events"][-1]["said"] == "552 5.2.2 Mailbox full"
    nobody = installation.pli("campaign", "story", "1", "nobody@example.org", code=1)
    assert "had no copy for nobody@example.org" in nobody.err
    letters = installation.pli("subscriber", "letters", "p0003@example.org", "--json").json
    assert [(it["letter"], it["status"]) for it in letters["letters"]] == [
        (2, "failed"),
        (1, "failed"),
    ]
    page = installation.pli("subscriber", "letters", "p0003@example.org", "--limit", "1")
    assert "There are more: --after 2" in page.out
    rest = installation.pli("subscriber", "letters", "p0003@example.org", "--after", "2")
    assert "was refused" in rest.out
    compared = installation.pli("report", "--compare", "2", "letter:1", "--json").json
    assert [(it["letter"], it["sent"], it["failed"]) for it in compared] == [(1, 9, 1), (2, 9, 1)]
    assert "90.0%" in installation.pli("report", "--compare", "1", "2").out
    for words, code in (
        (("report", "1", "2"), 2),
        (("report", "--compare", "1", "--format", "csv"), 2),
        (("report", "--compare", *["1"] * 3, "99"), 1),
        (("campaign", "retry", "1", "--reason", "mailbox_full"), 2),
    ):
        assert installation.pli(*words, code=code).err.strip()
    retried = installation.pli("campaign", "retry", "1", "--failed", "--reason", "policy", "--yes")
    assert "nothing changed" in retried.out
    retried = installation.pli(
        "campaign", "retry", "1", "--failed", "--reason", "mailbox_full", "--why",
        "The mailbox was emptied.", "--yes",
    )  # fmt: skip
    assert "1 copy waits again" in retried.out
    installation.pli("campaign", "cancel", "1", "--yes", "--why", "Not needed.")
    audit = installation.pli("audit", "--json").json["events"]
    assert {"The mailbox was emptied.", "Not needed."} <= {it["why"] for it in audit}
