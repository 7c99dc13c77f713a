"""What the audit and the columns of actors say in words: who it was, what was done, to what."""

from __future__ import annotations

from collections.abc import Mapping

from pli.actor import Actor, ActorKind
from pli.language import N_, Sentence, say
from pli.tables import AuditAction, AuditObject

ACTIONS: Mapping[AuditAction, str] = {
    AuditAction.SIGNED_IN: N_("signed in"),
    AuditAction.HALF_WAY: N_("gave the first proof of two"),
    AuditAction.SIGN_IN_FAILED: N_("failed to sign in"),
    AuditAction.SIGNED_OUT: N_("signed out"),
    AuditAction.CONFIRMED: N_("proved once more to be there"),
    AuditAction.SESSIONS_ENDED: N_("ended sessions"),
    AuditAction.LINK_MADE: N_("made a link to come in by"),
    AuditAction.LINK_USED: N_("used a link"),
    AuditAction.PASSWORD_SET: N_("set a password"),
    AuditAction.TOTP_SET: N_("enrolled an app for codes"),
    AuditAction.TOTP_REMOVED: N_("removed the app for codes"),
    AuditAction.CODES_MADE: N_("made recovery codes"),
    AuditAction.CODE_USED: N_("used a recovery code"),
    AuditAction.PASSKEY_ADDED: N_("added a passkey"),
    AuditAction.PASSKEY_REMOVED: N_("removed a passkey"),
    AuditAction.PASSKEY_REFUSED: N_("was refused with a passkey"),
    AuditAction.ACCOUNT_MADE: N_("made an account"),
    AuditAction.ACCOUNT_CHANGED: N_("changed an account"),
    AuditAction.ACCOUNT_CLOSED: N_("closed an account"),
    AuditAction.ACCOUNT_REOPENED: N_("reopened an account"),
    AuditAction.ACCOUNT_RESET: N_("took all proofs from an account"),
    AuditAction.RIGHT_GRANTED: N_("gave a right"),
    AuditAction.RIGHT_REVOKED: N_("took a right"),
    AuditAction.PERSON_VIEWED: N_("looked at a person"),
    AuditAction.PEOPLE_VIEWED: N_("looked at people"),
    AuditAction.PERSON_CHANGED: N_("changed a person"),
    AuditAction.BARRED: N_("barred an address"),
    AuditAction.LIFTED: N_("let an address be written to again"),
    AuditAction.BOUNCE_CLAIMED: N_("tied a mail that came back to a person"),
    AuditAction.WISH_DISMISSED: N_("let nothing follow from a wish to leave"),
    AuditAction.LIST_MADE: N_("made a list"),
    AuditAction.LIST_CHANGED: N_("changed a list"),
    AuditAction.ATTRIBUTE_MADE: N_("declared an attribute"),
    AuditAction.ATTRIBUTE_TYPED: N_("gave an attribute another type"),
    AuditAction.SEGMENT_SAVED: N_("saved a segment"),
    AuditAction.FROZEN_ANEW: N_("froze a campaign anew"),
    AuditAction.TICKED: N_("let a warning about a campaign pass"),
    AuditAction.APPROVAL_ASKED: N_("asked for the approval of a campaign"),
    AuditAction.APPROVED: N_("approved a campaign"),
    AuditAction.SENT_BACK: N_("sent a campaign back"),
    AuditAction.RELEASED: N_("released a campaign"),
    AuditAction.RELEASE_STOPPED: N_("stopped a released campaign before its first copy"),
    AuditAction.SCHEDULED: N_("let a campaign start by itself"),
    AuditAction.HOURS_CHANGED: N_("changed the hours of a campaign"),
    AuditAction.STARTED: N_("started a campaign"),
    AuditAction.PAUSED: N_("paused a campaign"),
    AuditAction.RESUMED: N_("resumed a campaign"),
    AuditAction.CANCELLED: N_("cancelled a campaign"),
    AuditAction.RETRIED: N_("let copies be sent again"),
    AuditAction.SETTLED: N_("settled copies in doubt"),
    AuditAction.DRAFT_MADE: N_("began a manuscript"),
    AuditAction.DRAFT_SAVED: N_("saved a manuscript"),
    AuditAction.DRAFT_PICTURE: N_("added a picture to a manuscript"),
    AuditAction.DRAFT_STATE: N_("changed the state of a manuscript"),
    AuditAction.DRAFT_RESTORED: N_("brought back a version of a manuscript"),
    AuditAction.DRAFT_DELETED: N_("deleted a manuscript"),
    AuditAction.TEST_ORDERED: N_("sent test copies of a manuscript"),
}
"""Each action as the verb of whoever did it."""

OBJECTS: Mapping[AuditObject, str] = {
    AuditObject.ACCOUNT: N_("account {id}"),
    AuditObject.PERSON: N_("person {id}"),
    AuditObject.LIST: N_("list {id}"),
    AuditObject.CAMPAIGN: N_("campaign {id}"),
    AuditObject.ATTRIBUTE: N_("attribute {id}"),
    AuditObject.SEGMENT: N_("segment {id}"),
    AuditObject.DRAFT: N_("manuscript {id}"),
}


def action(of: AuditAction) -> Sentence:
    """What was done."""
    return say(ACTIONS[of])


def what(kind: AuditObject, object_id: int | None) -> Sentence | None:
    """What it was done to, by its number; None if it has none."""
    return None if object_id is None else say(OBJECTS[kind], id=object_id)


def who(actor: Actor) -> Sentence:
    """Who did it, and whether the command line only says so."""
    if actor.kind is ActorKind.NOBODY:
        return say(N_("somebody who had not signed in"))
    if actor.kind is ActorKind.SYSTEM:
        return say(N_("{user} on the command line"), user=actor.name)
    if actor.said_by:
        return say(
            N_("{name}, as {user} said on the command line"), name=actor.name, user=actor.said_by
        )
    return say(N_("{name}"), name=actor.name)
