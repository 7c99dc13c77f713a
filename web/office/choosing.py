"""For whom a letter is: lists, a segment or a rule, and who is set aside, with the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import FormData, QueryParams
from starlette.responses import JSONResponse, Response

from accounts.abilities import Ability
from mailer import reasons
from mailer.campaign import addressees, freezing
from mailer.campaign.addressees import Addressees
from mailer.letter.snapshot import Frozen
from mailer.models import Audience, Status
from mailer.report import foresee as foreseeing
from mailer.report import viewing
from mailer.report.foresee import Foreseen, LetterNumber
from pli.errors import PliError
from pli.language import N_
from subscribers import lists, segments
from subscribers.models import List
from web.office import draft_page
from web.office.counting import ASKED_SECONDS, PAGE_SECONDS, Counting, Overtaken
from web.office.draft_page import OpenSending, lists_of_sending
from web.office.office_routes import OfficeRoute
from web.office.visit import HEADERS, Visit

OWN_RULE = ":rule"
"""The choice "a rule of its own": no saved segment can have this name."""
_LONGEST = 10_000
AUDIENCES = (
    (Audience.FIRST, N_("everybody; the letter goes out for the first time")),
    (Audience.NEW, N_("only those who had no copy of it yet")),
    (Audience.ALL, N_("everybody, also those who had a copy")),
)


class ChoiceError(PliError):
    """What was chosen is incomplete, or not allowed."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the form holds, as typed."""

    lists: Sequence[str]
    segment: str
    rule: str
    without_lists: Sequence[str]
    without_segments: Sequence[str]
    without_rule: str
    audience: str

    @classmethod
    def read(cls, form: FormData | QueryParams) -> Choice:
        """From a form, or from an address."""

        def all_of(name: str) -> list[str]:
            return [str(it)[:_LONGEST] for it in form.getlist(name)][:200]

        def one(name: str) -> str:
            return str(form.get(name, ""))[: _LONGEST + 1].strip()

        return cls(
            all_of("list"),
            one("segment"),
            one("rule"),
            all_of("without_list"),
            all_of("without_segment"),
            one("without_rule"),
            one("audience"),
        )

    @classmethod
    def of(cls, to: Addressees, names: dict[int, str]) -> Choice:
        """What is frozen, as the form shows it."""
        return cls(
            [names[it] for it in to.list_ids if it in names],
            to.segment or (OWN_RULE if to.rule else ""),
            "" if to.segment else to.rule,
            [names[it] for it in to.aside.list_ids if it in names],
            [name or rule for name, rule in to.aside.segments],
            "",
            to.audience.value,
        )

    async def meant(self, session: AsyncSession, allowed: Sequence[List]) -> Addressees:
        """The addressees; raises PliError for what is not there, or not allowed."""
        known = {it.name for it in allowed}
        if foreign := [it for it in (*self.lists, *self.without_lists) if it not in known]:
            raise ChoiceError(N_("there is no list {name}"), name=", ".join(foreign))
        if not self.lists:
            raise ChoiceError(N_("choose a list: without one, the letter is for nobody"))
        if both := [it for it in self.lists if it in self.without_lists]:
            raise ChoiceError(N_("{name} is chosen and set aside at once"), name=", ".join(both))
        own = self.segment == OWN_RULE
        if own and not self.rule:
            raise ChoiceError(N_("write the rule, or choose everybody"))
        aside = [*self.without_segments, *([self.without_rule] if self.without_rule else [])]
        return await addressees.chosen(
            session,
            list_names=self.lists,
            segment="" if own else self.segment,
            rule=self.rule if own else "",
            without_lists=self.without_lists,
            without_segments=aside,
            audience=_audience(self.audience),
        )


def _audience(value: str) -> Audience:
    known = {it.value: it for it in Audience}
    return known.get(value, Audience.FIRST)


class Choosing:
    """The pages under /office/sendings/ID/who."""

    def __init__(self, counting: Counting) -> None:
        self._counting = counting

    def office_routes(self) -> Sequence[OfficeRoute]:
        """Who writes drafts of all lists of the sending decides for whom it is."""
        needs = Ability.WRITE_DRAFTS
        at = "/sendings/{id:number}"
        return [
            OfficeRoute(f"{at}/who", self.who, needs, lists_of_sending, methods=("GET", "POST")),
            OfficeRoute(f"{at}/numbers", self.numbers, needs, lists_of_sending),
            OfficeRoute(f"{at}/complete", self.complete, needs, lists_of_sending),
        ]

    async def who(self, visit: Visit) -> Response:
        """GET shows the choice with its numbers, POST counts a new one or keeps it."""
        async with visit.context.database.reading() as session:
            draft = await draft_page.load(session, visit)
            allowed = await self._allowed(session, visit)
            frozen_for = await addressees.addressees_of(session, draft.campaign)
        if not draft.is_open:
            return draft_page.too_late(visit, draft)
        names = {it.id: it.name for it in allowed}
        choice = Choice.read(visit.form) if visit.posted else Choice.of(frozen_for, names)
        try:
            async with visit.context.database.reading() as session:
                to = frozen_for if not visit.posted else await choice.meant(session, allowed)
            if visit.posted and "count" not in visit.form:
                return await self._keep(visit, draft, to)
            within = ASKED_SECONDS if visit.posted else PAGE_SECONDS
            found = await self._count(visit, draft, to, within)
        except Overtaken:
            return await self._page(visit, draft, allowed, choice, None)
        except PliError as error:
            return await self._page(visit, draft, allowed, choice, None, error=error)
        return await self._page(visit, draft, allowed, choice, found)

    async def numbers(self, visit: Visit) -> Response:
        """The numbers of what is chosen in the form now, as a part of the page."""
        async with visit.context.database.reading() as session:
            draft = await draft_page.load(session, visit)
            allowed = await self._allowed(session, visit)
        try:
            async with visit.context.database.reading() as session:
                to = await Choice.read(visit.request.query_params).meant(session, allowed)
            found = await self._count(visit, draft, to, ASKED_SECONDS)
        except Overtaken:
            return Response(status_code=204, headers=HEADERS)
        except PliError as error:
            told = [it.tell(visit.language) for it in error.sentences]
            return visit.page("numbers", foreseen=None, told=told, **_words())
        return visit.page("numbers", foreseen=found, told=[], **_words())

    async def complete(self, visit: Visit) -> Response:
        """What may stand at a place of a rule, as JSON."""
        text = visit.request.query_params.get("text", "")[:_LONGEST]
        at = visit.request.query_params.get("at", "")
        position = int(at) if at.isdecimal() and len(at) < 6 else len(text)
        async with visit.context.database.reading() as session:
            found = await segments.complete(session, text, position)
            everything = {it.name for it in await lists.everything(session)}
            hidden = everything - {it.name for it in await self._allowed(session, visit)}
        shown = [it for it in found.proposals if it.strip('"') not in hidden]
        return JSONResponse(
            {"start": found.start, "end": found.end, "proposals": shown}, headers=HEADERS
        )

    async def _keep(self, visit: Visit, draft: OpenSending, to: Addressees) -> Response:
        """Freeze the campaign anew for these people."""
        async with visit.context.database.begin() as session:
            text = await freezing.frozen_text(session, draft.campaign.id)
            lost = await freezing.refreeze(
                session,
                campaign_id=draft.campaign.id,
                frozen=Frozen.of_text(text),
                to=to,
                seen_hash=str(visit.form.get("seen", "")) or None,
                by=visit.who.actor,
                now=visit.now,
            )
        return visit.go(f"{draft.path}/check", done="approval_lost" if lost else "chosen")

    async def _count(
        self, visit: Visit, draft: OpenSending, to: Addressees, within: float
    ) -> Foreseen | None:
        campaign = draft.campaign
        letter = LetterNumber(campaign.number, campaign.letter_hash, campaign.id)
        asked = "examples" in visit.form or "examples" in visit.request.query_params
        shows_people = asked and visit.who.granted.may(Ability.SEE_COPIES, to.list_ids)

        async def count(session: AsyncSession) -> Foreseen:
            return await foreseeing.foresee(session, to, letter, examples=shows_people)

        found = await self._counting.count(
            visit.context.database, visit.who.account_id, count, within=within
        )
        if found is not None and found.examples:
            async with visit.context.database.begin() as session:
                viewing.note_people(
                    session,
                    count=sum(len(it) for it in found.examples.values()),
                    how="foresee",
                    campaign_id=campaign.id,
                    by=visit.who.actor,
                    now=visit.now,
                )
        return found

    async def _allowed(self, session: AsyncSession, visit: Visit) -> list[List]:
        """The lists that one may write for."""
        may = visit.who.granted.lists_for(Ability.WRITE_DRAFTS)
        everything = await lists.everything(session)
        ids = set(may.among(it.id for it in everything))
        return [it for it in everything if it.id in ids]

    async def _page(
        self,
        visit: Visit,
        draft: OpenSending,
        allowed: Sequence[List],
        choice: Choice,
        found: Foreseen | None,
        *,
        error: PliError | None = None,
    ) -> Response:
        async with visit.context.database.reading() as session:
            sizes = await lists.sizes(session, [it.id for it in allowed])
            saved = [it.name for it in await segments.everything(session)]
        return draft_page.page(
            visit,
            draft,
            "who",
            "who",
            error=error,
            choice=choice,
            allowed=_in_order(allowed, choice.lists),
            sizes=sizes,
            saved=saved,
            aside_rules=[it for it in choice.without_segments if it not in saved],
            own_rule=OWN_RULE,
            audiences=AUDIENCES,
            foreseen=found,
            sees_people=visit.who.granted.may(Ability.SEE_COPIES, draft.lists),
            **_words(),
        )


def _in_order(allowed: Sequence[List], chosen: Sequence[str]) -> list[List]:
    """The chosen lists first, in their order: under the first one a person gets the letter."""
    place = {name: n for n, name in enumerate(chosen)}
    return sorted(allowed, key=lambda it: (place.get(it.name, len(place)), it.name))


def _words() -> dict[str, Any]:
    """How the numbers are told."""
    return {"why": lambda code: reasons.sentence(Status.EXCLUDED, code)}
