"""Settings of doors: what cannot be meant is refused with its place, and no secret is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from pli import secret_urls
from pli import settings as settings_file
from pli.settings import SettingsError


def read(folder: Path, text: str) -> settings_file.Settings:
    file = folder / "pli.toml"
    file.write_text(text, "utf-8")
    return settings_file.read(file)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('intake_listen = "2424"', "intake_listen: is not HOST:PORT"),
        ('intake_peers = ["relay"]', "intake_peers: is no list of addresses"),
        ('relay_kind = "sendgrid"', "relay_kind: must be one of"),
        ('relay_mark_header = "Subject"', "relay_mark_header: is no header such as X-Pli-Mark"),
        ('relay_mark_header = "X-A\\r\\nBcc"', "relay_mark_header: is no header"),
        ('relay_hook_secret = "kurz"', "relay_hook_secret: is no secret of 22 signs"),
        ('relay_hook_secret = "whsec_YQ"', "relay_hook_secret: is no secret"),
        ('relay_hook_former_until = "tomorrow"', "relay_hook_former_until: is no hour"),
        ('relay_hook_former_until = "2026-11-29T10:00"', "relay_hook_former_until: is no hour"),
        ('relay_hook_topic = "pli"', "relay_hook_topic: is no topic such as arn:"),
        ('reply_forward = "bureau"', "reply_forward: is no address"),
        ('unsubscribe_mailto = "yes"', "unsubscribe_mailto: must be one of"),
        ('intake = "imap"', "intake: is no table"),
        ('[intake.imap]\nafter = "seen"', "intake.imap.url: is missing"),
        ('[intake.imap]\nurl = "imaps://host"', "intake.imap.url: is not imaps://"),
        ('[intake.imap]\nurl = "imap://u:p@192.0.2.1"', "would travel in clear"),
        ('[intake.imap]\nurl = "imaps://u:p@h"\nafter = "burn"', "intake.imap.after: is none of"),
        ('[intake.imap]\nurl = "imaps://u:p@h"\nx = 1', "intake.imap.x: there is no such setting"),
        ('[intake.A_B]\nurl = "imaps://u:p@h"', "a mailbox's name is of small letters"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(SettingsError) as refused:
        read(tmp_path, text)
    assert said in str(refused.value)
    assert len(refused.value.sentences) == 1


def test_secrets_are_hidden_and_paths_are_of_the_folder_of_the_file(tmp_path: Path) -> None:
    secret, former = "n7xL2vQ0c9Zb4mT1kR8wYg", "Zq3sD6fG8hJ1kL4mN7pR0t"
    found = read(
        tmp_path,
        f'relay_kind = "brevo"\nrelay_hook_secret = "{secret}"\nrelay_hook_former = "{former}"\n'
        'intake_tls_cert = "door.pem"\nintake_peers = ["192.0.2.25"]\n'
        f'[relays.deux]\nurl = "smtp://h"\nkind = "mailjet"\nhook_secret = "{secret}"\n'
        '[intake.imap]\nurl = "imaps://u:geheim@h.example/INBOX"\n',
    )
    assert found.intake_tls_cert == tmp_path / "door.pem"
    shown = {
        name: secret_urls.shown(str(value)) if hidden else str(value)
        for name, (value, hidden) in settings_file.shown(found).items()
    }
    for hidden in (secret, former, "geheim"):
        assert hidden not in " ".join(shown.values())
    assert shown["intake.imap.url"] == "imaps://u:…@h.example/INBOX"
    assert shown["relays.deux.kind"] == "mailjet"
