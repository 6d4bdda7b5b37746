"""JSON Lines: an object a line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, ClassVar

import numpy as np

from evalcore.labels import canonical
from infra.format_table import BadValue, Broken, Raw, Section, Wanted, table_format

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 4 << 20
"""Bytes that are parsed at a time, up to the end of the line."""
LONGEST = 64 << 20
_BOM = b"\xef\xbb\xbf"
_NULL = re.compile(rb"\s*null")
_DEEP = 5_000
"""Lists and objects that begin in one line; with more they may lie too deep within each other."""
_EXACT = 2**53
_SCALARS = {str, int, float, bool}
_ITEMS = {*_SCALARS, type(None)}


@table_format
class JsonLines:
    """Keys are columns; a key that a row lacks is null there."""

    name = "JSON Lines"
    endings: ClassVar[Mapping[str, str]] = dict.fromkeys((".jsonl", ".ndjson"), "application/x-ndjson")

    def open(self, reopen: Callable[[], BinaryIO]) -> OpenedJson:
        """Opens a file and reads the keys of its first block."""
        return OpenedJson(reopen())


class OpenedJson:
    """An open file of JSON objects; its columns are the keys that occur in its first block."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.names: tuple[str, ...] | None = None
        try:
            for block in _blocks(stream):
                self.names = tuple(_parsed(block, (), 0).column_names)
                break
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
        """Blocks of lines."""
        first_row = 0
        for block in _blocks(self._stream):
            table = _parsed(block, _exacting(wanted), first_row)
            late = [name for name in table.column_names if name not in (self.names or ())]
            for name in filter(wanted.watched, late):
                raise BadValue(
                    _first_with(table.column(name), first_row),
                    f"has the key {name!r}, which no row before it has: write every key in the first row, "
                    "null if need be",
                )
            yield table.num_rows, partial(_table, table, block, wanted, first_row)
            first_row += table.num_rows


def _first_with(column: pa.ChunkedArray, first_row: int) -> int:
    import pyarrow.compute as pc

    found = pc.index(pc.is_valid(column), True).as_py()
    return first_row + max(int(found), 0)


def _exacting(wanted: Wanted) -> tuple[str, ...]:
    return (*wanted.labels, *wanted.texts)


def _blocks(stream: BinaryIO) -> Iterator[bytes]:
    """Whole lines, a block at a time; blocks without any text are left out."""
    stream.seek(0)
    rest = b""
    start = True
    while block := stream.read(BLOCK):
        if start:
            block, start = block.removeprefix(_BOM), False
        end = block.rfind(b"\n") + 1
        if not end:
            rest += block
            if len(rest) > LONGEST:
                raise Broken(f"a line is longer than {LONGEST >> 20} MiB")
            continue
        lines, rest = rest + block[:end], block[end:]
        if not lines.isspace():
            yield lines
    if rest and not rest.isspace():
        yield rest


def _parsed(block: bytes, exact: tuple[str, ...], first_row: int) -> pa.Table:
    """The block as Arrow reads it, or where values of one key differ in type, as Python does."""
    import pyarrow as pa
    import pyarrow.json as arrow_json

    if _ends_arrow(block):
        return _line_by_line(block, exact, first_row)
    options = arrow_json.ReadOptions(use_threads=False, block_size=len(block) + 1)
    try:
        block.decode()
        table = arrow_json.read_json(pa.BufferReader(block), options)
    except (UnicodeDecodeError, pa.ArrowInvalid):
        return _line_by_line(block, exact, first_row)
    if any(_guessed(table.column(name)) for name in exact if name in table.column_names):
        return _line_by_line(block, exact, first_row)
    return table


def _ends_arrow(block: bytes) -> bool:
    """Whether Arrow's reader might end the process: a first row that is null, thousands of levels."""
    if _NULL.match(block):
        return True
    opened = block.count(b"[") + block.count(b"{")
    if opened - block.count(b"\n") < _DEEP:
        return False
    signs = np.frombuffer(block, np.uint8)
    lines = np.flatnonzero(signs == ord("\n"))
    places = np.flatnonzero((signs == ord("[")) | (signs == ord("{")))
    before = np.concatenate([[0], np.searchsorted(places, lines), [len(places)]])
    return bool(np.diff(before).max() >= _DEEP)


def _guessed(column: pa.ChunkedArray) -> bool:
    """Whether Arrow made something else of values or their lists: dates of text, floats of large integers."""
    import pyarrow.compute as pc
    import pyarrow.types as types

    if types.is_list(column.type):
        return _guessed(pc.list_flatten(column))
    if types.is_temporal(column.type):
        return True
    if not types.is_floating(column.type):
        return False
    largest = pc.max(pc.abs(column)).as_py()
    return largest is not None and largest >= _EXACT


def _line_by_line(block: bytes, exact: tuple[str, ...], first_row: int) -> pa.Table:
    import pyarrow as pa

    rows = []
    for line in block.split(b"\n"):
        if line.strip():
            rows.append(_object(line, first_row + len(rows)))
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = {}
    for name in names:
        values = [row.get(name) for row in rows]
        columns[name] = _column(values, name in exact)
    return pa.table(columns)


def _object(line: bytes, row: int) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Broken(f"row {row} is no JSON object: {error}") from error
    if not isinstance(found, dict):
        raise Broken(f"row {row} is no JSON object: it is a {type(found).__name__}")
    return found


def _column(values: list[Any], exact: bool) -> pa.Array:
    """Values of one type as they are; of several types, or large, as their texts."""
    import pyarrow as pa

    kinds = {type(value) for value in values if value is not None}
    if exact and kinds <= _SCALARS:
        return pa.array([canonical(value) for value in values], pa.string())
    if exact and kinds == {list} and {type(item) for value in values for item in value or ()} <= _ITEMS:
        lists = [None if value is None else [canonical(item) for item in value] for value in values]
        return pa.array(lists, pa.list_(pa.string()))
    try:
        return pa.array(values)
    except (pa.ArrowException, OverflowError, TypeError):
        # Nothing can be made of it as a whole; where the column matters, its reader says so.
        return pa.array([None if value is None else json.dumps(value) for value in values], pa.string())


def _table(table: pa.Table, block: bytes, wanted: Wanted, first_row: int) -> pa.Table:
    import pyarrow as pa

    columns = {}
    for name in wanted.columns:
        if name not in table.column_names:
            columns[name] = pa.chunked_array([pa.nulls(table.num_rows)])
        else:
            columns[name] = table.column(name)
        if name in wanted.lists and pa.types.is_null(columns[name].type):
            columns[name] = columns[name].cast(pa.list_(pa.float64()))
        if name in wanted.numbers and pa.types.is_string(columns[name].type):
            raise _not_a_number(columns[name], name, first_row)
    return pa.table(columns)


def _not_a_number(column: pa.ChunkedArray, name: str, first_row: int) -> BadValue:
    values = column.to_pylist()
    texts = [row for row, value in enumerate(values) if value is not None and not _numeric(value)]
    row = texts[0] if texts else next(row for row, value in enumerate(values) if value is not None)
    return BadValue(first_row + row, f"has {values[row][:100]} in {name!r}, which is not a number")


def _numeric(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
