"""95 % intervals of averages over the confusion counts, by the delta method on multinomial cells.

Sources: K. Takahashi and others, Confidence interval for micro-averaged F1 and macro-averaged F1 scores
(2022), for the method; E. L. Korn and B. I. Graubard, Confidence intervals for proportions with small
expected number of positive counts (1998), for the effective sample size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from evalcore.intervals import score_interval
from evalcore.states.confusion import ConfusionCounts
from evalcore.values import Figure, Floats, others, ratio
from evalcore.weights import effective, norm

PSEUDO_ROWS = 0.5
"""How many correct, and as many wrong, rows every occurring label is given before a variance is taken.

Without them a matrix without errors, or a label that is never predicted, would have none.
"""

ROUNDING = 1e-13
"""The share of a sum's terms that rounding may leave of it where it should be 0."""


@dataclass(frozen=True)
class Shares:
    """The diagonal, rows and columns of the matrix as shares of all entries, shape (labels,).

    With the pseudo rows; their wrong ones lie in the columns that ``spread`` gives.
    """

    diagonal: Floats
    row: Floats
    column: Floats

    @classmethod
    def smoothed(cls, counts: ConfusionCounts) -> Self:
        """Of these counts."""
        unit = PSEUDO_ROWS / float(counts.rows.total())
        occurs = (counts.support() > 0).astype(np.float64)
        total = 1 + 2 * unit * occurs.sum()
        wrong = unit * _received(counts, occurs)
        diagonal, row, column = (
            ratio(part, counts.total) for part in (counts.correct(), counts.support(), counts.predicted())
        )
        return cls(
            (diagonal + unit * occurs) / total,
            (row + 2 * unit * occurs) / total,
            (column + unit * occurs + wrong) / total,
        )

    def zeros(self) -> Floats:
        """A zero for every label."""
        return np.zeros(len(self.row))


@dataclass(frozen=True)
class Slopes:
    """A figure of the cells' shares, and how it changes: by a label's diagonal share, its row, its column.

    The slope of cell (i, j) is ``row[i] + column[j]``, and ``diagonal[i]`` more where i = j. Shape (labels,).
    """

    value: float
    diagonal: Floats
    row: Floats
    column: Floats


def average(
    counts: ConfusionCounts,
    value: float,
    slopes: Callable[[Shares], Slopes],
    bounds: tuple[float, float] = (0.0, 1.0),
) -> Figure:
    """A smooth figure of the cells' shares with its interval.

    Variance and slopes are those with the pseudo rows; they give an effective sample size, and that a Wilson
    interval about the figure as observed, which stays within ``bounds`` and has a width always.
    """
    lowest, highest = bounds
    width = highest - lowest
    # Shares add up to 1 but for their last digit, and so may what is made of them.
    value = min(max(value, lowest), highest)
    smoothed = slopes(Shares.smoothed(counts))
    share, about = (value - lowest) / width, (smoothed.value - lowest) / width
    variance = _variance(counts, smoothed) / width**2
    n = effective_rows(counts)  # where there is one label alone, which no pseudo row can miss
    if np.count_nonzero(_occurs(counts)) > 1 and variance > 0:
        n = about * (1 - about) / variance
    interval = score_interval(np.array([share]), np.array([n]), "delta_effective_sample")
    low, high = lowest + interval.low * width, lowest + interval.high * width
    ends = np.minimum(low, value), np.maximum(high, value)
    return Figure(np.array([value]), type(interval)(*ends, interval.method))


def effective_rows(counts: ConfusionCounts) -> float:
    """The rows of equal weight that all entries are worth."""
    if counts.weighted is None:
        return float(counts.total)
    _, norms = counts.weighted[1].items()
    return float(effective(counts.total, norm(norms)))


def macro_weights(counts: ConfusionCounts) -> Floats:
    """Each label's weight in a macro average: the same for all that occur as actual or predicted."""
    occurs = _occurs(counts)
    return np.asarray(occurs / occurs.sum())


def _occurs(counts: ConfusionCounts) -> npt.NDArray[np.bool_]:
    return np.asarray((counts.rows.row_totals > 0) | (counts.rows.column_totals > 0))


def _received(counts: ConfusionCounts, occurs: Floats) -> Floats:
    """How many wrong pseudo rows each column gets: every label spreads one by how often others occur."""
    weight = _weight(counts)
    given = np.nan_to_num(ratio(occurs, others(weight)))
    return np.asarray(weight * others(given))


def _weight(counts: ConfusionCounts) -> Floats:
    """How often each label occurs as either, as a share of all entries."""
    return ratio(counts.predicted(), counts.total) + ratio(counts.support(), counts.total)


def _variance(counts: ConfusionCounts, slopes: Slopes) -> float:
    """(Σ p g² − (Σ p g)²) / n over the cells, pseudo rows included in p but not in n.

    With weights p is a cell's share of the squared weights, and n the rows of equal weight. What rounding
    alone may have left is 0.
    """
    scale = PSEUDO_ROWS * float(counts.squares.total()) / counts.rows.total()
    moments = [
        seen + scale * given
        for seen, given in zip(_moments(counts, slopes), _pseudo_moments(counts, slopes), strict=True)
    ]
    mass, first, second, size = moments
    mean = first / mass
    variance = second / mass - mean * mean
    return variance / effective_rows(counts) if variance > ROUNDING * size / mass else 0.0


def _moments(counts: ConfusionCounts, slopes: Slopes) -> tuple[float, float, float, float]:
    """Mass and first two moments of the cells' slopes, and how large the terms of the second are.

    From sums over rows, columns and diagonal, as a cell's slope is made of these: only the product of row
    and column takes every cell.
    """
    table, row, column, diagonal = counts.squares, slopes.row, slopes.column, slopes.diagonal
    rows, columns, right = table.row_totals, table.column_totals, table.diagonal
    first = (rows * row).sum() + (columns * column).sum() + (right * diagonal).sum()
    terms = [
        (rows * row**2).sum(),
        (columns * column**2).sum(),
        (right * diagonal**2).sum(),
        2 * (right * diagonal * (row + column)).sum(),
        2 * table.form(row, column) if row.any() and column.any() else 0.0,
    ]
    return float(rows.sum()), float(first), float(sum(terms)), float(sum(map(abs, terms)))


def _pseudo_moments(counts: ConfusionCounts, slopes: Slopes) -> tuple[float, float, float, float]:
    """The same of one correct and one wrong pseudo row a label.

    The correct ones lie on the diagonal; the wrong ones are spread over the label's other columns in
    proportion to how often these labels occur.
    """
    occurs = counts.support() > 0
    weight = _weight(counts)
    rest = others(weight)
    hit = slopes.row + slopes.column + slopes.diagonal
    column_mean = ratio(others(weight * slopes.column), rest)
    column_square = ratio(others(weight * slopes.column**2), rest)
    miss = np.nan_to_num(slopes.row + column_mean)
    miss_square = np.nan_to_num(slopes.row**2 + 2 * slopes.row * column_mean + column_square)
    first = float((hit + miss)[occurs].sum())
    second = float((hit**2 + miss_square)[occurs].sum())
    return 2.0 * int(occurs.sum()), first, second, abs(second)
