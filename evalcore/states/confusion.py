"""The confusion counts: how often each actual label was predicted as each label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from evalcore.accumulator import Spec, State, refuse_other_spec
from evalcore.batch import Batch, LabelColumn
from evalcore.labels import in_order
from evalcore.values import Integers

_CHUNK = 1 << 17


@dataclass(frozen=True)
class ConfusionCounts:
    """Counts ``[actual][predicted]`` over ``labels``, in the spec's order, else in the labels' own.

    Where the spec names no labels, the labels are those that occurred, and merging unites them by name.
    A given label list is complete: a label outside it is kept too, behind the given ones, so that the
    caller can name it in its refusal.
    """

    spec: Spec
    labels: tuple[str, ...]
    matrix: Integers

    @classmethod
    def empty(cls, spec: Spec) -> Self:
        """No rows: the given labels with zeros, or no labels."""
        labels = spec.labels or ()
        return cls(spec, labels, np.zeros((len(labels), len(labels)), dtype=np.int64))

    @classmethod
    def of(cls, spec: Spec, batch: Batch) -> Self:
        """Count one batch; rows without an actual or a predicted label are left out."""
        counts = _cross_table(batch.y_true, batch.y_pred)
        actual = _occurring(batch.y_true.vocabulary, counts.sum(axis=1))
        predicted = _occurring(batch.y_pred.vocabulary, counts.sum(axis=0))
        labels = _united(spec, (*actual.values(), *predicted.values()))
        matrix = np.zeros((len(labels), len(labels)), dtype=np.int64)
        rows, columns = _positions(labels, actual), _positions(labels, predicted)
        cells = counts[np.ix_(list(actual), list(predicted))]
        np.add.at(matrix, (rows[:, None], columns[None, :]), cells)
        return cls(spec, labels, matrix)

    def merge(self, other: Self) -> Self:
        """Both counts, united by the labels' names. Raises MergeError where the specs differ."""
        refuse_other_spec(self, other)
        if self.labels == other.labels:
            return type(self)(self.spec, self.labels, self.matrix + other.matrix)
        labels = _united(self.spec, (*self.labels, *other.labels))
        return type(self)(self.spec, labels, self._spread(labels) + other._spread(labels))

    def _spread(self, labels: tuple[str, ...]) -> Integers:
        matrix = np.zeros((len(labels), len(labels)), dtype=np.int64)
        places = _positions(labels, dict(enumerate(self.labels)))
        matrix[np.ix_(places, places)] = self.matrix
        return matrix

    def state(self) -> State:
        """The labels and the counts."""
        return {"labels": np.array(self.labels, dtype=np.str_), "matrix": self.matrix}

    @classmethod
    def restore(cls, spec: Spec, state: State) -> Self:
        """The inverse of ``state``."""
        return cls(spec, tuple(str(label) for label in state["labels"]), state["matrix"].astype(np.int64))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ConfusionCounts):
            return NotImplemented
        same = self.spec == other.spec and self.labels == other.labels
        return same and np.array_equal(self.matrix, other.matrix)

    __hash__ = None  # type: ignore[assignment]

    @property
    def total(self) -> int:
        """All counted entries."""
        return int(self.matrix.sum())

    def correct(self) -> Integers:
        """By label: predicted as what it is."""
        return self.matrix.diagonal().copy()

    def support(self) -> Integers:
        """By label: entries whose actual label it is."""
        return np.asarray(self.matrix.sum(axis=1))

    def predicted(self) -> Integers:
        """By label: entries whose predicted label it is."""
        return np.asarray(self.matrix.sum(axis=0))

    def cells(self) -> tuple[Integers, Integers, Integers]:
        """The cells that are not empty: actual positions, predicted positions, counts."""
        actual, predicted = np.nonzero(self.matrix)
        return actual, predicted, self.matrix[actual, predicted]

    def outside(self) -> dict[str, int]:
        """Labels beyond a given list, with the entries that carry them as actual or predicted label."""
        given = set(self.labels if self.spec.labels is None else self.spec.labels)
        either = self.support() + self.predicted() - self.correct()
        return {label: int(n) for label, n in zip(self.labels, either, strict=True) if label not in given}


def _cross_table(actual: LabelColumn, predicted: LabelColumn) -> Integers:
    """Counts in the batch's own codes, shape (actual vocabulary, predicted vocabulary)."""
    height, width = len(actual.vocabulary) + 1, len(predicted.vocabulary) + 1
    counts = np.zeros(height * width, dtype=np.int64)
    for start in range(0, len(actual.codes), _CHUNK):
        # Codes start at MISSING = -1, so that all missing rows fall into row 0 or column 0.
        rows = actual.codes[start : start + _CHUNK].astype(np.int64) + 1
        columns = predicted.codes[start : start + _CHUNK].astype(np.int64) + 1
        counts += np.bincount(rows * width + columns, minlength=height * width)
    return counts.reshape(height, width)[1:, 1:]


def _occurring(vocabulary: Sequence[str], totals: Integers) -> dict[int, str]:
    return {code: vocabulary[code] for code in np.flatnonzero(totals).tolist()}


def _united(spec: Spec, names: Sequence[str]) -> tuple[str, ...]:
    given = spec.labels or ()
    return given + in_order(set(names) - set(given))


def _positions(labels: tuple[str, ...], names: dict[int, str]) -> Integers:
    places = {label: place for place, label in enumerate(labels)}
    return np.array([places[name] for name in names.values()], dtype=np.int64)
