"""Rights and states of accounts in words, and which events are looks at people."""

from __future__ import annotations

from collections.abc import Mapping

from accounts.factors import Factor
from accounts.models import AccountState, LinkKind
from accounts.rights import Right
from pli.audit import AuditAction, AuditObject, Event
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

DONE: Mapping[str, str] = {
    "saved": N_("This is saved."),
    "manuscript": N_("The manuscript is saved."),
    "taken_over": N_("What you brought stands at the end of the text."),
    "picture": N_("The picture is kept. Write its name where it belongs."),
    "restored": N_("The earlier text is the text again. The one before stays in the history."),
    "password": N_("Your password is another now, and your other sessions are ended."),
    "link": N_("A link is on its way by mail."),
    "sending": N_("This is done; it takes effect within two seconds."),
    "chosen": N_("It is kept for whom this letter is."),
    "approval_lost": N_("This is saved. The approval is taken away: it was of something else."),
    "ticked": N_("This warning is let pass, with your name."),
    "asked": N_("They are asked by mail."),
    "approved": N_("This is approved."),
    "sent_back": N_("It is sent back with your remarks."),
    "test_copy": N_("A test copy is on its way to you."),
    "too_late": N_("It is too late for that: this is how it stands now."),
    "left": N_("They have left, and get no more letters of these lists."),
    "dismissed": N_("The line is taken away; nothing else is changed."),
    "stopped": N_("It is stopped: nothing was sent."),
}
"""What a page tells after something was done that is not seen on it."""

LOOKS = frozenset({AuditAction.PERSON_VIEWED, AuditAction.PEOPLE_VIEWED})
"""What somebody did who looked at people."""

_WHY: Mapping[str, str] = {
    Factor.PASSKEY.value: N_("passkey"),
    Factor.PASSWORD.value: N_("password"),
    Factor.TOTP.value: N_("app for codes"),
    Factor.RECOVERY_CODE.value: N_("recovery code"),
    Factor.LINK.value: N_("link by mail"),
    LinkKind.INVITE.value: N_("invitation"),
    LinkKind.SIGN_IN.value: N_("link by mail"),
    LinkKind.RESET.value: N_("link to a new passkey or password"),
    **{right.value: text for right, text in RIGHTS.items()},
}


def why(event: Event) -> list[str]:
    """By what an account's event came about, to be translated; no words if they are not ours."""
    said = event.why.split()
    ours = event.kind is AuditObject.ACCOUNT and all(it in _WHY for it in said)
    return [_WHY[it] for it in said] if ours else []
