"""The form by which somebody takes a file of all copies out of the office."""

from __future__ import annotations

from typing import Any

from wtforms import Form
from wtforms.validators import ValidationError

from pli.language import N_
from web.office.forms import OfficeForm, SelectChoice, SelectField, StringField, wanted
from web.office.sending_forms import LONGEST_WHY

CSV, EXCEL, XLSX = "csv", "excel", "xlsx"
_FORMS = {
    CSV: N_("CSV, as programs read it"),
    EXCEL: N_("CSV, as a French Excel opens it"),
    XLSX: N_("a workbook (XLSX)"),
}


def _short(form: Form, field: Any) -> None:
    del form
    if len(field.data or "") > LONGEST_WHY:
        raise ValidationError(field.gettext(N_("this is too long")))


class ExportForm(OfficeForm):
    """Which form the file has, and why it is needed."""

    form = SelectField(N_("The file"), choices=[])
    why = StringField(
        N_("Why you need it"),
        [wanted(N_("say why: the file holds the names of members")), _short],
        description=N_("It stands in the audit, with your name."),
        render_kw={"autocomplete": "off"},
    )

    def translate(self) -> None:
        """Fill in what there is to choose."""
        self.form.choices = [
            SelectChoice(it, self.form.gettext(words)) for it, words in _FORMS.items()
        ]
