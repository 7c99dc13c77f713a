"""Every command by its name; a command is loaded when a person calls it."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

import click
from sqlalchemy.exc import DBAPIError

from commands import french_click
from commands.common import LANGUAGE, Context, _
from pli import __version__, logs
from pli.database import unreachable
from pli.errors import PliError, reason_of
from pli.language import N_, say

french_click.speak(LANGUAGE)

COMMANDS = {
    "demo": ("commands.demo", "demo"),
    "init": ("commands.setup", "init"),
    "settings": ("commands.setup", "settings"),
    "db": ("commands.setup", "db"),
    "letter": ("commands.letters", "letter"),
    "subscriber": ("commands.people", "subscriber"),
    "list": ("commands.lists", "list_"),
    "segment": ("commands.segments", "segment"),
    "send": ("commands.sending", "send"),
    "campaign": ("commands.campaigns", "campaign"),
    "report": ("commands.reporting", "report"),
    "serve": ("commands.serving", "serve"),
    "worker": ("commands.worker", "worker"),
    "doctor": ("commands.doctor", "doctor"),
}

EXIT_REFUSED = 1
EXIT_INTERRUPTED = 130


class LazyCommands(click.Group):
    """A group that imports a command only when a person calls that command."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which they are met."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One command, from its room."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name]
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command


@click.group(
    cls=LazyCommands,
    help=_("Pli sends the letters of a committee, and can say what became of each copy."),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="pli")
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help=_("The settings file, if it is not pli.toml in this folder."),
)
@click.pass_context
def context(context: click.Context, config: Path | None) -> None:
    """Keep what the options before the command's name say."""
    context.obj = Context(config)


def main() -> None:
    """Run one command; a refusal is one line a fault and exit 1, and nobody sees a traceback."""
    # Whatever is written (database, keys, inbox, reports) holds people's names.
    os.umask(0o077)
    logs.configure()
    try:
        # Outside its standalone mode click returns the code of an early exit.
        code = context.main(prog_name="pli", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as misuse:
        misuse.show()
        sys.exit(misuse.exit_code)
    except PliError as error:
        for line in error.lines(LANGUAGE):
            click.echo(line, err=True)
        sys.exit(EXIT_REFUSED)
    except DBAPIError as error:
        click.echo(unreachable(error).lines(LANGUAGE)[0], err=True)
        sys.exit(EXIT_REFUSED)
    except (KeyboardInterrupt, click.Abort):
        click.echo(_("Stopped."), err=True)
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        # Whoever read us (head, less) has seen enough; Python must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_REFUSED)
    except OSError as error:
        refused = say(
            N_("{place}: {reason}"), place=error.filename or "pli", reason=reason_of(error)
        )
        click.echo(refused.tell(LANGUAGE), err=True)
        sys.exit(EXIT_REFUSED)
    except Exception as error:
        # A fault of ours: the person gets a line, whoever mends it gets the rest.
        import tempfile
        import traceback

        descriptor, place = tempfile.mkstemp(prefix="pli-fault-", suffix=".txt")
        with os.fdopen(descriptor, "w") as file:
            traceback.print_exc(file=file)
        fault = say(
            N_("Pli has a fault ({kind}). Nothing is lost; please report it with {file}"),
            kind=type(error).__name__,
            file=place,
        )
        click.echo(fault.tell(LANGUAGE), err=True)
        sys.exit(EXIT_REFUSED)


if __name__ == "__main__":
    main()
