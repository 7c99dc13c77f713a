"""The journal: a machine's notes of what went on the wire and what was answered.

Each taking of a batch has a file. One note is written before a body is handed to the transport,
another before its outcome is settled. A note is a few bytes in a file that is mapped into memory:
it costs no system call, and nothing waits for the disk. The page cache outlives the process, so
that after a crash at most one copy a connection is in doubt. A power cut may lose notes. So "never
written" is concluded only under the boot id in the file's first line, and only when no process
holds the file's lock: then the writer is dead.
"""

from __future__ import annotations

import fcntl
import json
import logging
import mmap
import os
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from mailer.ledger.journal_record import JournalRecord, Note
from mailer.models import Stage
from mailer.outcomes import Kind, Outcome
from pli import jobs_file
from pli.jobs_file import UNFINISHED, Held

log = logging.getLogger("pli.delivery")

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_SUFFIX = ".taking"
_UNFINISHED_SECONDS = 60
_HEAD = struct.Struct("<cQIH")  # type, delivery, number of the try, bytes that follow
_REST = struct.Struct("<QIH")  # the same without the type
_LEAVES, _TOLD, _END = b"w", b"o", b"\0"
_GROWTH = 128 * 1024
"""Bytes by which a file is allocated ahead: a full disk then is an OSError, not a signal."""
_ANSWER = struct.Struct("<dHIBB")  # time, reply code, milliseconds, kind, stage
_REST_AND_ANSWER = struct.Struct(_REST.format + _ANSWER.format.removeprefix("<"))
_KINDS = list(Kind)
_STAGES = list(Stage)


def boot_id() -> str:
    """The id of this boot of the machine; "" where the system names none."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


class Notes:
    """The open journal file of one taking."""

    def __init__(self, descriptor: int, path: Path, begins: int) -> None:
        self._descriptor = descriptor
        self._path = path
        self._place = begins
        self._size = os.fstat(descriptor).st_size
        self._map = mmap.mmap(descriptor, self._size)

    def leaves(self, delivery_id: int, number: int) -> None:
        """Note that a body is handed to the transport next; OSError if the file cannot grow."""
        place = self._place
        if place + _HEAD.size > self._size:
            self._grow()
        _REST.pack_into(self._map, place + 1, delivery_id, number, 0)
        self._end_note(place, _LEAVES, place + _HEAD.size)

    def told(self, delivery_id: int, number: int, outcome: Outcome) -> None:
        """Note the outcome of a try.

        If the file cannot grow, there is no note: the writer itself settles the outcome shortly.
        """
        kind, stage, code, text, milliseconds = outcome
        said = text.encode()
        place = self._place
        begins = place + _HEAD.size + _ANSWER.size
        ends = begins + len(said)
        if ends > self._size:
            try:
                self._grow()
            except OSError:
                return
        _REST_AND_ANSWER.pack_into(
            self._map,
            place + 1,
            delivery_id,
            number,
            ends - place - _HEAD.size,
            time.time(),
            code,
            min(milliseconds, 2**32 - 1),
            _KINDS.index(kind),
            _STAGES.index(stage),
        )
        self._map[begins:ends] = said
        self._end_note(place, _TOLD, ends)

    def _end_note(self, place: int, what: bytes, ends: int) -> None:
        # The type byte comes last: a note that a crash cuts off has none, and does not count.
        self._map[place] = what[0]
        self._place = ends

    def _grow(self) -> None:
        os.posix_fallocate(self._descriptor, self._size, _GROWTH)
        self._map.resize(self._size + _GROWTH)
        self._size += _GROWTH

    def close(self, *, all_settled: bool) -> None:
        """Close the file; remove it only if the database knows everything in it."""
        if all_settled:
            with suppress(FileNotFoundError):
                self._path.unlink()
        self._map.close()
        os.close(self._descriptor)


class Journal:
    """A folder of journal files on this machine's own disk.

    `installation` names the database that the files belong to.
    """

    def __init__(self, folder: Path, installation: str) -> None:
        self._folder = folder
        self._installation = installation

    def begin(self, batch_id: int, lease: int, relay: str) -> Notes:
        """Make a file for a taking, locked until it is closed; OSError if that fails.

        Called before the batch is taken: a worker that dies with a batch has then left a file.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(lease)
        new = path.with_suffix(UNFINISHED)
        descriptor = os.open(new, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            header = {
                "boot": boot_id(),
                "installation": self._installation,
                "batch_id": batch_id,
                "lease": lease,
                "relay": relay,
            }
            line = json.dumps(header).encode() + b"\n"
            os.posix_fallocate(descriptor, 0, _GROWTH)
            os.pwrite(descriptor, line, 0)
            notes = Notes(descriptor, path, len(line))
            # Renamed last: a reader that finds the file by its name finds it locked and complete.
            new.rename(path)
        except OSError:
            os.close(descriptor)
            new.unlink(missing_ok=True)
            raise
        return notes

    def record(self, lease: int) -> JournalRecord | None:
        """The record of a lease; None if there is no file, or while its writer lives."""
        with self._unlocked(self._path(lease)) as record:
            return record

    @contextmanager
    def left_behind(self) -> Iterator[Iterator[JournalRecord]]:
        """The records of dead workers, one after the other; each file is locked meanwhile."""

        def each() -> Iterator[JournalRecord]:
            for path in self._files():
                with self._unlocked(path) as record:
                    if record is not None:
                        yield record
            self._remove_unfinished()

        found = each()
        try:
            yield found
        finally:
            found.close()  # type: ignore[attr-defined]  # a generator

    def forget(self, record: JournalRecord) -> None:
        """Remove the file of a record that the database knows completely."""
        with suppress(FileNotFoundError):
            self._path(record.lease).unlink()

    def set_aside(self, record: JournalRecord) -> None:
        """Keep a record that the database refuses under another name, for a person to look at."""
        path = self._path(record.lease)
        with suppress(FileNotFoundError):
            path.rename(path.with_suffix(".refused"))

    def holding_jobs(self, manager: UUID) -> AbstractContextManager[Held]:
        """Say on this machine, as long as this process lives, that a manager's jobs are its own."""
        return jobs_file.held(self._folder, self._installation, manager)

    @contextmanager
    def jobs_left_behind(self) -> Iterator[Iterator[tuple[UUID, Path]]]:
        """The managers of dead processes, each with its file, which is locked meanwhile."""
        found = jobs_file.left_behind(self._folder, self._installation)
        try:
            yield found
        finally:
            found.close()  # type: ignore[attr-defined]  # a generator

    def _remove_unfinished(self) -> None:
        """Remove files whose process died before it named them, journals and files of jobs."""
        with suppress(OSError):
            for path in self._folder.glob(f"*{UNFINISHED}"):
                if time.time() - path.stat().st_mtime > _UNFINISHED_SECONDS:
                    path.unlink()

    def _files(self) -> list[Path]:
        try:
            return sorted(self._folder.glob(f"*{_SUFFIX}"))
        except OSError as error:
            log.warning("journal.unreadable", extra={"reason": str(error)})
            return []

    def _path(self, lease: int) -> Path:
        return self._folder / f"{lease:016x}{_SUFFIX}"

    @contextmanager
    def _unlocked(self, path: Path) -> Iterator[JournalRecord | None]:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            yield None
            return
        except OSError as error:
            log.warning("journal.unreadable", extra={"file": path.name, "reason": str(error)})
            yield None
            return
        try:
            try:
                # A shared lock: only the writer holds an exclusive one, so that a second reader is
                # not taken for a living writer.
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                yield None
                return
            try:
                with os.fdopen(descriptor, "rb", closefd=False) as file:
                    record = self._read(file.readline(), file.read())
            except OSError as error:
                log.warning("journal.unreadable", extra={"file": path.name, "reason": str(error)})
                record = None
            yield record
        finally:
            os.close(descriptor)

    def _read(self, first: bytes, rest: bytes) -> JournalRecord | None:
        try:
            header = json.loads(first)
            if header["installation"] != self._installation:
                return None
            notes, whole = _notes(rest)
            return JournalRecord(
                batch_id=int(header["batch_id"]),
                lease=int(header["lease"]),
                relay=str(header["relay"]),
                complete=whole and bool(header["boot"]) and header["boot"] == boot_id(),
                notes=notes,
            )
        except (ValueError, KeyError, TypeError):
            log.warning("journal.unreadable")
            return None


def _notes(data: bytes) -> tuple[Mapping[int, Note], bool]:
    """The last note on each delivery, and whether the whole file could be read.

    Zeros follow the last note, and a note that was cut off does not count. Bytes that are no note
    end the reading: the start of the next note is unknown.
    """
    notes: dict[int, Note] = {}
    place = 0
    while place + _HEAD.size <= len(data):
        what, delivery_id, number, length = _HEAD.unpack_from(data, place)
        if what == _END:
            # A note cut off by a crash has no type byte yet, and only zeros follow it. Other bytes
            # behind it show that the disk has lost a part of the file.
            return notes, not data[place + _HEAD.size + length :].strip(_END)
        place += _HEAD.size
        if what in (_LEAVES, _TOLD) and place + length > len(data):
            break
        try:
            notes[delivery_id] = Note(number, **_answer(data[place : place + length], what))
        except (struct.error, IndexError, ValueError, OverflowError, OSError):
            log.warning("journal.unreadable", extra={"place": place})
            return notes, False
        place += length
    return notes, True


def _answer(data: bytes, what: bytes) -> dict[str, Any]:
    if what == _LEAVES:
        return {}
    if what != _TOLD:
        raise ValueError(what)
    at, code, milliseconds, kind, stage = _ANSWER.unpack_from(data)
    text = data[_ANSWER.size :].decode("utf-8", "replace")
    return {
        "at": datetime.fromtimestamp(at, UTC),
        "outcome": Outcome(_KINDS[kind], _STAGES[stage], code, text, milliseconds),
    }
