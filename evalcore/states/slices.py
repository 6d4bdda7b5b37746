"""The confusion counts of every value of every sliced column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from evalcore.accumulator import Spec, State, packed, refuse_other_spec, unpacked
from evalcore.batch import Batch, LabelColumn
from evalcore.errors import InvalidSettings
from evalcore.labels import in_order
from evalcore.states.cells import Cells
from evalcore.states.confusion import ConfusionCounts
from evalcore.states.counting import count_pairs, weigh, weigh_pairs
from evalcore.values import Floats, Integers
from evalcore.weights import by_place

MOST_VALUES = 1000
"""A column with more distinct values is an identifier or a measurement, and no slice."""

DENSE_PLACES = 1 << 22
"""Counters that a batch may have; beyond, its rows are sorted instead."""

Names = tuple[str | None, ...]
"""Names in order; None stands last, for rows without a value."""


@dataclass(frozen=True)
class Sliced:
    """One column: its values, the labels, and the counts of each (value, actual, predicted) that occurs.

    ``places`` are (value · labels + actual) · labels + predicted, ascending; ``tables`` has a row of counts
    and, with weights, a row of their sums and one of their norms, as float64, exact for counts.
    """

    values: Names
    labels: tuple[str, ...]
    places: Integers
    tables: Floats

    @classmethod
    def nothing(cls, weighted: bool) -> Self:
        """The counts of no rows."""
        return cls((), (), np.zeros(0, dtype=np.int64), np.zeros((3 if weighted else 1, 0)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sliced):
            return NotImplemented
        same = (self.values, self.labels) == (other.values, other.labels)
        return (
            same and np.array_equal(self.places, other.places) and np.array_equal(self.tables, other.tables)
        )

    __hash__ = None  # type: ignore[assignment]

    def plus(self, other: Self, column: str) -> Self:
        """Both counts, values and labels united by name."""
        values = _united(self.values, other.values)
        _refuse_many(values, column)
        labels = in_order({*self.labels, *other.labels})
        places = np.concatenate([part.moved(values, labels) for part in (self, other)])
        tables = np.concatenate([self.tables, other.tables], axis=1)
        return type(self)(values, labels, *_summed(places, tables))

    def moved(self, values: Names, labels: tuple[str, ...]) -> Integers:
        """The places over other values and labels, which hold all of these; in the same sequence."""
        if (values, labels) == (self.values, self.labels):
            return self.places
        value, pair = np.divmod(self.places, max(len(self.labels) ** 2, 1))
        actual, predicted = np.divmod(pair, max(len(self.labels), 1))
        to_value, to_label = _places(self.values, values), _places(self.labels, labels)
        return (to_value[value] * len(labels) + to_label[actual]) * len(labels) + to_label[predicted]


@dataclass(frozen=True)
class SliceCounts:
    """Counts of (value, actual, predicted) by column, over the rows that have both labels.

    Its size is that of the cells that occur: at most 1,000 values a column, however many rows there are.
    """

    spec: Spec
    columns: Mapping[str, Sliced]

    @classmethod
    def empty(cls, spec: Spec) -> Self:
        """No columns, for there are no rows."""
        return cls(spec, {})

    @classmethod
    def of(cls, spec: Spec, batch: Batch) -> Self:
        """Count one batch. Raises InvalidSettings for a column of more than 1,000 values."""
        if not batch.evaluated().any():
            return cls.empty(spec)
        pairs = _pairs(batch)
        found = {name: _counted(column, pairs, batch, name) for name, column in batch.slices.items()}
        return cls(spec, found)

    def merge(self, other: Self) -> Self:
        """Both counts. Raises MergeError where the specs differ, InvalidSettings for too many values."""
        refuse_other_spec(self, other)
        none = Sliced.nothing(self.spec.weighted)
        names = sorted({*self.columns, *other.columns})
        return type(self)(
            self.spec,
            {n: self.columns.get(n, none).plus(other.columns.get(n, none), n) for n in names},
        )

    def state(self) -> State:
        """The columns' names, and by their number the values, the labels and the counts."""
        found: dict[str, Any] = {"columns": packed(sorted(self.columns))}
        for i, name in enumerate(sorted(self.columns)):
            part = self.columns[name]
            known = [value for value in part.values if value is not None]
            found[f"values_{i}"] = packed(known)
            found[f"missing_{i}"] = np.array(None in part.values)
            found[f"labels_{i}"] = packed(part.labels)
            found[f"places_{i}"], found[f"tables_{i}"] = part.places, part.tables
        return found

    @classmethod
    def restore(cls, spec: Spec, state: State) -> Self:
        """The inverse of ``state``."""
        found = {}
        for i, name in enumerate(unpacked(state["columns"])):
            known = unpacked(state[f"values_{i}"])
            values: Names = (*known, None) if state[f"missing_{i}"].item() else known
            labels = unpacked(state[f"labels_{i}"])
            found[name] = Sliced(values, labels, state[f"places_{i}"], state[f"tables_{i}"])
        return cls(spec, found)

    def values(self, column: str) -> Names:
        """The values of a column, in order, None last where rows have none."""
        return self.columns[column].values if column in self.columns else ()

    def rows(self, column: str) -> dict[str | None, int]:
        """How many rows have each value of a column."""
        part = self.columns[column]
        value = part.places // max(len(part.labels) ** 2, 1)
        found = np.bincount(value, part.tables[0], minlength=len(part.values))
        return dict(zip(part.values, found.astype(np.int64).tolist(), strict=True))

    def counts(self, column: str, labels: tuple[str, ...]) -> dict[str | None, ConfusionCounts]:
        """The confusion counts of every value of a column, over these labels."""
        part = self.columns.get(column, Sliced.nothing(self.spec.weighted))
        size = len(labels)
        value, pairs = np.divmod(part.moved(part.values, labels), max(size * size, 1))
        ends = np.searchsorted(value, np.arange(len(part.values) + 1))
        spec = Spec(labels, self.spec.weighted)
        found: dict[str | None, ConfusionCounts] = {}
        for i, name in enumerate(part.values):
            here = slice(ends[i], ends[i + 1])
            rows, *sums = part.tables[:, here]
            first, *rest = (Cells.of(size, pairs[here], table) for table in (rows.astype(np.int64), *sums))
            found[name] = ConfusionCounts(spec, labels, first, (rest[0], rest[1]) if rest else None)
        return found


def _pairs(batch: Batch) -> Integers:
    """Actual and predicted codes as one code; missing ones have the last of each."""
    pairs: Integers = batch.y_true.codes.astype(np.int64)
    pairs *= batch.y_pred.missing + 1
    pairs += batch.y_pred.codes
    return pairs


def _counted(column: LabelColumn, pairs: Integers, batch: Batch, name: str) -> Sliced:
    height, width = column.missing + 1, (batch.y_true.missing + 1) * (batch.y_pred.missing + 1)
    codes, tables = _tables(column.codes, pairs, height, width, batch.weights)
    value, pair = np.divmod(codes, width)
    actual, predicted = np.divmod(pair, batch.y_pred.missing + 1)
    there = (actual < batch.y_true.missing) & (predicted < batch.y_pred.missing)
    value, actual, predicted, tables = value[there], actual[there], predicted[there], tables[:, there]
    known: Names = (*column.vocabulary, None)
    values = _united(tuple(known[code] for code in np.unique(value).tolist()))
    _refuse_many(values, name)
    occurring = [batch.y_true.vocabulary[code] for code in np.unique(actual).tolist()]
    occurring += [batch.y_pred.vocabulary[code] for code in np.unique(predicted).tolist()]
    labels = in_order(occurring)
    places = _places(known, values)[value] * len(labels) + _places(batch.y_true.vocabulary, labels)[actual]
    places = places * len(labels) + _places(batch.y_pred.vocabulary, labels)[predicted]
    return Sliced(values, labels, *_summed(places, tables))


def _tables(
    first: Any, second: Integers, height: int, width: int, weights: Floats | None
) -> tuple[Integers, Floats]:
    """The codes first · width + second that occur, with their counts, and the weights' sums and norms."""
    if height * width <= DENSE_PLACES:
        dense: list[Any] = [count_pairs(first, second, height, width).ravel()]
        if weights is not None:
            dense += [table.ravel() for table in weigh_pairs(first, second, height, width, weights)]
        codes = np.flatnonzero(dense[0])
        return codes, np.stack([table[codes].astype(np.float64) for table in dense])
    places = first.astype(np.int64) * width + second
    codes, inverse, counts = np.unique(places, return_inverse=True, return_counts=True)
    sums = [] if weights is None else weigh(inverse, weights, len(codes))
    return codes, np.stack([counts.astype(np.float64), *sums])


def _summed(places: Integers, tables: Floats) -> tuple[Integers, Floats]:
    if not len(places):
        return places, tables
    order = np.argsort(places, kind="stable")
    places, tables = places[order], tables[:, order]
    first = np.diff(places, prepend=-1) != 0
    starts = np.flatnonzero(first)
    sums = np.add.reduceat(tables, starts, axis=1)
    if len(sums) > 1:
        sums[2] = by_place(first.cumsum() - 1, tables[2], len(starts))
    return places[starts], sums


def _united(*names: Names) -> Names:
    distinct = {name for some in names for name in some}
    known = in_order(name for name in distinct if name is not None)
    return (*known, None) if None in distinct else known


def _places(names: Names, among: Names) -> Integers:
    """Where each name is among others; 0 for one that is not there, which no row has."""
    found = {name: place for place, name in enumerate(among)}
    return np.array([found.get(name, 0) for name in names] or [0], dtype=np.int64)


def _refuse_many(values: Names, column: str) -> None:
    if len(values) <= MOST_VALUES:
        return
    raise InvalidSettings(
        f"the slice {column!r} has more than {MOST_VALUES:,} distinct values, so it is no slice",
        'remove it from "slices" in model.json, or store a column of groups of these values',
        setting="slices",
        column=column,
    )
