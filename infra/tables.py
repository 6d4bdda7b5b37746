"""Files of predictions as batches: opened by their format, read piece by piece."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

from evalcore.columns import meaningful
from infra.agreement import agreed, one_format
from infra.format_table import Wanted
from infra.pieces import Handle, Piece, Span, TableFile

if TYPE_CHECKING:
    import pyarrow as pa

    from evalcore.batch import Batch
    from evalcore.columns import Reading
    from evalcore.settings import Settings

KEPT_BYTES = 64 << 20
"""Files fetched from a store are kept for the next pass over them while all together are no larger."""


@dataclass(frozen=True)
class Look:
    """A file's column names, None where it has no row and does not say, and its sections' rows if known."""

    names: tuple[str, ...] | None
    sections: tuple[int | None, ...]


class Tables:
    """The files of one folder, which are one table: of one format, and with the same columns that matter.

    ``rows`` has, once they are read, how many rows each file holds, by key; ``format`` is theirs. Every
    method raises UnreadableFile for a file that is not what its name says, and InvalidPredictions for rows
    that break a rule or files that do not agree on their format or columns.
    """

    def __init__(self, files: Sequence[TableFile]) -> None:
        self.files = tuple(sorted(files, key=lambda file: file.key))
        self.rows: dict[str, int] = {}
        self.format = one_format([file.key for file in self.files])
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
            with closing(self.handle(file)) as handle:
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

    def looked_at(self, file: TableFile, wanted: Wanted) -> Look:
        """What one of the files says of itself before its rows are read."""
        with closing(self.handle(file)) as handle:
            return Look(handle.names, tuple(section.rows for section in handle.sections(wanted)))

    def pieces(
        self, settings: Settings | None, wanted: Wanted, spans: Sequence[Span] | None = None
    ) -> Pieces:
        """The pieces in key order, then row order; the same ones whoever loads them.

        ``spans``, in that order, are parts of the files: without any, all of every file.
        They are cut as they are asked for. Files are closed once their pieces are loaded, at the latest by
        ``close``, which is to be called. With ``settings``, files must agree on all columns that mean
        something.
        """
        if spans is None:
            spans = [Span(file) for file in self.files]
        if settings is not None:
            wanted = replace(wanted, watched=lambda name: bool(meaningful(settings, [name])))
        return Pieces(self, settings, wanted, spans)

    def handle(self, file: TableFile) -> Handle:
        """One of the files, open; close it."""
        return Handle(file, self.format, partial(self.open, file))


class Pieces:
    """The pieces of tables, one after the other."""

    def __init__(
        self, tables: Tables, settings: Settings | None, wanted: Wanted, spans: Sequence[Span]
    ) -> None:
        self._handles: list[Handle] = []
        self._found = self._all(tables, settings, wanted, spans)

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

    def _all(
        self, tables: Tables, settings: Settings | None, wanted: Wanted, spans: Sequence[Span]
    ) -> Iterator[Piece]:
        expected: tuple[str, frozenset[str]] | None = None
        place = 0
        for span in spans:
            file = span.file
            handle = tables.handle(file)
            self._handles = [other for other in self._handles if not other.closed] + [handle]
            if handle.names is not None:
                expected = agreed(expected, file.key, handle.names, settings, wanted)
            tables.rows[file.key] = span.first_row
            sections = handle.sections(wanted)[span.start : span.stop]
            for piece in handle.pieces(sections, place, span.first_row):
                tables.rows[file.key] = piece.source.first_row + piece.rows
                yield piece
            handle.done()
            place += len(sections)


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
