"""A sending that waits for its hour, runs or is paused: its page, and the stream of its page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import suppress
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from accounts import sessions
from accounts.abilities import Ability, Granted
from mailer import reasons
from mailer.campaign.finding import find_campaign
from mailer.models import CampaignState, Status
from mailer.report import decisions, html_page, summary
from mailer.report.decisions import Decision
from mailer.report.summary import Progress
from pli import audit_words, pages
from pli.audit import AuditAction
from pli.database import DatabaseAway
from pli.language import Sentence, say_n
from web import live
from web.live import Picture, Subject, TooManyWatch
from web.office import awaiting, draft_page
from web.office.acts import acts
from web.office.office_routes import OfficeRoute
from web.office.seen_lists import lists_of_sending, seen
from web.office.visit import HEADERS, Visit

REFRESH_SECONDS = 5
"""Without JavaScript the page is loaded again so often."""


class Watching:
    """The stream /office/sendings/ID/stream."""

    def office_routes(self) -> Sequence[OfficeRoute]:
        """Open to whom the page is open."""
        return [
            OfficeRoute(
                "/sendings/{id:number}/stream",
                self.stream,
                Ability.SEE_SENDINGS,
                lists_of_sending,
                partly=True,
            )
        ]

    async def stream(self, visit: Visit) -> Response:
        """Pictures of a sending, as server-sent events, while the page is open.

        503 where too many watch: the page then looks again by loading itself.
        """
        subject, lists = await _subject(visit, visit.number("id"))
        last = visit.request.headers.get("last-event-id", "")
        taken: Callable[[], None] = visit.request.scope.get("extensions", {}).get(
            live.TAKEN, lambda: None
        )
        if visit.request.method == "HEAD":
            return Response(headers=HEADERS | live.HEADERS)
        if visit.context.live.is_full:
            raise HTTPException(503, headers={"Retry-After": str(REFRESH_SECONDS)})

        async def may_still() -> bool:
            return await _may_still(visit, subject)

        def drawn(picture: Picture) -> str | None:
            return draw(visit, picture, lists)

        async def pieces() -> AsyncIterator[bytes]:
            # Of two at once the last place is for one.
            with suppress(TooManyWatch), visit.context.live.watch(subject) as watch:
                async for piece in live.stream(
                    watch,
                    draw=drawn,
                    last=last,
                    may_still=may_still,
                    taken=taken,
                ):
                    yield piece

        return StreamingResponse(pieces(), headers=HEADERS | live.HEADERS)


async def page(visit: Visit, campaign_id: int) -> Response:
    """The sending as it stands, and what can be done to it."""
    subject, lists = await _subject(visit, campaign_id)
    picture = await visit.context.live.picture(subject)
    progress = picture.progress
    if progress is None:
        raise HTTPException(404)
    waits = progress.state is CampaignState.SCHEDULED
    shown = _waiting(visit, picture, lists) if waits else _values(visit, picture)
    seconds = awaiting.refresh_seconds(shown) if waits else REFRESH_SECONDS
    async with visit.context.database.reading() as session:
        decided = await decisions.of_campaign(session, campaign_id)
        campaign = await find_campaign(session, campaign_id)
        manuscript = await draft_page.manuscript_of(session, visit, campaign)
    still = "still" in visit.request.query_params
    granted = visit.who.granted
    return visit.page(
        "watching",
        campaign=campaign_id,
        manuscript=manuscript,
        progress=progress,
        state=reasons.state(progress.state),
        live=shown,
        part=f"office/{'awaited' if waits else 'watched'}.html.j2",
        refresh=None if still else seconds,
        further=0 if subject.lists is None else len(set(lists) - subject.lists),
        paused=_last(decided.decisions, AuditAction.PAUSED)
        if progress.state is CampaignState.PAUSED and progress.reason is None
        else None,
        acts=[it for it in acts(progress) if not waits and granted.may(it.needs, lists)],
        copies=_copies(progress) if granted.lists_for(Ability.SEE_COPIES).among(lists) else (),
        status=reasons.status,
    )


def draw(visit: Visit, picture: Picture, lists: Collection[int]) -> str | None:
    """The part of the page that moves, in the language of the visit; None: it is not for them."""
    assert picture.progress is not None
    if picture.progress.state is CampaignState.SCHEDULED:
        part, live = "awaited", _waiting(visit, picture, lists)
    elif visit.who.granted.lists_for(Ability.SEE_NUMBERS).among(lists):
        part, live = "watched", _values(visit, picture)
    else:
        return None
    return pages.render(f"office/{part}.html.j2", visit.language, zone=visit.zone, live=live)


def _waiting(visit: Visit, picture: Picture, lists: Collection[int]) -> dict[str, Any]:
    assert picture.progress is not None
    at = picture.at or visit.now
    held_by = picture.outlook.held_by
    return awaiting.values(visit, picture.progress, lists, at, held_by=held_by, away=picture.away)


def _values(visit: Visit, picture: Picture) -> dict[str, Any]:
    progress, details = picture.progress, picture.details
    assert progress is not None
    return {
        "progress": progress,
        "outcomes": html_page.bar(progress),
        "order": html_page.ORDER,
        "status": reasons.status,
        "counted": reasons.counted,
        "failures": [
            (reasons.sentence(Status.FAILED, code), n)
            for code, n in (details.failures if details else {}).items()
        ],
        "refusals": details.refusals if details else (),
        "put_off": details.put_off if details else None,
        "left": details.left if details else 0,
        "held_by": [it.sentence for it in picture.outlook.held_by],
        "arrives_at": picture.outlook.arrives_at if progress.pending else None,
        "rate": picture.rate if progress.state is CampaignState.RUNNING else None,
        "at": picture.at,
        "away": picture.away,
        "sentence": _sentence(progress).tell(visit.language),
    }


def _sentence(progress: Progress) -> Sentence:
    """The one sentence that a screen reader says now and then."""
    return say_n(
        "{n} of {all} copies is settled, {sent} sent; the sending is {state}.",
        "{n} of {all} copies are settled, {sent} sent; the sending is {state}.",
        progress.settled,
        all=progress.prepared,
        sent=progress.sent,
        state=reasons.state(progress.state),
    )


def _copies(progress: Progress) -> Sequence[tuple[Status, int]]:
    return [(it, progress.of(it)) for it in html_page.ORDER if progress.of(it)]


def _last(decided: Collection[Decision], action: AuditAction) -> Decision | None:
    its = audit_words.action(action)
    return next((it for it in reversed(list(decided)) if it.what == its), None)


async def _subject(visit: Visit, campaign_id: int) -> tuple[Subject, Sequence[int]]:
    """What the visitor is shown of a sending, and all its lists; 404 if that is nothing.

    Whoever writes drafts and sees no numbers follows a letter until its hour.
    """
    async with visit.context.database.reading() as session:
        lists = await summary.lists_of(session, campaign_id)
    if lists is None:
        raise HTTPException(404)
    return Subject(campaign_id, _on(visit.who.granted, lists), visit.zone), lists


def _on(granted: Granted, lists: Collection[int]) -> frozenset[int] | None:
    """The lists whose copies are counted for somebody; None: all of them. 404: it is not there."""
    sees_numbers = granted.lists_for(Ability.SEE_NUMBERS).among(lists)
    if not sees_numbers and granted.may(Ability.SEE_DRAFTS, lists):
        return None
    return seen(granted, Ability.SEE_NUMBERS, lists)


async def _may_still(visit: Visit, subject: Subject) -> bool:
    """Whether the visitor is still in, and still sees the same lists."""
    try:
        async with visit.context.database.reading() as session:
            here = await sessions.resume(
                session,
                cookie=visit.cookie,
                two_for_all=visit.context.policy.two_for_all,
                now=visit.context.pages.now(),
            )
            lists = await summary.lists_of(session, subject.campaign_id)
    except DatabaseAway:
        return True  # nothing new is shown meanwhile
    if here is None or lists is None:
        return False
    try:
        return _on(here.granted, lists) == subject.lists
    except HTTPException:
        return False
