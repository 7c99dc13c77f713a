"""The settings of relays and of those who are told: a wrong value is one line that says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands import doors, relays
from pli import settings
from pli.settings import SettingsError

ALWAYS = 'relay_url = "smtp://relay.example.org"\nemail = "comite@example.org"\n'


def read(tmp_path: Path, text: str) -> settings.Settings:
    file = tmp_path / "pli.toml"
    file.write_text(ALWAYS + text)
    return settings.read(file)


@pytest.mark.parametrize(
    "text",
    [
        'relay_ehlo_name = "un nom"',
        'relay_ehlo_name = "192.0.2.1"',
        'relay_envelope_sender = "retours"',
        'relay_envelope_sender = "réponses@example.org"',
        'relay_envelope_sender = "A <a@example.org>"',
        'notify = ["bureau"]',
        'notify = "bureau@example.org, oups"',
        "notify = 3",
        "relay_patience_hours = -1",
        'relay_patience_hours = "longtemps"',
        '[relays.secours]\nurl = "smtp://b"\nehlo_name = "a b"',
        '[relays.secours]\nurl = "smtp://b"\nenvelope_sender = "a b"',
    ],
)
def test_what_cannot_be_is_told_in_one_line(text: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        read(tmp_path, text)
    (sentence,) = refused.value.sentences
    name = "relays.secours." if "secours" in text else ""
    assert f"pli.toml: {name}{text.split(chr(10))[-1].split(' =')[0]}: is no" in str(sentence) or (
        "must be at least 0" in str(sentence)
    )
    assert sentence.tell("fr") != str(sentence)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("notify = []", ()),
        ('notify = "bureau@example.org"', ("bureau@example.org",)),
        ('notify = "a@example.org, b@example.org"', ("a@example.org", "b@example.org")),
        ('notify = ["a@example.org", "a@example.org"]', ("a@example.org",)),
    ],
)
def test_who_is_told(text: str, found: tuple[str, ...], tmp_path: Path) -> None:
    assert read(tmp_path, text).notify == found


def test_who_is_told_by_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for given in ('["a@example.org", "b@example.org"]', "a@example.org,b@example.org"):
        monkeypatch.setenv("PLI_NOTIFY", given)
        assert read(tmp_path, "").notify == ("a@example.org", "b@example.org")


def test_the_name_at_ehlo_is_the_senders_domain_unless_it_is_set(tmp_path: Path) -> None:
    further = '[relays.secours]\nurl = "smtp://b.example.org"\n'
    found = relays.of(read(tmp_path, further))
    assert {it.ehlo_names for it in found.values()} == {("example.org",)}
    named = 'relay_ehlo_name = "mail.example.org"\n' + further + 'ehlo_name = "[192.0.2.1]"\n'
    found = relays.of(read(tmp_path, named))
    assert found["main"].ehlo_names == ("mail.example.org", "example.org")
    assert found["secours"].ehlo_names == ("[192.0.2.1]", "example.org")


def test_each_relay_has_an_envelope_sender_of_its_own_or_none(tmp_path: Path) -> None:
    text = 'relay_envelope_sender = "retours@example.org"\n'
    further = '[relays.secours]\nurl = "smtp://b.example.org"\n'
    found = relays.of(read(tmp_path, text + further))
    assert found["main"].envelope_sender == "retours@example.org"
    assert found["secours"].envelope_sender == ""
    found = relays.of(read(tmp_path, further + 'envelope_sender = "r@example.org"\n'))
    assert (found["main"].envelope_sender, found["secours"].envelope_sender) == (
        "", "r@example.org",
    )  # fmt: skip


def test_a_hook_of_standard_webhooks_takes_the_secret_of_its_provider_alone(
    tmp_path: Path,
) -> None:
    kind = 'relay_kind = "standard"\n'
    for secret in ("", 'relay_hook_secret = "n7xL2vQ0c9Zb4mT1kR8wYg"\n'):
        with pytest.raises(SettingsError, match="relay_hook_secret: write the secret whsec_…"):
            doors.hooks_of(read(tmp_path, kind + secret))
    theirs = "whsec_" + "a2tr" * 8
    (hook,) = doors.hooks_of(read(tmp_path, f'{kind}relay_hook_secret = "{theirs}"\n'))
    assert hook.secret == theirs
