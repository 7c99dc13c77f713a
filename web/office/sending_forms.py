"""The forms by which somebody pauses, resumes or cancels a sending, or changes what it does."""

from __future__ import annotations

from typing import Any

from wtforms import Form, TextAreaField
from wtforms.validators import ValidationError

from pli.language import N_
from web.office.forms import BooleanField, OfficeForm, SelectChoice, SelectField, StringField

LONGEST_WHY = 500
LONGEST_LOG = 1_000_000
KEEP, GIVE_UP = "keep", "give_up"
RESEND, BY_LOG = "resend", "log"


def _not_too_long(form: Form, field: Any) -> None:
    del form
    if len(field.data or "") > LONGEST_WHY:
        raise ValidationError(field.gettext(N_("this is too long")))


def _chosen(form: Form, field: Any) -> None:
    del form
    if not field.data:
        raise ValidationError(field.gettext(N_("choose one")))


class WhyForm(OfficeForm):
    """Why something is done, in the words of whoever does it."""

    why = StringField(
        N_("Why"),
        [_not_too_long],
        description=N_("One sentence, which stands in the report and the audit. It may be empty."),
        render_kw={"autocomplete": "off"},
    )


class StartForm(WhyForm):
    """How many people get it, typed."""

    typed = StringField(
        N_("Type how many people get it"),
        description=N_("The number that stands above; spaces in it do not matter."),
        render_kw={"inputmode": "numeric", "autocomplete": "off"},
    )


class ResumeForm(WhyForm):
    """Whether the answers before a pause are believed, and whose copies are sent again."""

    bar = BooleanField(
        N_("Bar the addresses that the relay called unknown"),
        description=N_("Only if the relay was right: they get nothing more, of any letter."),
    )
    again = BooleanField(N_("Send the copies again that were refused before the pause"))


class CancelForm(WhyForm):
    """What happens to the copies that wait."""

    rest = SelectField(
        N_("What happens to the copies that wait"),
        validators=[_chosen],
        choices=[
            SelectChoice("", N_("Choose")),
            SelectChoice(KEEP, N_("They go on waiting: the sending is only paused")),
            SelectChoice(GIVE_UP, N_("They are given up for good: nobody else gets this sending")),
        ],
    )


class HoursForm(WhyForm):
    """When a sending may leave."""

    quiet = StringField(
        N_("Quiet hours"),
        description=N_("Such as 21:00-07:00: nothing leaves then. Empty: there are none."),
        render_kw={"autocomplete": "off"},
    )
    end = StringField(
        N_("End"),
        description=N_("Such as 2026-12-24 18:00: what has not left by then waits. Empty: none."),
        render_kw={"autocomplete": "off"},
    )


class RetryForm(WhyForm):
    """Which failed copies are sent again."""

    reason = SelectField(N_("Which failed copies"), choices=[])
    lift = BooleanField(
        N_("Write again to addresses that an answer barred"),
        description=N_("Otherwise copies to these addresses are left out."),
    )


class DoubtsForm(WhyForm):
    """What becomes of the copies in doubt."""

    how = SelectField(
        N_("What to do"),
        validators=[_chosen],
        choices=[
            SelectChoice("", N_("Choose")),
            SelectChoice(BY_LOG, N_("Settle them by the relay's log, which I paste below")),
            SelectChoice(RESEND, N_("Send them again, though some may arrive twice")),
        ],
    )
    log = TextAreaField(
        N_("Lines of the relay's log (Postfix)"),
        description=N_(
            "Copies that the log shows as taken are settled as sent; the others stay in doubt, for "
            "a missing line proves nothing."
        ),
        render_kw={"rows": "8", "spellcheck": "false", "autocomplete": "off"},
    )
