"""What a person is told who orders a campaign that nobody may receive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mailer import reasons
from mailer.campaign.finding import CampaignError
from mailer.models import Campaign, Status
from pli.language import N_, Sentence, say, say_n


def nobody(
    campaign: Campaign, *, list_names: Sequence[str], excluded: Mapping[str, int]
) -> CampaignError:
    """The error for a campaign that nobody may receive.

    It says that the lists are empty, or that the segment selects nobody, or how many people may
    not receive the letter for which reason.
    """
    names = ", ".join(list_names)
    if not excluded and campaign.rule:
        return CampaignError(
            N_("there is nobody to send to: the segment “{segment}” selects nobody of {lists}"),
            segment=campaign.segment or campaign.rule,
            lists=names,
        )
    if not excluded:
        return CampaignError(
            N_(
                "there is nobody to send to: nobody is on {lists}: "
                '"pli subscriber import" puts people there'
            ),
            lists=names,
        )
    told = say(
        N_("there is nobody to send to: of {n} on {lists} none may receive this letter"),
        n=sum(excluded.values()),
        lists=names,
    )
    return CampaignError.listing([told, *(_why(code, n) for code, n in excluded.items())])


def _why(code: str, n: int) -> Sentence:
    return say_n(
        "{n} person: {why}", "{n} people: {why}", n, why=reasons.sentence(Status.EXCLUDED, code)
    )
