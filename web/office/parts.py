"""Every part of the office's pages in all its states, to look at and to photograph."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from pli.language import N_, say
from web.office.account_forms import RightForm
from web.office.forms import BooleanField, OfficeForm, SelectChoice, SelectField, StringField
from web.office.office_routes import OfficeRoute, Who
from web.office.visit import Visit


class _Sample(OfficeForm):
    """Fields of each kind, with and without a fault."""

    plain = StringField(N_("A field"))
    hinted = StringField(
        N_("A field with a hint"), description=N_("What one should know before writing.")
    )
    chosen = SelectField(N_("A choice"), choices=[SelectChoice("a", "A"), SelectChoice("b", "B")])
    ticked = BooleanField(N_("A box to tick"), description=N_("What it means if it is ticked."))
    wrong = StringField(N_("A field with a fault"))


class Parts:
    """The page /office/house, which exists on this machine only."""

    def office_routes(self) -> Sequence[OfficeRoute]:
        """It shows nothing of anybody."""
        return [OfficeRoute("/house", self.show, Who.ANYBODY)]

    async def show(self, visit: Visit) -> Response:
        """All parts on one page."""
        form = _Sample.empty(visit, plain="Bonjour", wrong="<b>\u202eaé")
        form.blame(visit, "wrong", say(N_("this is too long")))
        right = RightForm.empty(visit)
        right.offer(())
        return visit.page("house", form=form, right=right)
