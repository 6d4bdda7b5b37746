"""Tables for tests, written in any format and cut in any way."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from infra.pieces import TableFile
from infra.tables import Tables

ENDINGS = (".parquet", ".arrow", ".feather", ".ipc", ".csv", ".csv.gz", ".jsonl", ".ndjson")


def in_memory(key: str, data: bytes) -> TableFile:
    """A file that holds these bytes."""
    return TableFile(key, "etag", len(data), partial(_opened, data))


def _opened(data: bytes) -> BinaryIO:
    return io.BytesIO(data)


def written(table: pa.Table, ending: str, rows: int = 1000) -> bytes:
    """The bytes of a file of that format, in row groups or record batches of ``rows`` rows."""
    sink = io.BytesIO()
    if ending == ".parquet":
        pq.write_table(table, sink, row_group_size=rows)
    elif ending in (".arrow", ".feather"):
        with pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=rows)
    elif ending == ".ipc":
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table, max_chunksize=rows)
    elif ending == ".csv":
        arrow_csv.write_csv(table, sink)
    elif ending == ".csv.gz":
        return gzip.compress(written(table, ".csv"))
    else:
        lines = (json.dumps(row) for row in table.to_pylist())
        return "".join(f"{line}\n" for line in lines).encode()
    return sink.getvalue()


def folder(table: pa.Table, ending: str, cuts: Sequence[int] = (), rows: int = 1000) -> list[TableFile]:
    """The table as files, cut before each of these rows."""
    bounds = [0, *sorted(min(cut, len(table)) for cut in cuts), len(table)]
    slices = [table.slice(start, end - start) for start, end in pairwise(bounds)]
    return [
        in_memory(f"p/{place:02d}{ending}", written(part, ending, rows)) for place, part in enumerate(slices)
    ]


def tables(*contents: tuple[str, bytes]) -> Tables:
    """A folder of files with these names and bytes."""
    return Tables([in_memory(key, data) for key, data in contents])


def column_of(found: Tables, name: str) -> list[Any]:
    """All values of one column."""
    return [value for _, _, values in found.column(name) for value in values.to_pylist()]
