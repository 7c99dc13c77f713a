"""Runs the command line as a process of its own, with its id, its output and its exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from tests.forking import FORKING


class Command:
    """Starts `pli` with these words; its output goes into two files.

    The methods are those of subprocess.Popen, as far as tests need them.
    """

    def __init__(
        self, words: Sequence[str], *, folder: Path, environment: Mapping[str, str], said: Path
    ) -> None:
        said.mkdir(parents=True, exist_ok=True)
        out, err = said / "out", said / "err"
        out.touch()
        err.touch()
        self.stdout: IO[str] = out.open(encoding="utf-8")
        self.stderr: IO[str] = err.open(encoding="utf-8")
        self._words = words
        self._process = FORKING.Process(
            target=_run, args=(list(words), folder, dict(environment), out, err)
        )
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._process.exitcode
        return self.returncode

    def wait(self, seconds: float | None = None) -> int:
        if self.returncode is None:
            self._process.join(seconds)
        if self.poll() is None:
            out, err = (Path(it.name).read_text("utf-8") for it in (self.stdout, self.stderr))
            raise subprocess.TimeoutExpired(["pli", *self._words], seconds or 0, out, err)
        assert self.returncode is not None
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for the end of the process; its output that was not read yet."""
        self.wait(timeout)
        return self.stdout.read(), self.stderr.read()

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ask the process to end if it still runs; kill it if it does not end."""
        self.send_signal(signal.SIGINT)
        try:
            self.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
            self.wait()
        self.stdout.close()
        self.stderr.close()
        self._process.close()


def _run(words: list[str], folder: Path, environment: dict[str, str], out: Path, err: Path) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for number, path in ((0, Path(os.devnull)), (1, out), (2, err)):
        opened = os.open(path, os.O_RDWR | os.O_APPEND)
        os.dup2(opened, number)
        os.close(opened)
    # Not in a `with`: the file stays the process's stdin until the process ends.
    sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115
    sys.argv = ["pli", *words]
    from cli import main

    main()
