"""Files of predictions as batches: opened by their format, read piece by piece."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, BinaryIO

from evalcore.batch import Apart, Source
from evalcore.columns import meaningful
from evalcore.errors import AssayError, InvalidPredictions, UnreadableFile
from infra.agreement import agreed, one_format
from infra.format_table import BadValue, Format, Wanted

if TYPE_CHECKING:
    import pyarrow as pa

    from evalcore.batch import Batch
    from evalcore.columns import Reading
    from evalcore.settings import Settings

KEPT_BYTES = 64 << 20
"""Files fetched from a store are kept for the next pass over them while all together are no larger."""


@dataclass(frozen=True)
class TableFile:
    """One file of rows: its key, ETag and size, and how to open it."""

    key: str
    etag: str
    size: int
    open: Callable[[], BinaryIO]


@dataclass(frozen=True)
class Piece:
    """Rows of one file that are read at a time.

    ``load`` reads them, once and from any thread, before the ``Pieces`` that gave it are closed; ``drop``
    says that they are not wanted. ``load`` raises UnreadableFile, and InvalidPredictions for a value that
    its column cannot hold.
    """

    source: Source
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


class Tables:
    """The files of one folder, which are one table: of one format, and with the same columns that matter.

    ``rows`` has, once they are read, how many rows each file holds, by key; ``format`` is theirs. Every
    method raises UnreadableFile for a file that is not what its name says, and InvalidPredictions for rows
    that break a rule or files that do not agree on their format or columns.
    """

    def __init__(self, files: Sequence[TableFile]) -> None:
        self.files = tuple(sorted(files, key=lambda file: file.key))
        self.rows: dict[str, int] = {}
        self.format = one_format(self.files)
        self._fetched: dict[str, bytes] = {}

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    def open(self, file: TableFile) -> BinaryIO:
        """A new handle of a file; what was fetched whole is not fetched again where all files are small."""
        if file.key in self._fetched:
            return io.BytesIO(self._fetched[file.key])
        stream = file.open()
        if isinstance(stream, io.BytesIO) and self.size <= KEPT_BYTES:
            self._fetched[file.key] = stream.getvalue()
        return stream

    def columns(self) -> list[str]:
        """The column names of the first file that has any."""
        for file in self.files:
            with closing(_Handle(self, file)) as handle:
                if handle.names is not None:
                    return list(handle.names)
        return []

    def batches(self, settings: Settings, reading: Reading) -> Iterator[Batch]:
        """One batch a piece, file by file in key order."""
        with closing(self.pieces(settings, wanted_by(reading, settings))) as pieces:
            for piece in pieces:
                yield piece.batch(reading)

    def column(self, name: str) -> Iterator[tuple[str, int, pa.ChunkedArray]]:
        """One column of labels alone, piece by piece, each with its file's key and first row."""
        with closing(self.pieces(None, Wanted(labels=(name,)))) as pieces:
            for piece in pieces:
                yield piece.source.key, piece.source.first_row, piece.load().column(name)

    def pieces(self, settings: Settings | None, wanted: Wanted) -> Pieces:
        """The pieces in key order, then row order; the same ones whoever loads them.

        They are cut as they are asked for. Files are closed once their pieces are loaded, at the latest by
        ``close``, which is to be called. With ``settings``, files must agree on all columns that mean
        something.
        """
        if settings is not None:
            wanted = replace(wanted, watched=lambda name: bool(meaningful(settings, [name])))
        return Pieces(self, settings, wanted)


class Pieces:
    """The pieces of tables, one after the other."""

    def __init__(self, tables: Tables, settings: Settings | None, wanted: Wanted) -> None:
        self._handles: list[_Handle] = []
        self._found = self._all(tables, settings, wanted)

    def __iter__(self) -> Iterator[Piece]:
        return self

    def __next__(self) -> Piece:
        return next(self._found)

    def close(self) -> None:
        """Closes every file that is still open; no piece may be loading. Raises ``InputChanged``.

        After an error too: it may be there because a file was replaced, and then that is what counts.
        """
        while self._handles:
            self._handles.pop().close()

    def _all(self, tables: Tables, settings: Settings | None, wanted: Wanted) -> Iterator[Piece]:
        expected: tuple[str, frozenset[str]] | None = None
        for file in tables.files:
            handle = _Handle(tables, file)
            self._handles = [other for other in self._handles if not other.closed] + [handle]
            if handle.names is not None:
                expected = agreed(expected, file.key, handle.names, settings, wanted)
            tables.rows[file.key] = 0
            for piece in handle.pieces(wanted):
                tables.rows[file.key] = piece.source.first_row + piece.rows
                yield piece
            handle.done()


def wanted_by(reading: Reading, settings: Settings) -> Wanted:
    """The columns that figures are made of."""
    labels = (reading.ground_truth, reading.prediction, *reading.slices)
    numbers = [name for name in (reading.score, reading.weight) if name]
    numbers += [column for _, column in (*reading.one_hot, *reading.probabilities)]
    listed = (reading.probability_list,) if reading.probability_list else ()
    return Wanted(
        labels=tuple(name for name in dict.fromkeys(labels) if name and name not in numbers),
        numbers=tuple(dict.fromkeys(numbers)),
        lists=listed,
        verbatim=frozenset(settings.labels or ()),
    )


@dataclass
class _Handle:
    """An open file, which closes once all that was asked for is loaded."""

    tables: Tables
    file: TableFile
    closed: bool = False
    _waiting: int = 1
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        with self._readable():
            self._opened = self.tables.format.open(partial(self.tables.open, self.file))
        self.names = self._opened.names

    def pieces(self, wanted: Wanted) -> Iterator[Piece]:
        found = self._opened.pieces(wanted)
        first_row = 0
        while True:
            with self._readable():
                rows, load = next(found, (0, None))
            if load is None:
                return
            with self._lock:
                self._waiting += 1
            yield Piece(Source(self.file.key, first_row), rows, partial(self.load, load), self.done)
            first_row += rows

    def load(self, load: Callable[[], pa.Table]) -> pa.Table:
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
        except (ValueError, OSError, LookupError) as error:
            raise _unreadable(self.file, self.tables.format, error) from error


def _bad_value(key: str, error: BadValue) -> InvalidPredictions:
    return InvalidPredictions(
        f"{key}: row {error.row} {error}", "correct the row and store the file again", file=key, row=error.row
    )


def _unreadable(file: TableFile, kind: Format, error: Exception) -> UnreadableFile:
    said = str(error).splitlines()[0] if str(error) else type(error).__name__
    return UnreadableFile(
        f"{file.key} ({file.size:,} bytes) cannot be read as {kind.name}: {said[:200]}",
        "it may be truncated: store the file again",
        file=file.key,
    )
