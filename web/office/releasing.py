"""The last page before a letter goes, the minute to think, and the stop."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from starlette.datastructures import FormData, QueryParams
from starlette.responses import Response

from accounts.abilities import Ability
from mailer.campaign import freezing, releasing
from mailer.campaign.lifecycle import refuse_unseen
from mailer.letter import snapshot
from mailer.report.foresee import Foreseen
from mailer.report.release_forecast import Forecast, forecast
from mailer.sender import Identity
from pli import hours
from pli.durations import lasting, typed_number
from pli.errors import PliError
from pli.hours import Hour
from pli.language import N_, Sentence, say
from web.office import draft_page
from web.office.before_release import BeforeRelease
from web.office.checking import Checker, Findings, refuse_open
from web.office.draft_page import OpenSending, lists_of_sending, sending_options
from web.office.office_routes import OfficeRoute
from web.office.visit import Visit

NOW, AT = "now", "at"
MACHINE_SECONDS = 15.0
_LONGEST = 200


class ReleaseError(PliError):
    """A letter is not released so."""


@dataclass(frozen=True, slots=True)
class When:
    """When it is to go, as chosen: "" until something is chosen; `hour` as typed."""

    choice: str
    hour: str

    @classmethod
    def read(cls, form: FormData | QueryParams) -> When:
        """From the form, or from the address."""
        choice = str(form.get("when", ""))
        chosen = choice if choice in (NOW, AT) else ""
        return cls(chosen, str(form.get("hour", ""))[:_LONGEST].strip())

    def moment(self, visit: Visit) -> Hour:
        """The hour at which it would begin; raises HourError for one that is none."""
        zone = visit.who.zone
        if self.choice == AT:
            if not self.hour:
                raise ReleaseError(N_("write the hour, or choose “Now”"))
            at = hours.parse(self.hour, zone=zone, now=visit.now)
            releasing.refuse_far(at.moment, visit.now)
            return at
        if self.hour:
            raise ReleaseError(
                N_("you wrote an hour and chose “Now”: choose “At an hour”, or empty the field")
            )
        return Hour(visit.now + sending_options(visit).grace, zone)


@dataclass(frozen=True, slots=True)
class Last:
    """What the last page says."""

    found: Findings
    foreseen: Foreseen
    forecast: Forecast
    sender: str
    at: Hour


class Releasing:
    """The last page, /office/sendings/ID/release, and the stop."""

    def __init__(self, checker: Checker, before: BeforeRelease) -> None:
        self._checker = checker
        self._before = before

    def office_routes(self) -> Sequence[OfficeRoute]:
        """To release takes a proof of the last hour; to stop takes none, for it must be quick."""
        at = "/sendings/{id:number}"
        return [
            OfficeRoute(
                f"{at}/release",
                self.release,
                Ability.RELEASE,
                lists_of_sending,
                methods=("GET", "POST"),
                confirmed=True,
            ),
            OfficeRoute(
                f"{at}/stop", self.stop, Ability.PAUSE, lists_of_sending, methods=("POST",)
            ),
        ]

    async def release(self, visit: Visit) -> Response:
        """GET asks when, then shows the last page; POST lets it go."""
        async with visit.context.database.reading() as session:
            draft = await draft_page.load(session, visit)
        when = When.read(visit.form if visit.posted else visit.request.query_params)
        if not draft.is_open and not (visit.posted and when.choice):
            return visit.go(draft.path)
        if not when.choice:
            return self._when(visit, draft, when)
        try:
            at = when.moment(visit)
            refuse_unseen(draft.campaign, sending_options(visit).policy.second_person)
        except PliError as error:
            return self._when(visit, draft, when, error=error)
        if not draft.is_open:
            return await self._too_late(visit, draft, at)
        found = await self._checker.findings(visit, draft, at=at.moment, within=MACHINE_SECONDS)
        last = await self._last(visit, draft, at, found)
        if last is None:
            try:
                refuse_open(found)
            except PliError as error:
                return self._when(visit, draft, when, error=error)
            raise AssertionError("a sending that cannot be foreseen has an error")
        if not visit.posted:
            return self._last_page(visit, draft, when, last)
        try:
            self._look_again(visit, last)
            await self._go(visit, draft, at, last.foreseen.receiving)
        except PliError as error:
            return self._last_page(visit, draft, when, last, error=error)
        return visit.go(draft.path)

    async def stop(self, visit: Visit) -> Response:
        """Take a release back before the first copy."""
        try:
            async with visit.context.database.begin() as session:
                await releasing.unschedule(
                    session, campaign_id=visit.number("id"), by=visit.who.actor, now=visit.now
                )
        except PliError as error:
            async with visit.context.database.reading() as session:
                draft = await draft_page.load(session, visit)
            if draft.campaign.state in draft_page.DECIDED:
                return await self._before.page(visit, error=error)
            return draft_page.too_late(visit, draft)
        return visit.go(f"/office/sendings/{visit.number('id')}", done="stopped")

    async def _last(
        self, visit: Visit, draft: OpenSending, at: Hour, found: Findings
    ) -> Last | None:
        """What the last page says now; None if it cannot be foreseen."""
        if found.foreseen is None:
            return None
        options, campaign = visit.context.options, draft.campaign
        async with visit.context.database.reading() as session:
            expected = await forecast(session, found.foreseen, options.plans, options.providers)
            text = await freezing.frozen_text(session, campaign.id)
        identity = Identity(**json.loads(snapshot.as_seen(text))["identity"])
        return Last(found, found.foreseen, expected, identity.sender or identity.from_address, at)

    def _look_again(self, visit: Visit, last: Last) -> None:
        """Refuse what stands in the way, or is not what the last page showed."""
        refuse_open(last.found)
        number = last.foreseen.receiving
        if typed_number(str(visit.form.get("shown", ""))) != number:
            raise ReleaseError(
                N_("the number of people has changed meanwhile: it is {n:n} now"), n=number
            )
        above = sending_options(visit).type_number_above
        if number > above and typed_number(str(visit.form.get("typed", ""))) != number:
            raise ReleaseError(N_("type the number of people that stands on this page"))

    async def _go(self, visit: Visit, draft: OpenSending, at: Hour, number: int) -> None:
        async with visit.context.database.begin() as session:
            await releasing.release(
                session,
                campaign_id=draft.campaign.id,
                at=at.moment,
                zone=at.zone,
                number=number,
                seen_hash=str(visit.form.get("seen", "")),
                second_person=sending_options(visit).policy.second_person,
                by=visit.who.actor,
                now=visit.now,
            )

    async def _too_late(self, visit: Visit, draft: OpenSending, at: Hour) -> Response:
        """Somebody pressed the button of a page that is old: the verb says who was first."""
        try:
            await self._go(visit, draft, at, draft.campaign.released_count or 0)
        except PliError as error:
            if draft.campaign.state in draft_page.DECIDED:
                return await self._before.page(visit, error=error)
        return draft_page.too_late(visit, draft)

    def _when(
        self, visit: Visit, draft: OpenSending, when: When, *, error: PliError | None = None
    ) -> Response:
        return draft_page.page(
            visit,
            draft,
            "release",
            "release",
            error=error,
            when=when,
            zone_name=hours.zone_in_words(visit.who.zone, visit.language),
            grace=lasting(sending_options(visit).grace),
            last=None,
        )

    def _last_page(
        self,
        visit: Visit,
        draft: OpenSending,
        when: When,
        last: Last,
        *,
        error: PliError | None = None,
    ) -> Response:
        options = sending_options(visit)
        ends = Hour(last.at.moment + last.forecast.at_least, last.at.zone)
        return draft_page.page(
            visit,
            draft,
            "release",
            "release",
            error=error,
            when=when,
            zone_name=hours.zone_in_words(visit.who.zone, visit.language),
            grace=lasting(options.grace),
            last=last,
            relays=last.forecast.relays or tuple(options.relays),
            begins_in=lasting(last.at.moment - visit.now),
            takes=_at_least(last.forecast.at_least),
            last_took=lasting(last.forecast.last_took) if last.forecast.last_took else None,
            ends=ends,
            typed=last.foreseen.receiving > options.type_number_above,
        )


def _at_least(time: timedelta) -> Sentence:
    """The least that it takes; "less than a minute" is said as it is."""
    told = lasting(time)
    return say(N_("{time} at least"), time=told) if time >= timedelta(minutes=1) else told
