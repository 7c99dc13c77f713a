"""Finds programs outside this project, and names the Debian package of each."""

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
    "postfix": "postfix",
    "dovecot": "dovecot-imapd",
    "stunnel4": "stunnel4",
    "openssl": "openssl",
    "chromium": "chromium",
    "systemd-analyze": "systemd",
    "initdb": "postgresql",
    "java": "default-jre-headless",
    "node": "npm",
    "pandoc": "pandoc",
    "soffice": "libreoffice-writer-nogui",
}
HIDDEN = "PLI_WITHOUT_PROGRAMS"
"""An environment variable: if it is set, none of these programs counts as installed."""


class MissingProgram(Skipped):
    """A program is not installed; a benchmark ends with this error's line.

    pytest treats the error as a skip, so a test need not ask for the program beforehand.
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
    """The path of a program, also of one for administrators; None if it is not installed."""
    if os.environ.get(HIDDEN):
        return None
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin")


def tool(name: str) -> str:
    """The path of a program; MissingProgram if it is not installed."""
    there = found(name)
    if there is None:
        raise MissingProgram(name)
    return there
