"""The field that asks whether somebody got a letter."""

from __future__ import annotations

from pli.language import N_
from web.office.forms import OfficeForm, StringField, an_address


class StoryForm(OfficeForm):
    """Whose copy is asked about. It goes by POST: no address stands in the address of a page."""

    address = StringField(
        N_("Did this person get it? Write the address"),
        [an_address],
        description=N_("That you asked is noted."),
        render_kw={"type": "email", "autocomplete": "off", "spellcheck": "false"},
    )
