"""95 % intervals of figures from scores. All have a width, whatever the data.

Sources: E. R. DeLong and others (1988) for the variance of ROC AUC; K. Boyd, K. H. Eng and C. D. Page, Area
under the precision-recall curve: point estimates and confidence intervals (2013), for a binomial interval
with as many trials as there are positives; and those named in ``intervals``.
"""

from __future__ import annotations

import math

import numpy as np

from evalcore.delta import PSEUDO_ROWS
from evalcore.intervals import Z, wilson
from evalcore.ranking import Pair, Ranking
from evalcore.values import Floats, Interval, others, ratio

ALONE = 1.001
"""Rows of equal weight up to which all are taken for one, of whose variance nothing is known: so far what
rounding leaves of the rest would decide it."""

DELONG = "delong_effective_sample"
BINOMIAL = "wilson_of_positives"


def roc_auc_interval(ranking: Ranking) -> Pair:
    """A Wilson interval with as many rows as give it DeLong's variance.

    The variance is taken with half a row more on either side, placed at chance, so that a perfect ranking
    has one. Where only bounds are known, each end is that of its own bound.
    """
    middle = sum(ranking.roc_auc) / 2
    if math.isnan(middle):
        return ranking.roc_auc
    rows = _rows(middle, sum(variances(ranking)), min(ranking.effective))
    return _at(ranking.roc_auc, rows)


def variances(ranking: Ranking) -> Pair:
    """The parts of DeLong's variance that the label's rows and the rest's have."""
    middle = sum(ranking.roc_auc) / 2
    parts = []
    for rows, spread in zip(ranking.effective, ranking.placements, strict=True):
        known = spread * rows / (rows - 1) if rows > ALONE else middle * (1 - middle)
        parts.append((known + PSEUDO_ROWS / rows * (middle - 0.5) ** 2) / rows)
    return parts[0], parts[1]


def one_vs_rest_mean_interval(
    parts: Floats, ends: Interval, weights: Floats, own: Floats, positives: Floats
) -> Pair:
    """The interval of Σ weight · part of labels' figures that rest on the same rows, each against the rest.

    ``own`` is the share of each part's variance that the label's own rows have; the others' have the rest,
    in proportion to their number. What a row does to its own label's figure it does, as a row of the rest, to
    those of others: a row ranked low for its label is ranked high for another. So for each label's rows the
    one is added to the root of the others' squares, and the labels' sums are taken as independent.
    """
    mean = float((weights * parts).sum())
    shares = np.nan_to_num(ratio(positives[:, None], others(positives)[None, :]))
    np.fill_diagonal(shares, 0.0)

    def half(deviations: Floats) -> float:
        squares = (weights * deviations) ** 2
        of_rest = np.sqrt((shares * (squares * (1 - own))[None, :]).sum(axis=1))
        return math.sqrt(float(((np.sqrt(squares * own) + of_rest) ** 2).sum()))

    return max(mean - half(parts - ends.low), 0.0), min(mean + half(ends.high - parts), 1.0)


def average_precision_interval(bounds: Pair, positives: float) -> Pair:
    """A Wilson interval with as many trials as there are positives, of equal weight."""
    return bounds if math.isnan(bounds[0]) else _at(bounds, positives)


def bounded_mean_interval(mean: float, variance: float, rows: float, highest: float) -> Pair:
    """The interval of a mean of values from 0 to ``highest``, ``variance`` that of the mean itself."""
    share, spread = mean / highest, variance / highest**2 + PSEUDO_ROWS / 4 / rows**2
    low, high = _at((share, share), _rows(share, spread, rows))
    return low * highest, high * highest


def mean_interval_of_losses(mean: float, variance: float, rows: float) -> Pair:
    """Mean ± z σ, not below 0; the variance is taken with half a row more that a coin toss is better than."""
    half = Z * math.sqrt(variance + PSEUDO_ROWS * math.log(2) ** 2 / rows**2)
    return max(mean - half, 0.0), mean + half


def _rows(share: float, variance: float, least: float) -> float:
    """The rows at which a proportion like ``share`` has this variance; the share is drawn to a half."""
    smoothed = (share * least + PSEUDO_ROWS) / (least + 2 * PSEUDO_ROWS)
    return smoothed * (1 - smoothed) / variance if variance > 0 else least


def _at(bounds: Pair, rows: float) -> Pair:
    ends = wilson(np.array(bounds), np.ones(2), np.full(2, rows))
    return float(ends.low[0]), float(ends.high[1])
