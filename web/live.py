"""Sendings as they move: one poller a process, and the streams of all who watch.

The poller asks once a second where all watched sendings stand, by one query, however many watch,
and sleeps while nobody does. What is told beside the numbers it reads every few seconds, once for
all who are shown the same.

A stream holds only the latest picture: a watcher who reads slowly misses some, and holds nobody up.
Each event is a whole picture under an id, so a line that is lost or a page that is loaded again
costs nothing (server-sent events: WHATWG HTML, section 9.2).
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from sqlalchemy.ext.asyncio import AsyncSession

from mailer.models import CampaignState
from mailer.report import live_details, standing
from mailer.report.live_details import Details
from mailer.report.outlook import HAS_OUTLOOK, Outlook
from mailer.report.standing import Standing
from mailer.report.summary import Progress
from pli.database import Database, DatabaseAway

log = logging.getLogger("pli.web")

LOOK_SECONDS = 1.0
DETAILS_SECONDS = 5.0
LATE_SECONDS = 10.0
"""An answer that takes longer is none: the page says that the database does not answer."""
COMMENT_SECONDS = 15.0
RIGHT_SECONDS = 30.0
"""So often a stream asks whether its watcher may still see what it shows."""
RATE_SECONDS = 10.0
"""Over so long the copies a second are counted."""
KEPT_SECONDS = 30.0
MOST_STREAMS = 100
"""In one process; who finds no place looks again by loading the page."""

TAKEN = "pli.taken"
"""The name under which an ASGI scope has the function to call after each piece that was taken."""

MOVING = frozenset(
    {
        CampaignState.SCHEDULED,
        CampaignState.PREPARED,
        CampaignState.RUNNING,
        CampaignState.PAUSED,
    }
)
"""The states whose page follows a stream: it waits for its hour, or for its copies."""

Lists = frozenset[int] | None
"""The lists whose copies a watcher sees; None: those of all lists."""
OutlookOf = Callable[[AsyncSession, int, tzinfo | None], Awaitable[Outlook]]


@dataclass(frozen=True, slots=True)
class Subject:
    """What a watcher is shown: a sending, of some lists, with hours in a time zone."""

    campaign_id: int
    lists: Lists
    zone: tzinfo | None


@dataclass(frozen=True, slots=True)
class Picture:
    """A sending as it stands; `progress` is None if there is no such sending any more.

    `rate` is in copies a second, None while that is not known. `away`: the database does not
    answer, and this is what it said last.
    """

    progress: Progress | None
    rate: float | None = None
    details: Details | None = None
    outlook: Outlook = field(default_factory=Outlook)
    at: datetime | None = None
    away: bool = False

    @property
    def is_over(self) -> bool:
        """Whether nothing moves here any more: another page tells the rest."""
        return self.progress is None or self.progress.state not in MOVING


class Watch:
    """One who watches; `news` waits until there is another picture than the last one it gave."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.latest: Picture | None = None
        self._changed = asyncio.Event()
        self.closed = False

    async def news(self) -> Picture | None:
        """The latest picture; None when the process ends."""
        await self._changed.wait()
        self._changed.clear()
        return None if self.closed else self.latest

    def show(self, picture: Picture) -> None:
        """Put a picture in the place of the one before."""
        self.latest = picture
        self._changed.set()

    def close(self) -> None:
        """End the stream of this watcher."""
        self.closed = True
        self._changed.set()


class TooManyWatch(Exception):
    """This process has as many streams as it may have."""


@dataclass(slots=True)
class _Beside:
    """What is told beside the numbers, and when it was read."""

    read_at: float
    details: Details
    outlook: Outlook
    excluded: Mapping[str, int] | None


class Poller:
    """Reads for all who watch in one process; `outlook` says what holds a sending back."""

    def __init__(
        self,
        database: Database,
        outlook: OutlookOf,
        now: Callable[[], datetime],
        most: int = MOST_STREAMS,
    ) -> None:
        self._database = database
        self._outlook = outlook
        self._now = now
        self._most = most
        self._watches: set[Watch] = set()
        self._task: asyncio.Task[None] | None = None
        self._seen: dict[int, deque[tuple[float, Standing]]] = {}
        self._beside: dict[Subject, _Beside] = {}
        self._closing = False
        self.queries = 0
        """How often the numbers were asked for; tests and figures compare it."""

    @property
    def watching(self) -> int:
        """How many streams are open."""
        return len(self._watches)

    @property
    def is_full(self) -> bool:
        """Whether nobody more may watch."""
        return self._closing or len(self._watches) >= self._most

    @property
    def is_asleep(self) -> bool:
        """Whether nothing is asked, since nobody watches."""
        return self._task is None or self._task.done()

    @contextmanager
    def watch(self, subject: Subject) -> Iterator[Watch]:
        """Be told of a sending while the block inside runs; raises TooManyWatch."""
        if self.is_full:
            raise TooManyWatch
        watch = Watch(subject)
        self._watches.add(watch)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._poll())
        try:
            yield watch
        finally:
            self._watches.discard(watch)

    def close(self) -> None:
        """End all streams, and take no more: the process ends."""
        self._closing = True
        for it in self._watches:
            it.close()
        if self._task is not None:
            self._task.cancel()

    async def picture(self, subject: Subject) -> Picture:
        """A first picture, for a page; what is known already is not asked for again."""
        async with self._database.reading() as session:
            found = (await standing.of_campaigns(session, [subject.campaign_id])).get(
                subject.campaign_id
            )
            if found is None:
                return Picture(None)
            at = time.monotonic()
            self._forget(at)
            self._keep(found, at)
            return await self._picture(session, subject, found, at)

    async def _poll(self) -> None:
        """Look once a second while anybody watches."""
        while self._watches:
            begun = time.monotonic()
            try:
                async with asyncio.timeout(LATE_SECONDS):
                    await self._look()
            except (DatabaseAway, TimeoutError):
                self._say_that_the_database_is_away()
            # The one poller serves all who watch: a fault of one look does not end it.
            except Exception:
                log.exception("live.failed")
                self._say_that_the_database_is_away()
            await asyncio.sleep(max(0.0, LOOK_SECONDS - (time.monotonic() - begun)))

    async def _look(self) -> None:
        subjects = {it.subject for it in self._watches}
        async with self._database.reading() as session:
            self.queries += 1
            found = await standing.of_campaigns(session, {it.campaign_id for it in subjects})
            at = time.monotonic()
            self._forget(at)
            for it in found.values():
                self._keep(it, at)
            pictures = {
                subject: await self._picture(session, subject, found[subject.campaign_id], at)
                if subject.campaign_id in found
                else Picture(None)
                for subject in subjects
            }
        for watch in self._watches:
            if watch.subject in pictures:
                watch.show(pictures[watch.subject])

    async def _picture(
        self, session: AsyncSession, subject: Subject, found: Standing, at: float
    ) -> Picture:
        beside = self._beside.get(subject)
        if beside is None or at >= beside.read_at + DETAILS_SECONDS:
            beside = await self._read_beside(session, subject, found, beside, at)
            self._beside[subject] = beside
        return Picture(
            found.seen(subject.lists, beside.excluded),
            self._rate(subject),
            beside.details,
            # What was foreseen a moment ago is not true of a sending that has paused since.
            beside.outlook if found.state is CampaignState.RUNNING else Outlook(),
            self._now(),
        )

    async def _read_beside(
        self,
        session: AsyncSession,
        subject: Subject,
        found: Standing,
        before: _Beside | None,
        at: float,
    ) -> _Beside:
        excluded = before.excluded if before else None
        if subject.lists is not None and excluded is None:
            excluded = await standing.excluded_on(session, found.campaign, subject.lists)
        return _Beside(
            at,
            await live_details.details(session, found.campaign, list_ids=subject.lists),
            await self._outlook(session, found.campaign, subject.zone)
            if found.state in HAS_OUTLOOK
            else Outlook(),
            excluded,
        )

    def _rate(self, subject: Subject) -> float | None:
        """Copies a second over the last seconds; None before the second look."""
        kept = self._seen.get(subject.campaign_id)
        if not kept or len(kept) < 2:
            return None
        (first_at, first), (last_at, last) = kept[0], kept[-1]
        settled = last.settled(subject.lists) - first.settled(subject.lists)
        return max(0.0, settled / (last_at - first_at)) if last_at > first_at else None

    def _say_that_the_database_is_away(self) -> None:
        for watch in self._watches:
            before = watch.latest
            if before is not None and not before.away:
                watch.show(
                    Picture(
                        before.progress, None, before.details, before.outlook, before.at, away=True
                    )
                )

    def _keep(self, found: Standing, at: float) -> None:
        """Remember where a sending stood, for its copies a second."""
        kept = self._seen.setdefault(found.campaign, deque())
        kept.append((at, found))
        while len(kept) > 2 and kept[1][0] < at - RATE_SECONDS:
            kept.popleft()

    def _forget(self, at: float) -> None:
        """Forget what nobody has looked at lately; a page without JavaScript comes back soon."""
        for id_ in [id_ for id_, it in self._seen.items() if it[-1][0] < at - KEPT_SECONDS]:
            del self._seen[id_]
        for subject in [
            it for it, kept in self._beside.items() if kept.read_at < at - KEPT_SECONDS
        ]:
            del self._beside[subject]


def event(data: str, *, name: str = "", id_: str = "") -> bytes:
    """One server-sent event; a line end within `data` is one line of data more."""
    lines = [*([f"event: {name}"] if name else []), *([f"id: {id_}"] if id_ else [])]
    lines += [f"data: {it}" for it in data.splitlines() or [""]]
    return ("\n".join(lines) + "\n\n").encode()


def id_of(data: str) -> str:
    """The id of a picture: of its content, so that the same picture has the same one."""
    return hashlib.sha256(data.encode()).hexdigest()[:16]


BEGIN = b"retry: 2000\n\n"
"""After how many milliseconds a browser asks again when the stream broke off."""
COMMENT = b": still here\n\n"
HEADERS = {"X-Accel-Buffering": "no", "Content-Type": "text/event-stream; charset=utf-8"}
"""A proxy that gathers an answer would show nothing of it (nginx reads the first header)."""


async def stream(
    watch: Watch,
    *,
    draw: Callable[[Picture], str | None],
    last: str,
    may_still: Callable[[], Awaitable[bool]],
    taken: Callable[[], None],
) -> AsyncIterator[bytes]:
    """The octets of one watcher's stream, until the sending is over or the watcher may not see it.

    `draw` writes a picture; None: the watcher may not see it. `last` is the id that the watcher
    has. `taken` is called after each piece that the watcher's connection took. At the end an event
    `over` says that the page has to be loaded again.
    """
    yield BEGIN
    asked = time.monotonic()
    while True:
        try:
            async with asyncio.timeout(COMMENT_SECONDS):
                picture = await watch.news()
        except TimeoutError:
            yield COMMENT
            taken()
            picture = None
        if watch.closed:
            return
        if time.monotonic() >= asked + RIGHT_SECONDS:
            if not await may_still():
                yield event("", name="over")
                return
            asked = time.monotonic()
        if picture is None:
            continue
        drawn = None if picture.is_over else draw(picture)
        if drawn is None:
            yield event("", name="over")
            return
        if (its := id_of(drawn)) != last:
            last = its
            yield event(drawn, id_=its)
            taken()
