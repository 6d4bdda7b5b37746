"""The rows of a batch that have an actual label, a prediction and scores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from evalcore.accumulator import Spec
from evalcore.batch import Batch, Bools, LabelColumn, Scores, row_sums
from evalcore.values import Floats

CHUNK = 1 << 15
"""How many numbers are worked on at a time, so that what lies between stays in a core's cache."""


@dataclass(frozen=True)
class BinaryRows:
    """Whether each row is actually positive, the positive label's score as stored, and the weight."""

    positive: Bools
    scores: Scores
    weights: Floats | None
    precision: np.dtype[Any] | None = None

    @property
    def compared(self) -> Scores:
        """The scores in the precision of their column, where they are held in a wider one."""
        return self.scores if self.precision is None else self.scores.astype(self.precision)

    def chunks(self) -> Iterator[BinaryRows]:
        """The same rows piece by piece."""
        for start in range(0, len(self.scores), CHUNK):
            part = slice(start, start + CHUNK)
            weights = None if self.weights is None else self.weights[part]
            yield BinaryRows(self.positive[part], self.scores[part], weights, self.precision)


@dataclass(frozen=True)
class LabelRows:
    """The actual label's position, a row of probabilities as stored with its sum, and the weight."""

    actual: npt.NDArray[np.int64]
    scores: Scores
    totals: Floats
    weights: Floats | None

    def chunks(self) -> Iterator[LabelRows]:
        """The same rows piece by piece."""
        step = max(4 * CHUNK // max(self.scores.shape[1], 1), 1)
        for start in range(0, len(self.actual), step):
            part = slice(start, start + step)
            weights = None if self.weights is None else self.weights[part]
            yield LabelRows(self.actual[part], self.scores[part], self.totals[part], weights)

    def normalised(self) -> Floats:
        """Every row divided by its sum, in float64; shape (labels, rows), each label's in one piece."""
        columns: Floats = np.empty(self.scores.shape[::-1])
        np.divide(self.scores.T, self.totals, out=columns)
        return columns


def binary_rows(spec: Spec, batch: Batch) -> BinaryRows:
    """The rows that count for the scores of a positive label."""
    assert spec.score_labels is not None and spec.positive_label is not None and batch.scores is not None
    positive = _is(batch.y_true, spec.positive_label)
    negative = _is(batch.y_true, next(name for name in spec.score_labels if name != spec.positive_label))
    kept = (positive | negative) & batch.y_pred.present() & ~np.isnan(batch.scores)
    if kept.all():
        return BinaryRows(positive, batch.scores, batch.weights, batch.precision)
    weights = None if batch.weights is None else batch.weights[kept]
    return BinaryRows(positive[kept], batch.scores[kept], weights, batch.precision)


def label_rows(spec: Spec, batch: Batch) -> LabelRows:
    """The rows that count for the probabilities of several labels."""
    assert spec.score_labels is not None and batch.scores is not None
    actual = batch.y_true.recoded(spec.score_labels)
    totals = row_sums(batch.scores) if batch.totals is None else batch.totals
    kept = (actual < len(spec.score_labels)) & batch.y_pred.present() & ~np.isnan(totals)
    if kept.all():
        return LabelRows(actual, batch.scores, totals, batch.weights)
    weights = None if batch.weights is None else batch.weights[kept]
    return LabelRows(actual[kept], batch.scores[kept], totals[kept], weights)


def _is(column: LabelColumn, label: str) -> Any:
    if label not in column.vocabulary:
        return np.zeros(len(column.codes), dtype=bool)
    return column.codes == column.vocabulary.index(label)
