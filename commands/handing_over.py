"""An address with a password, given as an argument, does not stay in the list of processes.

Anybody on the machine may read the arguments of a process, and only its own user the environment.
So a command that was given a password begins anew, and finds it in the environment.
"""

from __future__ import annotations

import os
import sys

import click

OPTIONS = ("--relay", "--to")
_VARIABLE = "PLI_HANDED_OVER_"
"""Followed by the option's name."""
_SIGN = "handed-over:"


class HandedOver(click.ParamType[str]):
    """A text that may have been handed over; help and faults show it as any other text."""

    name = "text"

    def convert(self, value: str, param: object, ctx: object) -> str:
        """The text itself; no process that this one starts finds it again."""
        del param, ctx
        if not value.startswith(_SIGN):
            return value
        return os.environ.pop(f"{_VARIABLE}{value.removeprefix(_SIGN)}", "")


def hide() -> None:
    """Begin anew if an argument of this process is an address with a secret in it."""
    replaced, found = without_secrets(sys.orig_argv)
    if found:
        # The same program with the same words, but for the secrets. They are this process's own
        # words, and no shell reads them: so S606 warns of nothing here.
        os.execve(sys.executable, [sys.executable, *replaced[1:]], {**os.environ, **found})  # noqa: S606


def without_secrets(words: list[str]) -> tuple[list[str], dict[str, str]]:
    """The arguments with a reference for each secret; and the secrets by their variable."""
    kept: list[str] = []
    found: dict[str, str] = {}
    option = ""
    for word in words:
        name, equals, value = word.partition("=")
        if option:
            given, before = word, ""
        elif equals and name in OPTIONS:
            option, given, before = name, value, f"{name}="
        else:
            option = word if word in OPTIONS else ""
            kept.append(word)
            continue
        if is_secret(given):
            found[f"{_VARIABLE}{option.strip('-').upper()}"] = given
            given = f"{_SIGN}{option.strip('-').upper()}"
        kept.append(f"{before}{given}")
        option = ""
    return kept, found


def is_secret(text: str) -> bool:
    """Whether something in a text should not be read by others."""
    from pli import secret_urls  # not above: hardly any command is given an address

    return "://" in text and secret_urls.holds_a_secret(text)
