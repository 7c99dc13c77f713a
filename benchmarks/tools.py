"""Finds the programs that the benchmarks need; `PACKAGES` names each one's Debian package."""

from __future__ import annotations

import shutil
import sys

PACKAGES = {
    "smtp-sink": "postfix",
    "smtp-source": "postfix",
    "stunnel4": "stunnel4",
    "openssl": "openssl",
}


def found(name: str) -> str | None:
    """The path of a program, also of one for administrators; None if it is not installed."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin")


def tool(name: str) -> str:
    """The path of a program; ends the command, naming the package, if it is not installed."""
    there = found(name)
    if there is None:
        sys.exit(f"{name} is not installed: apt install {PACKAGES[name]}")
    return there
