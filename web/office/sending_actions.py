"""What can be done to a sending that runs, is paused or has ended: each asks first, and why."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from accounts.abilities import Ability
from mailer import reasons
from mailer.campaign import barring, lifecycle, scheduling
from mailer.campaign.finding import CampaignError, find_campaign
from mailer.campaign.refused_before import refused_before, send_again
from mailer.campaign.sending_hours import SendingHours
from mailer.ledger import doubt
from mailer.models import CampaignState, Status
from mailer.report import live_details, summary
from mailer.report.summary import Progress
from pli import hours
from pli.errors import PliError
from pli.language import N_, Sentence, say, say_n
from pli.quiet import Quiet, QuietError
from web.office import cookies
from web.office.forms import OfficeForm, SelectChoice
from web.office.office_routes import LARGEST_FORM, OfficeRoute
from web.office.seen_lists import lists_of_sending
from web.office.sending_forms import (
    BY_LOG,
    GIVE_UP,
    LONGEST_LOG,
    CancelForm,
    DoubtsForm,
    HoursForm,
    ResumeForm,
    RetryForm,
    WhyForm,
)
from web.office.visit import Visit

SENDINGS = f"{cookies.PATH}/sendings"
PASTED = "pasted"
"""How the evidence calls a log that somebody pasted into the page."""
_TAKES_EFFECT = N_("It takes effect within two seconds; what is on the wire is still settled.")


@dataclass(frozen=True, slots=True)
class Asked:
    """The page that asks: its heading, what one should know, its form, and its button."""

    heading: str
    button: str
    told: Sequence[Sentence]
    form: OfficeForm
    fields: Sequence[str]
    danger: bool = False


class SendingActions:
    """The pages under /office/sendings/ID that change a sending."""

    def office_routes(self) -> Sequence[OfficeRoute]:
        """GET asks, POST does it; each takes the right on all lists of the sending."""
        acts: Sequence[tuple[str, Callable[[Visit], Awaitable[Response]], Ability, int]] = [
            ("pause", self.pause, Ability.PAUSE, LARGEST_FORM),
            ("resume", self.resume, Ability.RESUME, LARGEST_FORM),
            ("cancel", self.cancel, Ability.CANCEL, LARGEST_FORM),
            ("hours", self.hours, Ability.RELEASE, LARGEST_FORM),
            ("retry", self.retry, Ability.RETRY, LARGEST_FORM),
            ("doubts", self.doubts, Ability.SETTLE, 4 * LONGEST_LOG),
        ]
        return [
            OfficeRoute(
                f"/sendings/{{id:number}}/{name}",
                endpoint,
                needs,
                lists_of_sending,
                methods=("GET", "POST"),
                largest=largest,
            )
            for name, endpoint, needs, largest in acts
        ]

    async def pause(self, visit: Visit) -> Response:
        """Hold a running sending."""
        form = WhyForm.of(visit)
        asked = Asked(N_("Pause the sending"), N_("Pause"), [say(_TAKES_EFFECT)], form, ["why"])

        async def pause(session: AsyncSession) -> None:
            await _pause(session, visit, form)

        return await _ask_or_do(visit, asked, pause)

    async def resume(self, visit: Visit) -> Response:
        """Let a paused sending go on, and decide what the answers before the pause were worth."""
        id_ = visit.number("id")
        form = ResumeForm.of(visit)
        async with visit.context.database.reading() as session:
            campaign = await find_campaign(session, id_)
            undecided = await barring.undecided(session, campaign_id=id_)
            refused = len(await refused_before(session, campaign_id=id_))
            ended = SendingHours.of(campaign).over(visit.now)
        barrable = undecided.would_be_barred if undecided else 0
        told = [*_barrable(barrable), *_refused(refused)]
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

        return await _ask_or_do(visit, asked, resume)

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

        return await _ask_or_do(visit, asked, cancel)

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

        return await _ask_or_do(visit, asked, change)

    async def retry(self, visit: Visit) -> Response:
        """Send failed copies again, all or those that failed for one reason."""
        id_ = visit.number("id")
        form = RetryForm.of(visit)
        async with visit.context.database.reading() as session:
            progress = await summary.progress(session, id_)
            failures = await live_details.failures_by_reason(session, id_)
            barred = await barring.barred_among_failed(session, campaign_id=id_)
        every = form.reason.gettext(N_("all of them"))
        form.reason.choices = [
            SelectChoice("", f"{every} ({progress.failed})"),
            *(
                SelectChoice(code, f"{_why_failed(code, visit.language)} ({n})")
                for code, n in failures.items()
            ),
        ]
        told = [say(N_("Each goes again under its old Message-ID."))]
        if barred:
            told.append(
                say_n(
                    "{n} of these addresses is barred, for the relay called it unknown.",
                    "{n} of these addresses are barred, for the relay called them unknown.",
                    barred,
                )
            )
        fields = ["reason", *(["lift"] if barred else []), "why"]
        asked = Asked(N_("Send failed copies again"), N_("Send them again"), told, form, fields)

        async def retry(session: AsyncSession) -> None:
            by, why = visit.who.actor, form.why.data or ""
            if barred and form.lift.data:
                await barring.lift(session, campaign_id=id_, by=by, now=visit.now)
            copies = await lifecycle.retry(
                session,
                campaign_id=id_,
                uncertain=False,
                failed=True,
                reason=form.reason.data or "",
                by=by,
                why=why,
            )
            _refuse_nothing(copies, id_)

        return await _ask_or_do(visit, asked, retry)

    async def doubts(self, visit: Visit) -> Response:
        """Send uncertain copies again, or settle them by what the relay's log says."""
        id_ = visit.number("id")
        form = DoubtsForm.of(visit)
        form.how.choices = [SelectChoice(it.value, form.how.gettext(it.label)) for it in _HOW]
        async with visit.context.database.reading() as session:
            progress = await summary.progress(session, id_)
        told = [
            say_n(
                "Of {n} copy nobody can know whether it left.",
                "Of {n} copies nobody can know whether they left.",
                progress.uncertain,
            ),
            say(N_("Who is sent such a copy again may get the letter twice.")),
        ]
        asked = Asked(
            N_("Settle the uncertain copies"), N_("Do this now"), told, form, ["how", "log", "why"]
        )

        async def decide(session: AsyncSession) -> None:
            by = visit.who.actor
            if form.how.data == BY_LOG:
                lines = (form.log.data or "").encode().splitlines(keepends=True)
                _refuse_nothing(
                    await doubt.settle_by_log(
                        session,
                        id_,
                        visit.context.keys,
                        [(PASTED, lines)],
                        by=by,
                        why=form.why.data or "",
                        now=visit.now,
                    ),
                    id_,
                )
                return
            copies = await lifecycle.retry(
                session,
                campaign_id=id_,
                uncertain=True,
                failed=False,
                by=by,
                why=form.why.data or "",
            )
            _refuse_nothing(copies, id_)

        return await _ask_or_do(visit, asked, decide)


_REST = CancelForm.rest.kwargs["choices"]
_HOW = DoubtsForm.how.kwargs["choices"]


async def _ask_or_do(
    visit: Visit, asked: Asked, do: Callable[[AsyncSession], Awaitable[None]]
) -> Response:
    """Show the page that asks; or do it in one transaction, and go back to the sending."""
    id_ = visit.number("id")
    status = 200
    if visit.posted:
        status = 422
        if asked.form.validate():
            try:
                async with visit.context.database.begin() as session:
                    await do(session)
            except PliError as error:
                asked.form.blame(visit, asked.fields[0], error)
            else:
                return visit.go(f"{SENDINGS}/{id_}", done="sending")
    async with visit.context.database.reading() as session:
        progress = await summary.progress(session, id_)
    return visit.page(
        "act",
        status_code=status,
        asked=asked,
        progress=progress,
        state=reasons.state(progress.state),
        back=f"{SENDINGS}/{id_}",
    )


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


def _why_failed(code: str, language: str) -> str:
    sentence = reasons.sentence(Status.FAILED, code)
    return sentence.tell(language) if sentence else code


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


def _refuse_nothing(copies: int, campaign_id: int) -> None:
    if not copies:
        raise CampaignError(
            N_("No copy of campaign {id} is meant by that: nothing changed."), id=campaign_id
        )
