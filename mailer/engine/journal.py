"""A machine's own notes of what went on the wire and what was answered, a file for each taking.

A note is written before a body is handed to the transport, and another before its outcome is
settled: a few bytes into a file that is mapped into memory, without a system call and without
waiting for the disk. They outlive the process in the page cache, so that after its death at most
one copy a connection is in doubt. A power cut may take them away: so
"never written" counts only under the boot id that stands in the file's first line, and only while
nobody holds the file's lock, for then its writer is dead.
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
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mailer.ledger.journal_record import JournalRecord, Note
from mailer.models import Stage
from mailer.outcomes import Kind, Outcome

log = logging.getLogger("pli.delivery")

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_SUFFIX = ".taking"
_HEAD = struct.Struct("<cQIH")  # what it tells, the delivery, which try, the bytes that follow
_REST = struct.Struct("<QIH")  # the same without what it tells
_LEAVES, _TOLD, _END = b"w", b"o", b"\0"
_GROWTH = 128 * 1024
"""A file is given room in such pieces beforehand: a full disk is told then, and not by a signal."""
_ANSWER = struct.Struct("<dHIBB")  # when, the reply's code, milliseconds, kind, stage
_REST_AND_ANSWER = struct.Struct(_REST.format + _ANSWER.format.removeprefix("<"))
_KINDS = list(Kind)
_STAGES = list(Stage)


def boot_id() -> str:
    """Which start of this machine it is; empty where nobody says."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


class Notes:
    """The open file of one taking."""

    def __init__(self, descriptor: int, path: Path, begins: int) -> None:
        self._descriptor = descriptor
        self._path = path
        self._place = begins
        self._room = os.fstat(descriptor).st_size
        self._map = mmap.mmap(descriptor, self._room)

    def leaves(self, delivery_id: int, number: int) -> None:
        """Its body is handed to the transport next; OSError if there is no room to note it."""
        place = self._place
        if place + _HEAD.size > self._room:
            self._grow()
        _REST.pack_into(self._map, place + 1, delivery_id, number, 0)
        self._end_note(place, _LEAVES, place + _HEAD.size)

    def told(self, delivery_id: int, number: int, outcome: Outcome) -> None:
        """The try is over; without room only its writer knows so, who settles it in a moment."""
        kind, stage, code, text, milliseconds = outcome
        said = text.encode()
        place = self._place
        begins = place + _HEAD.size + _ANSWER.size
        ends = begins + len(said)
        if ends > self._room:
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
        # Last what it tells: who dies in the middle of a note has not written it.
        self._map[place] = what[0]
        self._place = ends

    def _grow(self) -> None:
        os.posix_fallocate(self._descriptor, self._room, _GROWTH)
        self._map.resize(self._room + _GROWTH)
        self._room += _GROWTH

    def close(self, *, all_settled: bool) -> None:
        """End the file; it stays where the database does not know everything that is in it."""
        if all_settled:
            with suppress(FileNotFoundError):
                self._path.unlink()
        self._map.close()
        os.close(self._descriptor)


class Journal:
    """A folder on this machine's own disk; `installation` tells whose database it speaks of."""

    def __init__(self, folder: Path, installation: str) -> None:
        self._folder = folder
        self._installation = installation

    def begin(self, batch_id: int, lease: int, relay: str) -> Notes:
        """A new file for a taking, locked as long as it is written to; OSError if it cannot be.

        Before the batch is taken: so that whoever dies holding one has left a file that says so.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._path(lease)
        new = path.with_suffix(".new")
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
            # Only now by its name: who finds it finds it locked and whole.
            new.rename(path)
        except OSError:
            os.close(descriptor)
            new.unlink(missing_ok=True)
            raise
        return notes

    def record(self, lease: int) -> JournalRecord | None:
        """What is known of a lease; None if nothing is, or while its writer lives."""
        with self._unlocked(self._path(lease)) as record:
            return record

    @contextmanager
    def left_behind(self) -> Iterator[Iterator[JournalRecord]]:
        """The files of dead workers, one after the other, each locked while it is looked at."""

        def each() -> Iterator[JournalRecord]:
            for path in self._files():
                with self._unlocked(path) as record:
                    if record is not None:
                        yield record

        found = each()
        try:
            yield found
        finally:
            found.close()  # type: ignore[attr-defined]  # a generator

    def forget(self, record: JournalRecord) -> None:
        """The database knows all of it."""
        with suppress(FileNotFoundError):
            self._path(record.lease).unlink()

    def set_aside(self, record: JournalRecord) -> None:
        """The database will not have it: kept under another name, for a person to look at."""
        path = self._path(record.lease)
        with suppress(FileNotFoundError):
            path.rename(path.with_suffix(".refused"))

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
                # Shared: only its writer is to be told apart. That another reads it, too, must not
                # look as if he lived.
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
    """The last note on each delivery, and whether all of it could be read.

    Zeros follow the last note, and a note that was cut off is none. What is no note ends the
    reading: of what follows nobody knows where a note begins.
    """
    notes: dict[int, Note] = {}
    place = 0
    while place + _HEAD.size <= len(data):
        what, delivery_id, number, length = _HEAD.unpack_from(data, place)
        if what == _END:
            # Who died in the middle of a note has left it without its sign. Behind it there are
            # only zeros, unless a disk has lost what was there.
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
