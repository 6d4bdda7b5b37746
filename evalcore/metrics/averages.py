"""Figures of the whole confusion matrix: accuracy, averages over the labels, agreement beyond chance.

An undefined per-label value counts as 0 in an average, over the labels that occur as actual or predicted,
as in scikit-learn. In every interval's slopes, d, r and c are a label's share of all entries on the
diagonal, in its row and in its column.
"""

from __future__ import annotations

import math

import numpy as np

from evalcore.delta import Shares, Slopes, average, effective_rows, macro_weights
from evalcore.intervals import wilson
from evalcore.largest_share import largest_share_interval
from evalcore.metrics.one_vs_rest import f1_of
from evalcore.registry import metric
from evalcore.states.confusion import ConfusionCounts
from evalcore.values import Figure, Floats, others, ratio


def _share(counts: ConfusionCounts, part: float) -> Figure:
    whole = counts.total
    interval = wilson([part], [whole], [effective_rows(counts)])
    return Figure(ratio([part], [whole]), interval, "there are no rows")


def _or_zero(numerator: Floats, denominator: Floats) -> Floats:
    return np.nan_to_num(ratio(numerator, denominator))


@metric("accuracy", per="overall", of=ConfusionCounts, title="Accuracy")
def accuracy(counts: ConfusionCounts) -> Figure:
    """The share of entries on the diagonal. Reference: scikit-learn's ``accuracy_score``."""
    return _share(counts, counts.correct().sum())


@metric("balanced_accuracy", per="overall", of=ConfusionCounts, title="Balanced accuracy")
def balanced_accuracy(counts: ConfusionCounts) -> Figure:
    """The mean recall of the labels that occur as actual. Reference: ``balanced_accuracy_score``."""
    occurs = (counts.support() > 0).astype(np.float64)
    return _recalls(counts, occurs / occurs.sum())


@metric("macro_precision", per="overall", of=ConfusionCounts, title="Macro precision")
def macro_precision(counts: ConfusionCounts) -> Figure:
    """The plain mean of the labels' precision. Reference: ``precision_score(average="macro")``."""
    return _precisions(counts, macro_weights(counts))


@metric("macro_recall", per="overall", of=ConfusionCounts, title="Macro recall")
def macro_recall(counts: ConfusionCounts) -> Figure:
    """The plain mean of the labels' recall. Reference: ``recall_score(average="macro")``."""
    return _recalls(counts, macro_weights(counts))


@metric("macro_f1", per="overall", of=ConfusionCounts, title="Macro F1")
def macro_f1(counts: ConfusionCounts) -> Figure:
    """The plain mean of the labels' F1. Reference: ``f1_score(average="macro")``."""
    return _f1s(counts, macro_weights(counts))


@metric("micro_precision", per="overall", of=ConfusionCounts, title="Micro precision")
def micro_precision(counts: ConfusionCounts) -> Figure:
    """Precision of the pooled counts; with one label a row it is accuracy."""
    return accuracy(counts)


@metric("micro_recall", per="overall", of=ConfusionCounts, title="Micro recall")
def micro_recall(counts: ConfusionCounts) -> Figure:
    """Recall of the pooled counts; with one label a row it is accuracy."""
    return accuracy(counts)


@metric("micro_f1", per="overall", of=ConfusionCounts, title="Micro F1")
def micro_f1(counts: ConfusionCounts) -> Figure:
    """F1 of the pooled counts; with one label a row it is accuracy."""
    return accuracy(counts)


@metric("weighted_precision", per="overall", of=ConfusionCounts, title="Weighted precision")
def weighted_precision(counts: ConfusionCounts) -> Figure:
    """The labels' precision weighted by support. Reference: ``precision_score(average="weighted")``."""
    return _precisions(counts, None)


@metric("weighted_recall", per="overall", of=ConfusionCounts, title="Weighted recall")
def weighted_recall(counts: ConfusionCounts) -> Figure:
    """The labels' recall weighted by support, which is accuracy."""
    return accuracy(counts)


@metric("weighted_f1", per="overall", of=ConfusionCounts, title="Weighted F1")
def weighted_f1(counts: ConfusionCounts) -> Figure:
    """Σ F1ᵢ · supportᵢ / Σ supportᵢ. Reference: ``f1_score(average="weighted")``."""
    return _f1s(counts, None)


def _recalls(counts: ConfusionCounts, weights: Floats) -> Figure:
    recall = _or_zero(counts.correct(), counts.support())
    return average(counts, _sum(weights, recall), lambda shares: _recall_slopes(shares, weights))


def _precisions(counts: ConfusionCounts, weights: Floats | None) -> Figure:
    """Weighted by these, or by support."""
    precision = _or_zero(counts.correct(), counts.predicted())
    value = _sum(_by_support(counts) if weights is None else weights, precision)
    return average(counts, value, lambda shares: _precision_slopes(shares, weights))


def _f1s(counts: ConfusionCounts, weights: Floats | None) -> Figure:
    """Weighted by these, or by support."""
    f1 = np.nan_to_num(f1_of(counts.correct(), counts.support(), counts.predicted()))
    value = _sum(_by_support(counts) if weights is None else weights, f1)
    return average(counts, value, lambda shares: _f1_slopes(shares, weights))


def _by_support(counts: ConfusionCounts) -> Floats:
    return ratio(counts.support(), counts.total)


def _recall_slopes(shares: Shares, weights: Floats) -> Slopes:
    """Slopes of Σ wᵢ dᵢ/rᵢ."""
    recall = _or_zero(shares.diagonal, shares.row)
    diagonal = _or_zero(weights, shares.row)
    return Slopes(_sum(weights, recall), diagonal, -diagonal * recall, shares.zeros())


def _precision_slopes(shares: Shares, weights: Floats | None) -> Slopes:
    """Slopes of Σ wᵢ dᵢ/cᵢ; without weights they are rᵢ, whose own slope is dᵢ/cᵢ."""
    precision = _or_zero(shares.diagonal, shares.column)
    weight = shares.row if weights is None else weights
    diagonal = _or_zero(weight, shares.column)
    row = precision if weights is None else shares.zeros()
    return Slopes(_sum(weight, precision), diagonal, row, -diagonal * precision)


def _f1_slopes(shares: Shares, weights: Floats | None) -> Slopes:
    """Slopes of Σ wᵢ 2dᵢ/(rᵢ + cᵢ); without weights they are rᵢ, whose own slope is F1ᵢ."""
    both = shares.row + shares.column
    f1 = _or_zero(2 * shares.diagonal, both)
    weight = shares.row if weights is None else weights
    diagonal = 2 * _or_zero(weight, both)
    side = -diagonal * f1 / 2
    return Slopes(_sum(weight, f1), diagonal, side + f1 if weights is None else side, side)


def _sum(first: Floats, second: Floats) -> float:
    # Not first @ second: what BLAS returns to the last digit depends on the processor.
    return float((first * second).sum())


@metric("cohen_kappa", per="overall", of=ConfusionCounts, title="Cohen's kappa", bounds=(-1.0, 1.0))
def cohen_kappa(counts: ConfusionCounts) -> Figure:
    """(pₒ − pₑ) / (1 − pₑ), agreement beyond chance. Reference: ``cohen_kappa_score``.

    As 1 − errors / errors by chance, which subtracts no weights. Undefined where actual and predicted labels
    are all one label.
    """
    row, column = _by_support(counts), ratio(counts.predicted(), counts.total)
    by_chance = _sum(row, others(column))
    if not by_chance:
        return Figure(np.array([np.nan]), undefined="every row is actually and predicted one label")
    wrong = float(ratio(counts.weights.beside[0].sum(), counts.total))
    return average(counts, 1 - wrong / by_chance, _kappa_slopes, (-1.0, 1.0))


def _kappa_slopes(shares: Shares) -> Slopes:
    chance = _sum(shares.row, shares.column)
    kappa = (float(shares.diagonal.sum()) - chance) / (1 - chance)
    side = (kappa - 1) / (1 - chance)
    diagonal = np.full_like(shares.row, 1 / (1 - chance))
    return Slopes(kappa, diagonal, side * shares.column, side * shares.row)


@metric(
    "matthews_corrcoef", per="overall", of=ConfusionCounts, title="Matthews' coefficient", bounds=(-1.0, 1.0)
)
def matthews_corrcoef(counts: ConfusionCounts) -> Figure:
    """The correlation of actual and predicted labels, Gorodkin's R_K. Reference: ``matthews_corrcoef``.

    (Σd − Σrc) / √((1 − Σr²)(1 − Σc²)), as Σ (TP·TN − FP·FN) / √(Σr(1 − r) · Σc(1 − c)) over the labels: no
    term of either sum is larger than the root. Undefined where all rows are actually, or all predicted, one
    label.
    """
    row, column = _by_support(counts), ratio(counts.predicted(), counts.total)
    actual, predicted = _sum(row, others(row)), _sum(column, others(column))
    if not actual or not predicted:
        return Figure(np.array([np.nan]), undefined="every row is actually, or predicted, one label")
    cells = counts.weights
    right, rest, missed, false = (
        ratio(part, counts.total) for part in (cells.diagonal, cells.neither, *cells.beside)
    )
    value = (_sum(right, rest) - _sum(missed, false)) / math.sqrt(actual) / math.sqrt(predicted)
    return average(counts, value, _matthews_slopes, (-1.0, 1.0))


def _matthews_slopes(shares: Shares) -> Slopes:
    actual, predicted = 1 - _sum(shares.row, shares.row), 1 - _sum(shares.column, shares.column)
    scale = float(np.sqrt(actual * predicted))
    value = (float(shares.diagonal.sum()) - _sum(shares.row, shares.column)) / scale
    return Slopes(
        value,
        np.full_like(shares.row, 1 / scale),
        -shares.column / scale + value * shares.row / actual,
        -shares.row / scale + value * shares.column / predicted,
    )


@metric(
    "majority_share", per="overall", of=ConfusionCounts, title="Largest label's share", higher_is_better=None
)
def majority_share(counts: ConfusionCounts) -> Figure:
    """The largest support over all entries: the accuracy of always answering the commonest label.

    The interval is that of the largest true share, whichever label's it is.
    """
    shares = _by_support(counts)
    interval = largest_share_interval(shares, effective_rows(counts))
    return Figure(np.array([shares.max()]), interval, "there are no rows")
