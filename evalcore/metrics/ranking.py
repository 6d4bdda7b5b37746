"""Figures of how well scores rank the rows: ROC AUC and average precision, of a label or of all.

Reference: scikit-learn's ``roc_auc_score`` and ``average_precision_score`` of each label against the rest,
on float64 probabilities that add up to 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from evalcore.ranking import Pair, Ranking
from evalcore.registry import metric
from evalcore.score_intervals import (
    BINOMIAL,
    DELONG,
    average_precision_interval,
    one_vs_rest_mean_interval,
    roc_auc_interval,
    variances,
)
from evalcore.values import Figure, Floats, Interval

ONE_SIDE = "only one of {label} and the rest has rows"
NOT_HELD = "the scores of all labels do not fit the memory budget of one pass"


@dataclass(frozen=True)
class LabelRankings:
    """How well each label's scores rank its rows before the rest; one ranking a label.

    A ``positive_label``'s own comes second, behind its reverse, that of the negative label by 1 − score.
    """

    labels: Sequence[Ranking]

    @property
    def reason(self) -> str:
        """Why a label's figures are undefined."""
        nothing = any(ranking.positives == ranking.negatives == 0 for ranking in self.labels)
        return NOT_HELD if nothing else ONE_SIDE


@dataclass(frozen=True)
class PositiveRanking:
    """How well the positive label's scores rank its rows before the negative label's."""

    ranking: Ranking


@dataclass(frozen=True)
class AverageRankings:
    """The rankings of several labels, to be averaged."""

    labels: Sequence[Ranking]

    def weights(self, support: bool) -> Floats:
        """Each label's weight: by its support among the labels that have both sides, else one for all."""
        positives = np.array([ranking.positives for ranking in self.labels])
        defined = np.array([ranking.positives > 0 < ranking.negatives for ranking in self.labels])
        weights = np.where(defined, positives, 0.0) if support else np.ones(len(positives))
        return np.asarray(weights / weights.sum()) if weights.any() else weights


def reverse(ranking: Ranking) -> Ranking:
    """The ranking of the rest by 1 − score."""
    return Ranking(
        positives=ranking.negatives,
        negatives=ranking.positives,
        effective=ranking.effective[::-1],
        roc_auc=ranking.roc_auc,
        average_precision=ranking.reverse_precision,
        reverse_precision=ranking.average_precision,
        placements=ranking.placements[::-1],
    )


def _auc(ranking: Ranking) -> tuple[Pair, Pair]:
    return ranking.roc_auc, roc_auc_interval(ranking)


def _precision(ranking: Ranking) -> tuple[Pair, Pair]:
    bounds = ranking.average_precision
    return bounds, average_precision_interval(bounds, ranking.effective[0])


Measure = Callable[[Ranking], tuple[Pair, Pair]]
Mean = Callable[[Sequence[Ranking], Floats, Interval, Floats], Pair]
"""The interval of a weighted mean of labels' figures, of which these are the figures and their intervals."""


OF_REST = 0.1
"""How much less average precision owes to the rows of the rest than ROC AUC does, of which no formula is
known: with it the averages hold their true value in 95 % of simulated samples (``./run coverage``)."""


def _auc_mean(rankings: Sequence[Ranking], parts: Floats, ends: Interval, weights: Floats) -> Pair:
    return _mean(rankings, parts, ends, weights, 1.0)


def _precision_mean(rankings: Sequence[Ranking], parts: Floats, ends: Interval, weights: Floats) -> Pair:
    return _mean(rankings, parts, ends, weights, OF_REST)


def _mean(rankings: Sequence[Ranking], parts: Floats, ends: Interval, weights: Floats, rest: float) -> Pair:
    of_own, of_rest = np.array([variances(ranking) for ranking in rankings]).T
    positives = np.array([ranking.positives for ranking in rankings])
    own = 1 - rest * of_rest / (of_own + of_rest)
    return one_vs_rest_mean_interval(parts, ends, weights, own, positives)


def _ends(rankings: Sequence[Ranking], measure: Measure) -> tuple[Floats, Floats]:
    """Bounds and intervals, each of shape (2, labels)."""
    found = np.array([measure(ranking) for ranking in rankings]).reshape(-1, 2, 2)
    return found[:, 0].T, found[:, 1].T


def _figure(rankings: Sequence[Ranking], measure: Measure, method: str, reason: str) -> Figure:
    (low, high), ends = _ends(rankings, measure)
    return Figure((low + high) / 2, Interval(ends[0], ends[1], method), reason, _bounds(low, high))


def _bounds(low: Floats, high: Floats) -> tuple[Floats, Floats] | None:
    return (low, high) if np.any(low < high) else None


def _average(rankings: AverageRankings, measure: Measure, mean: Mean, method: str, support: bool) -> Figure:
    """The weighted mean over the labels that have both sides; plain, it needs all of them to have."""
    weights = rankings.weights(support)
    (low, high), ends = _ends(rankings.labels, measure)
    used = weights > 0
    if not used.any() or np.isnan(low[used]).any():
        reason = "a label, or the rest of one, has no rows" if used.any() else "no label has rows and a rest"
        held = any(r.positives or r.negatives for r in rankings.labels)
        return Figure(np.array([np.nan]), undefined=reason if held else NOT_HELD)
    low, high, weights = low[used], high[used], weights[used]
    kept = [ranking for ranking, there in zip(rankings.labels, used.tolist(), strict=True) if there]
    interval = mean(kept, (low + high) / 2, Interval(ends[0][used], ends[1][used], ""), weights)
    lower, upper = (np.array([float((weights * side).sum())]) for side in (low, high))
    least, most = (np.array([end]) for end in interval)
    middle = np.array([float((weights * (low + high) / 2).sum())])
    return Figure(middle, Interval(least, most, f"mover_of_{method}"), "", _bounds(lower, upper))


@metric("roc_auc", per="label", of=LabelRankings, title="ROC AUC", bounded=True)
def roc_auc_of_label(rankings: LabelRankings) -> Figure:
    """The share of pairs of a row of the label and another row in which the first has the higher score."""
    return _figure(rankings.labels, _auc, DELONG, rankings.reason)


@metric("average_precision", per="label", of=LabelRankings, title="Average precision", bounded=True)
def average_precision_of_label(rankings: LabelRankings) -> Figure:
    """Σ (Rᵢ − Rᵢ₋₁) Pᵢ over the distinct scores, descending: a step function's area, not a trapezoid's."""
    return _figure(rankings.labels, _precision, BINOMIAL, rankings.reason)


@metric("roc_auc", per="overall", of=PositiveRanking, title="ROC AUC", bounded=True)
def roc_auc(one: PositiveRanking) -> Figure:
    """The share of pairs of a positive and a negative row in which the positive has the higher score.

    A tie counts a half.
    """
    return _figure([one.ranking], _auc, DELONG, "all rows are of one label")


@metric("average_precision", per="overall", of=PositiveRanking, title="Average precision", bounded=True)
def average_precision(one: PositiveRanking) -> Figure:
    """Σ (Rᵢ − Rᵢ₋₁) Pᵢ over the distinct scores of the positive label, descending."""
    return _figure([one.ranking], _precision, BINOMIAL, "all rows are of one label")


@metric("macro_roc_auc", per="overall", of=AverageRankings, title="Macro ROC AUC", bounded=True)
def macro_roc_auc(rankings: AverageRankings) -> Figure:
    """The plain mean of the labels' ROC AUC, one-vs-rest; undefined where one is.

    The labels' intervals are combined with what they owe to the same rows.
    """
    return _average(rankings, _auc, _auc_mean, DELONG, support=False)


@metric("weighted_roc_auc", per="overall", of=AverageRankings, title="Weighted ROC AUC", bounded=True)
def weighted_roc_auc(rankings: AverageRankings) -> Figure:
    """The mean of the labels' ROC AUC weighted by support, over the labels for which it is defined."""
    return _average(rankings, _auc, _auc_mean, DELONG, support=True)


@metric(
    "macro_average_precision", per="overall", of=AverageRankings, title="Macro average precision",
    bounded=True,
)  # fmt: skip
def macro_average_precision(rankings: AverageRankings) -> Figure:
    """The plain mean of the labels' average precision, one-vs-rest; undefined where one is."""
    return _average(rankings, _precision, _precision_mean, BINOMIAL, support=False)


@metric(
    "weighted_average_precision", per="overall", of=AverageRankings, title="Weighted average precision",
    bounded=True,
)  # fmt: skip
def weighted_average_precision(rankings: AverageRankings) -> Figure:
    """The mean of the labels' average precision weighted by support, where defined."""
    return _average(rankings, _precision, _precision_mean, BINOMIAL, support=True)
