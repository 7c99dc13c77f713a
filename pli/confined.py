"""Runs a function or a program on foreign bytes in a child process with limits.

A reader of foreign files may be made to use all memory, or not to end, and nothing stops a thread.
The child gets none of this process's environment. A function writes no file, and answers with
bytes; a program writes files of a limited size, and reaches no network where the kernel lets a
process give it up.
"""

from __future__ import annotations

import importlib
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_OUT_OF_MEMORY = 3
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "SYSTEMROOT")
_GRACE_SECONDS = 5
_PROGRAM = "--program"
_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000
"""CLONE_NEWUSER and CLONE_NEWNET of unshare(2)."""


@dataclass(frozen=True, slots=True)
class Confines:
    """What a child may use: `memory` in bytes of address space, `seconds` of the processor."""

    memory: int = 1_000_000_000
    seconds: int = 60
    largest_file: int = 0
    """Bytes of each file that the child writes."""


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
    code, answer, told = _ran([function], payload, confines, None)
    if code == 0:
        return answer
    if code == _OUT_OF_MEMORY:
        raise TooMuchMemory
    raise Confined(told)


def call_program(
    command: Sequence[str], payload: bytes, confines: Confines, folder: Path
) -> tuple[bytes, str]:
    """What a program writes to its two outputs, given a payload; raises Confined.

    `command` begins with an absolute path. The program starts in `folder`, which is its home and
    its folder for temporary files, too. All that it started ends with it.
    """
    code, answer, told = _ran([_PROGRAM, *command], payload, confines, folder)
    if code:
        raise Confined(told)
    return answer, told


def _ran(
    words: Sequence[str], payload: bytes, confines: Confines, folder: Path | None
) -> tuple[int, bytes, str]:
    """The exit code and the outputs of a child; raises TooLong."""
    path = str(Path(__file__).parents[1])
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    if folder is not None:
        environment |= {"HOME": str(folder), "TMPDIR": str(folder)}
    limits = (confines.memory, confines.seconds, confines.largest_file)
    # -P: a file in the reader's folder must not be taken for a module.
    child = [sys.executable, "-P", "-m", "pli.confined", *map(str, limits), *words]
    with subprocess.Popen(  # noqa: S603 (our own interpreter and module)
        child,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env=environment | {"PYTHONPATH": path},
        start_new_session=True,
    ) as process:
        try:
            answer, told = process.communicate(payload, 2 * confines.seconds + _GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            raise TooLong from None
        finally:
            # What a program started must not outlive it.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    if process.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise TooLong
    return process.returncode, answer, told.decode("utf-8", "replace")


def _confine(memory: int, seconds: int, largest_file: int) -> None:
    for what, limit in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, largest_file),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        lowest = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(what, (lowest, lowest))


def _leave_network() -> None:
    """Give up the network, where the kernel lets this user do so: containers often do not."""
    import ctypes  # the parent has no use for it

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).unshare(_NEW_USER | _NEW_NETWORK)


def main(words: list[str]) -> int:
    """Be the child: read the payload from stdin, and write the answer to stdout."""
    memory, seconds, largest_file, first, *rest = words
    if first == _PROGRAM:
        _leave_network()
        _confine(int(memory), int(seconds), int(largest_file))
        del os.environ["PYTHONPATH"]
        os.execv(rest[0], rest)  # noqa: S606 (a program that the operator installed)
    _confine(int(memory), int(seconds), int(largest_file))
    module, _, name = first.partition(":")
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
