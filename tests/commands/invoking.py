"""Runs a command of the terminal in this process."""

from __future__ import annotations

from click.testing import CliRunner, Result

import cli


def pli(*words: str, told: bytes = b"") -> Result:
    """Run one command to its end; `told` is its standard input."""
    return CliRunner().invoke(cli.context, words, input=told)
