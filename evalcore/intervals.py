"""95 % intervals of proportions and of means of them.

Sources: E. B. Wilson, Probable inference, the law of succession, and statistical inference (1927);
R. G. Newcombe, Two-sided confidence intervals for the single proportion (1998); G. Y. Zou and A. Donner,
Construction of confidence limits about effect measures (2008).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from evalcore.values import Floats, Interval, ratio

Z = 1.959963984540054
"""The 97.5 % quantile of the standard normal distribution: every interval is a 95 % one."""


def wilson(successes: npt.ArrayLike, trials: npt.ArrayLike, rows: npt.ArrayLike | None = None) -> Interval:
    """Wilson's score interval of ``successes / trials``; NaN where there are no trials.

    ``rows`` are the rows of equal weight that the trials are worth, where they are weighted.
    """
    n = np.asarray(trials if rows is None else rows, dtype=np.float64)
    return score_interval(ratio(successes, trials), n, "wilson")


def score_interval(share: Floats, n: Floats, method: str) -> Interval:
    """The interval of a share of ``n`` trials, closed at 0 and 1 where the share is.

    (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n).
    """
    spread = ratio(Z * Z, n)
    centre = (share + spread / 2) / (1 + spread)
    half = np.sqrt(spread * share * (1 - share) + spread * spread / 4) / (1 + spread)
    low = np.where(share == 0, 0.0, np.clip(centre - half, 0, share))
    high = np.where(share == 1, 1.0, np.clip(centre + half, share, 1))
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


def rows_to_reach(share: float, weak: float, bound: float) -> float:
    """How many times as many rows it takes until the interval of ``share`` ends at ``bound``, not ``weak``.

    For ends of score intervals, which are at z √(q(1 − q)/n) from the share, it is exact. Where the weak end
    is 0 or 1 itself, the width is taken to fall with √n. Infinite at the bound itself.
    """
    if share == bound:
        return np.inf
    now, then = weak * (1 - weak), bound * (1 - bound)
    if now <= 0 or then <= 0:
        return float(((share - weak) / (share - bound)) ** 2)
    return float(then / now * ((share - weak) / (share - bound)) ** 2)
