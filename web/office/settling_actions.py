"""Failed copies are sent again, and uncertain ones settled: each asks first, and why."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from accounts.abilities import Ability
from mailer import reasons
from mailer.campaign import barring, lifecycle
from mailer.campaign.finding import CampaignError
from mailer.ledger import doubt
from mailer.models import Status
from mailer.report import live_details, summary
from pli.language import N_, say, say_n
from web.office.asking_first import Asked, ask_or_do
from web.office.forms import SelectChoice
from web.office.office_routes import LARGEST_FORM, OfficeRoute
from web.office.seen_lists import lists_of_sending
from web.office.sending_forms import BY_LOG, LONGEST_LOG, DoubtsForm, RetryForm
from web.office.visit import Visit

PASTED = "pasted"
"""How the evidence calls a log that somebody pasted into the page."""


class SettlingActions:
    """The pages /office/sendings/ID/retry and /office/sendings/ID/doubts."""

    def office_routes(self) -> Sequence[OfficeRoute]:
        """GET asks, POST does it; each takes the right on all lists of the sending."""
        return [
            OfficeRoute(
                f"/sendings/{{id:number}}/{name}",
                endpoint,
                needs,
                lists_of_sending,
                methods=("GET", "POST"),
                largest=largest,
            )
            for name, endpoint, needs, largest in (
                ("retry", self.retry, Ability.RETRY, LARGEST_FORM),
                ("doubts", self.doubts, Ability.SETTLE, 4 * LONGEST_LOG),
            )
        ]

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

        return await ask_or_do(visit, asked, retry)

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

        return await ask_or_do(visit, asked, decide)


_HOW = DoubtsForm.how.kwargs["choices"]


def _why_failed(code: str, language: str) -> str:
    sentence = reasons.sentence(Status.FAILED, code)
    return sentence.tell(language) if sentence else code


def _refuse_nothing(copies: int, campaign_id: int) -> None:
    if not copies:
        raise CampaignError(
            N_("No copy of campaign {id} is meant by that: nothing changed."), id=campaign_id
        )
