"""Who has the mailboxes of a domain: several domains of one provider are one to senders."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, String, case
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

OTHER = "other"

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
_OF = {domain: provider for provider, domains in _DOMAINS.items() for domain in domains}


def provider_of(address: str) -> str:
    """One of PROVIDERS; "other" tells nothing of a domain that may be a person's own."""
    return _OF.get(address.rpartition("@")[2].lower(), OTHER)


def provider_column(address: SQLColumnExpression[str]) -> ColumnElement[str]:
    """The same, asked of a column of case-folded addresses."""
    return case(_OF, value=_Domain(address), else_=OTHER)


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
