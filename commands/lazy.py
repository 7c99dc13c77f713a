"""Groups of commands that load a command's module only when a person calls the command."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click


class Place(NamedTuple):
    """Where a command lies, with its help, so that a list of commands need load none of them."""

    module: str
    name: str
    help: str


class LazyGroup(click.Group):
    """A group with commands of its own, and with others that it knows by their places."""

    def __init__(self, *args: Any, places: Mapping[str, Place], **options: Any) -> None:
        super().__init__(*args, **options)
        self.places = places

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, sorted as Click sorts them."""
        del ctx
        return sorted({*self.commands, *self.places})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, loaded from its place."""
        if cmd_name not in self.places:
            return super().get_command(ctx, cmd_name)
        place = self.places[cmd_name]
        command = getattr(import_module(place.module), place.name)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the name and help of each command, without loading any."""
        _Listed(
            commands={
                name: self.commands.get(name) or click.Command(name, help=self.places[name].help)
                for name in self.list_commands(ctx)
            }
        ).format_commands(ctx, formatter)


class _Listed(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the given order, where Click would sort."""
        del ctx
        return list(self.commands)
