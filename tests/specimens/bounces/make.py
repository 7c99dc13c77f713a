"""Makes the specimens: `python -m tests.specimens.bounces.make`, from the checkout's root.

It takes the Exim and the OpenSMTPD of `make mailservers`. The mails of real servers lie
in `real/`, those written by hand in `written/`; beside each lies the sheet with how it is to read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.relay import Relay
from tests.specimens.bounces import real_servers, written
from tests.specimens.bounces.real_servers import THEIR_DOMAIN, script_of
from tests.specimens.bounces.replies import LATER, REPLIES, UNTOLD_STAGE, Reply

HERE = Path(__file__).parent
EVERYTHING = {**REPLIES, **LATER}
GIVES_UP = {"maximal_queue_lifetime": "0", "bounce_queue_lifetime": "0"}
WARNS = {"delay_warning_time": "1s", "minimal_backoff_time": "1s", "queue_run_delay": "1s"}
TAKEN = ("taken", "taken-too")


def main() -> None:
    with Relay(script=script_of(EVERYTHING)).running() as relay:
        with real_servers.postfix(relay, GIVES_UP) as port:
            numbers = _numbers(EVERYTHING, 1)
            _keep("postfix", real_servers.bounced(port, relay, numbers), EVERYTHING, numbers)
            numbers = _numbers(TAKEN, 101)
            passed = real_servers.bounced(port, relay, numbers, notify="SUCCESS")
            _keep("postfix-passed-on", passed, {}, numbers, kind="success", action="relayed")
        with real_servers.postfix(relay, WARNS) as port:
            numbers = _numbers(LATER, 111)
            waits = real_servers.bounced(port, relay, numbers)
            _keep("postfix-waits", waits, LATER, numbers, kind="delay", action="delayed")
        with real_servers.exim(relay, gives_up=True) as port:
            numbers = _numbers(EVERYTHING, 201)
            _keep("exim", real_servers.bounced(port, relay, numbers), EVERYTHING, numbers)
        with real_servers.exim(relay, gives_up=False) as port:
            numbers = _numbers(LATER, 301)
            waits = real_servers.bounced(port, relay, numbers)
            _keep("exim-waits", waits, LATER, numbers, kind="delay", action="delayed")
        with real_servers.opensmtpd(relay) as port:
            numbers = _numbers(REPLIES, 401)
            _keep("opensmtpd", real_servers.bounced(port, relay, numbers), REPLIES, numbers)
    write_by_hand()


def write_by_hand() -> None:
    for name, mail, sheet in written.specimens():
        _write("written", name, mail, sheet)


def _numbers(names: Any, first: int) -> dict[str, int]:
    return {name: first + n for n, name in enumerate(names)}


def _keep(
    server: str,
    mails: Mapping[str, bytes],
    replies: Mapping[str, Reply],
    numbers: Mapping[str, int],
    kind: str = "failure",
    action: str = "failed",
) -> None:
    print(server, len(mails), "of", len(numbers), sorted({*numbers} - {*mails}))
    for name, mail in mails.items():
        reply = replies.get(name, Reply("", "other", "none"))
        weight = UNTOLD_STAGE.get(name) if server == "opensmtpd" else None
        weight = "none" if action != "failed" else weight or reply.weight
        who = {"address": f"{name}@{THEIR_DOMAIN}", "action": action, "reason": reply.reason}
        sheet = {
            "kind": kind,
            "delivery": numbers[name],
            "recipients": [{**who, "weight": weight}],
        }
        _write("real", f"{server}-{name}", mail, sheet)


def _write(folder: str, name: str, mail: bytes, sheet: Mapping[str, Any]) -> None:
    place = HERE / folder
    place.mkdir(exist_ok=True)
    (place / f"{name}.eml").write_bytes(mail)
    text = json.dumps(sheet, indent=2, ensure_ascii=False)
    (place / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
