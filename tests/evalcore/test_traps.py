"""Traps that tools of the field are known to fall into, each with the value that is right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics as sk

from evalcore.arrow import score_column
from evalcore.batch import Source
from evalcore.errors import InvalidPredictions
from evalcore.evaluation import Measured
from tests.evalcore.batches import batch, evaluate, evaluation_of
from tests.evalcore.scored import binary_batches, label_batches, measured, part

SMALL = list("00112"), list("00111")


def small(**settings: Any) -> Measured:
    """0 0 1 1 2, predicted 0 0 1 1 1."""
    return evaluate([batch(*SMALL)], **settings).measured


def test_labels_that_are_numbers_are_ordered_as_numbers() -> None:
    """Of twelve integer labels a confusion of 2 with 3 is one of 2 with 3, not of "10" with "11"."""
    names = [str(k) for k in range(12)]
    found = evaluate([batch([*names, "2"], [*names, "3"])]).measured

    assert found.labels == tuple(names)
    assert [pair[:2] for pair in zip(*found.confusion.rows.pairs(), strict=True) if pair[0] != pair[1]] == [
        (2, 3)
    ]
    assert evaluate([batch(["10", "9", "2"], ["10", "9", "2"])]).measured.labels == ("2", "9", "10")
    assert evaluate([batch(["10", "9", "b"], ["10", "9", "b"])]).measured.labels == ("10", "9", "b")


def test_rows_are_actual_and_columns_predicted() -> None:
    """Of 9 a's 8 are predicted a; of what is predicted b, 9 of 10 are b: recall and precision differ."""
    figures = evaluation_of([[8, 1], [2, 9]], "ab").measured.per_label

    assert figures["a"]["recall"] == 8 / 9
    assert figures["a"]["precision"] == 8 / 10
    assert figures["b"]["recall"] == pytest.approx(0.8182, abs=1e-4)
    assert figures["b"]["false_negative_rate"] == pytest.approx(0.1818, abs=1e-4)


def test_accuracy_is_no_average_of_recalls() -> None:
    """Accuracy and micro F1 are 0.80, macro recall and balanced accuracy 0.667; all are always there."""
    overall = small().overall

    assert overall["accuracy"] == overall["micro_f1"] == overall["micro_precision"] == 0.8
    assert overall["macro_recall"] == overall["balanced_accuracy"] == pytest.approx(2 / 3, abs=1e-15)


def test_averages_of_f1_are_no_f1_of_averages() -> None:
    """Weighted 0.720 and not 0.727, macro 0.600 and not 0.606."""
    overall = small().overall
    precision, recall = overall["macro_precision"], overall["macro_recall"]

    assert (round(overall["weighted_f1"], 3), round(overall["macro_f1"], 3)) == (0.72, 0.6)
    assert round(2 * precision * recall / (precision + recall), 3) == 0.606


def test_a_declared_label_that_never_occurs_drags_no_average_down() -> None:
    """With a label 3 declared macro F1 stays 0.60, and 3 has undefined figures, not zeros."""
    found = small(labels=list("0123"))

    assert found.overall["macro_f1"] == pytest.approx(0.6, abs=1e-15)
    assert [found.per_label["3"][name] for name in ("precision", "recall", "f1_score")] == [None] * 3


def test_a_score_at_the_threshold_is_positive() -> None:
    """0.5 at 0.5, also as the one of [0.5, 0.5]; of several labels the first of equals wins."""
    assert measured(binary_batches([True], np.array([0.5]))).per_label["yes"]["true_positive"] == 1
    assert measured(label_batches([0], np.array([[0.4, 0.4, 0.2]]))).per_label["0"]["true_positive"] == 1


def test_average_precision_is_a_step_function() -> None:
    """Σ (Rᵢ − Rᵢ₋₁) Pᵢ, never the trapezoid's area."""
    rng = np.random.default_rng(0)
    positive, scores = rng.random(200) < 0.2, rng.random(200)
    precision, recall, _ = sk.precision_recall_curve(positive, scores)
    found = measured(binary_batches(positive, scores)).overall["average_precision"]

    assert found == pytest.approx(sk.average_precision_score(positive, scores), rel=1e-12)
    assert abs(found - sk.auc(recall, precision)) > 1e-4


def test_curves_hold_no_infinite_threshold() -> None:
    """The point that no threshold reaches has none."""
    curve = part(measured(binary_batches([True, False], np.array([1.0, 0.5]))), "curves")["roc"]

    assert curve["threshold"][0] is None
    assert np.isfinite([limit for limit in curve["threshold"] if limit is not None]).all()


def test_scores_are_never_taken_for_logits() -> None:
    """1.2 among 0.1 and 0.2 is refused by its row, and changes no other row."""
    with pytest.raises(InvalidPredictions, match=r"row 0 has the score 1.2 in 'y_score'"):
        score_column(pa.chunked_array([[1.2, 0.1, 0.2]]), "y_score", Source("f"))


def test_no_row_is_lost_to_a_list_of_labels() -> None:
    """A label that only predictions have is in the matrix; one outside a given list is refused by name."""
    found = evaluate([batch(["a", "a", "b"], ["a", "new", "b"])]).measured

    assert (found.labels, found.elements, found.examples) == (("a", "b", "new"), 3, 3)
    with pytest.raises(InvalidPredictions, match="'new' \\(1 row\\)"):
        evaluate([batch(["a", "a", "b"], ["a", "new", "b"])], labels=["a", "b"])


@pytest.mark.parametrize("predicted", ["aaaa", "aabb"])
def test_agreement_of_one_label_is_undefined(predicted: str) -> None:
    """Kappa and Matthews' coefficient at 0/0 are null with a reason, neither 0 nor 1."""
    found = evaluate([batch(["a"] * 4, list(predicted))]).measured
    undefined = {item.metric for item in found.table.undefined}

    assert found.overall["matthews_corrcoef"] is None
    assert "matthews_corrcoef" in undefined
    assert (found.overall["cohen_kappa"] is None) == (predicted == "aaaa") == ("cohen_kappa" in undefined)


def test_one_label_alone_has_no_ranking() -> None:
    """Neither 0 nor a half."""
    found = measured(binary_batches([True, True], np.array([0.2, 0.9])))

    assert (found.overall["roc_auc"], found.overall["average_precision"]) == (None, None)
