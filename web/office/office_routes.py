"""How a route of the office says who may enter, and how its lists are found."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from accounts.abilities import Ability

if TYPE_CHECKING:
    from web.office.visit import Visit

Finder = Callable[[AsyncSession, Mapping[str, Any]], Awaitable[Collection[int] | None]]
"""From the path's values to the lists that a thing belongs to; None if there is no such thing."""

LARGEST_FORM = 64 * 1024


class Who(enum.Enum):
    """Who may enter a route without any right."""

    ANYBODY = "anybody"
    SIGNED_IN = "signed_in"


class Lists(enum.Enum):
    """How the lists of a route are found where no thing in its path has any."""

    NONE = "none"
    """What is shown belongs to no list: it takes the right on all lists."""
    THOSE_GRANTED = "those_granted"
    """What is shown belongs to several: the route shows only what is on `Visit.lists`."""


class UndeclaredRouteError(TypeError):
    """A route does not say who may enter; the application does not start."""


@dataclass(frozen=True, slots=True)
class OfficeRoute:
    """A path of the office.

    `needs` and `lists` have no usable default: a route that leaves one out is refused at the start.
    `title` is its name in the navigation. `confirmed`: the person must have proved to be there
    within the last hour. `partly`: a right on one of the thing's lists opens the route, which then
    shows only what is on `Visit.lists`.
    """

    path: str
    endpoint: Callable[[Visit], Awaitable[Response]]
    needs: Ability | Who | None = None
    lists: Lists | Finder | None = None
    methods: Sequence[str] = ("GET",)
    title: str = ""
    confirmed: bool = False
    largest: int = LARGEST_FORM
    partly: bool = False
    files: bool = False
    """Its form may hold files. Of somebody who is not in, such a form is not even read."""


def check(routes: Sequence[OfficeRoute]) -> None:
    """Refuse routes that do not say who may enter."""
    for it in routes:
        if it.needs is None:
            raise UndeclaredRouteError(f"{it.path}: says no right")
        if isinstance(it.needs, Ability) and it.lists is None:
            raise UndeclaredRouteError(f"{it.path}: does not say how its lists are found")
