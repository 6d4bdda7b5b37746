"""Files of predictions as batches: opened by their format, read piece by piece."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from evalcore.columns import meaningful
from evalcore.errors import AssayError, InvalidPredictions, UnreadableFile

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from evalcore.batch import Batch
    from evalcore.columns import Reading
    from evalcore.settings import Settings


@dataclass(frozen=True)
class TableFile:
    """One file of rows: its key, ETag and size, and how to open it."""

    key: str
    etag: str
    size: int
    open: Callable[[], BinaryIO]


class Tables:
    """The files of one folder, which are one table: of one format, and with the same columns that matter.

    ``rows`` has, once they are read, how many rows each file holds, by key.
    """

    def __init__(self, files: Sequence[TableFile]) -> None:
        self.files = tuple(sorted(files, key=lambda file: file.key))
        self.rows: dict[str, int] = {}

    def columns(self) -> list[str]:
        """The first file's column names. Raises UnreadableFile."""
        with _parquet(self.files[0]) as table:
            return list(table.schema_arrow.names)

    def batches(self, settings: Settings, reading: Reading) -> Iterator[Batch]:
        """One batch a row group, file by file in key order.

        Raises UnreadableFile for a file that is not what its name says, and InvalidPredictions for rows that
        break a rule or files that do not agree on their columns.
        """
        expected: frozenset[str] | None = None
        for file in self.files:
            with _parquet(file) as table:
                found = meaningful(settings, table.schema_arrow.names)
                if expected is not None and found != expected:
                    raise _disagreement(self.files[0].key, file.key, expected ^ found)
                expected = found
                self.rows[file.key] = table.metadata.num_rows
                yield from _row_groups(table, file, reading)

    def column(self, name: str) -> Iterator[tuple[str, int, pa.ChunkedArray]]:
        """One column alone, piece by piece, each with its file's key and first row."""
        for file in self.files:
            with _parquet(file) as table:
                for first_row, piece in _pieces(table, file, [name]):
                    yield file.key, first_row, piece.column(name)


def _row_groups(table: pq.ParquetFile, file: TableFile, reading: Reading) -> Iterator[Batch]:
    from evalcore.batch import Source
    from evalcore.reading import read_batch

    for first_row, piece in _pieces(table, file, list(reading.columns)):
        yield read_batch(piece, reading, Source(file.key, first_row))


def _pieces(table: pq.ParquetFile, file: TableFile, columns: list[str]) -> Iterator[tuple[int, pa.Table]]:
    """Each row group of the file with the position of its first row."""
    first_row = 0
    for group in range(table.num_row_groups):
        with _readable(file):
            piece = table.read_row_group(group, columns=columns, use_threads=False)
        yield first_row, piece
        first_row += piece.num_rows


@contextmanager
def _parquet(file: TableFile) -> Iterator[pq.ParquetFile]:
    import pyarrow.parquet as pq

    if not file.key.endswith(".parquet"):
        raise UnreadableFile(
            f"{file.key} is of no format that can be read",
            "store predictions as Parquet, *.parquet",
            file=file.key,
        )
    with file.open() as stream:
        with _readable(file):
            table = pq.ParquetFile(stream)
        yield table


@contextmanager
def _readable(file: TableFile) -> Iterator[None]:
    """Turns what Arrow says of a broken file into UnreadableFile; the store's own errors pass."""
    import pyarrow as pa

    try:
        yield
    except AssayError:
        raise
    except (pa.ArrowException, OSError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UnreadableFile(
            f"{file.key} ({file.size:,} bytes) cannot be read as Parquet: {said[:200]}",
            "it may be truncated: store the file again",
            file=file.key,
        ) from error


def _disagreement(first: str, other: str, columns: frozenset[str]) -> InvalidPredictions:
    names = ", ".join(sorted(columns)[:5])
    return InvalidPredictions(
        f"{first} and {other} do not have the same columns: only one of them has {names}",
        "store all files of a folder with the same columns",
        file=other,
        columns=sorted(columns)[:5],
    )
