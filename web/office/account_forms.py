"""The forms by which an operator invites people and gives them rights."""

from __future__ import annotations

from collections.abc import Iterable

from accounts.abilities import ONLY_ON_ALL
from accounts.rights import Right
from pli.language import N_
from subscribers.models import List
from web.office.forms import (
    OfficeForm,
    SelectChoice,
    SelectField,
    StringField,
    an_address,
    languages,
    wanted,
)
from web.office.visit import Visit
from web.office.words import RIGHTS

ALL = "all"


class RightForm(OfficeForm):
    """One right, on one list or on all."""

    right = SelectField(N_("Right"), choices=[])
    list = SelectField(
        N_("For which list"),
        choices=[],
        description=N_("The rights of an operator and of the people are for all lists."),
    )

    def offer(self, lists: Iterable[List]) -> None:
        """Fill in what there is to choose."""
        say = self.right.gettext
        self.right.choices = [SelectChoice(it.value, say(RIGHTS[it])) for it in Right]
        self.list.choices = [
            SelectChoice(ALL, say(N_("all lists"))),
            *(SelectChoice(str(it.id), it.title) for it in lists),
        ]

    @property
    def chosen(self) -> tuple[Right, int | None]:
        """The right, and the list's id; None for all."""
        right = Right(self.right.data)
        return right, None if self.list.data == ALL or right in ONLY_ON_ALL else int(self.list.data)


class InviteForm(RightForm):
    """Somebody new."""

    name = StringField(N_("Name"), [wanted(N_("write the name of the person"))])
    address = StringField(
        N_("Address"),
        [an_address],
        description=N_("The invitation goes there; its link works once, for a day."),
        render_kw={"type": "email", "autocomplete": "off", "spellcheck": "false"},
    )
    language = SelectField(N_("Language"), choices=languages())


def invite_form(visit: Visit, lists: Iterable[List]) -> InviteForm:
    """The form as typed, with what there is to choose."""
    form = InviteForm.of(visit, language=visit.context.pages.language)
    form.offer(lists)
    return form


def right_form(visit: Visit, lists: Iterable[List]) -> RightForm:
    """The form as typed, with what there is to choose."""
    form = RightForm.of(visit)
    form.offer(lists)
    return form
