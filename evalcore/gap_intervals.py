"""The 95 % interval of a weighted sum of absolute differences, each known with an error.

Chance makes differences of things that do not differ, so that such a sum observed is above the true one: of
probabilities that are right the expected calibration error is 0, and that observed never is. Sources:
A. Kumar, P. Liang and T. Ma, Verified uncertainty calibration (2019), for this bias; F. C. Leone,
L. S. Nelson and R. B. Nottingham, The folded normal distribution (1961), for the moments.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from evalcore.intervals import Z
from evalcore.values import Floats

METHOD = "folded_normal_test"

HALVINGS = 40

Pair = tuple[float, float]


def absolute_sum_interval(gaps: Floats, errors: Floats, weights: Floats) -> Pair:
    """The interval of Σ weight · |true gap|, from gaps observed with normal errors of these sizes, none 0.

    The true gaps are taken to be in proportion to √(gap² + error²); low and high are the factors at which
    the sum observed is z standard deviations above, and below, what is to be expected. Low is 0 where no
    true gap at all could have given the sum; high is z standard deviations of pure chance above it at least.
    """
    observed = float((weights * np.abs(gaps)).sum())
    along: Floats = np.hypot(gaps, errors)
    whole = float((weights * along).sum())

    def above(times: float, side: float) -> float:
        mean, deviation = _moments(times * along, errors, weights)
        return mean + side * Z * deviation - observed

    least = _root(lambda times: above(times, 1.0), _far(lambda times: above(times, 1.0)))
    most = _root(lambda times: above(times, -1.0), _far(lambda times: above(times, -1.0)))
    chance = _moments(np.zeros(len(gaps)), errors, weights)[1]
    return min(least * whole, observed), max(most * whole, observed + Z * chance)


def _moments(true: Floats, errors: Floats, weights: Floats) -> Pair:
    """Mean and standard deviation of the sum of absolute values of normal ones."""
    ratios = true / errors
    # The C library's, as numpy's own exponentials differ in their last digit between processors.
    erf = np.array([math.erf(ratio / math.sqrt(2)) for ratio in ratios.tolist()])
    density = np.array([math.exp(-ratio * ratio / 2) for ratio in ratios.tolist()])
    means = errors * math.sqrt(2 / math.pi) * density + true * erf
    variances = np.maximum(true**2 + errors**2 - means**2, 0)
    return float((weights * means).sum()), math.sqrt(float((weights**2 * variances).sum()))


def _far(rising: Callable[[float], float]) -> float:
    """A factor at which the function is not below 0."""
    times = 1.0
    while rising(times) < 0:
        times *= 2
    return times


def _root(rising: Callable[[float], float], high: float) -> float:
    """Where a rising function reaches 0; 0 where it does from the start."""
    if rising(0.0) >= 0:
        return 0.0
    low = 0.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < 0 else (low, middle)
    return low
