"""Every figure against scikit-learn, or against its definition written out."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn import metrics as sk

from evalcore.accumulator import Spec
from evalcore.metrics.losses import ScoreLosses, TopLabels
from evalcore.metrics.one_vs_rest import OneVsRest
from evalcore.metrics.ranking import AverageRankings, LabelRankings, PositiveRanking
from evalcore.registry import Metric, metrics
from evalcore.states.confusion import ConfusionCounts
from tests.evalcore.batches import batch
from tests.evalcore.test_scores import binary_reference, label_reference

Labels = list[str]
Reference = Callable[[Labels, Labels, Labels], Any]


def four(actual: Labels, predicted: Labels, labels: Labels) -> np.ndarray:
    """TN, FP, FN, TP by label, shape (4, labels)."""
    return sk.multilabel_confusion_matrix(actual, predicted, labels=labels).reshape(-1, 4).T


def rate(part: Any, whole: Any) -> np.ndarray:
    """A quotient that is NaN at 0/0."""
    with np.errstate(invalid="ignore"):
        return np.asarray(part, dtype=float) / np.asarray(whole, dtype=float)


def by_label(name: str) -> Reference:
    """precision, recall or f1 of every label, undefined as NaN."""
    place = {"precision": 0, "recall": 1, "f1": 2}[name]
    return lambda t, p, k: sk.precision_recall_fscore_support(t, p, labels=k, zero_division=np.nan)[place]


def averaged(function: Any, average: str) -> Reference:
    """An average, undefined values counted as 0."""
    return lambda t, p, k: function(t, p, average=average, zero_division=0)


PER_LABEL: dict[str, Reference] = {
    "precision": by_label("precision"),
    "recall": by_label("recall"),
    "f1_score": by_label("f1"),
    "support": lambda t, p, k: [t.count(label) for label in k],
    "predicted": lambda t, p, k: [p.count(label) for label in k],
    "prevalence": lambda t, p, k: [t.count(label) / len(t) for label in k],
    "true_negative": lambda t, p, k: four(t, p, k)[0],
    "false_positive": lambda t, p, k: four(t, p, k)[1],
    "false_negative": lambda t, p, k: four(t, p, k)[2],
    "true_positive": lambda t, p, k: four(t, p, k)[3],
    "true_positive_rate": by_label("recall"),
    "false_positive_rate": lambda t, p, k: rate(four(t, p, k)[1], four(t, p, k)[:2].sum(axis=0)),
    "true_negative_rate": lambda t, p, k: rate(four(t, p, k)[0], four(t, p, k)[:2].sum(axis=0)),
    "false_negative_rate": lambda t, p, k: rate(four(t, p, k)[2], four(t, p, k)[2:].sum(axis=0)),
    "specificity": lambda t, p, k: rate(four(t, p, k)[0], four(t, p, k)[:2].sum(axis=0)),
    "accuracy_rate": lambda t, p, k: [
        sk.accuracy_score([a == label for a in t], [b == label for b in p]) for label in k
    ],
    "balanced_accuracy_rate": lambda t, p, k: (
        (
            rate(four(t, p, k)[3], four(t, p, k)[2:].sum(axis=0))
            + rate(four(t, p, k)[0], four(t, p, k)[:2].sum(axis=0))
        )
        / 2
    ),
    "needed_support": lambda t, p, k: [rows_needed(four(t, p, k)[:, i]) for i in range(len(k))],
}

OVERALL: dict[str, Reference] = {
    "accuracy": lambda t, p, k: sk.accuracy_score(t, p),
    "balanced_accuracy": lambda t, p, k: sk.balanced_accuracy_score(t, p),
    "cohen_kappa": lambda t, p, k: sk.cohen_kappa_score(t, p),
    "matthews_corrcoef": lambda t, p, k: (
        sk.matthews_corrcoef(t, p) if len(set(t)) * len(set(p)) > 0 else None
    ),
    "majority_share": lambda t, p, k: max(t.count(label) for label in k) / len(t),
} | {
    f"{average}_{name}": averaged(function, average)
    for average in ("macro", "micro", "weighted")
    for name, function in (
        ("precision", sk.precision_score),
        ("recall", sk.recall_score),
        ("f1", sk.f1_score),
    )
}


def rows_needed(four_counts: np.ndarray) -> int:
    """The least n whose Wilson interval is at most 0.05 to either side of its middle, by trying."""
    _, _, wrong, right = four_counts
    share = right / (right + wrong) if right + wrong else 0.5
    z = 1.959963984540054
    n = 1
    while z / (n + z * z) * np.sqrt(n * share * (1 - share) + z * z / 4) > 0.05:
        n += 1
    return n


def quiet(reference: Reference, *arguments: Labels) -> Any:
    """The reference's answer without its warnings about what is undefined."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return reference(*arguments)


def ours(metric: Metric, actual: Labels, predicted: Labels) -> tuple[Labels, np.ndarray]:
    """The labels and our figures."""
    counts = ConfusionCounts.of(Spec(), batch(actual, predicted))
    statistic = OneVsRest(counts) if metric.of is OneVsRest else counts
    return list(counts.labels), np.asarray(metric.compute(statistic).values, dtype=float)


def reference_of(metric: Metric) -> Reference:
    """The reference of a metric."""
    return (PER_LABEL if metric.per == "label" else OVERALL)[metric.name]


FROM_LABELS = (ConfusionCounts, OneVsRest)
FROM_SCORES = (LabelRankings, PositiveRanking, AverageRankings, ScoreLosses, TopLabels)
SCORES = np.array([True, False]), np.array([0.6, 0.4])
PROBABILITIES = np.array([0, 1, 2]), np.eye(3) / 2 + 1 / 6

LABEL_METRICS = [metric for metric in metrics() if metric.of in FROM_LABELS]
ALL = pytest.mark.parametrize("metric", LABEL_METRICS, ids=lambda metric: f"{metric.per}-{metric.name}")
label_lists = st.lists(
    st.tuples(*[st.sampled_from(["x", "y", "z", "w", "10", "9"])] * 2), min_size=1, max_size=60
)


def test_every_metric_has_a_reference() -> None:
    """No metric is registered without a reference, and no reference is left over."""
    registered = {(metric.per, metric.name) for metric in metrics() if metric.of in FROM_LABELS + FROM_SCORES}
    of_scores = {("overall", name) for name in (*binary_reference(*SCORES), *label_reference(*PROBABILITIES))}
    of_scores |= {("label", "roc_auc"), ("label", "average_precision")}
    of_scores |= {("overall", "top_k_accuracy"), ("overall", "top_k")}

    of_labels = {("label", name) for name in PER_LABEL} | {("overall", name) for name in OVERALL}
    assert registered == of_labels | of_scores


@ALL
@given(rows=label_lists)
def test_figures_agree_with_the_reference(metric: Metric, rows: list[tuple[str, str]]) -> None:
    """On odd little data: to 1e-12, and undefined where the reference is."""
    actual, predicted = [row[0] for row in rows], [row[1] for row in rows]
    if metric.name == "matthews_corrcoef":  # the reference says 0 where the coefficient is 0/0
        assume(len(set(actual)) > 1 and len(set(predicted)) > 1)

    labels, values = ours(metric, actual, predicted)

    expected = np.atleast_1d(np.asarray(quiet(reference_of(metric), actual, predicted, labels), dtype=float))
    np.testing.assert_allclose(values, expected, rtol=1e-12, atol=1e-13, equal_nan=True)


@ALL
def test_figures_agree_on_many_rows(metric: Metric) -> None:
    """On 20,000 lopsided rows of 7 labels: to 1e-12."""
    rng = np.random.default_rng(7)
    actual = rng.choice(7, 20_000, p=[0.5, 0.2, 0.1, 0.1, 0.05, 0.04, 0.01])
    wrong = rng.random(20_000) < 0.2
    predicted = np.where(wrong, rng.integers(0, 7, 20_000), actual)
    texts = [str(k) for k in actual], [str(k) for k in predicted]

    labels, values = ours(metric, *texts)

    np.testing.assert_allclose(values, np.atleast_1d(reference_of(metric)(*texts, labels)), rtol=1e-12)


@ALL
@given(rows=label_lists)
def test_intervals_hold_their_figure(metric: Metric, rows: list[tuple[str, str]]) -> None:
    """Every interval has a width, holds its figure, and stays within the metric's bounds."""
    counts = ConfusionCounts.of(Spec(), batch([row[0] for row in rows], [row[1] for row in rows]))
    figure = metric.compute(OneVsRest(counts) if metric.of is OneVsRest else counts)
    if figure.interval is None:
        assert metric.integer or np.isnan(figure.values).all()
        return
    defined = ~np.isnan(figure.values)
    low, high = figure.interval.low[defined], figure.interval.high[defined]

    assert np.all(low <= figure.values[defined])
    assert np.all(figure.values[defined] <= high)
    assert np.all(low < high)
    assert np.all(low >= metric.bounds[0])
    assert np.all(high <= metric.bounds[1])


@pytest.mark.parametrize(
    ("name", "planted"),
    [
        ("macro_f1", lambda t, p, k: sk.f1_score(t, p, average="weighted", zero_division=0)),
        ("weighted_f1", lambda t, p, k: sk.f1_score(t, p, average="macro", zero_division=0)),
        ("macro_precision", lambda t, p, k: sk.recall_score(t, p, average="macro", zero_division=0)),
        ("balanced_accuracy", lambda t, p, k: sk.accuracy_score(t, p)),
        ("cohen_kappa", lambda t, p, k: sk.matthews_corrcoef(t, p)),
    ],
)
def test_a_wrong_metric_is_rejected(name: str, planted: Reference) -> None:
    """The comparison tells a metric from its plausible mistake: axes swapped, the other average."""
    metric = next(m for m in metrics() if m.name == name)
    actual = ["x"] * 50 + ["y"] * 20 + ["z"] * 5
    predicted = ["x"] * 45 + ["y"] * 15 + ["z"] * 10 + ["x"] * 3 + ["z"] * 2

    labels, values = ours(metric, actual, predicted)

    assert abs(values[0] - reference_of(metric)(actual, predicted, labels)) < 1e-12
    assert abs(values[0] - planted(actual, predicted, labels)) > 1e-3


def test_the_golden_small_case() -> None:
    """For 0 0 1 1 2 predicted 0 0 1 1 1: macro F1 0.60, weighted 0.72, also with a label 3 declared.

    F1 is 1 for 0, 2·2/(4 + 1) = 0.8 for 1, 0 for 2: mean 0.6, weighted (2·1 + 2·0.8 + 0)/5 = 0.72.
    """
    rows = batch(list("00112"), list("00111"))
    by_name = {m.name: m for m in metrics(of=ConfusionCounts)}
    for spec in (Spec(), Spec(labels=tuple("0123"))):
        counts = ConfusionCounts.of(spec, rows)
        figures = {name: by_name[name].compute(counts).values[0] for name in by_name}

        assert figures["macro_f1"] == pytest.approx(0.6, abs=1e-15)
        assert figures["weighted_f1"] == pytest.approx(0.72, abs=1e-15)
        assert figures["macro_precision"] == pytest.approx(5 / 9, abs=1e-15)
        assert figures["accuracy"] == 0.8
