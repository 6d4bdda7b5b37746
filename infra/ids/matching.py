"""Ids of two sides brought together by their texts, part by part, in memory or from temporary files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from infra.arrays import number_array
from infra.ids.spill import PART_BITS, PARTS, telling, temporary_folder
from infra.ids.texts import Hashes, Positions

if TYPE_CHECKING:
    import pyarrow as pa

Codes = npt.NDArray[np.int64]
_FEW = 1 << 16


@dataclass(frozen=True)
class Part:
    """Some of the ids, all rows of each: per side the rows' positions, in order, and their ids as numbers.

    Equal ids have equal numbers on either side; ``distinct`` is how many numbers there are.
    """

    positions: tuple[Positions, Positions]
    numbers: tuple[Codes, Codes]
    distinct: int

    def first_rows(self, side: int) -> Codes:
        """For each number the first row of that side that has it, by its place in the part; else -1."""
        first = np.full(self.distinct, -1, dtype=np.int64)
        numbers = self.numbers[side]
        # Of several values for one place numpy keeps the last: backwards, that is the first row.
        first[numbers[::-1]] = np.arange(len(numbers) - 1, -1, -1)
        return first

    def repeats(self, side: int) -> npt.NDArray[np.bool_]:
        """Which rows of a side have an id that occurred there before."""
        numbers = self.numbers[side]
        return np.asarray(self.first_rows(side)[numbers] != np.arange(len(numbers)))


class Matching:
    """Takes ids with their positions, in order, and gives them back in parts, matched by text.

    Up to ``budget`` bytes are held in memory; beyond them ids lie in temporary files, which ``close``
    removes. Raises StorageUnavailable where these cannot be written.
    """

    def __init__(self, budget: int) -> None:
        self._budget = budget
        self._stack = ExitStack()
        self._held: list[tuple[pa.Table, Hashes]] = []
        self._bytes = 0
        self._rows = 0
        self._writers: list[Any] = []
        self._paths: list[str] = []

    @property
    def on_disk(self) -> bool:
        """Whether the budget was exceeded."""
        return bool(self._paths)

    def add(self, side: int, texts: pa.StringArray, found: Hashes, positions: Positions) -> None:
        """Adds rows of a side (0 or 1)."""
        import pyarrow as pa

        sides = np.full(len(texts), side, dtype=np.int8)
        columns = [number_array(sides), number_array(positions), texts]
        table = pa.Table.from_arrays(columns, names=["side", "position", "id"])
        self._held.append((table, found))
        self._bytes += table.nbytes + found.nbytes
        self._rows += len(texts)
        if self._bytes > self._budget:
            self._spill()

    def parts(self) -> Iterator[Part]:
        """Every part, in a fixed order."""
        if not self.on_disk:
            yield from self._from_memory()
            return
        import pyarrow as pa

        self._spill()
        with telling():
            for writer in self._writers:
                writer.close()
        for path in self._paths:
            with telling(), pa.OSFile(path) as file:
                table = pa.ipc.open_stream(file).read_all()
            if table.num_rows:
                yield _part(table)

    def close(self) -> None:
        """Removes what was written."""
        self._held.clear()
        self._stack.close()

    def _from_memory(self) -> Iterator[Part]:
        import pyarrow as pa

        held = [table for table, _ in self._held]
        if self._rows <= _FEW:
            if self._rows:
                yield _part(pa.concat_tables(held))
            return
        divided = [list(_divide(table, found)) for table, found in self._held]
        self._held.clear()
        for part in range(PARTS):
            table = pa.concat_tables([tables[part] for tables in divided])
            if table.num_rows:
                yield _part(table)

    def _spill(self) -> None:
        with telling():
            if not self._paths:
                self._open()
            for table, found in self._held:
                for writer, part in zip(self._writers, _divide(table, found), strict=True):
                    if part.num_rows:
                        writer.write_table(part)
        self._held.clear()
        self._bytes = 0

    def _open(self) -> None:
        import pyarrow as pa

        folder = self._stack.enter_context(temporary_folder())
        schema = pa.schema([("side", pa.int8()), ("position", pa.int64()), ("id", pa.string())])
        for part in range(PARTS):
            path = str(folder / str(part))
            file = self._stack.enter_context(pa.OSFile(path, "wb"))
            self._writers.append(self._stack.enter_context(pa.ipc.new_stream(file, schema)))
            self._paths.append(path)


def _divide(table: pa.Table, found: Hashes) -> Iterator[pa.Table]:
    parts = (found >> np.uint64(64 - PART_BITS)).astype(np.uint8)
    ordered = table.take(number_array(np.argsort(parts, kind="stable")))
    ends = [0, *np.cumsum(np.bincount(parts, minlength=PARTS)).tolist()]
    return (ordered.slice(start, end - start) for start, end in pairwise(ends))


def _part(table: pa.Table) -> Part:
    """Equal texts get equal numbers; this is what makes it exact."""
    import pyarrow as pa

    encoded = _whole(table.column("id").cast(pa.large_string())).dictionary_encode()
    numbers = _numpy(encoded.indices, np.int32).astype(np.int64)
    sides = _numpy(_whole(table.column("side")), np.int8)
    positions = _numpy(_whole(table.column("position")), np.int64)
    own = [sides == side for side in (0, 1)]
    return Part(
        (positions[own[0]], positions[own[1]]),
        (numbers[own[0]], numbers[own[1]]),
        len(encoded.dictionary),
    )


def _whole(column: pa.ChunkedArray) -> pa.Array:
    import pyarrow as pa

    return pa.concat_arrays(column.chunks)


def _numpy(array: Any, dtype: Any) -> Any:
    kind = np.dtype(dtype)
    if not len(array):
        return np.zeros(0, dtype=kind)
    return np.frombuffer(array.buffers()[1], kind, len(array), array.offset * kind.itemsize)
