"""What waits for somebody: to be approved, changed, checked, released, resumed or settled."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from accounts.abilities import Ability
from mailer.campaign.approvals import Step
from mailer.models import ApprovalKind, CampaignState
from mailer.report.standing import Seen
from mailer.report.summary import Progress
from pli.language import N_, Sentence, say, say_n
from web.office import cookies
from web.office.visit import Visit

_ASKED = (ApprovalKind.ASKED, ApprovalKind.REMINDED)
_MADE = (ApprovalKind.WROTE, ApprovalKind.CHANGED, ApprovalKind.ASKED)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits for the person who looks: what it is, and where it is done."""

    sentence: Sentence
    title: str
    path: str


def what_waits(
    visit: Visit,
    shown: Sequence[Seen],
    lists: Mapping[int, Sequence[int]],
    steps: Mapping[int, Sequence[Step]],
    made: Mapping[int, int | None],
    unchecked: Collection[int],
    *,
    second_person: bool,
) -> list[Waiting]:
    """What waits for this person, the most urgent first.

    `made`: the account that made each campaign. `unchecked`: the campaigns that have findings
    which this person should look at. `second_person`: nobody approves what is the own.
    """
    found: list[Waiting] = []
    newest = sorted((it.progress for it in shown), key=lambda it: it.campaign, reverse=True)
    account = visit.who.account_id
    returned, findings = partial(_sent_back, made), partial(_unchecked, unchecked)
    unasked = partial(_unasked, made, unchecked)
    # Of a draft that is the own, and that one may approve, one of these two is told.
    drafts = (unasked, _drafts) if second_person else (_drafts, unasked)
    told: set[int] = set()
    for asks in (_paused, _held, _asked, returned, findings, _approved, *drafts, _uncertain):
        for it in newest:
            if asks in drafts and it.campaign in told:
                continue
            needs, sentence = asks(it, steps.get(it.campaign, []), account)
            on = lists.get(it.campaign, [])
            if sentence is not None and visit.who.granted.may(needs, on):
                page = "/approve" if asks is _asked else "/check" if asks is findings else ""
                path = f"{cookies.PATH}/sendings/{it.campaign}{page}"
                found.append(Waiting(sentence, it.title, path))
                told |= {it.campaign} if asks in drafts else set()
    return found


_Needed = tuple[Ability, Sentence | None]


def _paused(it: Progress, _steps: Sequence[Step], _account: int) -> _Needed:
    if it.state is not CampaignState.PAUSED:
        return Ability.RESUME, None
    text = (
        N_("Letter {number} has paused by itself, and waits for you.")
        if it.reason
        else N_("Letter {number} is paused.")
    )
    return Ability.RESUME, say(text, number=it.letter)


def _held(it: Progress, _steps: Sequence[Step], _account: int) -> _Needed:
    if it.state is not CampaignState.SCHEDULED or not it.reason:
        return Ability.RELEASE, None
    text = N_("Letter {number} does not start by itself: {reason}")
    return Ability.RELEASE, say(text, number=it.letter, reason=it.reason)


def _approved(it: Progress, _steps: Sequence[Step], _account: int) -> _Needed:
    ready = it.state in (CampaignState.APPROVED, CampaignState.PREPARED)
    text = N_("Letter {number} is ready, and waits to be released.")
    return Ability.RELEASE, say(text, number=it.letter) if ready else None


def _asked(it: Progress, steps: Sequence[Step], account: int) -> _Needed:
    """Who is asked by name, or is one of all who are asked, and did not ask."""
    last = _asking(it, steps)
    if last is None or last.by.account_id == account:
        return Ability.APPROVE, None
    values = {"name": last.by.name, "number": it.letter}
    if last.asked_account == account:
        return Ability.APPROVE, say(N_("{name} asks you to approve letter {number}."), **values)
    text = N_("{name} asks for an approval of letter {number}: yours, or somebody else’s.")
    return Ability.APPROVE, say(text, **values) if last.asked_account is None else None


def _sent_back(
    made: Mapping[int, int | None], it: Progress, steps: Sequence[Step], account: int
) -> _Needed:
    """Who made it, wrote it, or asked for its approval, has to change it."""
    if it.state is not CampaignState.DRAFT or not steps:
        return Ability.SEE_DRAFTS, None
    is_mine = steps[-1].kind is ApprovalKind.SENT_BACK and is_maker(made, it, steps, account)
    text = N_("Letter {number} was sent back to you.")
    return Ability.SEE_DRAFTS, say(text, number=it.letter) if is_mine else None


def is_maker(
    made: Mapping[int, int | None], it: Progress, steps: Sequence[Step], account: int
) -> bool:
    """Whether an account made a letter's campaign, wrote or changed it, or asked for approval."""
    mine = {made.get(it.campaign)} | {s.by.account_id for s in steps if s.kind in _MADE}
    return account in mine


def _unchecked(
    unchecked: Collection[int], it: Progress, _steps: Sequence[Step], _account: int
) -> _Needed:
    text = N_("Letter {number} has findings that nobody has let pass.")
    waits = it.campaign in unchecked
    return Ability.SEE_DRAFTS, say(text, number=it.letter) if waits else None


def _unasked(
    made: Mapping[int, int | None],
    unchecked: Collection[int],
    it: Progress,
    steps: Sequence[Step],
    account: int,
) -> _Needed:
    """Nobody is asked yet, and who made it sees to that; the findings come first."""
    waits = (
        _is_unasked(it, steps)
        and it.campaign not in unchecked
        and is_maker(made, it, steps, account)
    )
    text = N_("Nobody has been asked yet to approve your letter {number}.")
    return Ability.SEE_DRAFTS, say(text, number=it.letter) if waits else None


def _is_unasked(it: Progress, steps: Sequence[Step]) -> bool:
    last = steps[-1].kind if steps else None
    decided = (*_ASKED, ApprovalKind.SENT_BACK)
    return it.state is CampaignState.DRAFT and last not in decided


def _drafts(it: Progress, steps: Sequence[Step], _account: int) -> _Needed:
    """Nobody is asked, and it was not sent back: whoever may approve it can look at it."""
    text = N_("Letter {number} waits to be approved.")
    return Ability.APPROVE, say(text, number=it.letter) if _is_unasked(it, steps) else None


def _asking(it: Progress, steps: Sequence[Step]) -> Step | None:
    """Who asked for the approval for which a draft waits; a reminder asks the same people."""
    if it.state is not CampaignState.DRAFT or not steps or steps[-1].kind not in _ASKED:
        return None
    return next((it for it in reversed(steps) if it.kind is ApprovalKind.ASKED), None)


def _uncertain(it: Progress, _steps: Sequence[Step], _account: int) -> _Needed:
    if not it.uncertain or it.state is CampaignState.CANCELLED:
        return Ability.SETTLE, None
    return Ability.SETTLE, say_n(
        "Letter {number}: {n} copy is uncertain, and waits for a decision.",
        "Letter {number}: {n} copies are uncertain, and wait for a decision.",
        it.uncertain,
        number=it.letter,
    )
