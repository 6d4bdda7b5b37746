"""How many rows of either label have a score in each of 3,000 bins: every threshold i/1000, exactly."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from evalcore.accumulator import Spec
from evalcore.batch import Batch, Scores
from evalcore.states.counting import weigh
from evalcore.states.scored import BinaryRows, binary_rows
from evalcore.states.summed import Shapes, Summed
from evalcore.values import Floats
from evalcore.weights import by_place, joined

STEPS = 3000
"""Bins whose edges hold the 1,001 thresholds, and the edges of 15 and of 50 bins."""

THRESHOLDS = 1001
PLACES = STEPS + 1
CALIBRATION_BINS = 15


@dataclass(frozen=True, eq=False)
class ThresholdCounts(Summed):
    """Rows by the greatest edge i/3000 that their score reaches, and by label, the negative first.

    ``rows`` counts, ``weights`` and ``norms`` are the sums and norms of the rows' weights (without weights
    they stay 0 and the counts stand for them), ``scores`` adds up the weighted scores of 15 bins.
    """

    shapes: ClassVar[Shapes] = {
        "rows": ((PLACES, 2), np.int64),
        "weights": ((PLACES, 2), np.float64),
        "norms": ((PLACES, 2), np.float64),
        "scores": ((CALIBRATION_BINS,), np.float64),
    }
    norms = frozenset({"norms"})

    @classmethod
    def of(cls, spec: Spec, batch: Batch) -> Self:
        """Count one batch."""
        found = cls.empty(spec)
        for rows in binary_rows(spec, batch).chunks():
            _count(found.sums, rows)
        return found

    def masses(self) -> npt.NDArray[Any]:
        """By place and label: rows, or with weights their sums."""
        return self.sums["weights"] if self.spec.weighted else self.sums["rows"]

    def four(self) -> dict[str, npt.NDArray[Any]]:
        """The four counts at every threshold i/1000, arrays of 1,001."""
        by_threshold = np.add.reduceat(self.masses(), np.arange(0, PLACES, 3), axis=0)
        reached = by_threshold[::-1].cumsum(axis=0)[::-1]
        false, true = reached[:, 0], reached[:, 1]
        below = np.concatenate([by_threshold[:1] * 0, by_threshold[:-1].cumsum(axis=0)])
        return {
            "true_positive": true,
            "false_positive": false,
            "true_negative": below[:, 0],
            "false_negative": below[:, 1],
        }

    def binned(self, bins: int, table: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """A table by place as one of ``bins`` equal bins, the last closed; shape (bins, 2)."""
        sums = np.add.reduceat(table, np.arange(0, PLACES, STEPS // bins), axis=0)
        sums[bins - 1] += sums[bins]
        return np.asarray(sums[:bins])

    def binned_norms(self, bins: int) -> Floats:
        """The norms of the weights of ``bins`` equal bins, the last closed."""
        at = np.minimum(np.arange(PLACES) // (STEPS // bins), bins - 1)
        return by_place(np.repeat(at, 2), self.sums["norms"].ravel(), bins)


@cache
def edges(dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """The edges i/3000, each rounded to the scores' precision; behind the last one that none reaches."""
    return np.append(np.arange(PLACES) / STEPS, np.inf).astype(dtype)


def places(scores: Scores) -> npt.NDArray[np.intp]:
    """For every score the greatest i whose edge it reaches: ``score >= edges[i]``."""
    table = edges(scores.dtype)
    scores = scores.astype(np.float32) if scores.dtype == np.float16 else scores
    # Never above the true place and at most one below it: one comparison settles it.
    found = (scores * scores.dtype.type(STEPS * (1 - 1e-6))).astype(np.intp)
    found += scores >= table[1:].take(found)
    return found


def _count(sums: Any, rows: BinaryRows) -> None:
    at = places(rows.compared)
    scores: Floats = rows.scores.astype(np.float64)
    if rows.weights is not None:
        scores *= rows.weights
    by_place: Floats = np.bincount(at, scores, minlength=PLACES).astype(np.float64)
    sums["scores"] += _fifteenths(by_place)
    at *= 2
    at += rows.positive
    sums["rows"] += np.bincount(at, minlength=2 * PLACES).reshape(PLACES, 2)
    if rows.weights is not None:
        weights, norms = (table.reshape(PLACES, 2) for table in weigh(at, rows.weights, 2 * PLACES))
        sums["weights"] += weights
        sums["norms"] = joined(sums["norms"], norms)


def _fifteenths(by_place: Floats) -> Floats:
    sums = np.add.reduceat(by_place, np.arange(0, PLACES, STEPS // CALIBRATION_BINS))
    sums[-2] += sums[-1]
    return np.asarray(sums[:-1])
