"""Forms of the office: WTForms in our languages, whose faults are the sentences of our verbs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from wtforms import (
    BooleanField,
    Form,
    PasswordField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.fields import SelectChoice
from wtforms.validators import ValidationError

from pli.errors import PliError
from pli.language import LANGUAGES, N_, Sentence, translations
from subscribers.address import Address
from web.office.visit import Visit

LONGEST = 1_000
"""Signs in a field of one line; what is longer is nobody's name, address or password."""
_OF_WTFORMS = (N_("Not a valid choice."),)


class OfficeForm(Form):  # type: ignore[misc]
    """A form that is filled from a visit, and told in its language."""

    class Meta:
        language = "en"

        def get_translations(self, form: Form) -> Any:
            """Our catalogue."""
            del form
            return translations(self.language)

    @classmethod
    def of(cls, visit: Visit, **given: Any) -> Self:
        """What was typed, or the values `given` on a page that is shown for the first time."""
        typed = visit.form if visit.posted else None
        return cls(typed, meta={"language": visit.language}, data=given)

    @classmethod
    def empty(cls, visit: Visit, **given: Any) -> Self:
        """The form for another purpose than what was typed."""
        return cls(meta={"language": visit.language}, data=given)

    @classmethod
    def wrong(cls, visit: Visit, field: str, error: PliError | Sentence, **given: Any) -> Self:
        """The form as typed, with the faults of a verb at a field."""
        form = cls.of(visit, **given)
        form.blame(visit, field, error)
        return form

    def blame(self, visit: Visit, field: str, error: PliError | Sentence) -> None:
        """Put the faults that a verb found beside a field."""
        found = error.sentences if isinstance(error, PliError) else (error,)
        its = self[field]
        its.errors = [*its.errors, *(it.tell(visit.language) for it in found)]


def wanted(text: str) -> Callable[[Form, Any], None]:
    """A validator: something must be written; `text` says what."""

    def judge(form: Form, field: Any) -> None:
        del form
        if not (field.data or "").strip():
            raise ValidationError(field.gettext(text))
        if len(field.data) > LONGEST:
            raise ValidationError(field.gettext(N_("this is too long")))

    return judge


def an_address(form: Form, field: Any) -> None:
    """A validator: the address must be one, by the only parser of addresses."""
    try:
        Address.parse((field.data or "")[:LONGEST])
    except PliError as error:
        raise ValidationError(
            "; ".join(it.tell(form.meta.language) for it in error.sentences)
        ) from None


def languages() -> list[SelectChoice]:
    """The languages of the office, each in its own words."""
    names = {"fr": "Français", "en": "English"}
    return [SelectChoice(it, names[it]) for it in LANGUAGES]


__all__ = [
    "BooleanField",
    "OfficeForm",
    "PasswordField",
    "SelectChoice",
    "SelectField",
    "SelectMultipleField",
    "StringField",
    "an_address",
    "languages",
    "wanted",
]
