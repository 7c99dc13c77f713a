"""Rights, states and events of the office in words."""

from __future__ import annotations

from collections.abc import Mapping

from accounts.models import AccountState
from accounts.rights import Right
from pli.audit import AuditAction, AuditObject
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

_ACTIONS: Mapping[str, str] = {
    "signed_in": N_("signed in"),
    "half_way": N_("gave the first of two proofs"),
    "sign_in_failed": N_("failed to sign in"),
    "signed_out": N_("signed out"),
    "confirmed": N_("confirmed to be there"),
    "sessions_ended": N_("ended sessions"),
    "link_made": N_("a link was made"),
    "link_used": N_("used a link"),
    "password_set": N_("set a password"),
    "totp_set": N_("set up an app"),
    "totp_removed": N_("removed the app"),
    "codes_made": N_("made recovery codes"),
    "code_used": N_("used a recovery code"),
    "passkey_added": N_("made a passkey"),
    "passkey_removed": N_("removed a passkey"),
    "passkey_refused": N_("a passkey was refused: there are two of it"),
    "account_made": N_("made an account"),
    "account_changed": N_("changed an account"),
    "account_closed": N_("closed an account"),
    "account_reopened": N_("reopened an account"),
    "account_reset": N_("took all factors from an account"),
    "right_granted": N_("gave a right"),
    "right_revoked": N_("took a right"),
    "person_viewed": N_("looked at a person"),
    "people_viewed": N_("looked at people"),
    "barred": N_("barred an address"),
    "lifted": N_("lifted a bar"),
    "list_made": N_("made a list"),
    "list_changed": N_("changed a list"),
}

_OBJECTS: Mapping[str, str] = {
    "account": N_("account"),
    "person": N_("person"),
    "list": N_("list"),
    "campaign": N_("campaign"),
}

LOOKS = frozenset({AuditAction.PERSON_VIEWED, AuditAction.PEOPLE_VIEWED})
"""What somebody did who looked at people."""


def of_action(action: AuditAction) -> str:
    """An action in words, to be translated."""
    return _ACTIONS.get(action.value, action.value)


def of_object(kind: AuditObject) -> str:
    """A kind of object in words, to be translated."""
    return _OBJECTS.get(kind.value, kind.value)
