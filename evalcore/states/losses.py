"""Sums over rows of what a probability costs: logarithmic loss, squared error, and rows of odd labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from evalcore.accumulator import Spec
from evalcore.batch import Batch, Scores
from evalcore.logarithm import LEAST, log, sum_of_logs, sum_of_squared_logs
from evalcore.states.counting import weigh
from evalcore.states.scored import BinaryRows, LabelRows, binary_rows, label_rows
from evalcore.states.summed import Shapes, Summed
from evalcore.states.thresholds import CALIBRATION_BINS
from evalcore.values import Floats
from evalcore.weights import joined, norm

EPSILON = LEAST
"""Probabilities are clipped to within this of 0 and 1 before their logarithm, as scikit-learn does."""

TOP_K = 5

_PRECISION = 1e-6
"""More than a limit moves when it takes the precision of float32."""

Pair = tuple[float, float]

_TOTALS: Shapes = {
    "rows": ((), np.int64),
    "suspects": ((), np.int64),
    "weight": ((), np.float64),
    "norm": ((), np.float64),
    "log_loss": ((), np.float64),
    "log_loss_norms": ((2,), np.float64),
    "brier": ((), np.float64),
    "brier_norms": ((2,), np.float64),
}
_NORMS = frozenset({"norm", "log_loss_norms", "brier_norms"})

UNIT = 64.0
"""What losses are accumulated in: none is larger, so that weighted losses add up to no more than weights."""


@dataclass(frozen=True, eq=False)
class BinaryLosses(Summed):
    """For the positive label's scores: rows, suspect rows, Σw, √Σw², and of two losses Σwx, √Σw²x, √Σw²x²."""

    shapes: ClassVar[Shapes] = _TOTALS
    norms = _NORMS

    @classmethod
    def of(cls, spec: Spec, batch: Batch) -> Self:
        """Sum over one batch."""
        found = cls.empty(spec)
        for rows in binary_rows(spec, batch).chunks():
            _add_binary(found.sums, rows, spec.suspect)
        return found


@dataclass(frozen=True, eq=False)
class LabelLosses(Summed):
    """For probabilities of several labels the same, and in 15 bins of the top label's what becomes of it.

    The columns of ``top`` are rows, Σw, Σw of those that are right, and Σw·probability; ``top_norms`` has
    √Σw² with weights, and ``top_k`` Σw of the rows whose actual label is among the first five.
    """

    shapes: ClassVar[Shapes] = {
        **_TOTALS,
        "top": ((CALIBRATION_BINS, 4), np.float64),
        "top_norms": ((CALIBRATION_BINS,), np.float64),
        "top_k": ((), np.float64),
    }
    norms = _NORMS | {"top_norms"}

    @classmethod
    def of(cls, spec: Spec, batch: Batch) -> Self:
        """Sum over one batch."""
        found = cls.empty(spec)
        rows = label_rows(spec, batch)
        for part in rows.chunks():
            _add_labels(found.sums, part, spec.suspect)
        return found


def _add_binary(sums: Any, rows: BinaryRows, suspect: Pair) -> None:
    scores = rows.scores.astype(np.float64, copy=False)
    positive = rows.positive.astype(np.float64)
    missing = np.abs(positive - scores)
    actual = np.abs((1 - positive) - scores)
    sums["suspects"] += _binary_suspects(rows, actual, suspect)
    _add_losses(sums, actual, missing * missing, rows.weights)


def _binary_suspects(rows: BinaryRows, actual: Floats, suspect: Pair) -> int:
    """Rows of which the actual label's score is below the first limit, and the other's above the second.

    Both limits take the scores' precision, so that only rows near enough are looked at as they are stored.
    """
    near = np.flatnonzero(actual < suspect[0] + _PRECISION)
    kind, scores, positive = rows.scores.dtype.type, rows.scores[near], rows.positive[near]
    below, above = suspect
    missed = (scores < kind(below)) & (scores < kind(1 - above)) & positive
    false = (scores > kind(above)) & (scores > kind(1 - below)) & ~positive
    return int(np.count_nonzero(missed)) + int(np.count_nonzero(false))


def _add_losses(sums: Any, actual: Floats, brier: Floats, weights: Floats | None) -> None:
    """Add the losses of rows whose actual label has the probability ``actual``."""
    sums["rows"] += len(actual)
    clipped = np.clip(actual, EPSILON, 1 - EPSILON)
    if weights is None:
        loss, total = -sum_of_logs(clipped), brier.sum()
        _add_loss(sums, "log_loss", loss, np.sqrt([loss, sum_of_squared_logs(clipped)]), UNIT)
        _add_loss(sums, "brier", total, np.sqrt([total, (brier * brier).sum()]), UNIT)
        sums["weight"] += len(actual)
        sums["norm"] = joined(sums["norm"], np.sqrt(len(actual)))
        return
    sums["weight"] += weights.sum()
    sums["norm"] = joined(sums["norm"], norm(weights))
    for name, values in (("log_loss", -log(clipped) / UNIT), ("brier", brier / UNIT)):
        weighted = weights * values
        _add_loss(sums, name, weighted.sum(), [norm(weights * np.sqrt(values)), norm(weighted)], 1.0)


def _add_loss(sums: Any, name: str, loss: float, norms: Any, unit: float) -> None:
    sums[name] += loss / unit
    sums[f"{name}_norms"] = joined(sums[f"{name}_norms"], np.asarray(norms) / (np.sqrt(unit), unit))


def _add_labels(sums: Any, rows: LabelRows, suspect: Pair) -> None:
    columns = rows.normalised()
    actual = columns[rows.actual, np.arange(len(rows.actual))]
    highest = columns.max(axis=0)
    sums["suspects"] += np.count_nonzero((actual < suspect[0]) & (highest > suspect[1]))
    ahead = _ahead(columns, actual, rows.actual)
    _add_top(sums, rows, highest, ahead == 0)
    sums["top_k"] += _mass(rows.weights, ahead < TOP_K)
    # Σ (pₗ − yₗ)², where y is 1 for the actual label and 0 for the others.
    brier = np.square(columns, out=columns).sum(axis=0) - 2 * actual + 1
    _add_losses(sums, actual, np.maximum(brier, 0), rows.weights)


def _ahead(columns: Floats, actual: Floats, labels: Any) -> Any:
    """How many labels come before the actual one by probability, ties by position."""
    found, through = np.zeros((2, len(actual)), dtype=np.int16)
    for column in columns:
        found += (column > actual).view(np.int8)
        through += (column >= actual).view(np.int8)
    tied = np.flatnonzero(through != found + 1)
    if len(tied):
        own, before = columns[:, tied], np.arange(len(columns))[:, None] < labels[tied]
        found[tied] += ((own == actual[tied]) & before).sum(axis=0, dtype=np.int16)
    return found


def _mass(weights: Floats | None, chosen: Any) -> float:
    return float(np.count_nonzero(chosen) if weights is None else weights[chosen].sum())


def _add_top(sums: Any, rows: LabelRows, highest: Floats, right: Any) -> None:
    edges = _top_edges(rows.scores)
    # Never above the true bin and at most one below it: one comparison settles it.
    bins = (highest * (CALIBRATION_BINS * (1 - 1e-6))).astype(np.intp)
    bins += highest >= edges.take(bins)
    scores, weights = highest, rows.weights
    counts = np.bincount(bins, minlength=CALIBRATION_BINS)
    masses: Any = counts
    if weights is not None:
        scores = weights * highest
        masses, norms = weigh(bins, weights, CALIBRATION_BINS)
        sums["top_norms"] = joined(sums["top_norms"], norms)
    hits = np.bincount(bins[right], None if weights is None else weights[right], CALIBRATION_BINS)
    for place, part in enumerate((counts, masses, hits, np.bincount(bins, scores, CALIBRATION_BINS))):
        sums["top"][:, place] += part


def _top_edges(scores: Scores) -> Floats:
    """The upper edge of every bin, rounded to the precision of the columns; the last has none."""
    inner = np.arange(1, CALIBRATION_BINS) / CALIBRATION_BINS
    return np.append(inner.astype(scores.dtype).astype(np.float64), np.inf)
