"""The page to write on, in each of its states; it works without JavaScript."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

from starlette.responses import Response

from accounts.abilities import Ability
from mailer import reasons
from mailer.campaign import approvals, manuscripts
from mailer.draft_models import DraftState
from mailer.letter import cutting, head, theme
from mailer.letter.drafts import pictures, presence, versions
from mailer.letter.drafts.preview import View
from mailer.letter.drafts.rows import DraftGone, DraftLocked, DraftText
from mailer.letter.drafts.saving import DraftFieldTooLong, locked
from pli.actor import is_same, kept
from pli.errors import PliError
from pli.language import LANGUAGES, N_
from web.office import draft_page
from web.office.editor_words import editor_words
from web.office.visit import Visit
from web.office.writing_colleagues import readers_of_tests
from web.office.writing_forms import Written, is_too_long

STATES = {
    DraftState.WRITING: N_("being written"),
    DraftState.IN_REVIEW: N_("in review"),
    DraftState.RELEASED: N_("released"),
    DraftState.PUT_AWAY: N_("put away"),
    DraftState.DELETED: N_("deleted"),
}
VIEWS: Mapping[View, str] = {
    View.MAIL: N_("in a wide window"),
    View.NARROW: N_("on a telephone"),
    View.DARK: N_("dark"),
    View.NO_PICTURES: N_("without pictures"),
    View.SFR: N_("as SFR shows it"),
    View.TEXT: N_("as text"),
    View.WEB: N_("on the web"),
}
LANGUAGE_NAMES = {"fr": "Français", "en": "English"}


def name_of(actor: str) -> str:
    """The name in a text of an actor that was kept."""
    return kept(actor).name


def blocks(body: str) -> list[dict[str, Any]]:
    """A body as its top blocks, for the module: all of them, or none of a text that is too long.

    The module cuts the latter by itself.
    """
    return [asdict(it) for it in cutting.cut(body)] if not is_too_long(body) else []


def code_of(error: PliError) -> int:
    """The status of a refusal."""
    if isinstance(error, DraftGone):
        return 410
    if isinstance(error, DraftFieldTooLong):
        return 422
    return 423 if isinstance(error, DraftLocked) else 413


async def shown(
    visit: Visit,
    found: DraftText,
    *,
    written: Written | None = None,
    previewed: dict[str, Any] | None = None,
    fault: str = "",
    wrong: Collection[str] = (),
    status_code: int = 200,
    others: Any = None,
    own: bool = False,
) -> Response:
    """The page with a manuscript, or with what was `written` and could not be saved."""
    line = found.line
    may_write = visit.who.granted.may(Ability.WRITE_DRAFTS, (line.list_id,))
    async with visit.context.database.reading() as session:
        present = await presence.present(session, line.id, but=visit.who.account_id, now=visit.now)
        pictures_ = await pictures.pictures(session, line.id)
        sending = await manuscripts.sending_of(session, line.id)
        sees_sending = sending is not None and await draft_page.sees(session, visit, sending)
        sent_back = await approvals.sent_back(session, sending)
        _, colleagues = await readers_of_tests(session, visit, line)
    front = {**found.front, **(written.front if written else {})}
    body = written.body if written else found.body
    return visit.page(
        "writing",
        status_code=status_code,
        draft=line,
        state=STATES[line.state],
        by=name_of(line.saved_by),
        front=front,
        body=body,
        blocks=blocks(body),
        words=editor_words(visit.language),
        pictures=pictures_,
        sending=sending,
        sending_state=reasons.state(sending.state) if sending else None,
        sees_sending=sees_sending,
        sent_back=sent_back,
        colleagues=colleagues,
        views=[(it.value, text) for it, text in VIEWS.items()],
        may_name=visit.who.granted.may(Ability.SEE_COPIES, (line.list_id,)),
        can_put_away=may_write and line.state is not DraftState.PUT_AWAY,
        is_put_away=may_write and line.state is DraftState.PUT_AWAY,
        version=line.version,
        present=present,
        may_write=may_write and line.is_open,
        may_test=visit.who.granted.may(Ability.SEND_TEST, (line.list_id,)),
        locked="" if line.is_open else str(locked(line.state).sentences[0].tell(visit.language)),
        languages=[(it, LANGUAGE_NAMES[it]) for it in LANGUAGES],
        themes=theme.themes(visit.context.options.themes),
        zone_name=visit.who.zone,
        previewed=previewed,
        fault=fault,
        wrong=wrong,
        others=others,
        own=own,
    )


async def refused(visit: Visit, found: DraftText, written: Written, error: PliError) -> Response:
    """The page with what was written, and why it could not be saved."""
    told = " ".join(error.lines(visit.language))
    wrong = error.fields if isinstance(error, DraftFieldTooLong) else ()
    code = code_of(error)
    return await shown(visit, found, written=written, fault=told, wrong=wrong, status_code=code)


async def conflict(visit: Visit, latest: DraftText, written: Written) -> Response:
    """The page with both texts: saving again writes over the other, which stays in the history."""
    body = written.body.replace("\r\n", "\n")
    yours = head.with_values(latest.head, written.front) + body
    found = versions.differences(latest.text.replace("\r\n", "\n"), yours)
    own = is_same(latest.line.saved_by, visit.who.actor.text)
    return await shown(visit, latest, written=written, status_code=409, others=found, own=own)


def gone(visit: Visit, written: Written | None = None) -> Response:
    """A manuscript that was deleted, and what somebody wrote into its page meanwhile."""
    return visit.page("writing_gone", status_code=410, body=written.body if written else "")
