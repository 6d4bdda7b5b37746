"""Odd but lawful columns are counted and said, wrong ones refused by row: from the file to the summary."""

from __future__ import annotations

import datetime
from typing import Any

import pyarrow as pa
import pytest

from evalcore.errors import AssayError, InvalidPredictions, InvalidSettings
from tests.flows.test_measure import document
from tests.infra.tablefiles import folder, in_memory

Given = dict[str, Any]


def summary(columns: dict[str, Any], /, **given: Any) -> Given:
    """The summary of one Parquet file of these columns."""
    return document(folder(pa.table(columns), ".parquet"), given=given)


def matrix(found: Given) -> list[list[float]]:
    """The confusion matrix of a summary."""
    cells: list[list[float]] = found["confusion_matrix"]["matrix"]
    return cells


def left_out(found: Given) -> dict[str, int]:
    """What was left out, apart from what was not."""
    return {code: count for code, count in found["skipped"].items() if count}


def test_a_list_with_a_gap_is_missing_as_a_whole() -> None:
    """A null among the elements, actual or predicted, is counted once and said, not passed over."""
    actual = [["a", "b"], None, [], ["a", None], ["b", "b"]]
    predicted = [["a", "c"], ["c"], [], ["a", "b"], [None, "b"]]

    found = summary({"y_true": actual, "y_pred": predicted})

    assert (found["examples"], found["elements"]) == (2, 2)
    assert left_out(found) == {"missing_ground_truth": 2, "missing_predictions": 1}
    assert {"missing_ground_truth", "missing_predictions"} <= {w["code"] for w in found["warnings"]}


def test_scores_of_list_targets_need_no_labels_that_go_by_convention() -> None:
    """The elements' labels are looked up as other labels are."""
    found = summary({"y_true": [[1, 0], [1]], "y_score": [[0.9, 0.2], [0.4]]})

    assert (found["labels"], matrix(found)) == (["0", "1"], [[1, 0], [1, 1]])


@pytest.mark.parametrize(
    ("columns", "given", "said"),
    [
        (
            {"y_true": [[1, 0], [1]], "y_score": [[0.9, 0.2], [1.4]]},
            {},
            "row 1 has the score 1.4 in 'y_score'",
        ),
        (
            {"y_true": ["a", "b", "c"], "probs": [[0.1, 0.9, 0], None, [0, 1.5, 0]]},
            {"labels": ["a", "b", "c"]},
            "row 2 has the score 1.5 in 'probs'",
        ),
        ({"y_true": [[["a"]]], "y_pred": [[["a"]]]}, {}, "'y_true' holds lists of lists"),
        (
            {"y_true": ["a", "b"], "y_pred": ["a", "b"], "weight": [0.0, 0.0]},
            {},
            "all 2 rows to evaluate have the weight 0",
        ),
        ({"y_true": [0, 1, 2], "proba_1": [0.9, 0.8, 0.7]}, {}, "no column 'y_pred' or 'y_score'"),
    ],
)
def test_what_is_wrong_is_named(columns: dict[str, Any], given: Given, said: str) -> None:
    """Elements of lists go by their row; what cannot mean anything is refused in its own words."""
    with pytest.raises(InvalidPredictions, match=said):
        summary(columns, **given)


def test_a_label_whose_rows_weigh_nothing() -> None:
    """Its figures are undefined, and the warning about its few rows says why."""
    found = summary({"y_true": ["a", "b", "b"], "y_pred": ["a", "b", "a"], "weight": [0.0, 1, 1]})

    assert found["per_class_metrics"]["a"]["recall"] is None
    [warning] = [w for w in found["warnings"] if (w["code"], w.get("label")) == ("low_support", "a")]
    assert warning["message"] == "'a' has 1 row, none with a weight above 0"


ONE_HOT = {"columns": {"ground_truth": {"0": "none", "1": "some"}}}
TWO = {"proba_0": [0.7, 0.2, 0.6], "proba_1": [0.3, 0.8, 0.4]}


@pytest.mark.parametrize(
    ("columns", "given"),
    [
        ({"y_true": [0, 1, 1], **TWO}, {}),
        ({"y_true": [0, 1, 1], "proba_1": [0.3, 0.8, 0.4]}, {}),
        ({"none": [1, 0, 0], "some": [0, 1, 1], "y_score": [0.3, 0.8, 0.4]}, ONE_HOT),
    ],
)
def test_scores_of_two_labels_make_a_binary_model(columns: dict[str, Any], given: Given) -> None:
    """Where no setting names the labels, columns that do are as good; 1 is the positive one of 0 and 1."""
    found = summary(columns, **given)

    assert (found["settings"]["positive_label"], found["overall"]["roc_auc"]) == ("1", 1.0)
    assert found["thresholds"]["operating_point"] == 0.5


@pytest.mark.parametrize(
    ("columns", "given"),
    [
        ({"y_true": ["ok", "fraud"], "proba_ok": [0.7, 0.2], "proba_fraud": [0.3, 0.8]}, {}),
        ({"y_true": ["ok", "fraud"], "proba_fraud": [0.3, 0.8]}, {}),
        (
            {"a": [1, 0], "b": [0, 1], "y_score": [0.3, 0.8]},
            {"columns": {"ground_truth": {"ok": "a", "fraud": "b"}}},
        ),
    ],
)
def test_the_positive_label_is_never_guessed(columns: dict[str, Any], given: Given) -> None:
    """Two labels with scores, whatever columns they come in, need to know which one is positive."""
    with pytest.raises(InvalidSettings, match="needs labels and positive_label; its labels are"):
        summary(columns, **given)


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (
            [datetime.date(2026, 1, 2), None, datetime.date(2025, 3, 4)],
            ["2025-03-04", "2026-01-02", "(missing)"],
        ),
        (pa.array([1, 2, 1], pa.decimal128(5, 2)), ["1.00", "2.00"]),
    ],
)
def test_dates_and_decimals_may_be_slices(values: Any, names: list[str]) -> None:
    """By their text."""
    found = summary({"y_true": ["a", "b", "b"], "y_pred": ["a", "b", "a"], "day": values}, slices=["day"])

    assert list(found["slices"]["columns"]["day"]) == names


def test_json_lists_of_one_column_may_differ_in_type() -> None:
    """["a"] in one row and [1] in another are labels all the same."""
    lines = b'{"y_true": ["a", "b"], "y_pred": ["a", "b"]}\n{"y_true": [1], "y_pred": ["1"]}\n'

    found = document([in_memory("a.jsonl", lines)])

    assert (found["labels"], found["examples"], found["elements"]) == (["1", "a", "b"], 2, 3)


def test_a_key_that_turns_up_late_names_its_row() -> None:
    """It is the rows that are wrong, not the file."""
    row, late = b'{"y_true": "a", "y_pred": "b"}\n', b'{"y_true": "a", "y_pred": "b", "%s": 2}\n'

    with pytest.raises(AssayError, match="row 200000 has the key 'weight'") as caught:
        document([in_memory("a.jsonl", row * 200_000 + late % b"weight")], given={})

    assert (caught.value.code, caught.value.details["row"]) == ("invalid_predictions", 200_000)
