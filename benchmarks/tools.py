"""Other people's programs, and which Debian package brings each."""

from __future__ import annotations

import os
import shutil

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


class MissingProgram(SystemExit):
    """A program is not installed: a benchmark ends with this line, a test is skipped with it."""

    def __init__(self, name: str) -> None:
        self.package = PACKAGES[name]
        super().__init__(f"{name} is not installed: apt install {self.package}")


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
