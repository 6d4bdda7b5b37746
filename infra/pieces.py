"""One file of a table, open: its sections, and the pieces that each is read in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, BinaryIO

from evalcore.batch import Apart, Source
from evalcore.errors import AssayError, InvalidPredictions, UnreadableFile
from infra.format_table import BadValue, Format, Raw, Section, Wanted

if TYPE_CHECKING:
    import pyarrow as pa

    from evalcore.batch import Batch
    from evalcore.columns import Reading


SAID_OF_FILES = (ValueError, OSError, LookupError, NotImplementedError, MemoryError)
"""What readers raise for a broken file: its damaged sizes and types may be any, beyond memory too."""


@dataclass(frozen=True)
class TableFile:
    """One file of rows: its key, ETag and size, and how to open it."""

    key: str
    etag: str
    size: int
    open: Callable[[], BinaryIO]


@dataclass(frozen=True)
class Span:
    """Consecutive sections of one file, from ``start`` on up to ``stop`` (None: the last), as counted there.

    Before them are ``first_row`` rows. The whole file unless something else is said.
    """

    file: TableFile
    start: int = 0
    stop: int | None = None
    first_row: int = 0


@dataclass(frozen=True)
class Piece:
    """Rows of one file that are read at a time, and the place of their section among those of all files.

    ``load`` reads them, once and from any thread, before the ``Pieces`` that gave it are closed; ``drop``
    says that they are not wanted. ``load`` raises UnreadableFile, and InvalidPredictions for a value that
    its column cannot hold.
    """

    source: Source
    section: int
    rows: int
    load: Callable[[], pa.Table]
    drop: Callable[[], None]

    def batch(self, reading: Reading, apart: Apart | None = None) -> Batch:
        """Its rows as a batch, with what is known of them from elsewhere. Raises as ``load``."""
        from evalcore.reading import read_batch

        table = self.load()
        try:
            return read_batch(table, reading, self.source, apart or Apart())
        except UnicodeDecodeError as error:
            raise UnreadableFile(
                f"{self.source.key} has text that is not UTF-8",
                "store its text as UTF-8",
                file=self.source.key,
            ) from error


@dataclass
class Handle:
    """An open file, which closes once all that was asked for is loaded.

    ``reopen`` gives a new handle of the file. Raises UnreadableFile for a file that is not of its format, and
    what the store raises.
    """

    file: TableFile
    format: Format
    reopen: Callable[[], BinaryIO]
    closed: bool = False
    _waiting: int = 1
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        with self._readable():
            self._opened = self.format.open(self.reopen)
        self.names = self._opened.names

    def sections(self, wanted: Wanted) -> list[Section]:
        """What of the file can be read without what comes before."""
        with self._readable():
            return list(self._opened.sections(wanted))

    def pieces(self, sections: Sequence[Section], place: int, first_row: int) -> Iterator[Piece]:
        """The pieces of consecutive sections, of which the first has this place and starts with this row."""
        for number, section in enumerate(sections, place):
            for rows, load in self._raw(section):
                with self._lock:
                    self._waiting += 1
                source = Source(self.file.key, first_row)
                yield Piece(source, number, rows, partial(self.load, load), self.done)
                first_row += rows

    def _raw(self, section: Section) -> Iterator[Raw]:
        with self._readable():
            found = section.pieces()
        while True:
            with self._readable():
                raw = next(found, None)
            if raw is None:
                return
            yield raw

    def load(self, load: Callable[[], pa.Table]) -> pa.Table:
        """What ``load`` reads; one thing less to wait for."""
        with self._readable():
            table = load()
        self.done()
        return table

    def done(self) -> None:
        """One thing less to wait for; with the last one the file is closed. Raises ``InputChanged``."""
        with self._lock:
            self._waiting -= 1
            last = self._waiting == 0
        if last:
            self.close()

    def close(self) -> None:
        """Close it now. Raises ``InputChanged``."""
        if not self.closed:
            self.closed = True
            self._opened.close()

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """Turns what is said of a broken file into UnreadableFile; the store's own errors pass."""
        try:
            yield
        except AssayError:
            raise
        except BadValue as error:
            raise _bad_value(self.file.key, error) from error
        except SAID_OF_FILES as error:
            raise _unreadable(self.file, self.format, error) from error


def _bad_value(key: str, error: BadValue) -> InvalidPredictions:
    return InvalidPredictions(
        f"{key}: row {error.row} {error}", "correct the row and store the file again", file=key, row=error.row
    )


def _unreadable(file: TableFile, kind: Format, error: Exception) -> UnreadableFile:
    said = (str(error).splitlines()[0] if str(error) else type(error).__name__)[:200].rstrip(". ")
    return UnreadableFile(
        f"{file.key} ({file.size:,} bytes) cannot be read as {kind.name}: {said}",
        "it may be truncated or of another format: store the file again",
        file=file.key,
    )
