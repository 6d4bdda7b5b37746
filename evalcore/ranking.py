"""ROC AUC and average precision from rows ranked by score, exact, or bounded where only a histogram is held.

Reference: scikit-learn's ``roc_auc_score`` and ``average_precision_score``; rows of one score are tied.
The variance of ROC AUC is that of E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, Comparing the areas
under two or more correlated receiver operating characteristic curves (1988), through the rows' placements, as
X. Sun and W. Xu, Fast implementation of DeLong's algorithm (2014), compute it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evalcore.batch import Bools
from evalcore.groups import Groups, exact_groups, mixed_groups
from evalcore.states.ranking import RankedScores
from evalcore.values import Floats

Pair = tuple[float, float]


@dataclass(frozen=True)
class Ranking:
    """How well one label's scores rank its rows before the rest.

    ``positives`` and ``negatives`` are the rows, weighted, of the label and of the rest; ``effective`` the
    rows of equal weight that each are worth. ``roc_auc``, ``average_precision``, and ``reverse_precision``,
    the average precision of the rest by 1 − score, are (low, high), equal where exact; ``placements`` the
    variances of the placements of the label's rows and of the rest's. NaN where one side has no rows, and
    ``reverse_precision`` also where there are several labels, of whose rests nobody asks.
    """

    positives: float
    negatives: float
    effective: Pair
    roc_auc: Pair
    average_precision: Pair
    reverse_precision: Pair
    placements: Pair

    @property
    def exact(self) -> bool:
        """Whether both figures are known, not only bounded."""
        return all(low == high for low, high in (self.roc_auc, self.average_precision))


NOTHING = (float("nan"), float("nan"))


def unknown() -> Ranking:
    """The ranking of scores that nothing is held of."""
    return Ranking(0.0, 0.0, (0.0, 0.0), NOTHING, NOTHING, NOTHING, NOTHING)


def rank(state: RankedScores, place: int, crowded: RankedScores | None = None) -> Ranking:
    """The ranking of one column: from the rows held, or from the histogram.

    ``crowded`` has the rows of some of its bins, where a further pass has held them.
    """
    totals = _totals(state, place)
    both = state.spec.positive_label is not None
    exact = state.histogram is None
    return _ranked(totals, exact_groups(state, place) if exact else mixed_groups(state, crowded), both)


@dataclass(frozen=True)
class _Totals:
    """Weights of the rest and of the label, and of each the rows of equal weight."""

    negative: float
    positive: float
    effective: Pair


def _totals(state: RankedScores, place: int) -> _Totals:
    histogram = state.histogram
    if histogram is not None:
        tables = [histogram[name].sum(axis=0) for name in ("weights", "squares") if name in histogram]
        weights, squares = tables or [histogram["counts"].sum(axis=0)] * 2
    else:
        weights, squares = np.zeros(2), np.zeros(2)
        for piece in state.pieces:
            positive = piece["actual"] == state.labels[place]
            weights += _two(positive, piece.get("weights"), 1)
            squares += _two(positive, piece.get("weights"), 2)
    effective = [float(w * w / s) if s else 0.0 for w, s in zip(weights, squares, strict=True)]
    return _Totals(float(weights[0]), float(weights[1]), (effective[1], effective[0]))


def _two(positive: npt.NDArray[np.bool_], weights: Floats | None, power: int) -> Floats:
    if weights is None:
        count = np.count_nonzero(positive)
        return np.array([len(positive) - count, count], dtype=np.float64)
    return np.bincount(positive, weights**power, minlength=2).astype(np.float64)


def _ranked(totals: _Totals, blocks: Iterable[Groups], both: bool) -> Ranking:
    positives, negatives = totals.positive, totals.negative
    if not positives or not negatives:
        nothing = (NOTHING,) * 4
        return Ranking(positives, negatives, totals.effective, *nothing)
    sums = _Sums(positives, negatives, both)
    for groups in blocks:
        sums.add(groups)
    pairs = positives * negatives
    lost = sums.lost / pairs
    return Ranking(
        positives,
        negatives,
        totals.effective,
        _pair(1 - lost - sums.open / pairs, 1 - lost + sums.open / pairs),
        _pair(*(sums.precision / positives)),
        _pair(*(sums.reverse / negatives)) if both else NOTHING,
        (
            max(sums.squares[0] / (positives * negatives**2) - lost**2, 0.0),
            max(sums.squares[1] / (negatives * positives**2) - lost**2, 0.0),
        ),
    )


def _pair(low: float, high: float) -> Pair:
    return min(max(float(low), 0.0), 1.0), min(max(float(high), 0.0), 1.0)


class _Sums:
    """What is added up over groups of rows of one score, from the lowest up.

    ``lost`` are the pairs of a row of the label and a higher one of the rest, ties by half, and ``squares``
    what placements have of them: of each row of the label by the rest above it, and of the rest by the
    label's below.
    """

    def __init__(self, positives: float, negatives: float, both: bool) -> None:
        self.both = both
        self.totals = negatives, positives
        self.below = 0.0, 0.0
        self.lost = 0.0
        self.open = 0.0
        self.precision = np.zeros(2)
        self.reverse = np.zeros(2)
        self.squares = np.zeros(2)

    def add(self, groups: Groups) -> None:
        """Add groups that follow above those added before."""
        n, p = groups.negative, groups.positive
        n_through = groups.negative_through + self.below[0]
        p_through = groups.positive_through + self.below[1]
        # Of weights, the last digits of what lies below may add up to more than all.
        n_above = np.maximum(self.totals[0] - n_through, 0)
        p_below = p_through - p
        self._add_pairs(groups, n_above, p_below)
        self.precision += _steps(p, np.maximum(self.totals[1] - p_below, p), n, n_above + n, groups.open)
        if self.both:
            self.reverse += _steps(n, n_through, p, p_through, groups.open)
        self._move(groups, n_through, p_through)

    def _add_pairs(self, groups: Groups, n_above: Floats, p_below: Floats) -> None:
        n, p = groups.negative, groups.positive
        above = n / 2
        above += n_above
        lost = p * above
        self.lost += float(lost.sum())
        lost *= above
        self.squares[0] += lost.sum()
        below = p / 2
        below += p_below
        below *= below
        below *= n
        self.squares[1] += below.sum()
        if groups.open is not None:
            self.open += float((n * p)[groups.open].sum()) / 2
        if groups.between is not None:
            self.squares[1] += (groups.between[:-1] * p_below * p_below).sum()

    def _move(self, groups: Groups, n_through: Floats, p_through: Floats) -> None:
        if len(p_through):
            self.below = float(n_through[-1]), float(p_through[-1])
        if groups.between is not None:
            after, (n, p) = float(groups.between[-1]), self.below
            self.squares[1] += after * p * p
            self.below = n + after, p


def _steps(gain: Floats, gained: Floats, loss: Floats, lost: Floats, open_: Bools | None) -> Floats:
    """Σ gain · gained / (gained + lost), each group's own rows included; its least and greatest value.

    In an open group of gain g and loss l, after G and L, precision at a row of the gain that t of them
    precede lies between (G + t) / (G + t + L + l) and (G + g) / (G + g + L). The first rises with t and is
    concave, so its sum over the rows is at least its integral, and that at least g times the mean of its
    ends; the bounds hold whatever the order within the group.
    """
    total = gained + lost
    if open_ is None:
        both = _precise(gain, gained, total).sum()
        return np.array([both, both])
    with np.errstate(invalid="ignore", divide="ignore"):
        values = _precise(gain, gained, total)
        last = np.nan_to_num(gained / total, nan=1.0)
        first = np.nan_to_num((gained - gain) / (total - gain), nan=1.0)
        best = np.nan_to_num(gained / (total - loss), nan=1.0)
    low = np.where(open_, gain * (first + last) / 2, values).sum()
    high = np.where(open_, gain * best, values).sum()
    return np.array([low, high])


def _precise(gain: Floats, gained: Floats, total: Floats) -> Floats:
    """The weight gained, by gained / total; 0 where there is nothing at all, which weights of 0 can make."""
    with np.errstate(invalid="ignore"):
        values = gained / total
    values *= gain
    if not total.all():
        values[total == 0] = 0
    return np.asarray(values)
