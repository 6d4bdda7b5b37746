"""Intervals against closed forms and by simulation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalcore.delta import Shares, Slopes, average
from evalcore.gap_intervals import absolute_sum_interval
from evalcore.intervals import Z, f1_interval, rows_for_half_width, rows_to_reach, wilson
from evalcore.largest_share import largest_share_interval
from evalcore.metrics import averages
from evalcore.states.confusion import ConfusionCounts
from evalcore.values import Figure
from tests.evalcore.batches import counts


@given(st.integers(1, 10**9).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_inverts_the_score_test(case: tuple[int, int]) -> None:
    """At an open end q of the interval, |p − q| = z √(q(1 − q)/n)."""
    k, n = case
    interval = wilson(k, n)
    for end in (float(interval.low), float(interval.high)):
        if 0 < end < 1:
            assert abs(k / n - end) == pytest.approx(Z * math.sqrt(end * (1 - end) / n), rel=1e-5, abs=1e-12)


def test_wilson_of_ten_out_of_ten() -> None:
    """10 of 10 is 0.722 to 1, and 0 of 10 its mirror."""
    assert float(wilson(10, 10).low) == pytest.approx(0.7224672, abs=1e-7)
    assert float(wilson(10, 10).high) == 1.0
    assert float(wilson(0, 10).high) == pytest.approx(1 - 0.7224672, abs=1e-7)
    assert float(wilson(0, 10).low) == 0.0


def test_no_trials_have_no_interval() -> None:
    """0 of 0 is undefined at both ends."""
    assert np.isnan(wilson(0, 0).low)
    assert np.isnan(wilson(0, 0).high)


def test_the_interval_of_f1_is_that_of_jaccard_carried_over() -> None:
    """TP 40, of 50 either: J is 40 of 50, and F1 = 2J/(1 + J) at each end."""
    jaccard, f1 = wilson(40, 50), f1_interval(40, 50)

    assert float(f1.low) == pytest.approx(2 * float(jaccard.low) / (1 + float(jaccard.low)), rel=1e-15)
    assert float(f1.high) == pytest.approx(2 * float(jaccard.high) / (1 + float(jaccard.high)), rel=1e-15)


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 0.9, 0.999, 1.0])
def test_needed_rows_are_the_least_that_do(share: float) -> None:
    """The Wilson half width is at most 0.05 at the number given, and more one row earlier."""

    def half(n: float) -> float:
        return Z / (n + Z * Z) * math.sqrt(n * share * (1 - share) + Z * Z / 4)

    n = float(rows_for_half_width(np.array(share), 0.05))

    assert half(n) <= 0.05 + 1e-12
    assert half(n - 1) > 0.05


@pytest.mark.parametrize(
    "name", ["weighted_f1", "macro_f1", "macro_precision", "cohen_kappa", "matthews_corrcoef"]
)
def test_slopes_are_the_derivatives(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Moving a little mass into a cell changes the figure as its slope says, the mean slope taken off."""
    seen: list[Slopes] = []

    def noted(counts: ConfusionCounts, value: float, slopes: Any, bounds: Any = (0.0, 1.0)) -> Figure:
        seen.append(slopes(Shares.smoothed(counts)))
        return average(counts, value, slopes, bounds)

    monkeypatch.setattr(averages, "average", noted)
    matrix = np.array([[50_000, 7_000, 1_000], [9_000, 20_000, 3_000], [500, 800, 8_700]])
    value = getattr(averages, name)(counts(matrix)).values[0]
    slopes = seen[0]
    shares = matrix / matrix.sum()
    slope = slopes.row[:, None] + slopes.column[None, :] + np.diag(slopes.diagonal)
    for cell in np.ndindex(3, 3):
        moved = matrix * 1000
        moved[cell] += 1000
        step = 1000 / (matrix.sum() * 1000 + 1000)
        change = getattr(averages, name)(counts(moved)).values[0] - value
        assert change / step == pytest.approx(slope[cell] - (shares * slope).sum(), rel=1e-3, abs=1e-4)


@pytest.mark.parametrize(
    "name", ["weighted_f1", "macro_f1", "balanced_accuracy", "weighted_precision", "cohen_kappa"]
)
@pytest.mark.parametrize("wrong", [0.02, 0.3])
def test_averages_are_covered(name: str, wrong: float) -> None:
    """Of 800 samples of 600 rows, the interval holds the true figure in 92.5 to 98.5 %."""
    rng = np.random.default_rng(11)
    cells = np.full((4, 4), wrong / 12) + np.diag(np.array([0.4, 0.3, 0.2, 0.1]) * (1 - wrong) - wrong / 12)
    cells /= cells.sum()
    figure = getattr(averages, name)
    truth = figure(counts(np.rint(cells * 1e12).astype(int))).values[0]
    held = 0
    for _ in range(800):
        sample = rng.multinomial(600, cells.ravel()).reshape(4, 4)
        interval = figure(counts(sample)).interval
        held += bool(interval.low[0] <= truth <= interval.high[0])

    assert 0.925 <= held / 800 <= 0.985


def test_a_perfect_matrix_has_a_width() -> None:
    """Without one error in 60 rows, weighted F1 is 1 and may be as low as 0.94 or lower, but not 0.8."""
    interval = averages.weighted_f1(counts([[30, 0], [0, 30]])).interval

    assert 0.85 < interval.low[0] < 0.96
    assert interval.high[0] == 1.0


def test_one_label_alone_has_a_width() -> None:
    """A matrix of one label has no errors to spread, and its interval is that of as many rows."""
    one = counts([[40]])

    assert averages.weighted_f1(one).interval.low[0] == pytest.approx(float(wilson(40, 40).low), abs=0.02)


@pytest.mark.parametrize("name", ["macro_precision", "weighted_precision"])
def test_a_label_never_predicted_leaves_its_precision_open(name: str) -> None:
    """One correct prediction more would change the figure a lot, and the interval says so."""
    never = getattr(averages, name)(counts([[450, 0], [50, 0]]))
    once = getattr(averages, name)(counts([[450, 0], [49, 1]]))

    assert never.interval.high[0] > never.values[0] + 0.02
    assert never.interval.low[0] < once.values[0]


@given(st.integers(20, 5000), st.floats(0.02, 0.98), st.floats(0.01, 0.99))
def test_rows_to_reach_is_exact_for_score_intervals(n: int, share: float, bound: float) -> None:
    """At so many times the rows, Wilson's interval ends at the bound."""
    if abs(share - bound) < 0.01:
        return
    side = "low" if bound < share else "high"
    weak = float(getattr(wilson(share * n, n), side))
    rows = n * rows_to_reach(share, weak, bound)

    assert float(getattr(wilson(share * rows, rows), side)) == pytest.approx(bound, abs=1e-6)


def test_the_largest_share_far_ahead_is_a_proportion() -> None:
    """90 of 100: Wilson's interval, as of one label alone."""
    found = largest_share_interval(np.array([0.1, 0.9]), 100)

    assert (found.low[0], found.high[0]) == pytest.approx(wilson_ends(90, 100), abs=1e-9)
    assert largest_share_interval(np.array([1.0]), 10).low[0] == pytest.approx(0.722, abs=1e-3)


@pytest.mark.parametrize("labels", [2, 10, 40])
def test_the_largest_of_even_shares_is_covered(labels: int) -> None:
    """Where chance alone makes one label the largest, the interval still starts below the even share."""
    rng = np.random.default_rng(labels)
    held = 0
    for _ in range(300):
        sample = rng.multinomial(3000, np.full(labels, 1 / labels)) / 3000
        found = largest_share_interval(sample, 3000)
        held += bool(found.low[0] <= 1 / labels <= found.high[0])
        assert found.low[0] < sample.max() < found.high[0]

    assert held / 300 >= 0.93


@pytest.mark.parametrize(
    ("gaps", "errors", "low", "high"),
    [
        ([0.5], [0.01], 0.5 - 1.96 * 0.01, 0.5 + 1.96 * 0.01),  # far from 0 it is the normal interval
        ([0.01, -0.01], [0.02, 0.02], 0.0, None),  # what chance alone makes starts at 0
        ([0.0, 0.0], [0.02, 0.02], 0.0, None),
    ],
)
def test_gaps_that_chance_explains_may_be_none(
    gaps: list[float], errors: list[float], low: float, high: float | None
) -> None:
    """The interval of a mean absolute gap starts at 0 where no gap need be there, and has a width."""
    weights = np.full(len(gaps), 1 / len(gaps))

    found = absolute_sum_interval(np.array(gaps), np.array(errors), weights)

    assert found[0] == pytest.approx(low, abs=2e-4)
    assert found[1] > np.abs(gaps).mean()
    if high is not None:
        assert found[1] == pytest.approx(high, abs=2e-4)


def wilson_ends(successes: int, trials: int) -> tuple[float, float]:
    """Wilson's interval of one proportion."""
    found = wilson(successes, trials)
    return float(found.low), float(found.high)
