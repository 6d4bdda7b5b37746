"""Figures of the whole confusion matrix: accuracy, averages over the labels, agreement beyond chance.

An undefined per-label value counts as 0 in an average, over the labels that occur as actual or predicted,
as in scikit-learn. In every interval's slopes, d, r and c are a label's share of all entries on the
diagonal, in its row and in its column.
"""

from __future__ import annotations

import numpy as np

from evalcore.intervals import Slopes, average_interval, wilson
from evalcore.registry import metric
from evalcore.states.confusion import ConfusionCounts
from evalcore.values import Figure, Floats, ratio


class Shares:
    """The diagonal, rows and columns of the matrix as shares of all entries; which labels occur."""

    def __init__(self, counts: ConfusionCounts) -> None:
        total = counts.total
        self.diagonal = counts.correct() / total
        self.row = counts.support() / total
        self.column = counts.predicted() / total
        self.occurs = (self.row > 0) | (self.column > 0)

    def macro(self) -> Floats:
        """Each label's weight in a macro average."""
        return np.asarray(self.occurs / self.occurs.sum())

    def zeros(self) -> Floats:
        """A zero for every label."""
        return np.zeros(len(self.row))


def _share(counts: ConfusionCounts, part: float) -> Figure:
    whole = counts.total
    rows = ratio([whole * whole], [counts.squares.total()])
    return Figure(ratio([part], [whole]), wilson([part], [whole], rows), "there are no rows")


def _average(counts: ConfusionCounts, slopes: Slopes, bounds: tuple[float, float] = (0.0, 1.0)) -> Figure:
    return Figure(np.array([slopes.value]), average_interval(counts, slopes, bounds))


def _or_zero(numerator: Floats, denominator: Floats) -> Floats:
    return np.nan_to_num(ratio(numerator, denominator))


@metric("accuracy", per="overall", of=ConfusionCounts, title="Accuracy")
def accuracy(counts: ConfusionCounts) -> Figure:
    """The share of entries on the diagonal. Reference: scikit-learn's ``accuracy_score``."""
    return _share(counts, counts.correct().sum())


@metric("balanced_accuracy", per="overall", of=ConfusionCounts, title="Balanced accuracy")
def balanced_accuracy(counts: ConfusionCounts) -> Figure:
    """The mean recall of the labels that occur as actual. Reference: ``balanced_accuracy_score``."""
    shares = Shares(counts)
    occurs = shares.row > 0
    return _average(counts, _recall_slopes(shares, occurs / occurs.sum()))


@metric("macro_precision", per="overall", of=ConfusionCounts, title="Macro precision")
def macro_precision(counts: ConfusionCounts) -> Figure:
    """The plain mean of the labels' precision. Reference: ``precision_score(average="macro")``."""
    return _average(counts, _precision_slopes(Shares(counts), weights=None))


@metric("macro_recall", per="overall", of=ConfusionCounts, title="Macro recall")
def macro_recall(counts: ConfusionCounts) -> Figure:
    """The plain mean of the labels' recall. Reference: ``recall_score(average="macro")``."""
    shares = Shares(counts)
    return _average(counts, _recall_slopes(shares, shares.macro()))


@metric("macro_f1", per="overall", of=ConfusionCounts, title="Macro F1")
def macro_f1(counts: ConfusionCounts) -> Figure:
    """The plain mean of the labels' F1. Reference: ``f1_score(average="macro")``."""
    return _average(counts, _f1_slopes(Shares(counts), weights=None))


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
    shares = Shares(counts)
    return _average(counts, _precision_slopes(shares, weights=shares.row))


@metric("weighted_recall", per="overall", of=ConfusionCounts, title="Weighted recall")
def weighted_recall(counts: ConfusionCounts) -> Figure:
    """The labels' recall weighted by support, which is accuracy."""
    return accuracy(counts)


@metric("weighted_f1", per="overall", of=ConfusionCounts, title="Weighted F1")
def weighted_f1(counts: ConfusionCounts) -> Figure:
    """Σ F1ᵢ · supportᵢ / Σ supportᵢ. Reference: ``f1_score(average="weighted")``."""
    shares = Shares(counts)
    return _average(counts, _f1_slopes(shares, weights=shares.row))


def _recall_slopes(shares: Shares, weights: Floats) -> Slopes:
    """Slopes of Σ wᵢ dᵢ/rᵢ."""
    recall = _or_zero(shares.diagonal, shares.row)
    diagonal = weights * _or_zero(np.ones_like(recall), shares.row)
    return Slopes(float(weights @ recall), diagonal, -diagonal * recall, shares.zeros())


def _precision_slopes(shares: Shares, weights: Floats | None) -> Slopes:
    """Slopes of Σ wᵢ dᵢ/cᵢ; with weights rᵢ the weight itself has the slope dᵢ/cᵢ."""
    precision = _or_zero(shares.diagonal, shares.column)
    weight = shares.macro() if weights is None else weights
    diagonal = weight * _or_zero(np.ones_like(precision), shares.column)
    row = shares.zeros() if weights is None else precision
    return Slopes(float(weight @ precision), diagonal, row, -diagonal * precision)


def _f1_slopes(shares: Shares, weights: Floats | None) -> Slopes:
    """Slopes of Σ wᵢ 2dᵢ/(rᵢ + cᵢ); with weights rᵢ the weight itself has the slope F1ᵢ."""
    both = shares.row + shares.column
    f1 = _or_zero(2 * shares.diagonal, both)
    weight = shares.macro() if weights is None else weights
    diagonal = 2 * weight * _or_zero(np.ones_like(f1), both)
    side = -diagonal * f1 / 2
    return Slopes(float(weight @ f1), diagonal, side if weights is None else side + f1, side)


@metric("cohen_kappa", per="overall", of=ConfusionCounts, title="Cohen's kappa", bounds=(-1.0, 1.0))
def cohen_kappa(counts: ConfusionCounts) -> Figure:
    """(pₒ − pₑ) / (1 − pₑ), agreement beyond chance. Reference: ``cohen_kappa_score``.

    Undefined where actual and predicted labels are all one label.
    """
    shares = Shares(counts)
    chance = float(shares.row @ shares.column)
    if _all_one_label(counts):
        return Figure(np.array([np.nan]), undefined="every row is actually and predicted one label")
    kappa = (float(shares.diagonal.sum()) - chance) / (1 - chance)
    diagonal = np.full_like(shares.row, 1 / (1 - chance))
    side = (kappa - 1) / (1 - chance)
    slopes = Slopes(kappa, diagonal, side * shares.column, side * shares.row)
    return _average(counts, slopes, (-1.0, 1.0))


@metric(
    "matthews_corrcoef", per="overall", of=ConfusionCounts, title="Matthews' coefficient", bounds=(-1.0, 1.0)
)
def matthews_corrcoef(counts: ConfusionCounts) -> Figure:
    """The correlation of actual and predicted labels, Gorodkin's R_K. Reference: ``matthews_corrcoef``.

    (Σd − Σrc) / √((1 − Σr²)(1 − Σc²)); undefined where all rows are actually, or all predicted, one label.
    """
    shares = Shares(counts)
    if max(counts.support()) == counts.total or max(counts.predicted()) == counts.total:
        return Figure(np.array([np.nan]), undefined="every row is actually, or predicted, one label")
    actual, predicted = 1 - float(shares.row @ shares.row), 1 - float(shares.column @ shares.column)
    scale = float(np.sqrt(actual * predicted))
    value = (float(shares.diagonal.sum()) - float(shares.row @ shares.column)) / scale
    slopes = Slopes(
        value,
        np.full_like(shares.row, 1 / scale),
        -shares.column / scale + value * shares.row / actual,
        -shares.row / scale + value * shares.column / predicted,
    )
    return _average(counts, slopes, (-1.0, 1.0))


def _all_one_label(counts: ConfusionCounts) -> bool:
    return bool((counts.correct() == counts.total).any())


@metric(
    "majority_share", per="overall", of=ConfusionCounts, title="Largest label's share", higher_is_better=None
)
def majority_share(counts: ConfusionCounts) -> Figure:
    """The largest support over all entries: the accuracy of always answering the commonest label.

    The interval is that of the share of the label that is largest here.
    """
    return _share(counts, counts.support().max(initial=0))
