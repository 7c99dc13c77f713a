"""Other people's programs, and which package brings each."""

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
    """Where a program is, also one that is only for administrators."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin")


def tool(name: str) -> str:
    """Where a program is; ends the command with the package it wants if it is not there."""
    there = found(name)
    if there is None:
        sys.exit(f"{name} is not installed: apt install {PACKAGES[name]}")
    return there
