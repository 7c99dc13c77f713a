"""All findings about a campaign in one list, worst first: of its letter, its lists, the machine.

SELECT only. An error stops a release; a warning is let pass by a person, one by one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mailer.campaign import ordering
from mailer.campaign.addressees import addressees_of
from mailer.campaign.ordering import OrderError
from mailer.campaign.remarks import block_at, blocks, excerpt
from mailer.campaign.sending_hours import SendingHours
from mailer.intake import checkup
from mailer.letter import preflight, snapshot
from mailer.letter.cutting import TopBlock
from mailer.letter.finding import Severity
from mailer.letter.letter import LetterError, check_expressions
from mailer.letter.limits import USUAL, LetterLimits
from mailer.letter.press import press
from mailer.models import Campaign
from mailer.providers import Providers
from mailer.report.foresee import Foreseen, LetterNumber, foresee
from pli.checks import Check, State
from pli.errors import PliError
from pli.language import N_, Sentence, as_document, say
from subscribers.models import Import, ImportState, List
from subscribers.rule_tokens import RuleError

LETTER, LISTS, MACHINE = "letter", "lists", "machine"


@dataclass(frozen=True, slots=True)
class Point:
    """One finding; `about` is LETTER, LISTS or MACHINE.

    `key` is by what somebody's tick is known again: equal as long as the finding says the same.
    """

    severity: Severity
    about: str
    key: str
    sentence: Sentence
    remedy: Sentence | None = None
    line: int | None = None
    block: str = ""
    """The beginning of the block of the letter that it is about."""

    @property
    def stops(self) -> bool:
        """Whether it stops a release."""
        return self.severity is Severity.ERROR


def worst_first(points: Iterable[Point]) -> list[Point]:
    """Errors, then warnings; of each, as found, and each once."""
    found = {it.key: it for it in points}
    return sorted(found.values(), key=lambda it: it.severity is Severity.WARNING)


def of_letter(frozen: str, attributes: Collection[str], sizes: LetterLimits = USUAL) -> list[Point]:
    """The findings of a frozen letter, as it would be sent; a plain function, for it presses."""
    letter, theme, identity = snapshot.thaw(frozen)
    unknown = [_point(LETTER, Severity.ERROR, it) for it in check_expressions(letter, attributes)]
    try:
        found = preflight.check(letter, press(letter, theme, identity), identity, sizes)
    except LetterError as error:
        return unknown + [_point(LETTER, Severity.ERROR, it) for it in error.sentences]
    there = blocks(letter.body) if any(it.line is not None for it in found) else []
    return unknown + [
        replace(
            _point(LETTER, it.severity, it.sentence, it.remedy, line=it.line),
            block=_excerpt(there, it.line),
        )
        for it in found
    ]


def _excerpt(there: Sequence[TopBlock], line: int | None) -> str:
    block = None if line is None else block_at(there, line)
    return excerpt(block.source) if block else ""


def of_machine(checks: Iterable[Check]) -> list[Point]:
    """What the doctor found, without what is as it should be.

    That no answer ever came in is a finding of `of_lists`: it matters only to large campaigns.
    """
    severity = {State.ERROR: Severity.ERROR, State.WARNING: Severity.WARNING}
    return [
        _point(MACHINE, severity[it.state], it.told, it.remedy)
        for it in checks
        if it.state in severity and it.told != say(checkup.NOTHING)
    ]


async def of_lists(
    session: AsyncSession,
    campaign: Campaign,
    *,
    at: datetime,
    notified: bool,
    providers: Providers | None = None,
) -> tuple[list[Point], Foreseen | None]:
    """The findings about lists, number and hours if it went at an hour; and for whom it would be.

    `notified`: whether the settings name somebody who is told of a trouble. `providers`: foresee
    also the spread over them. The second is None if that cannot be foreseen: a finding says why.
    """
    points: list[Point] = []
    to = await addressees_of(session, campaign)
    foreseen = None
    try:
        foreseen = await foresee(
            session,
            to,
            LetterNumber(campaign.number, campaign.letter_hash, campaign.id),
            providers=providers,
        )
    except RuleError as error:
        points.append(_error(say(N_("the rule cannot be used any more: {why}"), why=error.problem)))
    except PliError as error:
        points += [_error(it) for it in error.sentences]
    if foreseen is not None:
        points += _numbers(foreseen)
        if await checkup.is_silent(session, copies=foreseen.receiving):
            silence, remedy = say(checkup.NOTHING), say(checkup.SET_UP)
            points.append(_point(LISTS, Severity.WARNING, silence, remedy))
    points += await beside_the_count(session, campaign, at=at, notified=notified)
    return points, foreseen


async def beside_the_count(
    session: AsyncSession, campaign: Campaign, *, at: datetime, notified: bool
) -> list[Point]:
    """The findings of `of_lists` for which nobody has to be counted."""
    points: list[Point] = []
    try:
        await ordering.refuse_a_double(session, campaign)
    except OrderError as error:
        points += [_error(it) for it in error.sentences]
    points += await _imports(session, (await addressees_of(session, campaign)).list_ids)
    points += _hours(SendingHours.of(campaign), at)
    if not notified:
        points.append(
            _point(
                LISTS,
                Severity.WARNING,
                say(N_("nobody is told by mail if a relay cannot be used")),
                say(N_('write notify = ["…"] into pli.toml')),
            )
        )
    return points


async def silence(session: AsyncSession, campaign: Campaign) -> Sentence | None:
    """The warning of `of_lists` that no answer ever came in; None: there is no reason for it."""
    if not await checkup.is_silent(session, copies=checkup.SMALL + 1):
        return None  # most often: then nobody is counted
    to = await addressees_of(session, campaign)
    letter = LetterNumber(campaign.number, campaign.letter_hash, campaign.id)
    try:
        foreseen = await foresee(session, to, letter, compared=False)
    except PliError:
        return None  # whoever goes on is told of that
    return await checkup.before_a_release(session, copies=foreseen.receiving)


def _numbers(foreseen: Foreseen) -> Iterator[Point]:
    if not foreseen.receiving:
        yield _error(
            say(N_("nobody would get this letter")),
            say(N_("choose other lists, or another segment")),
        )
    elif foreseen.alarm is not None and foreseen.last is not None:
        yield _point(
            LISTS,
            Severity.WARNING,
            foreseen.alarm,
            say(N_("look at the lists, at the segment, and at who is set aside")),
            # The number moves by one or two without being another finding.
            known_by=f"alarm {foreseen.last.campaign} {foreseen.receiving // 10}",
        )


async def _imports(session: AsyncSession, list_ids: Sequence[int]) -> list[Point]:
    rows = await session.execute(
        select(List.title, Import.file)
        .join(Import, Import.list_id == List.id)
        .where(Import.state == ImportState.RUNNING, List.id.in_(list_ids))
        .order_by(Import.id)
    )
    return [
        _point(
            LISTS,
            Severity.WARNING,
            say(N_("people are being read into {list} just now ({file})"), list=title, file=file),
            say(N_("wait until the file is in, or import it again: it goes on")),
        )
        for title, file in rows
    ]


def _hours(hours: SendingHours, at: datetime) -> Iterator[Point]:
    if hours.over(at):
        yield _error(
            say(N_("it would begin after its end ({end})"), end=hours.end),
            say(N_("name an earlier hour, or take the end away")),
        )
        return
    opening = hours.opening(at)
    if not opening.open and hours.quiet is not None:
        yield _point(
            LISTS,
            Severity.WARNING,
            say(N_("that is within the quiet hours: {quiet}"), quiet=str(hours.quiet)),
            say(N_("nothing is lost: the first copy leaves when they are over")),
        )


def _error(sentence: Sentence, remedy: Sentence | None = None) -> Point:
    return _point(LISTS, Severity.ERROR, sentence, remedy)


def _point(
    about: str,
    severity: Severity,
    sentence: Sentence,
    remedy: Sentence | None = None,
    *,
    line: int | None = None,
    known_by: str = "",
) -> Point:
    said = known_by or json.dumps(
        [as_document(sentence), line], ensure_ascii=False, sort_keys=True, default=str
    )
    key = hashlib.sha256(f"{about}\0{said}".encode()).hexdigest()[:32]
    return Point(severity, about, key, sentence, remedy, line)
