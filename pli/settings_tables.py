"""The tables within the settings: a further relay, a provider, a mailbox; each with its checks."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from pli import intake_settings, mail_names
from pli.language import N_

_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")


def checked_host(name: str) -> str:
    """A name of a machine, or an address in brackets, or nothing."""
    if not name:
        return name
    if (found := mail_names.host_name(name)) is None:
        raise ValueError(N_("is no name such as mail.example.org, and no [192.0.2.1]"))
    return found


def checked_envelope(address: str) -> str:
    """An address of an envelope, or nothing."""
    if not address:
        return address
    found = mail_names.address(address)
    if found is None or not found.isascii():
        raise ValueError(N_("is no address such as retours@example.org"))
    return found


Count = Annotated[int, Field(ge=1)]


class LimitSettings(BaseModel):
    """Limits of a relay, or of one provider's mailboxes behind it; None: not set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    connections: Annotated[int, Field(ge=1, le=200)] | None = None
    messages_per_connection: Count | None = None
    per_second: Count | None = None
    per_minute: Count | None = None
    per_hour: Count | None = None
    per_day: Count | None = None
    warm_up: tuple[Count, ...] | None = None


class HookSettings(BaseModel):
    """What a relay's provider tells by the web, and the header by which it knows a copy."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["", "ses", "brevo", "mailjet", "scaleway", "standard"] = ""
    mark_header: str = ""
    """The header that gets the copy's token. Empty: that of the kind, if the kind gives it back."""
    hook_secret: str = ""
    hook_former: str = ""
    """The secret before, which counts until `hook_former_until`."""
    hook_former_until: str = ""
    hook_topic: str = ""
    """The topic whose messages count (kinds ses and scaleway)."""

    _mark_header = field_validator("mark_header")(intake_settings.header_name)
    _secret = field_validator("hook_secret", "hook_former")(intake_settings.secret)
    _until = field_validator("hook_former_until")(intake_settings.moment)
    _topic = field_validator("hook_topic")(intake_settings.topic)


class MailboxSettings(BaseModel):
    """A mailbox from which answers are fetched by IMAP."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    after: str = "move:Pli"
    """What is done in the mailbox with a mail that was acted on: seen, move:FOLDER or delete."""
    token_command: tuple[str, ...] = ()
    """A command that prints a token of OAuth 2 (XOAUTH2), in place of a password."""

    _url = field_validator("url")(intake_settings.mailbox_url)
    _after = field_validator("after")(intake_settings.afterwards)


class RelaySettings(LimitSettings, HookSettings):
    """One further relay. What is not set of its connections is as for the main relay.

    Its quotas are not: the main relay's quotas are an agreement about that relay alone.
    """

    url: str
    ehlo_name: str = ""
    envelope_sender: str = ""

    _ehlo_name = field_validator("ehlo_name")(checked_host)
    _envelope_sender = field_validator("envelope_sender")(checked_envelope)


class ProviderSettings(LimitSettings):
    """A provider's limits; unset ones as in `mailer.pacing.limits`. `domains` adds domains."""

    domains: tuple[str, ...] = ()

    @field_validator("domains")
    @classmethod
    def _domains(cls, domains: tuple[str, ...]) -> tuple[str, ...]:
        found = tuple(it.lower() for it in domains)
        if not all(_DOMAIN.fullmatch(it) for it in found):
            raise ValueError(N_('is no list of domains such as ["example.org"]'))
        return found
