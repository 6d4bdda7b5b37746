"""95 % intervals: of proportions, of means of them, and of averages over the confusion counts.

Sources: E. B. Wilson, Probable inference, the law of succession, and statistical inference (1927);
R. G. Newcombe, Two-sided confidence intervals for the single proportion (1998); G. Y. Zou and A. Donner,
Construction of confidence limits about effect measures (2008); K. Takahashi and others, Confidence
interval for micro-averaged F1 and macro-averaged F1 scores (2022), for the delta method on the cells;
E. L. Korn and B. I. Graubard, Confidence intervals for proportions with small expected number of positive
counts (1998), for the effective sample size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evalcore.states.confusion import ConfusionCounts
from evalcore.values import Floats, Interval, ratio

Z = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution: every interval is a 95 % one."""

PSEUDO_ROWS = 0.5
"""How many correct, and as many wrong, rows every occurring label is given before a variance is taken."""


def wilson(successes: npt.ArrayLike, trials: npt.ArrayLike, rows: npt.ArrayLike | None = None) -> Interval:
    """Wilson's score interval of ``successes / trials``; NaN where there are no trials.

    ``rows`` are the rows of equal weight that the trials are worth, where they are weighted.
    """
    n = np.asarray(trials if rows is None else rows, dtype=np.float64)
    return _score_interval(ratio(successes, trials), n, "wilson")


def _score_interval(share: Floats, n: Floats, method: str) -> Interval:
    """(p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n), closed at 0 and 1 where p is."""
    spread = ratio(Z * Z, n)
    centre = (share + spread / 2) / (1 + spread)
    half = np.sqrt(spread * share * (1 - share) + spread * spread / 4) / (1 + spread)
    low = np.where(share == 0, 0.0, np.minimum(centre - half, share))
    high = np.where(share == 1, 1.0, np.maximum(centre + half, share))
    undefined = np.isnan(share) | np.isnan(spread)
    return Interval(np.where(undefined, np.nan, low), np.where(undefined, np.nan, high), method)


def rows_for_half_width(share: Floats, half_width: float) -> Floats:
    """The least number of trials at which the Wilson interval of ``share`` is at most ± ``half_width``.

    Solves h² (1 + s)² = s p(1 − p) + s²/4 for s = z²/n: with v = p(1 − p) it is the positive root of
    (h² − 1/4) s² + (2h² − v) s + h² = 0. NaN where the share is.
    """
    squared, variance = half_width**2, share * (1 - share)
    a, b = squared - 0.25, 2 * squared - variance
    spread = (-b - np.sqrt(b * b - 4 * a * squared)) / (2 * a)
    return np.ceil(Z * Z / spread - 1e-9)


def f1_interval(
    true_positive: npt.ArrayLike, either: npt.ArrayLike, rows: npt.ArrayLike | None = None
) -> Interval:
    """The interval of F1 = 2TP / (2TP + FP + FN), with ``either`` = TP + FP + FN, worth ``rows`` rows.

    Given TP + FP + FN, the count TP is binomial with the Jaccard index J as its share, and F1 = 2J / (1 + J)
    rises with J: the ends are those of J's Wilson interval, carried over.
    """
    jaccard = wilson(true_positive, either, rows)
    low, high = (2 * end / (1 + end) for end in (jaccard.low, jaccard.high))
    return Interval(low, high, "wilson_of_jaccard")


def mean_interval(means: Floats, parts: Floats, intervals: Interval) -> Interval:
    """The interval of the mean over the first axis of independent ``parts``, recovered from their own.

    Zou and Donner: low = θ − √Σ((θᵢ − lowᵢ)/k)², high = θ + √Σ((highᵢ − θᵢ)/k)².
    """
    below = np.sqrt(((parts - intervals.low) ** 2).sum(axis=0)) / len(parts)
    above = np.sqrt(((intervals.high - parts) ** 2).sum(axis=0)) / len(parts)
    return Interval(np.maximum(means - below, 0), np.minimum(means + above, 1), "mover_of_wilson")


@dataclass(frozen=True)
class Slopes:
    """How a figure of the cells' shares changes: by a label's diagonal share, its row, its column.

    The slope of cell (i, j) is ``row[i] + column[j]``, and ``diagonal[i]`` more where i = j. Shape (labels,).
    """

    value: float
    diagonal: Floats
    row: Floats
    column: Floats


def average_interval(counts: ConfusionCounts, slopes: Slopes, bounds: tuple[float, float]) -> Interval:
    """The interval of a smooth figure of the cells' shares, by the delta method on multinomial cells.

    The variance is taken with ``PSEUDO_ROWS`` correct and as many wrong rows added to every label that
    occurs, so that a matrix without errors has one; it gives an effective sample size, and that a Wilson
    interval, which keeps the figure within ``bounds`` and has a width always. The slopes are those at the
    observed shares.
    """
    lowest, highest = bounds
    share = (slopes.value - lowest) / (highest - lowest)
    variance = _variance(counts, slopes) / (highest - lowest) ** 2
    rows = counts.total**2 / counts.squares.total()
    n = _effective_rows(share, variance, rows)
    interval = _score_interval(np.array([share]), np.array([n]), "delta_effective_sample")
    low, high = (lowest + end * (highest - lowest) for end in (interval.low, interval.high))
    return Interval(np.minimum(low, slopes.value), np.maximum(high, slopes.value), interval.method)


def _effective_rows(share: float, variance: float, rows: float) -> float:
    smoothed = (share * rows + PSEUDO_ROWS) / (rows + 2 * PSEUDO_ROWS)
    return smoothed * (1 - smoothed) / variance if variance > 0 else rows


def _variance(counts: ConfusionCounts, slopes: Slopes) -> float:
    """(Σ p g² − (Σ p g)²) / n over the cells, pseudo rows included in p but not in n.

    With weights p is a cell's share of the squared weights, and n the rows of equal weight.
    """
    actual, predicted, n = counts.squares.pairs()
    slope = slopes.row[actual] + slopes.column[predicted]
    slope = slope + np.where(actual == predicted, slopes.diagonal[actual], 0.0)
    mass, first, second = float(n.sum()), float((n * slope).sum()), float((n * slope**2).sum())
    scale = mass / counts.rows.total()
    extra = [scale * moment for moment in _pseudo_moments(counts, slopes)]
    mass, first, second = mass + extra[0], first + extra[1], second + extra[2]
    mean = first / mass
    rows = counts.total**2 / counts.squares.total()
    return float(max(second / mass - mean * mean, 0.0) / rows)


def _pseudo_moments(counts: ConfusionCounts, slopes: Slopes) -> tuple[float, float, float]:
    """Mass and first two moments of the pseudo rows.

    The correct ones lie on the diagonal; the wrong ones are spread over the label's other columns in
    proportion to how often these labels occur.
    """
    occurs = counts.support() > 0
    weight = (counts.predicted() + counts.support()).astype(np.float64)
    others = weight.sum() - weight
    hit = slopes.row + slopes.column + slopes.diagonal
    column_mean = ratio((weight * slopes.column).sum() - weight * slopes.column, others)
    column_square = ratio((weight * slopes.column**2).sum() - weight * slopes.column**2, others)
    miss = np.nan_to_num(slopes.row + column_mean)
    miss_square = np.nan_to_num(slopes.row**2 + 2 * slopes.row * column_mean + column_square)
    first = float((hit + miss)[occurs].sum())
    second = float((hit**2 + miss_square)[occurs].sum())
    return 2 * PSEUDO_ROWS * int(occurs.sum()), PSEUDO_ROWS * first, PSEUDO_ROWS * second
