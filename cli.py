"""Every command by its name; a command is loaded when a person calls it."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import click

from commands import french_click, handing_over
from commands.common import LANGUAGE, Context, _, show, tell
from commands.lazy import LazyGroup, Place
from pli import __version__, logs
from pli.errors import PliError, reason_of
from pli.language import N_, Sentence, say

french_click.speak(LANGUAGE)


COMMANDS = {
    "demo": Place(
        "commands.demo", "demo",
        _("Show the whole road on this machine: letter, sending, inbox, report."),
    ),
    "init": Place(
        "commands.setup", "init",
        _("Ask for what is missing, write pli.toml and pli.keys, and make the database."),
    ),
    "settings": Place(
        "commands.setup", "settings",
        _("Show each setting and where it came from; secrets are hidden."),
    ),
    "db": Place(
        "commands.setup", "db",
        _("The database: make it, check it, keep a copy."),
    ),
    "letter": Place(
        "commands.letters", "letter",
        _("Letters: begin one, check it, look at it, take it out as a file."),
    ),
    "theme": Place(
        "commands.themes", "theme",
        _("Themes: how letters look; your own colours, fonts, logo and footer."),
    ),
    "subscriber": Place(
        "commands.people", "subscriber",
        _("People: read them in, see what is held about them, let them leave."),
    ),
    "list": Place(
        "commands.lists", "list_",
        _("Lists: subjects one can join or leave."),
    ),
    "attribute": Place(
        "commands.attributes", "attribute",
        _("Attributes: what is kept of people beside name and address, and its type."),
    ),
    "segment": Place(
        "commands.segments", "segment",
        _("Segments: named rules that select people."),
    ),
    "send": Place(
        "commands.sending", "send",
        _("Send a letter to a list, and stay until it is done."),
    ),
    "campaign": Place(
        "commands.campaigns", "campaign",
        _("Campaigns: each one sending of one letter."),
    ),
    "bounce": Place(
        "commands.bounces", "bounce",
        _("What came back: bounces and complaints, and what followed from them."),
    ),
    "report": Place(
        "commands.reporting", "report",
        _("What became of each copy of a campaign: its id, or letter:294."),
    ),
    "user": Place(
        "commands.users", "user",
        _("The people of the office: who may come in, and what each may do."),
    ),
    "audit": Place(
        "commands.auditing", "audit_",
        _("Who did what, and who looked at whom; the latest first."),
    ),
    "serve": Place(
        "commands.serving", "serve",
        _("Open the web pages and send what is to be sent, until Ctrl-C."),
    ),
    "worker": Place(
        "commands.worker", "worker",
        _("Send what is to be sent, beside other workers (PostgreSQL), until Ctrl-C."),
    ),
    "queue": Place(
        "commands.queue", "queue",
        _("Chores: all work besides the letters' copies; what waits, and what failed."),
    ),
    "doctor": Place(
        "commands.doctor", "doctor",
        _("Look at all that a sending needs, and say what to do; exit 1 if no letter can be sent."),
    ),
}  # fmt: skip

EXIT_REFUSED = 1
EXIT_INTERRUPTED = 130


class Commands(LazyGroup):
    """The commands of the table above."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order in which they are met."""
        del ctx
        return list(self.places)


@click.group(
    cls=Commands,
    places=COMMANDS,
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
    handing_over.hide()
    # What a command loads stays: to look through it after every 700 objects took 5 % of its start.
    gc.set_threshold(50_000, 10, 10)
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
            show(line, stderr=True)
        sys.exit(EXIT_REFUSED)
    except (KeyboardInterrupt, click.Abort):
        show(_("Stopped."), stderr=True)
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        # Whoever read us (head, less) has seen enough; Python must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_REFUSED)
    except OSError as error:
        refused = say(
            _("{place}: {reason}"), place=error.filename or "pli", reason=reason_of(error)
        )
        tell(refused, stderr=True)
        sys.exit(EXIT_REFUSED)
    except Exception as error:
        tell(_unforeseen(error), stderr=True)
        sys.exit(EXIT_REFUSED)


def _unforeseen(error: Exception) -> Sentence:
    # Not above: most commands end well.
    import tempfile
    import traceback

    # A fault of ours: the person gets a line, whoever mends it gets the rest.
    descriptor, place = tempfile.mkstemp(prefix="pli-fault-", suffix=".txt")
    with os.fdopen(descriptor, "w") as file:
        traceback.print_exc(file=file)
    return say(
        N_("Pli has a fault ({kind}). Nothing is lost; please report it with {file}"),
        kind=type(error).__name__,
        file=place,
    )


if __name__ == "__main__":
    main()
