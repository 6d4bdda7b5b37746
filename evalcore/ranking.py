"""ROC AUC and average precision from rows ranked by score, exact, or bounded where only a histogram is held.

Reference: scikit-learn's ``roc_auc_score`` and ``average_precision_score``; rows of one score are tied.
The variance of ROC AUC is that of E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, Comparing the areas
under two or more correlated receiver operating characteristic curves (1988), through the rows' placements, as
X. Sun and W. Xu, Fast implementation of DeLong's algorithm (2014), compute it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import repeat

import numpy as np

from evalcore.batch import Bools
from evalcore.groups import Blocks, Groups, exact_groups, mixed_groups
from evalcore.states.counting import weigh
from evalcore.states.ranking import RankedScores
from evalcore.values import Floats, ratio
from evalcore.weights import effective, joined, norm

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
    blocks = exact_groups(state, place) if exact else mixed_groups(state, crowded)
    return _ranked(totals, blocks, both, state.spec.weighted)


@dataclass(frozen=True)
class _Totals:
    """Weights of the rest and of the label, and of each the rows of equal weight."""

    negative: float
    positive: float
    effective: Pair


def _totals(state: RankedScores, place: int) -> _Totals:
    histogram = state.histogram
    if histogram is not None:
        weights = histogram.get("weights", histogram["counts"]).sum(axis=0)
        norms = np.array([norm(side) for side in histogram.get("norms", np.sqrt(histogram["counts"])).T])
    else:
        weights, norms = np.zeros(2), np.zeros(2)
        for piece in state.pieces:
            found = _weigh(piece["actual"] == state.labels[place], piece.get("weights"))
            weights, norms = weights + found[0], joined(norms, found[1])
    worth = np.nan_to_num(effective(weights, norms)) if state.spec.weighted else weights
    return _Totals(float(weights[0]), float(weights[1]), (float(worth[1]), float(worth[0])))


def _weigh(positive: Bools, weights: Floats | None) -> tuple[Floats, Floats]:
    """The weights of the rest and of the label, and their norms."""
    if weights is None:
        count = np.count_nonzero(positive)
        rows = np.array([len(positive) - count, count], dtype=np.float64)
        return rows, np.sqrt(rows)
    sums, norms = weigh(positive.astype(np.intp), weights, 2)
    return sums, norms


def _ranked(totals: _Totals, blocks: Blocks, both: bool, weighted: bool) -> Ranking:
    positives, negatives = totals.positive, totals.negative
    if not positives or not negatives:
        nothing = (NOTHING,) * 4
        return Ranking(positives, negatives, totals.effective, *nothing)
    sums = _Sums(negatives, positives, both, weighted)
    above = _above(blocks) if weighted else repeat((0.0, 0.0))
    for groups, beyond in zip(blocks(), above, strict=False):
        sums.add(groups, beyond)
    n, p = (1.0, 1.0) if weighted else (negatives, positives)
    lost, undecided = sums.lost / (n * p), sums.open / (n * p)
    return Ranking(
        positives,
        negatives,
        totals.effective,
        _pair(1 - lost - undecided, 1 - lost + undecided),
        _pair(*(sums.precision / positives)),
        _pair(*(sums.reverse / negatives)) if both else NOTHING,
        (
            max(sums.squares[0] / (p * n**2) - lost**2, 0.0),
            max(sums.squares[1] / (n * p**2) - lost**2, 0.0),
        ),
    )


def _above(blocks: Blocks) -> list[Pair]:
    """For each block what lies above it of the rest and of the label, added up from the highest down."""
    own = np.array([(groups.negative.sum(), groups.positive.sum()) for groups in blocks()]).reshape(-1, 2)
    ends = np.concatenate([np.zeros((1, 2)), own[:0:-1].cumsum(axis=0)])
    return [(n, p) for n, p in ends[::-1].tolist()]


def _pair(low: float, high: float) -> Pair:
    return min(max(float(low), 0.0), 1.0), min(max(float(high), 0.0), 1.0)


class _Sums:
    """What is added up over groups of rows of one score, from the lowest up.

    ``lost`` are the pairs of a row of the label and a higher one of the rest, ties by half, and ``squares``
    what placements have of them: of each row of the label by the rest above it, and of the rest by the
    label's below. With weights, both are in shares of the label's weight and of the rest's, whose products
    are never too large or too small, and what lies above a group is added up from the highest down: as
    a difference it would be rounded to the last digit of all.
    """

    def __init__(self, negatives: float, positives: float, both: bool, weighted: bool) -> None:
        self.both = both
        self.weighted = weighted
        self.totals = negatives, positives
        self.below = 0.0, 0.0
        self.lost = 0.0
        self.open = 0.0
        self.precision = np.zeros(2)
        self.reverse = np.zeros(2)
        self.squares = np.zeros(2)

    def add(self, groups: Groups, above: Pair) -> None:
        """Add groups that follow above those added before, and have this above them all."""
        n, p = groups.negative, groups.positive
        n_below = groups.negative_below + self.below[0]
        p_below = groups.positive_below + self.below[1]
        n_through, p_through = n_below + n, p_below + p
        if self.weighted:
            assert groups.negative_above is not None and groups.positive_above is not None
            n_above, p_above = groups.negative_above + above[0], groups.positive_above + above[1]
        else:
            n_above, p_above = self.totals[0] - n_through, self.totals[1] - p_through
        self._add_pairs(groups, n_above, p_below)
        self.precision += _steps(p, p_above, n, n_above, groups.open)
        if self.both:
            self.reverse += _steps(n, n_below, p, p_below, groups.open)
        self._move(groups, n_through, p_through)

    def _add_pairs(self, groups: Groups, n_above: Floats, p_below: Floats) -> None:
        n, p = groups.negative, groups.positive
        if self.weighted:
            n, n_above = n / self.totals[0], n_above / self.totals[0]
            p, p_below = p / self.totals[1], p_below / self.totals[1]
        above = n * 0.5
        above += n_above
        lost = p * above
        self.lost += float(lost.sum())
        lost *= above
        self.squares[0] += lost.sum()
        below = p * 0.5
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
    """Σ gain · precision, the precision of all that is gained and lost up to a group, itself included.

    ``gained`` and ``lost`` are what lies before each group. Returns the sum's least and greatest value. In an
    open group of gain g and loss l, after G and L, precision at a row of the gain that t of them precede lies
    between (G + t) / (G + t + L + l) and (G + g) / (G + g + L). The first rises with t and is concave, so its
    sum over the rows is at least its integral, and that at least g times the mean of its ends; the bounds
    hold whatever the order within the group.
    """
    through = gained + gain
    total = lost + loss
    worst = total if open_ is None else total + gained
    total += through
    values = _precise(gain, through, total)
    if open_ is None:
        both = values.sum()
        return np.array([both, both])
    last = np.nan_to_num(ratio(through, total), nan=1.0)
    first = np.nan_to_num(ratio(gained, worst), nan=1.0)
    best = np.nan_to_num(ratio(through, through + lost), nan=1.0)
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
