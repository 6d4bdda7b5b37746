"""CSV, plain or compressed with gzip: UTF-8, a header, fields quoted where they must be."""

from __future__ import annotations

import csv
import io
import re
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar

from evalcore.labels import from_text
from infra.arrays import text_array
from infra.format_table import BadValue, Broken, Raw, Section, Wanted, table_format

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 4 << 20
"""Bytes that are parsed at a time; a row cannot be longer."""
_CONVERSION = re.compile(r"In CSV column #(\d+): .*?CSV conversion error to (\w+): (.*)", re.DOTALL)
_INTEGRAL = r"^(-?(?:0|[1-9][0-9]*))\.0+$"
_GZIP = b"\x1f\x8b"


@table_format
class Delimited:
    """Labels are read as text, scores as float64."""

    name = "CSV"
    endings: ClassVar[Mapping[str, str]] = {".csv": "text/csv; charset=utf-8", ".csv.gz": "application/gzip"}

    def open(self, reopen: Callable[[], BinaryIO]) -> OpenedCsv:
        """Opens a file and reads its header."""
        return OpenedCsv(reopen())


class OpenedCsv:
    """An open CSV file."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        try:
            self.names, self._empty = _header(self._from_start())
        except BaseException:
            stream.close()
            raise

    def close(self) -> None:
        """Closes the file."""
        self._stream.close()

    def sections(self, wanted: Wanted) -> Iterator[Section]:
        """The whole file: where a piece begins is known once those before are read."""
        yield Section(None, partial(self.pieces, wanted))

    def pieces(self, wanted: Wanted) -> Iterator[Raw]:
        """Blocks of rows."""
        if self._empty:
            return
        first_row = 0
        reader = self._reader(wanted)
        while True:
            try:
                batch = reader.read_next_batch()
            except StopIteration:
                return
            except ValueError as error:
                raise self._told(error, first_row) from error
            yield batch.num_rows, partial(_table, batch, wanted)
            first_row += batch.num_rows

    def _from_start(self) -> Any:
        import pyarrow as pa

        self._stream.seek(0)
        magic = self._stream.read(len(_GZIP))
        self._stream.seek(0)
        source = pa.PythonFile(_KeptOpen(self._stream), mode="r")
        return pa.CompressedInputStream(source, "gzip") if magic == _GZIP else source

    def _reader(self, wanted: Wanted) -> Any:
        import pyarrow as pa
        import pyarrow.csv as arrow_csv

        types = {name: pa.dictionary(pa.int32(), pa.string()) for name in wanted.labels}
        types |= {name: pa.string() for name in (*wanted.texts, *wanted.lists)}
        types |= {name: pa.float64() for name in wanted.numbers}
        try:
            return arrow_csv.open_csv(
                self._from_start(),
                arrow_csv.ReadOptions(block_size=BLOCK, use_threads=False),
                arrow_csv.ParseOptions(newlines_in_values=True),
                arrow_csv.ConvertOptions(
                    column_types=types,
                    include_columns=wanted.columns,
                    null_values=[""],
                    strings_can_be_null=True,
                ),
            )
        except ValueError as error:  # the first block is converted at once
            raise self._told(error, 0) from error

    def _told(self, error: ValueError, first_row: int) -> ValueError:
        """What Arrow says of a row, in the file's own terms."""
        said = str(error)
        found = _CONVERSION.search(said)
        if "straddling" in said:
            return Broken(
                f"a row after row {first_row} has no end within {BLOCK >> 20} MiB: is a quote left open?"
            )
        if found is None or found[2] != "double":
            return error
        assert self.names is not None
        column = self.names[int(found[1])]
        value = found[3].removeprefix("invalid value ").strip("'")
        row = self._first_bad(column, first_row)
        return BadValue(row, f"has {value[:100]!r} in {column!r}, which is not a number")

    def _first_bad(self, column: str, first_row: int) -> int:
        """The first row whose field is no number: Arrow counts blank lines, and rows are counted without."""
        import pyarrow as pa
        import pyarrow.compute as pc

        base = 0
        for rows, load in self.pieces(Wanted(texts=(column,))):
            if base >= first_row:
                for row, value in enumerate(load().column(column).to_pylist()):
                    try:
                        pc.cast(pa.scalar(value, pa.string()), pa.float64())
                    except pa.ArrowInvalid:
                        return base + row
            base += rows
        return first_row


class _KeptOpen:
    """A stream that its reader does not close: it is read twice, and closing it has a meaning of its own."""

    closed = False

    def __init__(self, stream: BinaryIO) -> None:
        self.read = stream.read

    def close(self) -> None:
        """Nothing."""


def _header(source: Any) -> tuple[tuple[str, ...] | None, bool]:
    """The columns' names, and whether there is no row behind them."""
    start = source.read(BLOCK)
    whole = len(start) < BLOCK
    if b"\0" in start:
        raise Broken("it is not UTF-8 text")
    rows = (row for row in csv.reader(io.StringIO(_decoded(start.removeprefix(BOM_UTF8), whole))) if row)
    try:
        names = next(rows, None)
    except csv.Error as error:
        raise Broken(f"its header is no CSV: {error}") from error
    if names is None:
        return None, True
    return tuple(names), whole and not _another(rows)


def _decoded(start: bytes, whole: bool) -> str:
    """A file's first block as text, without a character at its end that the block cuts."""
    try:
        return start.decode()
    except UnicodeDecodeError as error:
        if whole or error.start < len(start) - 3:
            line = start[: error.start].count(b"\n") + 1
            raise Broken(f"line {line} is not UTF-8 text") from error
        return start[: error.start].decode()


def _another(rows: Iterator[list[str]]) -> bool:
    """Whether there is a row; one that Python cannot read, as its fields are too long, is one too."""
    try:
        return next(rows, None) is not None
    except csv.Error:
        return True


def _table(batch: Any, wanted: Wanted) -> pa.Table:
    import pyarrow as pa

    table = pa.Table.from_batches([batch])
    for name in wanted.labels:
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, _labels(table.column(name), wanted.verbatim))
    for name in wanted.texts:
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, _texts(table.column(name)))
    return table


def _labels(column: pa.ChunkedArray, verbatim: frozenset[str]) -> pa.ChunkedArray:
    import pyarrow as pa

    chunks = []
    for chunk in column.chunks:
        texts = chunk.dictionary.to_pylist()
        labels = [text if text in verbatim else from_text(text) for text in texts]
        chunks.append(pa.DictionaryArray.from_arrays(chunk.indices, text_array(labels)))
    return pa.chunked_array(chunks, type=column.type)


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Texts of which many are distinct: what is an integral float is an integer here too."""
    import pyarrow.compute as pc

    if not pc.any(pc.ends_with(column, ".0")).as_py():
        return column
    return pc.replace_substring_regex(column, _INTEGRAL, r"\1")
