"""Other people's programs, and which Debian package brings each."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from _pytest.outcomes import Skipped

PACKAGES = {
    "smtp-sink": "postfix",
    "smtp-source": "postfix",
    "stunnel4": "stunnel4",
    "openssl": "openssl",
    "chromium": "chromium",
    "systemd-analyze": "systemd",
    "initdb": "postgresql",
}
HIDDEN = "PLI_WITHOUT_PROGRAMS"
"""A variable of the environment: as if none of these programs were installed."""


class MissingProgram(Skipped):
    """A program is not installed: a benchmark ends with this line.

    To pytest it is a skip, wherever a test asks for the program: no test can forget to ask first.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is not installed: apt install {PACKAGES[name]}")


@contextmanager
def told_if_missing() -> Iterator[None]:
    """End a command with the line that names the missing package."""
    try:
        yield
    except MissingProgram as missing:
        sys.exit(str(missing))


def found(name: str) -> str | None:
    """Where a program is, also one that is only for administrators."""
    if os.environ.get(HIDDEN):
        return None
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin")


def tool(name: str) -> str:
    """Where a program is, or MissingProgram."""
    there = found(name)
    if there is None:
        raise MissingProgram(name)
    return there
