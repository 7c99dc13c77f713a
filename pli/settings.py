"""Settings: from pli.toml and PLI_* variables, read once by the command line. A fault is an error.

Only `commands` sees this object: other packages receive plain values.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from contextvars import ContextVar
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote, unquote, urlsplit

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from pli import intake_settings, mail_names, misfits
from pli.errors import PliError
from pli.hours import HourError, zone_of
from pli.language import N_, Sentence, say
from pli.loopback import is_loopback
from pli.quiet import Quiet, QuietError
from pli.relay_names import ALL_RELAYS, MAIN
from pli.settings_tables import (
    Count,
    MailboxSettings,
    ProviderSettings,
    RelaySettings,
    checked_envelope,
    checked_host,
)

FILE = "pli.toml"
_reading: ContextVar[Path | None] = ContextVar("_reading", default=None)
"""The file that `read` reads; to make a class for each file takes three times as long."""
SECRETS = ("relay_url", "database_url", "relay_hook_secret", "relay_hook_former")
_SECRETS_OF_TABLES = (
    ("relays", "url"),
    ("relays", "hook_secret"),
    ("relays", "hook_former"),
    ("intake", "url"),
)
_NAME = re.compile(r"[a-z0-9]([_-]?[a-z0-9]){0,31}")
_NO_TABLE = {
    "relays": N_('is no table: write [relays.NAME], and url = "…" below it'),
    "providers": N_("is no table: write [providers.NAME] above its settings"),
    "intake": N_('is no table: write [intake.NAME], and url = "imaps://…" below it'),
}
_TABLES = {
    "relays": "PLI_RELAYS__SECOURS__URL",
    "providers": "PLI_PROVIDERS__ORANGE__CONNECTIONS",
    "intake": "PLI_INTAKE__IMAP__URL",
}
"""Settings that are tables of tables, with an example of a value's name in the environment."""

NESTED = "__"
"""Separates the parts of a name in the environment: PLI_RELAYS__SECOURS__URL."""
_ENGINES = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg"}


class SettingsError(PliError):
    """A setting is missing, or its value is impossible."""


class Settings(BaseSettings):
    """All settings; paths are relative to the folder of pli.toml."""

    model_config = SettingsConfigDict(
        env_prefix="PLI_", env_nested_delimiter=NESTED, extra="forbid", frozen=True
    )

    database_url: str = "sqlite+aiosqlite:///pli.db"
    relay_url: str = ""
    public_url: str = ""
    office_url: str = ""
    """Where the office's pages are, if not at `public_url`."""
    committee: str = ""
    address: str = ""
    phone: str = ""
    email: str = ""
    sender: str = ""
    reply_to: str = ""
    language: Literal["fr", "en"] = "fr"
    keys_file: Path = Path("pli.keys")

    relay_connections: Annotated[int, Field(ge=1, le=200)] = 10
    """Of all workers together."""
    relay_messages_per_connection: Count = 1_000
    relay_per_second: Count | None = None
    relay_per_minute: Count | None = None
    relay_per_hour: Count | None = None
    relay_per_day: Count | None = None
    relay_warm_up: tuple[Count, ...] = ()
    """The most messages on the relay's first day of use, on its second, and so on."""
    relay_ehlo_name: str = ""
    """The name that Pli gives itself at EHLO. Empty: the sender's domain."""
    relay_envelope_sender: str = ""
    """The envelope sender of all mail. Empty: a return path of its own for each copy."""
    relay_patience_hours: Annotated[float, Field(ge=0)] = 24.0
    """For so long campaigns wait for a relay that does not answer; then they pause."""
    notify: Annotated[tuple[str, ...], NoDecode] = ()
    """The office's addresses: they get one mail when a relay cannot be used."""
    providers: dict[str, ProviderSettings] = {}
    """By name: what differs from our table of providers, or a provider that is not in it."""
    relays: dict[str, RelaySettings] = {}
    """Further relays by name; each stands in for those before it."""
    batch_size: Annotated[int, Field(ge=1, le=10_000)] = 1_000
    retry_delays: tuple[Annotated[float, Field(gt=0)], ...] = (
        *(300.0, 900.0, 1800.0, 3600.0, 7200.0),
        *(14_400.0,) * 11,
    )
    """Seconds before each further try; the default gives up after 48 h (docs/standards.md, S1)."""
    uncertain: Literal["hold", "resend"] = "hold"
    """If nobody can know whether a copy left: hold it for a person, or send it again."""
    policy_pause_percent: Annotated[float, Field(gt=0, le=100)] = 30.0
    """A campaign pauses if so much of a window is refused with 5.7.x: we are at fault, not they."""
    office_two_factors: bool = False
    """Whether everybody of the office needs two factors, and not only those whose rights ask so."""
    office_sign_in_links: bool = False
    """Whether readers may come in by a link that they have sent to themselves by mail."""
    second_person: bool = False
    """Whether a campaign must be approved by somebody other than its maker."""
    grace_seconds: Annotated[int, Field(ge=0, le=3_600)] = 60
    """A minute to think, between the button of the office and the first copy."""
    type_number_above: Annotated[int, Field(ge=0)] = 500
    """Who releases a letter to more people than this types how many they are."""
    timezone: str = "Europe/Paris"
    """The zone of every hour that is written without one."""
    quiet_hours: str = ""
    """When nothing is sent, such as 21:00-07:00, by the clocks of `timezone`. Empty: never."""
    late_start_hours: Annotated[float, Field(ge=0)] = 2.0
    """A scheduled campaign that could start only later than this after its hour asks a person."""
    dsn: Literal["off", "failure", "success"] = "failure"
    """Which delivery notices a relay is asked for, if it offers DSN: also of success, or none."""
    bounce_keep_days: Annotated[int, Field(ge=1, le=3_650)] = 90
    """For how long mails that came back are kept; what follows from them stays."""
    bounce_likely_days: Annotated[int, Field(ge=1, le=365)] = 7
    """An address that is likely gone is barred if another letter says so, so many days later."""
    bounce_stale: Literal["ask", "suppress"] = "ask"
    """What to do about a mailbox that is full or disabled for long: ask staff, or bar it."""
    bounce_stale_letters: Annotated[int, Field(ge=2, le=100)] = 5
    bounce_stale_days: Annotated[int, Field(ge=1, le=3_650)] = 60
    """So many letters came back, over so many days: then it is for long."""
    bounce_reset_days: Annotated[int, Field(ge=1, le=365)] = 14
    """A letter of which nothing came back for so many days was taken: the count begins anew."""
    without_database_seconds: Annotated[float, Field(gt=0)] = 5.0
    """A worker ends if PostgreSQL is away for so long: the worker's supervisor starts it again."""
    journal_folder: Path = Path("pli.journal")
    """Where this machine's processes note what went on the wire; never shared between machines."""
    theme_file: Path = Path("theme.toml")
    """The committee's colours, fonts, logo and footer; there need be no such file."""
    themes_folder: Path = Path("themes")
    """Themes of one's own: a folder for each."""
    letter_text_kb: Annotated[int, Field(ge=1, le=10_000)] = 200
    """The largest file of a letter: Markdown's time grows faster than the text."""
    letter_depth: Annotated[int, Field(ge=10, le=200)] = 100
    """How many elements of a letter may stand within each other."""
    letter_pictures: Annotated[int, Field(ge=0, le=1_000)] = 50
    letter_megapixels: Annotated[int, Field(ge=1, le=1_000)] = 50
    """The largest picture of a letter, in millions of pixels."""
    letter_weight_kb: Annotated[int, Field(ge=100, le=50_000)] = 5_000
    """The heaviest copy, with its pictures as they are sent."""
    intake_listen: str = ""
    """HOST:PORT at which a relay brings answers by LMTP or SMTP. Empty: nowhere."""
    intake_tls_cert: Path | None = None
    intake_tls_key: Path | None = None
    """The certificate of that door, and its key; needed unless only this machine reaches it."""
    intake_peers: tuple[str, ...] = ()
    """Addresses or networks of the relays that may come to that door. Empty: this machine."""
    intake: dict[str, MailboxSettings] = {}
    """Mailboxes by name, from which answers are fetched by IMAP."""
    unsubscribe_mailto: Literal["auto", "on", "off"] = "auto"
    """Whether letters name an address to which a mail unsubscribes; auto: if a door is set."""
    authentication_server: str = ""
    """The receiving server whose Authentication-Results prove who wrote "STOP". Empty: none."""
    reply_forward: str = ""
    """Where answers of people go that come in by a door. Empty: they stay where they are."""
    relay_kind: Literal["", "ses", "brevo", "mailjet", "scaleway", "standard"] = ""
    """Whose events the main relay sends to /hooks/main."""
    relay_mark_header: str = ""
    """The header of each mail that gets the copy's token. Empty: that of the kind, if any."""
    relay_hook_secret: str = ""
    relay_hook_former: str = ""
    relay_hook_former_until: str = ""
    relay_hook_topic: str = ""
    listen: str = "127.0.0.1:8080"
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks of web servers before us that are believed in X-Forwarded-For."""
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "warning"
    metrics_listen: str = ""
    """HOST:PORT at which a sending process serves its figures to Prometheus. Empty: nowhere."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment goes before the file."""
        del dotenv_settings, file_secret_settings
        file = TomlConfigSettingsSource(settings_cls, toml_file=_reading.get())
        return (init_settings, env_settings, file)

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        scheme, separator, rest = url.partition("://")
        scheme = _ENGINES.get(scheme, scheme)
        if not separator or scheme not in _ENGINES.values():
            raise ValueError(N_("is neither sqlite:///FILE nor postgresql+asyncpg://…"))
        if scheme == _ENGINES["sqlite"] and not rest.strip("/"):
            raise ValueError(N_("names no file: write sqlite:///pli.db"))
        return f"{scheme}://{rest}"

    @field_validator("public_url", "office_url")
    @classmethod
    def _https_unless_loopback(cls, url: str) -> str:
        if not url:
            return url
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
            raise ValueError(N_("is not a web address such as https://lettres.example.org"))
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError(N_("must begin with https:// (http:// only for this machine itself)"))
        return url.rstrip("/")

    @field_validator("listen", "metrics_listen", "intake_listen")
    @classmethod
    def _host_and_port(cls, listen: str, info: ValidationInfo) -> str:
        if not listen and info.field_name != "listen":
            return listen
        host, _, port = listen.rpartition(":")
        if not host or not port.isdigit() or int(port) > 65_535:
            raise ValueError(N_("is not HOST:PORT, such as 127.0.0.1:8080"))
        return listen

    _ehlo_name = field_validator("relay_ehlo_name")(checked_host)
    _envelope_sender = field_validator("relay_envelope_sender")(checked_envelope)
    _mark_header = field_validator("relay_mark_header")(intake_settings.header_name)
    _hook_secret = field_validator("relay_hook_secret", "relay_hook_former")(intake_settings.secret)
    _hook_until = field_validator("relay_hook_former_until")(intake_settings.moment)
    _hook_topic = field_validator("relay_hook_topic")(intake_settings.topic)
    _authentication_server = field_validator("authentication_server")(checked_host)
    _reply_forward = field_validator("reply_forward")(intake_settings.address)

    @field_validator("notify", mode="before")
    @classmethod
    def _list_or_text(cls, given: Any) -> Any:
        """One address may stand without a list; in the environment commas part several."""
        if not isinstance(given, str):
            return given
        return [it.strip(" \"'") for it in given.strip("[] ").split(",") if it.strip(" \"'")]

    @field_validator("notify")
    @classmethod
    def _addresses(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        found = tuple(mail_names.address(it) for it in addresses)
        if not all(found):
            raise ValueError(N_('is no list of addresses such as ["bureau@example.org"]'))
        return tuple(dict.fromkeys(it for it in found if it))

    @field_validator("trusted_proxies", "intake_peers")
    @classmethod
    def _proxies(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(str(ip_network(it.strip(), strict=False)) for it in proxies)
        except ValueError:
            raise ValueError(
                N_('is no list of addresses such as ["127.0.0.1", "10.0.0.0/8"]')
            ) from None

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            zone_of(name)
        except HourError:
            raise ValueError(N_("is no time zone such as Europe/Paris")) from None
        return name

    @field_validator("quiet_hours")
    @classmethod
    def _two_hours(cls, text: str) -> str:
        try:
            return str(Quiet.parse(text)) if text else text
        except QuietError as error:
            raise ValueError(error.sentences[0].text) from None

    @field_validator("relays")
    @classmethod
    def _named(cls, relays: dict[str, RelaySettings]) -> dict[str, RelaySettings]:
        for name in relays:
            if name in (MAIN, ALL_RELAYS) or not _NAME.fullmatch(name):
                raise ValueError(
                    N_("a relay's name is of small letters and digits, and not main or all")
                )
        return relays

    @field_validator("intake")
    @classmethod
    def _named_mailboxes(cls, intake: dict[str, MailboxSettings]) -> dict[str, MailboxSettings]:
        if not all(_NAME.fullmatch(name) for name in intake):
            raise ValueError(N_("a mailbox's name is of small letters and digits"))
        return intake

    @field_validator("providers")
    @classmethod
    def _named_providers(
        cls, providers: dict[str, ProviderSettings]
    ) -> dict[str, ProviderSettings]:
        if not all(_NAME.fullmatch(name) for name in providers):
            raise ValueError(N_("a provider's name is of small letters and digits"))
        return providers

    @property
    def office_at(self) -> str:
        """The address of the office's pages: `office_url`, else `public_url`."""
        return self.office_url or self.public_url

    def require(self, *names: str) -> None:
        """Raise SettingsError if settings are empty that a command needs, with a line for each."""
        missing = [name for name in names if not getattr(self, name)]
        if missing:
            raise SettingsError.listing(
                say(
                    N_('{name} is not set: write {name} = "…" into {file}, or set {variable}'),
                    name=name,
                    file=FILE,
                    variable=f"PLI_{name.upper()}",
                )
                for name in missing
            )


def read(config: Path | None = None, **overrides: Any) -> Settings:
    """Read the settings; raises SettingsError. `config` names the file, which must then exist."""
    if config is not None and not config.is_file():
        raise SettingsError(
            N_('{file}: no such file: run "pli init", or name the right one with --config'),
            file=str(config),
        )
    path = config or Path(FILE)

    token = _reading.set(path)
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        raise SettingsError.listing(_fault(fault, path) for fault in error.errors()) from None
    except ValueError as error:  # tomllib's error, with line and column
        wrong = re.search(r'field "(\w+)"', str(error))  # a list is read as JSON from a variable
        if wrong is not None and wrong[1] in _TABLES:
            raise SettingsError(
                N_("{variable}: write {example} instead, a variable for each value"),
                variable=variable_of(wrong[1]),
                example=_TABLES[wrong[1]],
            ) from None
        if wrong is not None:
            raise SettingsError(
                N_("{variable}: is no list such as [300, 900]"),
                variable=f"PLI_{wrong[1].upper()}",
            ) from None
        raise SettingsError.listing([misfits.no_toml(str(path), error)]) from None
    finally:
        _reading.reset(token)
    return _anchored(settings, path.parent)


def shown(settings: Settings) -> dict[str, tuple[Any, bool]]:
    """Each setting's value, by name, and whether it may hold a password; tables value by value."""
    found = {
        name: (getattr(settings, name), name in SECRETS)
        for name in Settings.model_fields
        if name not in _TABLES
    }
    for table in _TABLES:
        for name, its in getattr(settings, table).items():
            for field in (it for it in type(its).model_fields if it in its.model_fields_set):
                secret = (table, field) in _SECRETS_OF_TABLES
                found[f"{table}.{name}.{field}"] = (getattr(its, field), secret)
    return found


def source(name: str, config: Path | None, environment: Mapping[str, str] = os.environ) -> str:
    """Where a setting comes from: the name of its variable or of the file, or "default"."""
    if (variable := variable_of(name)) in environment:
        return variable
    table = name.partition(".")[0]
    if table != name and variable_of(table) in environment:
        return variable_of(table)
    path = config or Path(FILE)
    place: Any = tomllib.loads(path.read_text()) if path.is_file() else {}
    for step in name.split("."):
        if not isinstance(place, dict) or step not in place:
            return "default"
        place = place[step]
    return str(path)


def variable_of(name: str) -> str:
    """The name of a setting in the environment."""
    return f"PLI_{name.replace('.', NESTED).upper()}"


def _fault(fault: Any, path: Path) -> Sentence:
    name = ".".join(str(step) for step in fault["loc"] if isinstance(step, str))
    variable = variable_of(name)
    place = variable if variable in os.environ else f"{path}: {name}"
    reason = misfits.told(fault)
    if fault["type"] in ("dict_type", "model_type"):
        reason = say(_NO_TABLE.get(fault["loc"][0], fault["msg"]))
    return say(N_("{place}: {reason}"), place=place, reason=reason)


def _anchored(settings: Settings, folder: Path) -> Settings:
    """Resolve relative paths from the folder of pli.toml, wherever the command is called."""
    changes: dict[str, Any] = {
        "keys_file": folder / settings.keys_file,
        "journal_folder": folder / settings.journal_folder,
        "theme_file": folder / settings.theme_file,
        "themes_folder": folder / settings.themes_folder,
    }
    for name in ("intake_tls_cert", "intake_tls_key"):
        if (file := getattr(settings, name)) is not None:
            changes[name] = folder / file
    prefix = "sqlite+aiosqlite:///"
    if settings.database_url.startswith(prefix):
        file = settings.database_url.removeprefix(prefix)
        changes["database_url"] = prefix + quote(str((folder / unquote(file)).resolve()))
    return settings.model_copy(update=changes)
