"""What a process costs, as Linux counts it: processor time and memory."""

from __future__ import annotations

import os
import resource
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds() -> float:
    """Processor time of this process, all its threads together."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def cpu_seconds_of(pid: int) -> float:
    """Processor time of another process and its children, also of those that have ended."""
    task = Path(f"/proc/{pid}/task/{pid}")
    spent = sum(_times(task)[:4])
    for child in (task / "children").read_text().split():
        try:
            spent += sum(_times(Path(f"/proc/{child}"))[:2])
        except (FileNotFoundError, ProcessLookupError):
            # The child ended after the list was read: its parent counts its time from now on.
            continue
    return spent


def _times(folder: Path) -> list[float]:
    """User and system time of a process, then those of its ended children, in seconds."""
    _, _, fields = (folder / "stat").read_text().rpartition(")")
    return [int(it) / TICK for it in fields.split()[11:15]]


def peak_mb() -> float:
    """The most memory that this process had since its start, or since `forget_peak`.

    ru_maxrss would not do: a child's begins with the memory of its parent.
    """
    return _megabytes("VmHWM")


def memory_mb() -> float:
    """The memory this process has now."""
    return _megabytes("VmRSS")


def forget_peak() -> None:
    """Let the peak begin with the memory that the process has now."""
    Path("/proc/self/clear_refs").write_text("5")


def _megabytes(name: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise LookupError(name)
