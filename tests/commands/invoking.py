"""A command of the terminal, run in this process."""

from __future__ import annotations

from click.testing import CliRunner, Result

import cli


def pli(*words: str, told: bytes = b"") -> Result:
    """Run one command to its end; `told` is what stands on its input."""
    return CliRunner().invoke(cli.context, words, input=told)
