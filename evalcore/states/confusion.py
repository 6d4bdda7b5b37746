"""The confusion counts: how often each actual label was predicted as each label."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Self

import numpy as np

from evalcore.accumulator import Spec, State, packed, refuse_other_spec, unpacked
from evalcore.batch import Batch, LabelColumn
from evalcore.errors import InvalidPredictions
from evalcore.labels import in_order
from evalcore.states.cells import Cells
from evalcore.states.counting import count_pairs, distinct_pairs, weigh_pairs
from evalcore.values import Integers
from evalcore.weights import exponent_of, refuse_endless

LARGEST_TABLE = 1 << 24
"""Cells that are counted in a table; beyond it the rows are sorted."""

MOST_LABELS = 20_000
"""What has more different values is no column of labels."""


@dataclass(frozen=True)
class ConfusionCounts:
    """Counts ``[actual][predicted]`` over ``labels``, in the spec's order, else in the labels' own.

    Where the spec names no labels, the labels are those that occurred, and merging unites them by name.
    A given label list is complete: a label outside it is kept too, behind the given ones, so that the
    caller can name it in its refusal.

    ``rows`` counts. With weights, ``weighted`` has their sums and their norms, which tell how many rows of
    equal weight a figure is worth.
    """

    spec: Spec
    labels: tuple[str, ...]
    rows: Cells
    weighted: tuple[Cells, Cells] | None = None

    @classmethod
    def empty(cls, spec: Spec) -> Self:
        """No rows: the given labels with zeros, or no labels."""
        labels = spec.labels or ()
        zeros = Cells.zeros(len(labels), np.float64)
        weighted = (zeros, zeros) if spec.weighted else None
        return cls(spec, labels, Cells.zeros(len(labels), np.int64), weighted)

    @classmethod
    def of(cls, spec: Spec, batch: Batch) -> Self:
        """Count one batch; rows without an actual or a predicted label are left out."""
        found = _occurring(batch)
        actual, predicted = _names(batch.y_true, found.actual), _names(batch.y_pred, found.predicted)
        labels = _united(spec.labels or (), (*actual, *predicted))
        places = {label: place for place, label in enumerate(labels)}
        rows, *weighted = found.placed(
            len(labels),
            *(np.array([places[name] for name in names], np.int64) for names in (actual, predicted)),
        )
        return cls(spec, labels, rows, (weighted[0], weighted[1]) if weighted else None)

    @property
    def weights(self) -> Cells:
        """The weights added up; without weights the counts."""
        return self.rows if self.weighted is None else self.weighted[0]

    @cached_property
    def squares(self) -> Cells:
        """The weights' squares added up, the greatest brought near 1; without weights the counts."""
        if self.weighted is None:
            return self.rows
        norms = self.weighted[1]
        _, values = norms.items()
        return norms.squared(exponent_of(values.max(initial=0)))

    @property
    def total(self) -> Any:
        """All entries, weighted."""
        return self.weights.total()

    def correct(self) -> Any:
        """By label, weighted: predicted as what it is."""
        return self.weights.diagonal

    def support(self) -> Any:
        """By label, weighted: entries whose actual label it is."""
        return self.weights.row_totals

    def predicted(self) -> Any:
        """By label, weighted: entries whose predicted label it is."""
        return self.weights.column_totals

    def merge(self, other: Self) -> Self:
        """Both counts, united by the labels' names.

        Raises MergeError where the specs differ, InvalidPredictions where the weights' sum is no float.
        """
        refuse_other_spec(self, other)
        labels = (
            self.labels
            if self.labels == other.labels
            else _united(self.spec.labels or (), self.labels + other.labels)
        )
        mine, theirs = self._spread(labels), other._spread(labels)
        rows = mine[0] + theirs[0]
        if self.weighted is None:
            return type(self)(self.spec, labels, rows)
        with np.errstate(over="ignore"):
            weights = mine[1] + theirs[1]
            refuse_endless(weights.total())
        return type(self)(self.spec, labels, rows, (weights, mine[2].joined(theirs[2])))

    def _spread(self, labels: tuple[str, ...]) -> list[Cells]:
        tables = [self.rows, *(self.weighted or ())]
        if labels == self.labels:
            return tables
        places = {label: place for place, label in enumerate(labels)}
        positions = np.array([places[label] for label in self.labels], dtype=np.int64)
        return [table.spread(len(labels), positions) for table in tables]

    def state(self) -> State:
        """The labels and the tables, by cell."""
        names = ("rows", "weights", "norms")
        tables = dict(zip(names, (self.rows, *(self.weighted or ())), strict=False))
        found: dict[str, Any] = {"labels": packed(self.labels)}
        for name, table in tables.items():
            found[f"{name}_places"], found[name] = table.items()
        return found

    @classmethod
    def restore(cls, spec: Spec, state: State) -> Self:
        """The inverse of ``state``."""
        labels = unpacked(state["labels"])
        names = [name for name in ("rows", "weights", "norms") if name in state]
        rows, *weighted = (Cells.of(len(labels), state[f"{name}_places"], state[name]) for name in names)
        return cls(spec, labels, rows, (weighted[0], weighted[1]) if weighted else None)

    def outside(self) -> dict[str, int]:
        """Labels beyond a given list, with the rows that carry them as actual or predicted label."""
        given = set(self.labels if self.spec.labels is None else self.spec.labels)
        either = self.rows.row_totals + self.rows.column_totals - self.rows.diagonal
        found = zip(self.labels, either.tolist(), strict=True)
        return {label: n for label, n in found if label not in given}

    def refuse_outside(self, where: str = "") -> None:
        """Raise InvalidPredictions for labels beyond a given list, naming five; ``where`` says whose."""
        outside = self.outside()
        if not outside:
            return
        largest = sorted(outside.items(), key=lambda item: (-item[1], item[0]))[:5]
        found = ", ".join(f"{label!r} ({n} {'row' if n == 1 else 'rows'})" for label, n in largest)
        labels = "1 label is" if len(outside) == 1 else f"{len(outside)} labels are"
        raise InvalidPredictions(
            f"{where}{labels} outside the model's labels: {found}",
            'add what is missing to "labels" in model.json, or correct the predictions',
            labels=dict(largest),
        )


@dataclass(frozen=True)
class _Occurring:
    """The codes that occur, ascending, and what is counted of each pair of them.

    ``counts`` are tables of actual by predicted, or, where ``pairs`` has positions among the codes, one entry
    a pair: the rows, and with weights their sums and norms.
    """

    actual: Integers
    predicted: Integers
    counts: list[Any]
    pairs: tuple[Integers, Integers] | None = None

    def placed(self, size: int, actual: Integers, predicted: Integers) -> list[Cells]:
        """The counts in tables of ``size`` labels, the codes at these positions."""
        if self.pairs is not None:
            at, to = self.pairs
            return [Cells.of(size, actual[at] * size + predicted[to], found) for found in self.counts]
        return [Cells.placed(size, actual, predicted, found) for found in self.counts]


def _occurring(batch: Batch) -> _Occurring:
    """What is counted of a batch, by its own codes. Missing rows are left out."""
    actual, predicted = batch.y_true, batch.y_pred
    height, width = actual.missing + 1, predicted.missing + 1
    if height * width <= LARGEST_TABLE:
        tables: list[Any] = [count_pairs(actual.codes, predicted.codes, height, width)]
        if batch.weights is not None:
            tables += weigh_pairs(actual.codes, predicted.codes, height, width, batch.weights)
        there = tables[0][:-1, :-1] != 0
        at, to = np.flatnonzero(there.any(axis=1)), np.flatnonzero(there.any(axis=0))
        if len(at) == height - 1 and len(to) == width - 1:
            return _Occurring(at, to, [table[:-1, :-1] for table in tables])
        return _Occurring(at, to, [table[np.ix_(at, to)] for table in tables])
    places, sums = distinct_pairs(actual.codes, predicted.codes, height, width, batch.weights)
    at, to = np.divmod(places, width)
    kept = (at < actual.missing) & (to < predicted.missing)
    (rows, at), (columns, to) = (np.unique(codes[kept], return_inverse=True) for codes in (at, to))
    return _Occurring(rows, columns, [found[kept] for found in sums], (at, to))


def _names(column: LabelColumn, codes: Integers) -> list[str]:
    return [column.vocabulary[code] for code in codes.tolist()]


@lru_cache(maxsize=8)
def _united(given: tuple[str, ...], names: tuple[str, ...]) -> tuple[str, ...]:
    """The given labels, then the others in order. Kept, since pieces of one file mostly have the same."""
    labels = given + in_order(set(names) - set(given))
    if len(labels) > MOST_LABELS:
        raise InvalidPredictions(
            f"there are more than {MOST_LABELS:,} different labels, among them {', '.join(labels[:3])}",
            "check that the columns of labels hold labels, not ids or measurements",
        )
    return labels
