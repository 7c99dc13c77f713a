"""What can be done to a sending that is prepared, runs or is paused: each asks first, and why."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from accounts.abilities import Ability
from mailer.campaign import barring, lifecycle, scheduling
from mailer.campaign.finding import CampaignError, find_campaign
from mailer.campaign.refused_before import refused_before, send_again
from mailer.campaign.sending_hours import SendingHours
from mailer.models import CampaignState
from mailer.report import summary
from mailer.report.summary import Progress
from pli import hours
from pli.durations import typed_number
from pli.language import N_, Sentence, say, say_n
from pli.quiet import Quiet, QuietError
from web.office.asking_first import Asked, ask_or_do
from web.office.draft_page import sending_options
from web.office.forms import SelectChoice
from web.office.office_routes import OfficeRoute
from web.office.seen_lists import lists_of_sending
from web.office.sending_forms import (
    GIVE_UP,
    CancelForm,
    HoursForm,
    ResumeForm,
    StartForm,
    WhyForm,
)
from web.office.visit import Visit

_TAKES_EFFECT = N_("It takes effect within two seconds; what is on the wire is still settled.")


class SendingActions:
    """The pages under /office/sendings/ID that change a sending."""

    def office_routes(self) -> Sequence[OfficeRoute]:
        """GET asks, POST does it; each takes the right on all lists of the sending."""
        acts: Sequence[tuple[str, Callable[[Visit], Awaitable[Response]], Ability]] = [
            ("start", self.start, Ability.RELEASE),
            ("pause", self.pause, Ability.PAUSE),
            ("resume", self.resume, Ability.RESUME),
            ("cancel", self.cancel, Ability.CANCEL),
            ("hours", self.hours, Ability.RELEASE),
        ]
        return [
            OfficeRoute(
                f"/sendings/{{id:number}}/{name}",
                endpoint,
                needs,
                lists_of_sending,
                methods=("GET", "POST"),
                # To let a letter go takes a proof of the last hour, here as on the last page.
                confirmed=name == "start",
            )
            for name, endpoint, needs in acts
        ]

    async def start(self, visit: Visit) -> Response:
        """Let a sending begin whose copies are prepared."""
        id_ = visit.number("id")
        form = StartForm.of(visit)
        options = sending_options(visit)
        async with visit.context.database.reading() as session:
            progress = await summary.progress(session, id_)
        number = progress.prepared
        told = [
            say_n("It leaves for {n:n} person.", "It leaves for {n:n} people.", number),
            say(
                N_(
                    "A copy that has left cannot be taken back; the sending can be paused at any "
                    "time."
                )
            ),
        ]
        typed = number > options.type_number_above
        fields = [*(["typed"] if typed else []), "why"]
        asked = Asked(N_("Start the sending"), N_("Start it"), told, form, fields)

        async def start(session: AsyncSession) -> None:
            if typed and typed_number(form.typed.data or "") != number:
                raise CampaignError(N_("type the number of people that stands on this page"))
            await lifecycle.start(
                session,
                campaign_id=id_,
                second_person=options.policy.second_person,
                by=visit.who.actor,
                why=form.why.data or "",
                now=visit.now,
            )

        return await ask_or_do(visit, asked, start)

    async def pause(self, visit: Visit) -> Response:
        """Hold a running sending."""
        form = WhyForm.of(visit)
        asked = Asked(N_("Pause the sending"), N_("Pause"), [say(_TAKES_EFFECT)], form, ["why"])

        async def pause(session: AsyncSession) -> None:
            await _pause(session, visit, form)

        return await ask_or_do(visit, asked, pause)

    async def resume(self, visit: Visit) -> Response:
        """Let a paused sending go on, and decide what the answers before the pause were worth."""
        id_ = visit.number("id")
        form = ResumeForm.of(visit)
        async with visit.context.database.reading() as session:
            campaign = await find_campaign(session, id_)
            undecided = await barring.undecided(session, campaign_id=id_)
            refused = len(await refused_before(session, campaign_id=id_))
            ended = SendingHours.of(campaign).over(visit.now)
            progress = await summary.progress(session, id_)
        barrable = undecided.would_be_barred if undecided else 0
        told = [
            say_n(
                "It goes on within two seconds, with {n} copy that has not left yet.",
                "It goes on within two seconds, with {n} copies that have not left yet.",
                _waiting(progress),
            ),
            *_barrable(barrable),
            *_refused(refused),
        ]
        if ended:
            told.append(say(N_("Its end has passed: it goes on without one.")))
        fields = [*(["bar"] if barrable else []), *(["again"] if refused else []), "why"]
        asked = Asked(N_("Let the sending go on"), N_("Let it go on"), told, form, fields)

        async def resume(session: AsyncSession) -> None:
            by = visit.who.actor
            believed = bool(barrable and form.bar.data)
            # Who is barred gets nothing more.
            if refused and form.again.data and not believed:
                await send_again(session, campaign_id=id_)
            if believed:
                await barring.believe(session, campaign_id=id_, by=by, now=visit.now)
            await lifecycle.resume(session, campaign_id=id_, by=by, why=form.why.data or "")

        return await ask_or_do(visit, asked, resume)

    async def cancel(self, visit: Visit) -> Response:
        """Give a sending up, or only hold it: what waits is asked about."""
        id_ = visit.number("id")
        form = CancelForm.of(visit)
        form.rest.choices = [SelectChoice(it.value, form.rest.gettext(it.label)) for it in _REST]
        async with visit.context.database.reading() as session:
            progress = await summary.progress(session, id_)
        told = [
            say_n(
                "{n} copy has not left yet.", "{n} copies have not left yet.", _waiting(progress)
            ),
            say(N_("What has left cannot be taken back. A cancelled sending never goes on.")),
        ]
        asked = Asked(
            N_("Cancel the sending"), N_("Do this now"), told, form, ["rest", "why"], danger=True
        )

        async def cancel(session: AsyncSession) -> None:
            if form.rest.data == GIVE_UP:
                await lifecycle.cancel(
                    session,
                    campaign_id=id_,
                    by=visit.who.actor,
                    why=form.why.data or "",
                    now=visit.now,
                )
            elif progress.state is not CampaignState.PAUSED:
                await _pause(session, visit, form)

        return await ask_or_do(visit, asked, cancel)

    async def hours(self, visit: Visit) -> Response:
        """Change when a sending may leave."""
        id_ = visit.number("id")
        async with visit.context.database.reading() as session:
            before = SendingHours.of(await find_campaign(session, id_))
        zone = visit.who.zone
        form = HoursForm.of(
            visit,
            quiet=str(before.quiet) if before.quiet else "",
            end=f"{before.end.moment.astimezone(hours.zone_of(zone)):%Y-%m-%d %H:%M}"
            if before.end
            else "",
        )
        told = [say(N_("Hours are those of your time zone, {zone}."), zone=zone)]
        asked = Asked(
            N_("Change the hours of the sending"), N_("Keep these hours"), told, form,
            ["quiet", "end", "why"],
        )  # fmt: skip

        async def change(session: AsyncSession) -> None:
            await scheduling.set_hours(
                session,
                campaign_id=id_,
                hours=_hours(visit, form),
                by=visit.who.actor,
                why=form.why.data or "",
            )

        return await ask_or_do(visit, asked, change)


_REST = CancelForm.rest.kwargs["choices"]


async def _pause(session: AsyncSession, visit: Visit, form: WhyForm) -> None:
    id_ = visit.number("id")
    done = await lifecycle.pause(
        session, campaign_id=id_, by=visit.who.actor, why=form.why.data or ""
    )
    if not done:
        raise CampaignError(N_("campaign {id} is not running"), id=id_)


def _waiting(progress: Progress) -> int:
    return progress.pending + progress.sending


def _barrable(n: int) -> Sequence[Sentence]:
    if not n:
        return ()
    return (
        say_n(
            "The relay called {n} address unknown, and a fault there may be why.",
            "The relay called {n} addresses unknown, and a fault there may be why.",
            n,
        ),
    )


def _refused(n: int) -> Sequence[Sentence]:
    if not n:
        return ()
    return (
        say_n(
            "{n} copy was refused before the pause.",
            "{n} copies were refused before the pause.",
            n,
        ),
    )


def _hours(visit: Visit, form: HoursForm) -> SendingHours:
    """The hours as they were typed; CampaignError with what is wrong."""
    zone = visit.who.zone
    quiet_text, end_text = (form.quiet.data or "").strip(), (form.end.data or "").strip()
    try:
        quiet = Quiet.parse(quiet_text) if quiet_text else None
    except QuietError as error:
        raise CampaignError(
            N_("“{text}” {reason}"), text=quiet_text[:100], reason=error.sentences[0]
        ) from None
    end = hours.parse(end_text, zone=zone, now=visit.now) if end_text else None
    return SendingHours(quiet, zone if quiet else "UTC", end)
