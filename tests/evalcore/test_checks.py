"""Every warning: a case that fires and one that is silent, with the figures in the message."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from evalcore.batch import Batch, LabelColumn, Source
from evalcore.columns import plan_reading
from evalcore.evaluate import evaluate_batches
from evalcore.reading import read_batch
from evalcore.registry import checks
from evalcore.settings import resolve_settings
from evalcore.values import ReportWarning
from tests.evalcore.batches import batch, evaluate, evaluation_of

Matrix = list[list[int]]


def warned(matrix: Matrix, point: float | None = None, **settings: Any) -> dict[str, ReportWarning]:
    """The warnings of a matrix by code; its labels are a, b, c and so on."""
    labels = [chr(ord("a") + i) for i in range(len(matrix))]
    return {w.code: w for w in evaluation_of(matrix, labels, point, **settings).warnings}


CASES: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("imbalanced_classes", {"matrix": [[500, 0], [0, 100]]}, {"matrix": [[499, 0], [0, 100]]}, "5.0 times"),
    ("low_support", {"matrix": [[28, 1], [0, 50]]}, {"matrix": [[29, 1], [0, 50]]}, "29 rows"),
    ("perfect_on_few", {"matrix": [[29, 0], [1, 50]]}, {"matrix": [[30, 0], [1, 50]]}, "29 rows"),
    ("absent_class", {"matrix": [[50, 2], [0, 0]]}, {"matrix": [[50, 2], [1, 0]]}, "2 are predicted"),
    ("never_predicted_class", {"matrix": [[50, 0], [3, 0]]}, {"matrix": [[50, 1], [3, 0]]}, "though 3 are"),
    (
        "imbalanced_training",
        {"matrix": [[5, 5], [5, 5]], "training_counts": {"a": 50, "b": 10}},
        {"matrix": [[5, 5], [5, 5]], "training_counts": {"a": 49, "b": 10}},
        "50 rows, 5.0 times",
    ),
    (
        "split_mismatch",
        {"matrix": [[50, 0], [0, 50]], "training_counts": {"a": 61, "b": 39}},
        {"matrix": [[50, 0], [0, 50]], "training_counts": {"a": 60, "b": 40}},
        "by 0.110",
    ),
    ("no_better_than_majority", {"matrix": [[60, 0], [40, 0]]}, {"matrix": [[60, 0], [39, 1]]}, "0.600"),
    (
        "extreme_threshold",
        {"matrix": [[60, 0], [40, 0]], "point": 0.5},
        {"matrix": [[60, 0], [39, 1]], "point": 0.5},
        "every row is predicted 'a'",
    ),
    ("extreme_threshold", {"matrix": [[9, 1], [1, 9]], "point": 1.0}, {"matrix": [[60, 0], [40, 0]]}, "is 1"),
    ("confused_pair", {"matrix": [[20, 5], [0, 50]]}, {"matrix": [[21, 5], [0, 50]]}, "5 of the 25 rows"),
    ("confused_pair", {"matrix": [[5, 5], [0, 50]]}, {"matrix": [[4, 4], [0, 50]]}, "50.0%"),
    (
        "bias_towards_label",
        {"matrix": [[90, 0, 4], [0, 90, 6], [5, 5, 90]]},
        {"matrix": [[90, 0, 4], [0, 90, 5], [5, 6, 90]]},
        "10 of 20 errors",
    ),
    (
        "bias_away_from_label",
        {"matrix": [[90, 5, 5], [4, 90, 0], [6, 0, 90]]},
        {"matrix": [[90, 5, 4], [4, 90, 0], [7, 0, 90]]},
        "10 of 20 errors",
    ),
    (
        "diffuse_errors",
        {"matrix": [[70, 15, 15], [15, 70, 15], [15, 15, 70]]},
        {"matrix": [[70, 31, 0], [15, 70, 14], [0, 30, 70]]},
        "accuracy is 0.700",
    ),
]


@pytest.mark.parametrize(
    ("code", "firing", "silent", "said"), CASES, ids=[f"{i}-{c[0]}" for i, c in enumerate(CASES)]
)
def test_a_warning_fires_at_its_bound_and_not_beyond(
    code: str, firing: dict[str, Any], silent: dict[str, Any], said: str
) -> None:
    """It fires at the bound with the figure in its message, and is silent one row away."""
    assert said in warned(**firing)[code].message
    assert warned(**firing)[code].advice
    assert code not in warned(**silent)


def test_missing_rows_are_said_and_counted_once() -> None:
    """A row without ground truth and prediction counts for the ground truth alone."""
    rows = batch(["a", None, None, "b", "a"], ["a", "a", None, None, "a"])
    evaluation = evaluate([rows])
    found = {w.code: w.message for w in evaluation.warnings}

    assert "2 of 5 rows (40.0%)" in found["missing_ground_truth"]
    assert "1 of 5 rows (20.0%)" in found["missing_predictions"]
    assert evaluation.measured.examples == 2


def test_rows_with_a_label_but_no_score_are_said() -> None:
    """They count in the matrix, and are missing from every figure from scores."""
    rows = pa.table({"y_true": ["yes", "no", "yes", "no"], "y_pred": ["yes", "no", "no", "no"]})
    scores = pa.array([0.9, None, 0.4, 0.1])
    settings = resolve_settings({"labels": ["no", "yes"], "positive_label": "yes"}, {})
    table = rows.append_column("y_score", scores)
    reading = plan_reading(settings, table.column_names, "f")
    evaluation = evaluate_batches([read_batch(table, reading, Source("f"))], settings, reading)

    [found] = [warning for warning in evaluation.warnings if warning.code == "missing_predictions"]
    assert "1 of 4 rows (25.0%) have a predicted label but no score" in found.message
    assert evaluation.measured.rows.missing_predictions == 0
    assert evaluation.measured.examples == 4


def test_unnormalised_probabilities_are_counted() -> None:
    """Rows of probabilities that do not add up to 1 give a warning with their number."""
    import numpy as np

    labels = LabelColumn(np.array([0, 0]), ("a",))
    rows = Batch(Source("x"), labels, labels, unnormalised=1)
    found = {w.code: w for w in evaluate([rows]).warnings}

    assert "1 of 2 rows" in found["unnormalised_probabilities"].message


def test_the_gravest_comes_first() -> None:
    """Warnings are ordered critical, warning, info."""
    found = evaluation_of([[10, 0], [10, 0]], ("a", "b"), nonsense=1).warnings
    severities = [w.severity for w in found]

    assert severities == sorted(severities, key=["critical", "warning", "info"].index)
    assert {"critical", "info"} <= set(severities)


def test_every_family_of_checks_is_found() -> None:
    """The families are discovered by being there."""
    assert {"balance", "baseline", "errors", "input", "support"} <= set(checks())


def test_a_good_model_has_no_warnings() -> None:
    """Balanced, well supported, few errors: nothing to say."""
    assert warned([[95, 5], [4, 96]]) == {}


MOVED: list[tuple[str, dict[str, float], Matrix]] = [
    ("imbalanced_classes", {"times": 2}, [[200, 4], [4, 96]]),
    ("low_support", {"rows": 101}, [[96, 4], [4, 97]]),
    ("perfect_on_few", {"rows": 101}, [[100, 0], [4, 97]]),
    ("confused_pair", {"share": 0.01, "rows": 4}, [[96, 4], [0, 100]]),
    ("bias_towards_label", {"labels": 2, "errors": 8}, [[96, 4], [4, 96]]),
    ("bias_away_from_label", {"share": 0.4, "errors": 8}, [[92, 2, 2], [2, 92, 0], [2, 0, 92]]),
    ("diffuse_errors", {"accuracy": 1}, [[90, 1, 1], [1, 90, 1], [1, 1, 90]]),
]


@pytest.mark.parametrize(("code", "limit", "matrix"), MOVED, ids=lambda value: str(value)[:24])
def test_a_limit_can_be_moved(code: str, limit: dict[str, float], matrix: Matrix) -> None:
    """What is silent by default fires where the settings move its limit."""
    assert code not in warned(matrix)
    assert code in warned(matrix, warnings={code: limit})


def test_the_limits_of_training_can_be_moved() -> None:
    """They go by the training counts."""
    given = {"imbalanced_training": {"times": 2}, "split_mismatch": {"distance": 0.05}}
    matrix, training = [[95, 5], [4, 96]], {"a": 60, "b": 30}

    assert set(warned(matrix, training_counts=training)) == {"split_mismatch"}
    assert set(warned(matrix, training_counts=training, warnings=given)) == set(given)
    far = {"split_mismatch": {"distance": 0.5}}
    assert warned(matrix, training_counts=training, warnings=far) == {}
