"""Puts one person on a list, known or not, and says what that changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from pli.actor import Actor
from pli.keys import Keys
from pli.language import N_, Sentence
from subscribers import consent, doubtful, optout, people
from subscribers.address import Address
from subscribers.models import Basis, List, Subscriber, SuppressionReason
from subscribers.people import PersonError
from subscribers.values import Value


@dataclass(frozen=True, slots=True)
class Added:
    """What became of it: whether the person came onto the list, and the fields that changed.

    `suppressed` is why nothing will be sent to the address, `doubt` why it may be mistyped.
    """

    person: Subscriber
    joined: bool
    changed: tuple[str, ...]
    suppressed: SuppressionReason | None
    doubt: Sentence | None


async def put_on_list(
    session: AsyncSession,
    *,
    address: Address,
    joined: List,
    basis: Basis,
    source: str,
    keys: Keys,
    first_name: str | None = None,
    last_name: str | None = None,
    attributes: Mapping[str, Value] | None = None,
    again: bool = False,
    by: Actor,
    now: datetime,
) -> Added:
    """Put a person on a list; what is given of a known person changes, what is not stays.

    Raises PersonError, with nothing changed, if the person left the list (then `again` brings them
    back), or is on it already and nothing new is given. `by` is who of the office does that.
    """
    person = await people.find(session, address)
    changed: tuple[str, ...] = ()
    if person is None:
        person = await people.add(
            session,
            address=address,
            keys=keys,
            first_name=first_name or "",
            last_name=last_name or "",
            attributes=attributes,
            now=now,
        )
    else:
        changed = await people.edit(
            session,
            person,
            first_name=first_name,
            last_name=last_name,
            attributes=attributes or {},
            by=by,
            now=now,
        )
    done = await consent.subscribe(
        session,
        subscriber_id=person.id,
        list_id=joined.id,
        basis=basis,
        source=source,
        confirmed=True,
        again=again,
        by=by,
        now=now,
    )
    there = await optout.on_list(session, subscriber_id=person.id, list_id=joined.id)
    if not done and not there.subscribed:
        raise PersonError(
            N_("{address} has left {list}: only --again brings back who asks for it"),
            address=address.email,
            list=joined.name,
        )
    if not done and not changed:
        raise PersonError(
            N_(
                "{address} is on {list} already, or has left it (then --again brings back): "
                'see "pli subscriber show {address}"'
            ),
            address=address.email,
            list=joined.name,
        )
    return Added(
        person=person,
        joined=done,
        changed=changed,
        suppressed=await optout.suppressed(session, address_key=person.address_key),
        doubt=doubtful.doubt(address),
    )
