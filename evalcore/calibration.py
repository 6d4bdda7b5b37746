"""How often what was given a probability comes true, in 15 bins of the probability."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evalcore.accumulator import States
from evalcore.gap_intervals import absolute_sum_interval
from evalcore.intervals import wilson
from evalcore.ranking import Pair
from evalcore.states.losses import LabelLosses
from evalcore.states.thresholds import CALIBRATION_BINS, ThresholdCounts
from evalcore.values import Floats, Interval, ratio
from evalcore.weights import effective


@dataclass(frozen=True)
class CalibrationBins:
    """By bin: rows, Σ weight, rows of equal weight, Σ weight of those that came true, Σ weight · probability.

    With one positive label it is the positive label's probability; with several the top label's.
    """

    rows: Floats
    weights: Floats
    effective: Floats
    hits: Floats
    scores: Floats

    @property
    def share(self) -> Floats:
        """The share that came true; NaN in an empty bin."""
        return ratio(self.hits, self.weights)

    @property
    def mean_score(self) -> Floats:
        """The mean probability; NaN in an empty bin."""
        return ratio(self.scores, self.weights)

    def intervals(self) -> Interval:
        """The shares' Wilson intervals."""
        return wilson(self.hits, self.weights, self.effective)

    def error(self) -> tuple[float, Pair]:
        """Σ n/N · |mean probability − share|, and its interval.

        The error of a bin's share is taken with two hits and two misses more, so that it is never 0
        (A. Agresti and B. A. Coull, Approximate is better than "exact", 1998).
        """
        filled = self.weights > 0
        if not filled.any():
            return float("nan"), (float("nan"), float("nan"))
        share, rows = self.share[filled], self.effective[filled]
        gaps = self.mean_score[filled] - share
        smoothed = (share * rows + 2) / (rows + 4)
        errors = np.sqrt(smoothed * (1 - smoothed) / rows)
        weights = self.weights[filled] / self.weights.sum()
        low, high = absolute_sum_interval(gaps, errors, weights)
        return float((weights * np.abs(gaps)).sum()), (low, min(high, 1.0))


def calibration_bins(states: States) -> CalibrationBins | None:
    """The bins of what was accumulated; None without scores."""
    if ThresholdCounts in states:
        return _of_positive(states[ThresholdCounts])
    if LabelLosses in states:
        return _of_top(states[LabelLosses])
    return None


def _of_positive(counts: ThresholdCounts) -> CalibrationBins:
    rows, weights = (
        counts.binned(CALIBRATION_BINS, table).astype(np.float64)
        for table in (counts.sums["rows"], counts.masses())
    )
    worth = rows.sum(axis=1)
    if counts.spec.weighted:
        worth = effective(weights.sum(axis=1), counts.binned_norms(CALIBRATION_BINS))
    sides = (rows.sum(axis=1), weights.sum(axis=1), worth)
    return CalibrationBins(*sides, weights[:, 1], counts.sums["scores"])


def _of_top(losses: LabelLosses) -> CalibrationBins:
    rows, weights, hits, scores = losses.sums["top"].T
    worth = effective(weights, losses.sums["top_norms"]) if losses.spec.weighted else rows
    return CalibrationBins(rows, weights, worth, hits, scores)
