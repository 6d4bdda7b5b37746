"""Tables of label by label: dense where that fits, by cell where it would not."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from evalcore.values import Floats, Integers
from evalcore.weights import by_place, joined

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
    def placed(cls, size: int, rows: Integers, columns: Integers, table: Values) -> Self:
        """Another table's values, its rows and columns at these positions; at equal ones they add up."""
        if size <= DENSE_LABELS:
            every = np.arange(size)
            if np.array_equal(rows, every) and np.array_equal(columns, every):
                return cls(size, np.ascontiguousarray(table))
            dense = np.zeros((size, size), dtype=table.dtype)
            if all(len(np.unique(places)) == len(places) for places in (rows, columns)):
                dense[np.ix_(rows, columns)] = table  # ten times as fast
            else:
                np.add.at(dense, np.ix_(rows, columns), table)
            return cls(size, dense)
        at, to = np.nonzero(table)
        return cls.of(size, rows[at] * size + columns[to], table[at, to])

    def __add__(self, other: Self) -> Self:
        if self.dense is not None and other.dense is not None:
            return type(self)(self.size, self.dense + other.dense)
        (here, mine), (there, theirs) = self.items(), other.items()
        return self.of(self.size, np.concatenate([here, there]), np.concatenate([mine, theirs]))

    def joined(self, other: Self) -> Self:
        """The norms of the rows of both, where the values are norms of weights."""
        if self.dense is not None and other.dense is not None:
            return type(self)(self.size, joined(self.dense, other.dense))
        (here, mine), (there, theirs) = self.items(), other.items()
        places, at = np.unique(np.concatenate([here, there]), return_inverse=True)
        return self.of(self.size, places, by_place(at, np.concatenate([mine, theirs]), len(places)))

    def squared(self, exponent: int) -> Self:
        """The squares of all values, each first divided by this power of 2."""
        if self.dense is not None:
            return type(self)(self.size, np.ldexp(self.dense, -exponent) ** 2)
        places, values = self.items()
        return self.of(self.size, places, np.ldexp(values, -exponent) ** 2)

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

    def listed(self) -> list[list[Any]]:
        """Row, column and value of every value that is not 0, as Python numbers."""
        rows, columns, values = self.pairs()
        if values.dtype == np.int64:
            return list(np.stack([rows, columns, values], axis=1).tolist())
        cells = zip(rows.tolist(), columns.tolist(), values.tolist(), strict=True)
        return [list(cell) for cell in cells]

    def beside_diagonal(self, least: float) -> tuple[Integers, Integers, Values]:
        """The rows, columns and values of what is off the diagonal and not below ``least``, ascending."""
        if self.dense is not None:
            rows, columns = np.divmod(np.flatnonzero(self.dense.ravel() >= least), max(self.size, 1))
            values = self.dense[rows, columns]
        else:
            rows, columns, values = self.pairs()
        kept = (rows != columns) & (values >= least)
        return rows[kept], columns[kept], values[kept]

    def spread(self, size: int, positions: Integers) -> Self:
        """The same values in a table of another size, label i at ``positions[i]``."""
        if self.dense is not None:
            return self.placed(size, positions, positions, self.dense)
        rows, columns, values = self.pairs()
        return self.of(size, positions[rows] * size + positions[columns], values)

    @cached_property
    def diagonal(self) -> Values:
        """The values of a label with itself."""
        if self.dense is not None:
            return self.dense.diagonal().copy()
        rows, columns, values = self.pairs()
        return self._totals(rows[rows == columns], values[rows == columns])

    @cached_property
    def row_totals(self) -> Values:
        """The sum of every row."""
        if self.dense is not None:
            return np.asarray(self.dense.sum(axis=1))
        places, values = self.items()
        return self._totals(places // self.size, values)

    @cached_property
    def column_totals(self) -> Values:
        """The sum of every column."""
        if self.dense is not None:
            return np.asarray(self.dense.sum(axis=0))
        places, values = self.items()
        return self._totals(places % self.size, values)

    @cached_property
    def beside(self) -> tuple[Values, Values]:
        """The sum of every row and of every column without the diagonal, added up and not subtracted."""
        if self.dense is not None:
            table = self.dense.copy()
            np.fill_diagonal(table, 0)
            return np.asarray(table.sum(axis=1)), np.asarray(table.sum(axis=0))
        rows, columns, values = self.pairs()
        off = rows != columns
        return self._totals(rows[off], values[off]), self._totals(columns[off], values[off])

    @cached_property
    def neither(self) -> Values:
        """For every label the sum of all cells outside its row and its column.

        Of floats a small remainder is added up from its own cells: at most four labels have so much in their
        row and column that a difference would lose more than a digit.
        """
        mine = self.row_totals + self.beside[1]
        rest = np.asarray(np.maximum(self.total() - mine, 0))
        if rest.dtype.kind == "f":
            rows, columns, values = self.pairs()
            for label in np.flatnonzero(rest < mine).tolist():
                rest[label] = values[(rows != label) & (columns != label)].sum()
        return rest

    def form(self, rows: Floats, columns: Floats) -> float:
        """Σᵢⱼ valueᵢⱼ · rowsᵢ · columnsⱼ."""
        if self.dense is not None:
            return float(((self.dense * columns).sum(axis=1) * rows).sum())
        at, to, values = self.pairs()
        return float((values * rows[at] * columns[to]).sum())

    def total(self) -> Any:
        """The sum of all values, a Python number."""
        return self.row_totals.sum().item()

    def _totals(self, labels: Integers, values: Values) -> Values:
        totals = np.zeros(self.size, dtype=values.dtype)
        np.add.at(totals, labels, values)
        return totals


def _summed(places: Integers, values: Values) -> tuple[Integers, Values]:
    if not len(places):
        return places, values
    steps = np.diff(places, prepend=-1)
    if not (steps > 0).all():
        order = np.argsort(places, kind="stable")
        places, values = places[order], values[order]
        starts = np.flatnonzero(np.diff(places, prepend=-1))
        places, values = places[starts], np.add.reduceat(values, starts)
    kept = values != 0
    return (places, values) if kept.all() else (places[kept], values[kept])
