"""The rankings of all labels, with the further passes over the rows that a budget of memory takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from evalcore.accumulator import Spec
from evalcore.ranking import Ranking, rank, unknown
from evalcore.states.ranking import RankedScores, row_bytes
from evalcore.values import ratio

Again = Callable[[Spec], RankedScores]
"""Folds ``RankedScores`` of another spec over the same rows once more."""


@dataclass(frozen=True)
class Rankings:
    """One ranking: the positive label's; or one for each label that has probabilities, in their order."""

    labels: tuple[Ranking, ...]


def settle(first: RankedScores, again: Again | None = None) -> Rankings:
    """The rankings of what a first pass has held, exact where one label's scores fit the budget.

    Where all labels' scores do not fit together, as many at a time as fit are held in further passes; where
    one label's do not fit, its histogram is refined by one more. Without ``again`` there are no further
    passes: what is not held has no ranking, and a histogram stays as it is.
    """
    if first.exact or first.histogram is not None:
        return Rankings(tuple(_of(first, again)))
    if again is None:
        return Rankings(tuple(unknown() for _ in first.labels))
    found: list[Ranking] = []
    for labels in _groups(first):
        found += _of(again(replace(first.spec, focus=labels)), again)
    return Rankings(tuple(found))


def _of(state: RankedScores, again: Again | None) -> Iterator[Ranking]:
    crowded = None
    if state.histogram is not None and again is not None:
        bins = crowded_bins(state)
        crowded = again(replace(state.spec, crowded=bins)) if bins else None
    for place in range(len(state.labels)):
        yield rank(state, place, crowded)


def _groups(state: RankedScores) -> Iterator[tuple[int, ...]]:
    """As many labels at a time as fit the budget, at least one."""
    at_once = 1
    while state.rows * row_bytes(state.spec, at_once + 1, state.double) <= state.spec.score_budget:
        at_once += 1
    for start in range(0, len(state.labels), at_once):
        yield state.labels[start : start + at_once]


def crowded_bins(state: RankedScores) -> tuple[int, ...]:
    """The bins of a histogram whose rows tell most about the order, as many as the budget can hold.

    A bin of one score, or of rows of one side alone that lie above all others, has nothing to tell. Of
    the rest those come first that leave most undecided for a row: pairs for ROC AUC, and for average
    precision the share of the positives times how far precision falls within the bin.
    """
    assert state.histogram is not None
    counts = state.histogram["counts"]
    n, p = state.histogram.get("weights", counts).T
    n_above, p_above = (side[::-1].cumsum()[::-1] - side for side in (n, p))
    fall = ratio(p_above + p, p_above + p + n_above) - ratio(p_above, p_above + n_above + n)
    undecided = ratio(p, p.sum()) * (ratio(n, n.sum()) + np.nan_to_num(fall))
    undecided[state.histogram["least"] >= state.histogram["greatest"]] = 0
    rows = counts.sum(axis=1)
    most = state.spec.score_budget // row_bytes(state.spec, 1, state.double)
    undecided[rows > most] = 0
    order = np.argsort(-np.nan_to_num(ratio(undecided, rows)), kind="stable")
    order = order[np.nan_to_num(undecided[order]) > 0]
    fitting = order[: int(np.searchsorted(rows[order].cumsum(), most, side="right"))]
    return tuple(sorted(fitting.tolist()))
