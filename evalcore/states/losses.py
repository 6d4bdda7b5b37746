"""Sums over rows of what a probability costs: logarithmic loss, squared error, and rows of odd labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from evalcore.accumulator import Spec
from evalcore.batch import Batch, Scores
from evalcore.logarithm import LEAST, log, products, sum_of_squared_logs
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
        found, losses = cls.empty(spec), _Losses()
        for rows in binary_rows(spec, batch).chunks():
            _add_binary(found.sums, losses, rows, spec.suspect)
        losses.put_into(found.sums)
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
        found, losses = cls.empty(spec), _Losses()
        for rows in label_rows(spec, batch).chunks():
            _add_labels(found.sums, losses, rows, spec.suspect)
        losses.put_into(found.sums)
        return found


class _Losses:
    """The losses of one batch in ``UNIT``, added up chunk by chunk."""

    def __init__(self) -> None:
        self.products: list[Floats] = []
        self.sums: list[tuple[float, ...]] = []
        self.norms: list[tuple[float, ...]] = []

    def add(self, actual: Floats, brier: Floats, weights: Floats | None) -> None:
        """Add rows whose actual label has the probability ``actual``."""
        clipped = np.clip(actual, EPSILON, 1 - EPSILON)
        if weights is None:
            self.products.append(products(clipped))
            squares = sum_of_squared_logs(clipped), (brier * brier).sum()
            self.sums.append((len(actual), brier.sum(), *squares))
            return
        sums, norms = [weights.sum()], [norm(weights)]
        for loss in (log(clipped) / -UNIT, brier / UNIT):
            weighted = weights * loss
            sums.append(weighted.sum())
            norms += [norm(weights * np.sqrt(loss)), norm(weighted)]
        self.sums.append(tuple(sums))
        self.norms.append(tuple(norms))

    def put_into(self, sums: Any) -> None:
        """Write what all rows amount to into an accumulator's arrays."""
        if not self.sums:
            return
        found, norms = self._weighted() if self.norms else self._plain()
        for place, name in enumerate(("weight", "log_loss", "brier")):
            sums[name][...] = found[place]
        sums["norm"][...] = norms[0]
        sums["log_loss_norms"][:], sums["brier_norms"][:] = norms[1:3], norms[3:5]

    def _weighted(self) -> tuple[Any, Any]:
        return np.sum(self.sums, axis=0), [norm(np.array(each)) for each in zip(*self.norms, strict=True)]

    def _plain(self) -> tuple[Any, Any]:
        """With the weight 1 squared weights are no others."""
        rows, brier, log_squares, brier_squares = np.sum(self.sums, axis=0)
        loss = -log(np.concatenate(self.products)).sum()
        norms = np.sqrt([rows, loss / UNIT, log_squares / UNIT**2, brier / UNIT, brier_squares / UNIT**2])
        return (rows, loss / UNIT, brier / UNIT), norms


def _add_binary(sums: Any, losses: _Losses, rows: BinaryRows, suspect: Pair) -> None:
    scores = rows.scores.astype(np.float64, copy=False)
    # By the scores less 1 or 0, as 1 − (1 − score) would lose a small score's digits.
    positive = rows.positive.astype(np.float64)
    missing = scores - positive
    np.subtract(1, positive, out=positive)
    actual = np.subtract(scores, positive, out=positive)
    np.abs(actual, out=actual)
    sums["rows"] += len(actual)
    sums["suspects"] += _binary_suspects(rows, actual, suspect)
    losses.add(actual, np.multiply(missing, missing, out=missing), rows.weights)


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


def _add_labels(sums: Any, losses: _Losses, rows: LabelRows, suspect: Pair) -> None:
    columns = rows.normalised()
    actual = columns.ravel().take(rows.actual * len(rows.actual) + np.arange(len(rows.actual)))
    ahead = _ahead(columns, actual, rows.actual)
    highest = columns.max(axis=0)
    sums["rows"] += len(actual)
    sums["suspects"] += np.count_nonzero((actual < suspect[0]) & (highest > suspect[1]))
    _add_top(sums, rows, highest, ahead == 0)
    sums["top_k"] += _mass(rows.weights, ahead < TOP_K)
    # Σ (pₗ − yₗ)², where y is 1 for the actual label and 0 for the others.
    brier = np.square(columns, out=columns).sum(axis=0) - 2 * actual + 1
    losses.add(actual, np.maximum(brier, 0), rows.weights)


def _ahead(columns: Floats, actual: Floats, labels: Any) -> Any:
    """How many labels come before the actual one by probability, ties by position."""
    kind = np.int8 if len(columns) < 128 else np.int16
    found, through = (
        np.add.reduce(before.view(np.int8), axis=0, dtype=kind)
        for before in (columns > actual, columns >= actual)
    )
    tied = np.flatnonzero(through != found + 1)
    if len(tied):
        own, before = columns[:, tied], np.arange(len(columns))[:, None] < labels[tied]
        found[tied] += ((own == actual[tied]) & before).sum(axis=0, dtype=kind)
    return found


def _mass(weights: Floats | None, chosen: Any) -> float:
    return float(np.count_nonzero(chosen) if weights is None else weights[chosen].sum())


def _add_top(sums: Any, rows: LabelRows, highest: Floats, right: Any) -> None:
    edges = _top_edges(rows.scores)
    # Never above the true bin and at most one below it: one comparison settles it.
    bins = (highest * (CALIBRATION_BINS * (1 - 1e-6))).astype(np.intp)
    bins += highest >= edges.take(bins)
    scores, weights = highest, rows.weights
    wrong, hits = np.bincount(bins + CALIBRATION_BINS * right, minlength=2 * CALIBRATION_BINS).reshape(2, -1)
    counts: Any = wrong + hits
    masses = counts
    if weights is not None:
        scores = weights * highest
        masses, norms = weigh(bins, weights, CALIBRATION_BINS)
        sums["top_norms"] = joined(sums["top_norms"], norms)
        hits = np.bincount(bins[right], weights[right], CALIBRATION_BINS)
    for place, part in enumerate((counts, masses, hits, np.bincount(bins, scores, CALIBRATION_BINS))):
        sums["top"][:, place] += part


def _top_edges(scores: Scores) -> Floats:
    """The upper edge of every bin, rounded to the precision of the columns; the last has none."""
    inner = np.arange(1, CALIBRATION_BINS) / CALIBRATION_BINS
    return np.append(inner.astype(scores.dtype).astype(np.float64), np.inf)
