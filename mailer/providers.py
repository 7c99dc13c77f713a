"""Providers: who has the mailboxes of a domain. Senders treat a provider's domains as one."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, String, case
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

OTHER = "other"


class Scope(enum.StrEnum):
    """What may stand in place of a provider's name; no setting can give a provider these names."""

    WHOLE = ""
    """All copies over one relay, to any provider: the scope of the relay's limits and shares."""
    OPEN = "*"
    """The lane of copies to all providers without limits."""


WHOLE, OPEN = Scope.WHOLE, Scope.OPEN

_DOMAINS = {
    "orange": ("orange.fr", "wanadoo.fr", "orange.com", "voila.fr"),
    "laposte": ("laposte.net",),
    "sfr": ("sfr.fr", "neuf.fr", "cegetel.net", "club-internet.fr", "9online.fr", "numericable.fr",
            "noos.fr", "modulonet.fr"),
    "free": ("free.fr", "freesbee.fr", "libertysurf.fr", "aliceadsl.fr", "infonie.fr"),
    "gmail": ("gmail.com", "googlemail.com"),
    "microsoft": ("outlook.com", "outlook.fr", "hotmail.com", "hotmail.fr", "live.com", "live.fr",
                  "msn.com"),
    "yahoo": ("yahoo.com", "yahoo.fr", "ymail.com", "rocketmail.com", "aol.com", "aol.fr"),
}  # fmt: skip

PROVIDERS = (*_DOMAINS, OTHER)


@dataclass(frozen=True)
class Providers:
    """Which provider has the mailboxes of each domain, in one installation."""

    domains: Mapping[str, str] = field(
        default_factory=lambda: {it: name for name, its in _DOMAINS.items() for it in its}
    )

    def with_domains(self, more: Mapping[str, Sequence[str]]) -> Providers:
        """The same with further domains, also of further providers."""
        return Providers({**self.domains, **{it: name for name, its in more.items() for it in its}})

    def of(self, address: str) -> str:
        """The provider of an address; "other" hides a domain that may be a person's own."""
        return self.domains.get(address.rpartition("@")[2].lower(), OTHER)

    def column(self, address: SQLColumnExpression[str]) -> ColumnElement[str]:
        """The provider as an SQL expression, for a column of case-folded addresses."""
        return case(dict(self.domains), value=_Domain(address), else_=OTHER)

    def name(self, provider: str) -> str:
        """The name by which people know a provider: the first of its domains."""
        return next((it for it, name in self.domains.items() if name == provider), provider)


KNOWN = Providers()
provider_of = KNOWN.of


class _Domain(FunctionElement[str]):
    type = String()
    inherit_cache = True


@compiles(_Domain, "sqlite")
def _domain_sqlite(element: _Domain, compiler: SQLCompiler, **options: Any) -> str:
    address = compiler.process(element.clauses, **options)
    return f"substr({address}, instr({address}, '@') + 1)"


@compiles(_Domain, "postgresql")
def _domain_postgresql(element: _Domain, compiler: SQLCompiler, **options: Any) -> str:
    return f"split_part({compiler.process(element.clauses, **options)}, '@', 2)"
