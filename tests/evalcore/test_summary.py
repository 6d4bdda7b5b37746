"""The summary: valid against its schema, strict, and the same figures everywhere."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given

from evalcore.batch import Batch
from evalcore.schema import summary_schema
from evalcore.summary import Identity, Input, confusion_document, dump, summary_document
from tests.evalcore.batches import batches, evaluate, evaluation_of

IDENTITY = Identity("m", "Model", "v", "2026-11-20T02:00:00Z", "0" * 64, "test", None)


def document(matrix: list[list[int]], labels: list[str], **settings: Any) -> dict[str, Any]:
    """The summary of rows that give this matrix."""
    evaluation = evaluation_of(matrix, labels, **settings)
    return summary_document(
        evaluation, IDENTITY, [("test", None)], [Input("k", "predictions", "e", 1, 2)], {}
    )


def valid(summary: dict[str, Any]) -> None:
    """Raise unless the summary meets its schema."""
    schema = summary_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(summary)


@given(batches)
def test_every_summary_is_valid(rows: Batch) -> None:
    """Whatever the rows, the summary survives its own validator and a strict parser."""
    if not (rows.y_true.present() & rows.y_pred.present()).any():
        return
    evaluation = evaluate([rows], gates=[{"metric": "macro_f1", "min": 0.5}])
    summary = summary_document(evaluation, IDENTITY, [("test", None)], [], {})

    read = json.loads(dump(summary), parse_constant=lambda name: pytest.fail(name))
    assert read == summary
    valid(read)


def test_a_wrong_summary_is_rejected() -> None:
    """The schema refuses a missing key, a figure out of bounds, an unknown verdict."""
    for change in ({"labels": None}, {"verdict": "maybe"}, {"examples": -1}):
        with pytest.raises(jsonschema.ValidationError):
            valid(document([[5, 1], [1, 5]], ["a", "b"]) | change)


def test_undefined_is_null_with_its_reason() -> None:
    """0/0 is null, its interval too, and stands in undefined with metric, label and reason."""
    summary = document([[5, 0], [2, 0]], ["a", "b"])

    assert summary["per_class_metrics"]["b"]["precision"] is None
    assert summary["per_class_metrics"]["b"]["precision_interval"] is None
    assert {"metric": "precision", "label": "b", "reason": "no row is predicted b"} in summary["undefined"]
    assert summary["overall"]["matthews_corrcoef"] is None


def test_the_confusion_document_of_the_reference_example() -> None:
    """The churn matrix gives 0.971/0.960/0.966 and 0.918/0.940/0.929, as rounded there."""
    summary = document([[9120, 380], [270, 4230]], ["not_churned", "churned"])
    found = confusion_document(summary)

    assert found["matrix"] == [[9120, 380], [270, 4230]]
    rounded = {k: [round(v, 3) for v in m.values()] for k, m in found["per_class_metrics"].items()}
    assert rounded == {"not_churned": [0.971, 0.96, 0.966], "churned": [0.918, 0.94, 0.929]}
    assert list(found) == [
        "model_id",
        "version_id",
        "dataset_split",
        "labels",
        "matrix",
        "normalized",
        "per_class_metrics",
    ]


def test_normalised_rows_add_up_to_one() -> None:
    """Each row is divided by its sum; a row without support is all 0."""
    found = confusion_document(document([[3, 1], [0, 0]], ["a", "b"]), normalize=True)

    assert found["matrix"] == [[0.75, 0.25], [0.0, 0.0]]
    assert found["normalized"] is True


def test_a_very_large_matrix_is_stored_as_cells() -> None:
    """More than 2,000 labels are stored by cell, normalised too."""
    labels = [str(i) for i in range(2001)]
    matrix = [[0] * 2001 for _ in labels]
    matrix[0][0], matrix[0][7], matrix[2000][5] = 3, 1, 2
    summary = document(matrix, labels)
    stored = summary["confusion_matrix"]

    assert stored["cells"] == [[0, 0, 3], [0, 7, 1], [2000, 5, 2]]
    assert confusion_document(summary, normalize=True)["cells"] == [
        [0, 0, 0.75],
        [0, 7, 0.25],
        [2000, 5, 1.0],
    ]
    valid(summary)


def test_infinite_numbers_are_no_json() -> None:
    """What is not finite is refused instead of being written."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        dump({"x": float("nan")})
