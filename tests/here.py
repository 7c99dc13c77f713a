"""Runs the command line to its end in the process of the tests, as a process of its own would.

A process costs three times the CPU: its pages are copied, and it compiles each statement anew. So
processes are for what is about processes: signals, locks, what runs beside something else.
"""

from __future__ import annotations

import gc
import io
import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, chdir, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock


def run_here(
    words: Sequence[str], *, folder: Path, environment: Mapping[str, str]
) -> tuple[int, str, str]:
    """Run `pli` with these words in a folder; the exit code, and what stands in both outputs.

    The command speaks the language of the tests, whatever `environment` says: a command's language
    is set at its import.
    """
    from cli import main

    said = io.BytesIO(), io.BytesIO()
    out, err = (io.TextIOWrapper(it, "utf-8", write_through=True) for it in said)
    code: object = 0
    with ExitStack() as around, Path(os.devnull).open(encoding="utf-8") as nothing:
        around.enter_context(chdir(folder))
        around.enter_context(mock.patch.dict(os.environ, environment, clear=True))
        around.enter_context(mock.patch.object(sys, "argv", ["pli", *words]))
        around.enter_context(mock.patch.object(sys, "stdin", nothing))
        around.enter_context(redirect_stdout(out))
        around.enter_context(redirect_stderr(err))
        around.enter_context(_process_as_it_was())
        try:
            main()
        except SystemExit as end:
            code = end.code
    assert isinstance(code, int)
    return code, said[0].getvalue().decode(), said[1].getvalue().decode()


@contextmanager
def _process_as_it_was() -> Iterator[None]:
    """Undo what `main` sets for a whole process: umask, garbage collector, logs."""
    root, ours = logging.getLogger(), logging.getLogger("pli")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    root.handlers[:] = []
    thresholds, mask = gc.get_threshold(), os.umask(0o077)
    try:
        yield
    finally:
        os.umask(mask)
        gc.set_threshold(*thresholds)
        root.handlers[:] = handlers
        for logger, level in zip((root, ours), levels, strict=True):
            logger.setLevel(level)
