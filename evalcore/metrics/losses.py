"""Figures of what probabilities cost and whether they can be believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from evalcore.calibration import CalibrationBins
from evalcore.gap_intervals import METHOD
from evalcore.intervals import wilson
from evalcore.ranking import Pair
from evalcore.registry import metric
from evalcore.score_intervals import bounded_mean_interval, mean_interval_of_losses
from evalcore.states.losses import TOP_K, UNIT
from evalcore.values import Figure, Interval, ratio
from evalcore.weights import effective

NO_SCORE = "no row has scores"


@dataclass(frozen=True)
class ScoreLosses:
    """The sums over rows, the bins of calibration, and the Brier score's greatest value."""

    sums: Mapping[str, Any]
    bins: CalibrationBins
    highest: float

    def mean(self, name: str) -> tuple[float, float]:
        """The weighted mean of a loss and the variance of this mean, Σw²(x − mean)² / (Σw)²."""
        weight = float(self.sums["weight"])
        mean = float(self.sums[name]) / weight
        of_root, of_loss = (float(found) / weight for found in self.sums[f"{name}_norms"])
        of_one = float(self.sums["norm"]) / weight
        spread = of_loss**2 - 2 * mean * of_root**2 + (mean * of_one) ** 2
        return mean * UNIT, max(spread, 0.0) * UNIT**2

    @property
    def effective(self) -> float:
        """The rows of equal weight that all rows are worth."""
        return float(effective(self.sums["weight"], self.sums["norm"]))


@dataclass(frozen=True)
class TopLabels:
    """Of probabilities of more than five labels, how often the actual label is among the first five."""

    sums: Mapping[str, Any]


def _figure(value: float, interval: Pair, method: str) -> Figure:
    low, high = (np.array([end]) for end in interval)
    return Figure(np.array([value]), Interval(np.minimum(low, value), np.maximum(high, value), method))


def _undefined() -> Figure:
    return Figure(np.array([np.nan]), undefined=NO_SCORE)


@metric(
    "log_loss", per="overall", of=ScoreLosses, title="Log loss", higher_is_better=False, bounds=(0.0, None)
)
def log_loss(losses: ScoreLosses) -> Figure:
    """The mean of −ln of the actual label's probability, clipped to within 2⁻⁵² of 0 and 1.

    Reference: scikit-learn's ``log_loss`` of float64 probabilities.
    """
    if not losses.sums["weight"]:
        return _undefined()
    mean, variance = losses.mean("log_loss")
    return _figure(mean, mean_interval_of_losses(mean, variance, losses.effective), "normal_of_mean")


@metric(
    "brier_score", per="overall", of=ScoreLosses, title="Brier score", higher_is_better=False,
    bounds=(0.0, 2.0),
)  # fmt: skip
def brier_score(losses: ScoreLosses) -> Figure:
    """The mean squared error of the positive label's probability, 0 to 1; of several labels' the sum, 0 to 2.

    Reference: scikit-learn's ``brier_score_loss``, not scaled by half for several labels.
    """
    if not losses.sums["weight"]:
        return _undefined()
    mean, variance = losses.mean("brier")
    interval = bounded_mean_interval(mean, variance, losses.effective, losses.highest)
    return _figure(mean, interval, "wilson_effective_sample")


@metric(
    "expected_calibration_error", per="overall", of=ScoreLosses, title="Expected calibration error",
    higher_is_better=False,
)  # fmt: skip
def expected_calibration_error(losses: ScoreLosses) -> Figure:
    """Σ n/N · |mean probability − share that came true| over 15 bins of equal width.

    The probability is the positive label's; with several labels the top label's, which comes true where it
    is the actual one.
    """
    value, interval = losses.bins.error()
    return _undefined() if np.isnan(value) else _figure(value, interval, METHOD)


@metric("top_k_accuracy", per="overall", of=TopLabels, title="Top-5 accuracy")
def top_k_accuracy(top: TopLabels) -> Figure:
    """The share of rows whose actual label is among the five most probable; ties by the labels' order."""
    hits, weight = [top.sums["top_k"].item()], [top.sums["weight"].item()]
    rows = effective(weight, [top.sums["norm"].item()])
    return Figure(ratio(hits, weight), wilson(hits, weight, rows), NO_SCORE)


@metric(
    "top_k", per="overall", of=TopLabels, title="k of top-k accuracy", higher_is_better=None,
    bounds=(1, None), integer=True,
)  # fmt: skip
def top_k(top: TopLabels) -> Figure:
    """How many labels count as the top ones."""
    return Figure(np.array([TOP_K]))
