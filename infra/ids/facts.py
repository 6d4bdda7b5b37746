"""What a pre-pass over ids has found out, by file and row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from evalcore.batch import Apart, Bools, LabelColumn, Source

Packed = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class RowFacts:
    """Which rows repeat an id (a bit a row), and the ground truth joined to each (a code a row).

    ``starts`` is the position of each file's first row among all rows. ``repeated`` is None where no id
    repeats, ``codes`` where nothing is joined: positions in ``labels``, the one behind the last is none.
    ``repeated_ground_truth`` and ``unmatched_ground_truth`` count ground truth that was left out.
    """

    starts: Mapping[str, int] = field(default_factory=dict)
    repeated: Packed | None = None
    codes: npt.NDArray[Any] | None = None
    labels: tuple[str, ...] = ()
    repeated_ground_truth: int = 0
    unmatched_ground_truth: int = 0

    def of(self, source: Source, rows: int) -> Apart:
        """What is known of the rows from ``source`` on."""
        start = self.starts[source.key] + source.first_row
        actual = None
        if self.codes is not None:
            actual = LabelColumn(self.codes[start : start + rows], self.labels)
        return Apart(self._bits(start, rows), actual)

    def part(self, ranges: Iterable[tuple[Source, int]]) -> RowFacts:
        """The same of some rows alone, each range from a source on, in the order of all rows."""
        starts, bits, codes = {}, [], []
        rows = 0
        for source, length in ranges:
            apart = self.of(source, length)
            starts[source.key] = rows - source.first_row
            bits.append(np.zeros(length, dtype=bool) if apart.repeated is None else apart.repeated)
            codes.append(None if apart.actual is None else apart.actual.codes)
            rows += length
        found = np.concatenate([np.zeros(0, dtype=bool), *bits])
        return RowFacts(
            starts,
            np.packbits(found, bitorder="little") if found.any() else None,
            None if self.codes is None else np.concatenate([self.codes[:0], *codes]),
            self.labels,
        )

    def _bits(self, start: int, rows: int) -> Bools | None:
        if self.repeated is None:
            return None
        first = start // 8
        bits = np.unpackbits(self.repeated[first : (start + rows + 7) // 8], bitorder="little")
        found = bits[start - first * 8 : start - first * 8 + rows].astype(bool)
        return found if found.any() else None


def packed(rows: int) -> Packed:
    """Room for a bit a row, none of them set."""
    return np.zeros((rows + 7) // 8, dtype=np.uint8)


def set_bits(bits: Packed, positions: npt.NDArray[np.int64]) -> None:
    """Set the bits at ascending positions."""
    if not len(positions):
        return
    places = positions >> 3
    starts = np.flatnonzero(np.diff(places, prepend=-1))
    values = np.left_shift(np.uint8(1), (positions & 7).astype(np.uint8))
    bits[places[starts]] |= np.bitwise_or.reduceat(values, starts)
