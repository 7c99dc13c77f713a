"""Up to twelve letters side by side, in tables and small lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from starlette.responses import Response

from accounts.abilities import Ability
from mailer import reasons
from mailer.models import CampaignState, Status
from mailer.report import charts, compare, standing
from mailer.report.compare import Compared
from mailer.report.summary import ReportError
from pli.language import N_
from web.office.office_routes import Lists, OfficeRoute
from web.office.visit import Visit

OFFERED = 50
_DONE = (CampaignState.FINISHED, CampaignState.CANCELLED, CampaignState.RUNNING)


class Comparing:
    """The page /office/compare."""

    def office_routes(self) -> Sequence[OfficeRoute]:
        """Numbers of one's own lists."""
        return [
            OfficeRoute("/compare", self.compare, Ability.SEE_NUMBERS, Lists.THOSE_GRANTED),
        ]

    async def compare(self, visit: Visit) -> Response:
        """The letters that the address names (`with`), and a form to choose others."""
        asked = visit.request.query_params.getlist("with")
        chosen = {int(it) for it in asked if it.isascii() and it.isdigit() and len(it) < 10}
        list_ids = None if visit.lists.every else visit.lists.ids
        fault = None
        async with visit.context.database.reading() as session:
            offered = await standing.latest(session, list_ids=list_ids, limit=OFFERED, states=_DONE)
            try:
                found = await compare.compare(session, chosen, list_ids=list_ids)
            except ReportError as error:
                fault, found = error.sentences[0].tell(visit.language), []
        return visit.page(
            "compare",
            status_code=422 if fault else 200,
            fault=fault or "",
            chosen=chosen,
            offered=offered,
            found=found,
            lines=[
                (of, heading, charts.line(shares), max(shares))
                for name, of, heading in (
                    ("sent", "sent", N_("Sent, as a share of what was prepared")),
                    ("failed", "failed", N_("Failed, as a share of what was prepared")),
                    ("left", "skipped", N_("Left by its link, as a share of what was prepared")),
                )
                if (shares := [it.share(getattr(it, name)) for it in found])
            ]
            if len(found) > 1
            else [],
            numbers=[it.letter for it in found],
            codes=_codes(found),
            why=lambda code: reasons.sentence(Status.FAILED, code),
            most=compare.MOST,
        )


def _codes(found: Sequence[Compared]) -> list[str]:
    """The reasons for which copies of these letters failed, the most frequent first."""
    counted = sum((Counter(it.failures) for it in found), Counter[str]())
    return [code for code, _n in counted.most_common()]
