"""Parquet: the columns that matter, some row groups at a time."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar

from infra.format_table import PIECE_ROWS, SMALL_ROWS, Raw, Section, Wanted, close_all, table_format

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_PIECE_BYTES = 6 << 20
"""What a piece may hold: while it is worked on, some copies of it are about."""

_LOOKED_AT = 1 << 20
_BIT_BY_BIT: dict[str, Any] = {"pre_buffer": False, "buffer_size": 1 << 18}
"""How a file is read where reading costs no request: else a row group's columns would be in memory whole."""


@table_format
class Parquet:
    """The fast path: row groups can be read apart, by several threads."""

    name = "Parquet"
    endings: ClassVar[Mapping[str, str]] = {".parquet": "application/vnd.apache.parquet"}

    def open(self, reopen: Callable[[], BinaryIO]) -> OpenedParquet:
        """Opens a file and reads its footer."""
        return OpenedParquet(reopen)


class OpenedParquet:
    """An open Parquet file; every thread that reads it at the same time gets a handle of its own."""

    def __init__(self, reopen: Callable[[], BinaryIO]) -> None:
        import pyarrow.parquet as pq

        self._reopen = reopen
        self._streams = [reopen()]
        self._unused = list(self._streams)
        self._lock = Lock()
        self._idle: list[pq.ParquetFile] = []
        try:
            # Of its rows only a few are looked at: without a buffer whole columns would be fetched for them.
            file = pq.ParquetFile(self._source(self._streams[0]), buffer_size=_LOOKED_AT)
        except BaseException:
            self.close()
            raise
        self._file = file
        self._metadata = file.metadata
        self._schema = file.schema_arrow
        self.names: tuple[str, ...] | None = tuple(self._schema.names)

    def close(self) -> None:
        """Closes every handle."""
        self._idle.clear()
        close_all(self._streams)

    def sections(self, wanted: Wanted) -> Iterator[Section]:
        """Row groups, small ones together; a huge one is cut as it is decoded, in order."""
        chunks = self._first_chunks(wanted.columns)
        reader = partial(self._reader, self._encoded(chunks, wanted))
        most = self._most_rows(chunks)
        for groups, rows in self._runs(most):
            if rows <= most:
                read = partial(self._read, reader, groups, wanted.columns)
                yield Section(rows, partial(iter, [(rows, read)]))
            else:
                yield Section(rows, partial(self._cut, reader, groups, wanted.columns, most))

    def _first_chunks(self, columns: Collection[str]) -> dict[str, Any]:
        """What the first row group says of the wanted columns, by their paths in the schema."""
        if not self._metadata.num_row_groups:
            return {}
        paths = [self._metadata.schema.column(place).path for place in range(self._metadata.num_columns)]
        names = set(columns)
        places = [place for place, path in enumerate(paths) if names & {path, path.partition(".")[0]}]
        for place in places:  # one after the other, so that their pages are not in memory together
            self._read_a_row(place)
        group = self._metadata.row_group(0)
        return {paths[place]: group.column(place) for place in places}

    def _read_a_row(self, place: int) -> None:
        """Raises where a column's description is damaged; asked for it, Arrow would end the process."""
        found = self._file.reader.iter_batches(1, row_groups=[0], column_indices=[place], use_threads=False)
        next(found, None)

    def _most_rows(self, chunks: Mapping[str, Any]) -> int:
        """How many rows a piece may have: fewer where there are many columns, so that memory stays small."""
        if not chunks:
            return PIECE_ROWS
        whole = sum(chunk.total_uncompressed_size for chunk in chunks.values())
        row_bytes = whole / max(self._metadata.row_group(0).num_rows, 1)
        return int(min(PIECE_ROWS, max(SMALL_ROWS, _PIECE_BYTES / max(row_bytes, 1))))

    def _runs(self, most: int) -> Iterator[tuple[list[int], int]]:
        run: list[int] = []
        rows = 0
        for group in range(self._metadata.num_row_groups):
            count = self._metadata.row_group(group).num_rows
            if run and rows + count > most:
                yield run, rows
                run, rows = [], 0
            run.append(group)
            rows += count
            if rows >= SMALL_ROWS:
                yield run, rows
                run, rows = [], 0
        if rows:
            yield run, rows

    def _read(self, reader: Callable[[], pq.ParquetFile], groups: list[int], columns: list[str]) -> pa.Table:
        file = self._taken(reader)
        table = file.read_row_groups(groups, columns=columns, use_threads=False)
        self._given_back(file)
        return table

    def _cut(
        self, reader: Callable[[], pq.ParquetFile], groups: list[int], columns: list[str], rows: int
    ) -> Iterator[Raw]:
        import pyarrow as pa

        file = self._taken(reader)
        found = file.iter_batches(batch_size=rows, row_groups=groups, columns=columns, use_threads=False)
        for batch in found:
            yield batch.num_rows, partial(pa.Table.from_batches, [batch])
            # What Arrow keeps for its next buffers would be half as much again as the rows that are held.
            pa.default_memory_pool().release_unused()
        self._given_back(file)

    def _taken(self, reader: Callable[[], pq.ParquetFile]) -> pq.ParquetFile:
        with self._lock:
            file = self._idle.pop() if self._idle else None
        return file or reader()

    def _given_back(self, file: pq.ParquetFile) -> None:
        with self._lock:
            self._idle.append(file)

    def _reader(self, encoded: list[str]) -> pq.ParquetFile:
        import pyarrow.parquet as pq

        with self._lock:
            stream = self._unused.pop() if self._unused else None
        if stream is None:
            stream = self._another()
        return pq.ParquetFile(
            self._source(stream),
            metadata=self._metadata,
            read_dictionary=encoded,
            page_checksum_verification=True,  # where pages have one
            **(_BIT_BY_BIT if _is_local(stream) else {}),
        )

    def _another(self) -> BinaryIO:
        if isinstance(self._streams[0], io.BytesIO):
            return self._streams[0]
        stream = self._reopen()
        with self._lock:
            self._streams.append(stream)
        return stream

    @staticmethod
    def _source(stream: BinaryIO) -> Any:
        """What Arrow reads from: a file that was fetched whole is shared, not copied or fetched again."""
        import pyarrow as pa

        if isinstance(stream, io.BytesIO):
            return pa.BufferReader(pa.py_buffer(stream.getbuffer()))
        return stream

    def _encoded(self, chunks: Mapping[str, Any], wanted: Wanted) -> list[str]:
        """Columns of text to be read as dictionaries, which costs least however they are stored."""
        import pyarrow.types as types

        texts = [
            name
            for name in wanted.labels
            if types.is_string(kind := self._schema.field(name).type) or types.is_large_string(kind)
        ]
        return [name for name in texts if name in chunks]


def _is_local(stream: BinaryIO) -> bool:
    """Whether it is a file of this machine."""
    try:
        stream.fileno()
    except io.UnsupportedOperation:
        return False
    return True
