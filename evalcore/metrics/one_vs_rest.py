"""Figures of each label against all others, from the confusion counts.

With label k as the positive one: TP = cell (k, k), FN = its row − TP, FP = its column − TP, TN = the rest.
Reference: scikit-learn's ``multilabel_confusion_matrix`` and ``precision_recall_fscore_support``.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from evalcore.intervals import f1_interval, mean_interval, rows_for_half_width, wilson
from evalcore.registry import metric
from evalcore.states.cells import Cells, Values
from evalcore.states.confusion import ConfusionCounts
from evalcore.values import Figure, Floats, others, ratio
from evalcore.weights import by_place, effective, exponent_of, joined, norm


class OneVsRest:
    """The four counts of every label, arrays of shape (labels,), weighted where the rows are.

    What is small beside the whole is added up from its own cells: as a difference of weights it would be
    rounded to the whole's last digit, or fall below 0.
    """

    def __init__(self, counts: ConfusionCounts) -> None:
        table = counts.weights
        self.labels = counts.labels
        self.total = table.total()
        self.true_positive = table.diagonal
        self.support = table.row_totals
        self.predicted = table.column_totals
        self.false_negative, self.false_positive = table.beside
        # Added up in another order, their last digit may be larger than that of the others they are of.
        self.true_negative = np.minimum(table.neither, self.others)
        self._norms = None if counts.weighted is None else LabelNorms(counts.weighted[1])

    def effective(self, whole: str) -> Floats:
        """The rows of equal weight that the denominator ``whole`` is worth."""
        mine = np.asarray(getattr(self, whole))
        return mine if self._norms is None else effective(mine, getattr(self._norms, whole))

    @cached_property
    def everything(self) -> Values:
        """All entries, for every label the same."""
        return np.full_like(self.support, self.total)

    @cached_property
    def others(self) -> Values:
        """Entries whose actual label is another."""
        return others(self.support)

    @cached_property
    def either(self) -> Values:
        """Entries that are the label or predicted as it."""
        return np.asarray(self.support + self.false_positive)

    @cached_property
    def right(self) -> Values:
        """Entries on the right side: the label predicted as it, or another as another."""
        return np.asarray(np.minimum(self.true_positive + self.true_negative, self.total))


class LabelNorms:
    """The norms of the entries that are a denominator of some rate, by label."""

    def __init__(self, cells: Cells) -> None:
        rows, columns, norms = cells.pairs()
        off = rows != columns
        self.support = by_place(rows, norms, cells.size)
        self.predicted = by_place(columns, norms, cells.size)
        self.either = joined(self.support, by_place(columns[off], norms[off], cells.size))
        self.everything = np.full(cells.size, norm(norms))
        self.others = self._others()

    def _others(self) -> Floats:
        """The norms of other labels' entries; of the largest label in a unit of their own."""
        if not len(self.support):
            return self.support
        largest = int(self.support.argmax())
        rest = norm(np.delete(self.support, largest))
        exponent = exponent_of(float(self.support[largest]))
        squares = others(np.ldexp(self.support, -exponent) ** 2)
        found = np.ldexp(np.sqrt(squares), exponent)
        found[largest] = rest
        return np.asarray(found)


NO_ROW = "no row is actually {label}"
NO_PREDICTION = "no row is predicted {label}"
NO_OTHER = "every row is actually {label}"
NEITHER = "no row is actually or predicted {label}"


def _proportion(rates: OneVsRest, part: str, whole: str, undefined: str) -> Figure:
    above, below = getattr(rates, part), getattr(rates, whole)
    return Figure(ratio(above, below), wilson(above, below, rates.effective(whole)), undefined)


@metric("precision", per="label", of=OneVsRest, title="Precision")
def precision(rates: OneVsRest) -> Figure:
    """TP / (TP + FP): the share of the rows predicted as the label that are it."""
    return _proportion(rates, "true_positive", "predicted", NO_PREDICTION)


@metric("recall", per="label", of=OneVsRest, title="Recall")
def recall(rates: OneVsRest) -> Figure:
    """TP / (TP + FN): the share of the label's rows that are predicted as it."""
    return _proportion(rates, "true_positive", "support", NO_ROW)


@metric("f1_score", per="label", of=OneVsRest, title="F1")
def f1_score(rates: OneVsRest) -> Figure:
    """2TP / (2TP + FP + FN): the harmonic mean of precision and recall."""
    interval = f1_interval(rates.true_positive, rates.either, rates.effective("either"))
    return Figure(f1_of(rates.true_positive, rates.support, rates.predicted), interval, NEITHER)


def f1_of(true_positive: npt.ArrayLike, support: npt.ArrayLike, predicted: npt.ArrayLike) -> Floats:
    """2TP / (support + predicted), NaN where it is 0/0; by halves, as two weights may add up to no float."""
    half = np.where(np.asarray(support) > 1, 0.5, 1.0)
    whole = half * np.asarray(support) + half * np.asarray(predicted)
    return ratio(2 * half * np.asarray(true_positive), whole)


@metric(
    "support",
    per="label",
    of=OneVsRest,
    title="Support",
    higher_is_better=None,
    bounds=(0, None),
    integer=True,
)
def support(rates: OneVsRest) -> Figure:
    """TP + FN: the rows whose actual label it is."""
    return Figure(rates.support)


@metric(
    "predicted",
    per="label",
    of=OneVsRest,
    title="Predicted",
    higher_is_better=None,
    bounds=(0, None),
    integer=True,
)
def predicted(rates: OneVsRest) -> Figure:
    """TP + FP: the rows predicted as the label."""
    return Figure(rates.predicted)


@metric("prevalence", per="label", of=OneVsRest, title="Prevalence", higher_is_better=None)
def prevalence(rates: OneVsRest) -> Figure:
    """Support over all rows."""
    return _proportion(rates, "support", "everything", "there are no rows")


@metric("true_positive", per="label", of=OneVsRest, title="True positives", bounds=(0, None), integer=True)
def true_positive(rates: OneVsRest) -> Figure:
    """Rows of the label predicted as it."""
    return Figure(rates.true_positive)


@metric(
    "false_positive", per="label", of=OneVsRest, title="False positives", higher_is_better=False,
    bounds=(0, None), integer=True,
)  # fmt: skip
def false_positive(rates: OneVsRest) -> Figure:
    """Rows of other labels predicted as it."""
    return Figure(rates.false_positive)


@metric("true_negative", per="label", of=OneVsRest, title="True negatives", bounds=(0, None), integer=True)
def true_negative(rates: OneVsRest) -> Figure:
    """Rows of other labels predicted as another label than it."""
    return Figure(rates.true_negative)


@metric(
    "false_negative", per="label", of=OneVsRest, title="False negatives", higher_is_better=False,
    bounds=(0, None), integer=True,
)  # fmt: skip
def false_negative(rates: OneVsRest) -> Figure:
    """Rows of the label predicted as another."""
    return Figure(rates.false_negative)


@metric("true_positive_rate", per="label", of=OneVsRest, title="True positive rate")
def true_positive_rate(rates: OneVsRest) -> Figure:
    """TP / (TP + FN), which is recall."""
    return _proportion(rates, "true_positive", "support", NO_ROW)


@metric("false_positive_rate", per="label", of=OneVsRest, title="False positive rate", higher_is_better=False)
def false_positive_rate(rates: OneVsRest) -> Figure:
    """FP / (FP + TN): the share of the other labels' rows predicted as it."""
    return _proportion(rates, "false_positive", "others", NO_OTHER)


@metric("true_negative_rate", per="label", of=OneVsRest, title="True negative rate")
def true_negative_rate(rates: OneVsRest) -> Figure:
    """TN / (FP + TN): the share of the other labels' rows not predicted as it."""
    return _proportion(rates, "true_negative", "others", NO_OTHER)


@metric("false_negative_rate", per="label", of=OneVsRest, title="False negative rate", higher_is_better=False)
def false_negative_rate(rates: OneVsRest) -> Figure:
    """FN / (TP + FN): the share of the label's rows predicted as another."""
    return _proportion(rates, "false_negative", "support", NO_ROW)


@metric("specificity", per="label", of=OneVsRest, title="Specificity")
def specificity(rates: OneVsRest) -> Figure:
    """TN / (FP + TN), which is the true negative rate."""
    return true_negative_rate(rates)


@metric("accuracy_rate", per="label", of=OneVsRest, title="Accuracy, one-vs-rest")
def accuracy_rate(rates: OneVsRest) -> Figure:
    """(TP + TN) / all rows, the label against all others."""
    return _proportion(rates, "right", "everything", "there are no rows")


@metric("balanced_accuracy_rate", per="label", of=OneVsRest, title="Balanced accuracy, one-vs-rest")
def balanced_accuracy_rate(rates: OneVsRest) -> Figure:
    """The mean of the true positive and the true negative rate; undefined where either is."""
    parts = np.stack([ratio(rates.true_positive, rates.support), ratio(rates.true_negative, rates.others)])
    rows = np.stack([rates.effective("support"), rates.effective("others")])
    hits = np.stack([rates.true_positive, rates.true_negative])
    ends = wilson(hits, np.stack([rates.support, rates.others]), rows)
    means = parts.mean(axis=0)
    return Figure(means, mean_interval(means, parts, ends), "only one of {label} and the rest has rows")


RECALL_HALF_WIDTH = 0.05


@metric(
    "needed_support", per="label", of=OneVsRest, title="Rows needed", higher_is_better=None,
    bounds=(0, None), integer=True,
)  # fmt: skip
def needed_support(rates: OneVsRest) -> Figure:
    """The support at which the interval of a recall like this one is ± 5 points.

    A label without rows is given the recall that needs most, a half.
    """
    share = np.nan_to_num(ratio(rates.true_positive, rates.support), nan=0.5)
    return Figure(rows_for_half_width(share, RECALL_HALF_WIDTH).astype(np.int64))
