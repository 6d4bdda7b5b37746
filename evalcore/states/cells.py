"""Tables of label by label: dense where that fits, by cell where it would not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from evalcore.values import Integers

DENSE_LABELS = 2048
"""Up to so many labels a table is dense, 32 MiB at the most."""

Values = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Cells:
    """A square table of integers or floats, ``size`` labels wide.

    Exactly one of ``dense`` (size × size) and ``places`` (ascending row · size + column, with ``values``,
    none of them 0) holds it, by the size alone: equal tables are held alike.
    """

    size: int
    dense: Values | None
    places: Integers | None = None
    values: Values | None = None

    @classmethod
    def zeros(cls, size: int, dtype: Any) -> Self:
        """An empty table."""
        return cls.of(size, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=dtype))

    @classmethod
    def of(cls, size: int, places: Integers, values: Values) -> Self:
        """The table with these values added up at these places, in any order."""
        if size <= DENSE_LABELS:
            dense = np.zeros(size * size, dtype=values.dtype)
            np.add.at(dense, places, values)
            return cls(size, dense.reshape(size, size))
        return cls(size, None, *_summed(places, values))

    @classmethod
    def full(cls, table: Values) -> Self:
        """The table that a square array shows."""
        size = len(table)
        if size <= DENSE_LABELS:
            return cls(size, table)
        places = np.flatnonzero(table)
        return cls(size, None, places, table.ravel()[places])

    def __add__(self, other: Self) -> Self:
        if self.dense is not None and other.dense is not None:
            return type(self)(self.size, self.dense + other.dense)
        (here, mine), (there, theirs) = self.items(), other.items()
        return self.of(self.size, np.concatenate([here, there]), np.concatenate([mine, theirs]))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Cells) or self.size != other.size:
            return NotImplemented if not isinstance(other, Cells) else False
        pairs = zip(self.items(), other.items(), strict=True)
        return all(np.array_equal(mine, theirs) for mine, theirs in pairs)

    __hash__ = None  # type: ignore[assignment]

    def items(self) -> tuple[Integers, Values]:
        """The places that are not 0, ascending, and their values."""
        if self.dense is None:
            assert self.places is not None and self.values is not None
            return self.places, self.values
        flat = self.dense.ravel()
        places = np.flatnonzero(flat)
        return places, flat[places]

    def pairs(self) -> tuple[Integers, Integers, Values]:
        """The rows and columns that are not 0, ascending, and their values."""
        places, values = self.items()
        rows, columns = np.divmod(places, max(self.size, 1))
        return rows, columns, values

    def spread(self, size: int, positions: Integers) -> Self:
        """The same values in a table of another size, label i at ``positions[i]``."""
        rows, columns, values = self.pairs()
        return self.of(size, positions[rows] * size + positions[columns], values)

    def diagonal(self) -> Values:
        """The values of a label with itself."""
        if self.dense is not None:
            return self.dense.diagonal().copy()
        rows, columns, values = self.pairs()
        return self._totals(rows[rows == columns], values[rows == columns])

    def row_totals(self) -> Values:
        """The sum of every row."""
        if self.dense is not None:
            return np.asarray(self.dense.sum(axis=1))
        places, values = self.items()
        return self._totals(places // self.size, values)

    def column_totals(self) -> Values:
        """The sum of every column."""
        if self.dense is not None:
            return np.asarray(self.dense.sum(axis=0))
        places, values = self.items()
        return self._totals(places % self.size, values)

    def total(self) -> Any:
        """The sum of all values, a Python number."""
        return self.items()[1].sum().item() if self.dense is None else self.dense.sum().item()

    def _totals(self, labels: Integers, values: Values) -> Values:
        totals = np.zeros(self.size, dtype=values.dtype)
        np.add.at(totals, labels, values)
        return totals


def _summed(places: Integers, values: Values) -> tuple[Integers, Values]:
    if not len(places):
        return places, values
    order = np.argsort(places, kind="stable")
    places, values = places[order], values[order]
    starts = np.flatnonzero(np.diff(places, prepend=-1))
    sums = np.add.reduceat(values, starts)
    kept = sums != 0
    return places[starts][kept], sums[kept]
