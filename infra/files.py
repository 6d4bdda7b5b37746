"""Files that appear at once, that are compared with what was listed, and the lock of a folder."""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from evalcore.errors import StorageUnavailable
from infra.storage import OWN_PREFIX, Entry, InputChanged

LOCK_SECONDS = 30.0
"""How long a conditional write waits for the others."""

_LOCK = f"{OWN_PREFIX}.lock"
_LOCK_POLL = 0.005
_ABANDONED_SECONDS = 86_400.0
_MAKING_ATTEMPTS = 20
_MAKING_PAUSE = 0.001

_cleared: set[Path] = set()

_this_process = threading.Lock()
"""Beside the file's lock, which on some network file systems belongs to a process, not to a thread."""


def replace(path: Path, data: bytes) -> None:
    """Writes a file, its folders included, so that it is there whole or not at all; raises OSError."""
    beside = path.parent / f"{OWN_PREFIX}-{os.urandom(8).hex()}.tmp"
    try:
        with _made(beside) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    _clear_once(path.parent)
    _force_to_disk(path.parent)


def clear_abandoned(folder: Path) -> None:
    """Removes temporary files that a killed run left a day or more ago; raises OSError."""
    for left in folder.glob(f"{OWN_PREFIX}-*.tmp"):
        if time.time() - left.stat().st_mtime > _ABANDONED_SECONDS:
            left.unlink(missing_ok=True)


def _clear_once(folder: Path) -> None:
    """Removes what was abandoned where this process writes, in each folder once."""
    if folder not in _cleared:
        _cleared.add(folder)
        with contextlib.suppress(OSError):  # what is written is written
            clear_abandoned(folder)


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """The folder's only conditional write while it lasts, among all threads and processes.

    Raises StorageUnavailable when others hold the lock for ``LOCK_SECONDS``, and OSError.
    """
    until = time.monotonic() + LOCK_SECONDS
    if not _this_process.acquire(timeout=LOCK_SECONDS):
        raise _held(root)
    try:
        with (root / _LOCK).open("ab") as file:
            while not _got(file):
                if time.monotonic() > until:
                    raise _held(root)
                time.sleep(_LOCK_POLL)
            yield  # closing the file gives the lock back
    finally:
        _this_process.release()


class UnchangedFile(io.BufferedReader):
    """A file that is compared with its entry when it is opened and again when it is closed."""

    def __init__(self, path: Path, entry: Entry, url: str) -> None:
        self._told: Callable[[], bool] = lambda: True
        super().__init__(io.FileIO(path))
        self._path, self._entry, self._url = path, entry, url
        if not self._same():
            self.close()
            raise changed(url, entry.key)
        self._told = self._same

    def close(self) -> None:
        """Closes the file; raises InputChanged if it was changed or replaced while it was open."""
        if self.closed:
            return
        same = self._told()
        super().close()
        if not same:
            raise changed(self._url, self._entry.key)

    def _same(self) -> bool:
        try:
            states = (self._path.stat(), os.fstat(self.fileno()))
        except OSError:
            return False
        return all(entry_of(self._entry.key, state, self._entry.etag) == self._entry for state in states)


def entry_of(key: str, state: os.stat_result, etag: str | None) -> Entry:
    """The entry for a file in this state; the time is cut to the microseconds that a datetime holds."""
    try:
        modified = datetime.fromtimestamp(state.st_mtime_ns // 1000 / 1_000_000, UTC)
    except (ValueError, OverflowError):  # of no year from 1 to 9999
        modified = datetime.max.replace(tzinfo=UTC)
    return Entry(key, state.st_size, etag, modified)


def changed(url: str, key: str) -> InputChanged:
    """The error for an object that is not the one that was listed."""
    return InputChanged(
        f"{url}/{key} was changed while it was being read",
        "wait until it is written, then run it again",
        store=url,
        key=key,
    )


def _made(path: Path) -> io.BufferedWriter:
    """A new file, with its folders; another run may be removing them because they are empty."""
    for number in range(_MAKING_ATTEMPTS):
        with contextlib.suppress(FileNotFoundError):
            path.parent.mkdir(parents=True, exist_ok=True)
            return path.open("xb")
        time.sleep(number * _MAKING_PAUSE)
    return path.open("xb")


def _force_to_disk(folder: Path) -> None:
    """Makes the renaming last; some file systems cannot, and the file is whole all the same."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _got(file: io.BufferedWriter) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _held(root: Path) -> StorageUnavailable:
    return StorageUnavailable(
        f"{root} has been locked by another process for {LOCK_SECONDS:.0f} seconds",
        "try again later",
        store=str(root),
    )
