"""Rights and states of accounts in words, and which events are looks at people."""

from __future__ import annotations

from collections.abc import Mapping

from accounts.models import AccountState
from accounts.rights import Right
from pli.audit import AuditAction
from pli.language import N_

RIGHTS: Mapping[Right, str] = {
    Right.AUTHOR: N_("author"),
    Right.SENDER: N_("sender"),
    Right.KEEPER: N_("keeper of the lists"),
    Right.READER: N_("reader"),
    Right.WHO: N_("reader, with who got what"),
    Right.RIGHTS: N_("rights of the people"),
    Right.OPERATOR: N_("operator"),
}

STATES: Mapping[AccountState, str] = {
    AccountState.INVITED: N_("invited"),
    AccountState.ACTIVE: N_("in use"),
    AccountState.CLOSED: N_("closed"),
}

FIELDS: Mapping[str, str] = {
    "name": N_("Name"),
    "address": N_("Address"),
    "language": N_("Language"),
    "zone": N_("Time zone"),
    "right": N_("Right"),
    "list": N_("For which list"),
}
"""The labels of fields whose form comes back to be sent once more."""

LOOKS = frozenset({AuditAction.PERSON_VIEWED, AuditAction.PEOPLE_VIEWED})
"""What somebody did who looked at people."""
