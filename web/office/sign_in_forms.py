"""The forms by which somebody signs in."""

from __future__ import annotations

from pli.language import N_
from web.office.forms import OfficeForm, PasswordField, StringField, wanted


class SignInForm(OfficeForm):
    """Address and password."""

    address = StringField(
        N_("Your address"),
        [wanted(N_("write the address by which the office knows you"))],
        render_kw={"type": "email", "autocomplete": "username webauthn", "spellcheck": "false"},
    )
    password = PasswordField(
        N_("Your password"),
        [wanted(N_("write your password"))],
        render_kw={"autocomplete": "current-password"},
    )


class CodeForm(OfficeForm):
    """The second factor."""

    code = StringField(
        N_("Code"),
        [wanted(N_("write the code that your app shows"))],
        description=N_("Six digits of your app, or one of your recovery codes."),
        render_kw={"autocomplete": "one-time-code", "spellcheck": "false"},
    )


class AskLinkForm(OfficeForm):
    """The address to which a link goes."""

    address = StringField(
        N_("Your address"),
        [wanted(N_("write the address by which the office knows you"))],
        render_kw={"type": "email", "autocomplete": "username", "spellcheck": "false"},
    )


class LinkForm(OfficeForm):
    """The button of a link; in another browser than the one that asked, the code beside it."""

    code = StringField(
        N_("Code of the mail"),
        description=N_("Six digits that stand below the link in the mail."),
        render_kw={"autocomplete": "one-time-code", "inputmode": "numeric"},
    )


class NewPasswordForm(OfficeForm):
    """A new password."""

    password = PasswordField(
        N_("New password"),
        [wanted(N_("write a password"))],
        description=N_("At least 12 characters; four words that nobody else would put together."),
        render_kw={"autocomplete": "new-password"},
    )


class AppCodeForm(OfficeForm):
    """The first code of a new app."""

    code = StringField(
        N_("Code"),
        [wanted(N_("write the code that your app shows"))],
        description=N_("Six digits, as the app shows them now."),
        render_kw={"autocomplete": "one-time-code", "inputmode": "numeric"},
    )
