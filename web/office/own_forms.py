"""The forms of one's own page."""

from __future__ import annotations

from pli.language import N_
from web.office.forms import (
    OfficeForm,
    PasswordField,
    SelectField,
    StringField,
    languages,
    wanted,
)


class ProfileForm(OfficeForm):
    """How the office speaks to somebody."""

    name = StringField(
        N_("Your name"), [wanted(N_("write your name"))], render_kw={"autocomplete": "name"}
    )
    language = SelectField(N_("Language"), choices=languages())
    zone = StringField(
        N_("Time zone"),
        [wanted(N_("write a time zone such as Europe/Paris"))],
        description=N_("Hours are shown to you in this time zone."),
        render_kw={"spellcheck": "false"},
    )


class OwnPasswordForm(OfficeForm):
    """Another password."""

    password = PasswordField(
        N_("New password"),
        [wanted(N_("write a password"))],
        description=N_("At least 12 characters; four words that nobody else would put together."),
        render_kw={"autocomplete": "new-password"},
    )
