"""Weights of any size: what they add up to stays within the schema, and agrees with the cells."""

from __future__ import annotations

from math import fsum
from typing import Any

import jsonschema
import numpy as np
import pyarrow as pa
import pytest

from evalcore.errors import InvalidPredictions
from evalcore.schema import summary_schema
from evalcore.summary import Document
from tests.flows.test_measure import document
from tests.infra.tablefiles import folder

SIZES = {"0 to 1": (0.0, 1.0), "of six magnitudes": (1e-6, 1.0), "huge": (1e69, 1e75), "tiny": (1e-75, 1e-70)}


def weighted(seed: int, size: tuple[float, float], labels: int) -> Document:
    """The summary of a few rows with weights of a size, most of them predicted right."""
    random = np.random.default_rng(seed)
    rows = int(random.choice([2, 5, 20]))
    actual = random.integers(0, labels, rows)
    predicted = np.where(random.random(rows) < 0.7, actual, random.integers(0, labels, rows))
    low, high = size
    weights = random.random(rows) if low == 0 else low * (high / low) ** random.random(rows)
    scores = random.random((rows, labels))
    columns: dict[str, Any] = {"y_true": actual, "y_pred": predicted, "weight": weights}
    columns |= {f"proba_{label}": scores[:, label] / scores.sum(axis=1) for label in range(labels)}
    given = {"labels": list(range(labels)), "positive_label": 1} if labels == 2 else {}
    return document(folder(pa.table(columns), ".parquet"), given=given)


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_figures_of_weighted_rows_stay_within_their_bounds(size: tuple[float, float]) -> None:
    """No share is above 1 or below 0 by a last digit, and each has its interval."""
    schema = jsonschema.Draft202012Validator(summary_schema())
    for seed in range(60):
        found = weighted(seed, size, labels=(2, 3, 5)[seed % 3])
        assert [(seed, error.json_path, error.message[:80]) for error in schema.iter_errors(found)] == []


@pytest.mark.parametrize("labels", [2, 5])
def test_the_four_counts_are_sums_of_their_cells(labels: int) -> None:
    """A wrong row of small weight is not lost beside right ones of large weight."""
    for seed in range(60):
        found = weighted(seed, (1e-9, 1e9), labels)
        cells, names = np.array(found["confusion_matrix"]["matrix"]), found["labels"]
        for place, name in enumerate(names):
            mine, own = np.arange(len(names)) == place, found["per_class_metrics"][name]
            assert own["false_positive"] == pytest.approx(fsum(cells[~mine, place]), rel=1e-11, abs=0)
            assert own["false_negative"] == pytest.approx(fsum(cells[place, ~mine]), rel=1e-11, abs=0)
            others = fsum(cells[~mine].ravel())
            assert (own["specificity"] is None) == (others == 0)
            assert (own["specificity_interval"] is None) == (others == 0)


def test_weights_too_small_to_square_count_as_nothing() -> None:
    """Importance weights that have all but vanished change no figure, and do not end the evaluation."""
    columns = {"y_true": [0, 1, 1, 0], "y_score": [0.1, 0.8, 0.4, 0.9]}
    vanished, without = (
        document(folder(pa.table(columns | {"weight": [1.0, 1.0, least, least]}), ".parquet"))
        for least in (1e-300, 0.0)
    )
    assert vanished == without


def test_weights_too_large_to_square_are_refused_by_row() -> None:
    """Their squares would be infinite."""
    columns = {"y_true": [0, 1], "y_pred": [0, 1], "weight": [1.0, 1e200]}
    with pytest.raises(
        InvalidPredictions, match=r"row 1 has the weight 1e\+200 in 'weight', .* at most 1e\+75"
    ):
        document(folder(pa.table(columns), ".parquet"))
