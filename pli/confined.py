"""Runs a function on foreign bytes in a child process with limits on memory, time and files.

A reader of foreign files may be made to use all memory, or not to end, and nothing stops a thread.
The child writes no file, gets none of this process's environment, and answers with bytes.
"""

from __future__ import annotations

import importlib
import os
import resource
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_OUT_OF_MEMORY = 3
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT")
_GRACE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Confines:
    """What a child may use: `memory` in bytes of address space, `seconds` of the processor."""

    memory: int = 1_000_000_000
    seconds: int = 60


class Confined(Exception):
    """The child gave no answer."""


class TooMuchMemory(Confined):
    """The child wanted more memory than it may have."""


class TooLong(Confined):
    """The child worked longer than it may."""


def call(function: str, payload: bytes, confines: Confines) -> bytes:
    """What a function says to a payload in a child process; raises Confined.

    The function is named "module:name", and takes and returns bytes.
    """
    path = str(Path(__file__).parents[1])
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    limits = (str(confines.memory), str(confines.seconds))
    try:
        done = subprocess.run(  # noqa: S603 (our own interpreter and module)
            # -P: a file in the reader's folder must not be taken for a module.
            [sys.executable, "-P", "-m", "pli.confined", function, *limits],
            input=payload,
            capture_output=True,
            check=False,
            timeout=2 * confines.seconds + _GRACE_SECONDS,
            env=environment | {"PYTHONPATH": path},
        )
    except subprocess.TimeoutExpired:
        raise TooLong from None
    if done.returncode == 0:
        return done.stdout
    if done.returncode == _OUT_OF_MEMORY:
        raise TooMuchMemory
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise TooLong
    raise Confined(done.stderr.decode("utf-8", "replace"))


def _confine(memory: int, seconds: int) -> None:
    for what, limit in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        lowest = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(what, (lowest, lowest))


def main(words: list[str]) -> int:
    """Be the child: read the payload from stdin, and write the answer to stdout."""
    module, _, name = words[0].partition(":")
    _confine(int(words[1]), int(words[2]))
    try:
        answer = getattr(importlib.import_module(module), name)(sys.stdin.buffer.read())
    except MemoryError:
        return _OUT_OF_MEMORY
    sys.stdout.buffer.write(answer)
    return 0


if __name__ == "__main__":
    # RLIMIT_FSIZE holds for files only; a cache of bytecode would be one.
    sys.dont_write_bytecode = True
    sys.exit(main(sys.argv[1:]))
