"""pli report --compare: letters side by side, as a table or as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.abilities import Ability
from commands.acting import acting
from commands.common import Installation, _, console, new_table, show_json
from mailer.campaign.finding import lists_of
from mailer.report import compare, summary
from mailer.report.compare import Compared
from pli.hours import span


async def show(
    installation: Installation, names: Sequence[str], *, as_json: bool, person: str | None
) -> None:
    """Compare these campaigns, each an id or letter:NUMBER."""
    async with installation.database.reading() as session:
        ids = [await summary.find(session, name) for name in names]
        for campaign_id in ids:
            its = await lists_of(session, campaign_id=campaign_id)
            await acting(session, person, Ability.SEE_NUMBERS, lists=its)
        found = await compare.compare(session, ids)
    if as_json:
        show_json([it.as_json() for it in found])
        return
    table = new_table(
        "#", _("letter"), _("title"), _("prepared"), _("sent"), _("failed"), _("left"),
        _("came back"), _("time taken"),
    )  # fmt: skip
    for it in found:
        table.add_row(*_cells(it))
    console().print(table)


def _cells(it: Compared) -> Sequence[str]:
    return (
        str(it.campaign),
        str(it.letter),
        it.title,
        str(it.prepared),
        f"{it.sent} ({it.share(it.sent):.1%})",
        f"{it.failed} ({it.share(it.failed):.1%})",
        f"{it.left} ({it.share(it.left):.1%})",
        str(it.came_back),
        "" if it.seconds is None else span(it.seconds),
    )
