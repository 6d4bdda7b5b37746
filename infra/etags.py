"""What the files of a folder contain, remembered: the MD5 of each, for as long as it has not changed.

A folder gives no ETags, so content is hashed once and its MD5 kept beside the file's size, times and inode
in the user's cache. As version control systems do, nothing is remembered of a file that changed within the
last two seconds: a later change might leave the same time. The memory is a convenience: where it cannot be
read or written, files are hashed again.
"""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from infra.cache import cache_folder

if TYPE_CHECKING:
    import sqlite3  # at run time only where it is used, for most commands hash nothing

_log = logging.getLogger(__name__)

_SETTLED_NS = 2_000_000_000
_KEPT_DAYS = 90
_BLOCK = 1 << 20
_SQL_INTEGER = (1 << 63) - 1
_TABLE = """create table if not exists etags (path text primary key, size integer, modified integer,
changed integer, inode integer, md5 text, day integer) without rowid"""
_KNOWN = "select md5 from etags where path = ? and size = ? and modified = ? and changed = ? and inode = ?"
_KEEP = "insert or replace into etags values (?, ?, ?, ?, ?, ?, ?)"
_FORGET = "delete from etags where day < ?"


def md5_of(data: bytes) -> str:
    """The ETag that S3 gives content written in one request: its MD5 in hex."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def etags_of(paths: Sequence[Path]) -> list[str | None]:
    """Each file's content MD5 in hex, None for one that is not there any more; raises OSError."""
    found = [_state(path) for path in paths]
    known = _recall([state for state in found if state]) if any(found) else {}
    new: dict[_State, str] = {}
    result: list[str | None] = []
    for path, state in zip(paths, found, strict=True):
        etag = known.get(state) if state else None
        if state and etag is None:
            etag = _hash(path, new)
        result.append(etag)
    if new:
        _remember(new)
    return result


_State = tuple[str, int, int, int, int]
"""Path, size, time of content, time of the inode (both in ns), inode."""


def _state(path: Path) -> _State | None:
    try:
        return _state_of(path, path.stat())
    except FileNotFoundError:
        return None


def _state_of(path: Path, stat: os.stat_result) -> _State:
    # A time far from now, too, has to fit what SQLite holds.
    times = (time_ns & _SQL_INTEGER for time_ns in (stat.st_mtime_ns, stat.st_ctime_ns))
    return str(path), stat.st_size, *times, stat.st_ino & _SQL_INTEGER


def _hash(path: Path, new: dict[_State, str]) -> str | None:
    """The MD5 of what the file holds now, noted in ``new`` where it is safe to remember."""
    digest = hashlib.md5(usedforsecurity=False)
    started = time.time_ns()
    try:
        with path.open("rb", buffering=0) as file:
            before = _state_of(path, os.fstat(file.fileno()))
            while block := file.read(_BLOCK):
                digest.update(block)
            after = _state_of(path, os.fstat(file.fileno()))
    except FileNotFoundError:
        return None
    if before == after and max(before[2], before[3]) < started - _SETTLED_NS:
        new[before] = digest.hexdigest()
    return digest.hexdigest()


def _recall(states: Sequence[_State]) -> dict[_State, str]:
    known: dict[_State, str] = {}
    with _unimportant(), closing(_memory()) as memory:
        for state in states:
            row = memory.execute(_KNOWN, state).fetchone()
            if row:
                known[state] = row[0]
    return known


def _remember(new: dict[_State, str]) -> None:
    day = int(time.time() // 86_400)
    with _unimportant(), closing(_memory()) as memory, memory:
        memory.execute(_FORGET, (day - _KEPT_DAYS,))
        memory.executemany(_KEEP, [(*state, md5, day) for state, md5 in new.items()])


def _memory() -> sqlite3.Connection:
    import sqlite3

    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    memory = sqlite3.connect(path, timeout=5)
    try:
        memory.execute("pragma synchronous = off")
        memory.execute(_TABLE)
    except sqlite3.Error:
        memory.close()
        raise
    return memory


@contextmanager
def _unimportant() -> Iterator[None]:
    """Whatever fails within ends the block early and is noted: files are then hashed again."""
    import sqlite3

    try:
        yield
    except (OSError, RuntimeError, UnicodeError, sqlite3.Error) as failure:
        _log.debug("the memory of content hashes cannot be used: %s", failure)
        if type(failure) is sqlite3.DatabaseError:  # the file is damaged; its subclasses say otherwise
            with suppress(OSError):
                _path().unlink()


def _path() -> Path:
    return cache_folder() / "etags.sqlite3"
