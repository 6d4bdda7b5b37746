"""Figures of each label against all others, from the confusion counts.

With label k as the positive one: TP = cell (k, k), FN = its row − TP, FP = its column − TP, TN = the rest.
Reference: scikit-learn's ``multilabel_confusion_matrix`` and ``precision_recall_fscore_support``.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from evalcore.intervals import f1_interval, mean_interval, rows_for_half_width, wilson
from evalcore.registry import metric
from evalcore.states.confusion import ConfusionCounts
from evalcore.values import Figure, Integers, ratio


class OneVsRest:
    """The four counts of every label, arrays of shape (labels,)."""

    def __init__(self, counts: ConfusionCounts) -> None:
        self.labels = counts.labels
        self.total = counts.total
        self.true_positive = counts.correct()
        self.support = counts.support()
        self.predicted = counts.predicted()

    @cached_property
    def false_positive(self) -> Integers:
        """Predicted as the label, but another."""
        return self.predicted - self.true_positive

    @cached_property
    def false_negative(self) -> Integers:
        """The label, but predicted as another."""
        return self.support - self.true_positive

    @cached_property
    def true_negative(self) -> Integers:
        """Another label, and predicted as another."""
        return self.total - self.support - self.false_positive

    @cached_property
    def others(self) -> Integers:
        """Entries whose actual label is another."""
        return self.total - self.support


NO_ROW = "no row is actually {label}"
NO_PREDICTION = "no row is predicted {label}"
NO_OTHER = "every row is actually {label}"
NEITHER = "no row is actually or predicted {label}"


def _proportion(part: Integers, whole: Integers, undefined: str) -> Figure:
    return Figure(ratio(part, whole), wilson(part, whole), undefined)


@metric("precision", per="label", of=OneVsRest, title="Precision")
def precision(rates: OneVsRest) -> Figure:
    """TP / (TP + FP): the share of the rows predicted as the label that are it."""
    return _proportion(rates.true_positive, rates.predicted, NO_PREDICTION)


@metric("recall", per="label", of=OneVsRest, title="Recall")
def recall(rates: OneVsRest) -> Figure:
    """TP / (TP + FN): the share of the label's rows that are predicted as it."""
    return _proportion(rates.true_positive, rates.support, NO_ROW)


@metric("f1_score", per="label", of=OneVsRest, title="F1")
def f1_score(rates: OneVsRest) -> Figure:
    """2TP / (2TP + FP + FN): the harmonic mean of precision and recall."""
    wrong = rates.false_positive + rates.false_negative
    hits = 2 * rates.true_positive
    return Figure(ratio(hits, hits + wrong), f1_interval(rates.true_positive, wrong), NEITHER)


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
    whole = np.full_like(rates.support, rates.total)
    return _proportion(rates.support, whole, "there are no rows")


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
    return _proportion(rates.true_positive, rates.support, NO_ROW)


@metric("false_positive_rate", per="label", of=OneVsRest, title="False positive rate", higher_is_better=False)
def false_positive_rate(rates: OneVsRest) -> Figure:
    """FP / (FP + TN): the share of the other labels' rows predicted as it."""
    return _proportion(rates.false_positive, rates.others, NO_OTHER)


@metric("true_negative_rate", per="label", of=OneVsRest, title="True negative rate")
def true_negative_rate(rates: OneVsRest) -> Figure:
    """TN / (FP + TN): the share of the other labels' rows not predicted as it."""
    return _proportion(rates.true_negative, rates.others, NO_OTHER)


@metric("false_negative_rate", per="label", of=OneVsRest, title="False negative rate", higher_is_better=False)
def false_negative_rate(rates: OneVsRest) -> Figure:
    """FN / (TP + FN): the share of the label's rows predicted as another."""
    return _proportion(rates.false_negative, rates.support, NO_ROW)


@metric("specificity", per="label", of=OneVsRest, title="Specificity")
def specificity(rates: OneVsRest) -> Figure:
    """TN / (FP + TN), which is the true negative rate."""
    return true_negative_rate(rates)


@metric("accuracy_rate", per="label", of=OneVsRest, title="Accuracy, one-vs-rest")
def accuracy_rate(rates: OneVsRest) -> Figure:
    """(TP + TN) / all rows, the label against all others."""
    right = rates.true_positive + rates.true_negative
    return _proportion(right, np.full_like(right, rates.total), "there are no rows")


@metric("balanced_accuracy_rate", per="label", of=OneVsRest, title="Balanced accuracy, one-vs-rest")
def balanced_accuracy_rate(rates: OneVsRest) -> Figure:
    """The mean of the true positive and the true negative rate; undefined where either is."""
    parts = np.stack([ratio(rates.true_positive, rates.support), ratio(rates.true_negative, rates.others)])
    ends = wilson([rates.true_positive, rates.true_negative], [rates.support, rates.others])
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
