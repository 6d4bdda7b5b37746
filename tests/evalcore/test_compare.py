"""Comparison of two versions by independent intervals."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalcore.compare import compare, comparison_document
from evalcore.differences import independent_interval
from evalcore.evaluation import Baseline
from evalcore.intervals import wilson
from tests.evalcore.batches import evaluation_of

Matrix = list[list[int]]


def compared(this: Matrix, other: Matrix, labels: str = "ab", others: str = "ab") -> dict[str, Any]:
    """The comparison of two matrices."""
    return compare(evaluation_of(this, labels).measured, evaluation_of(other, others).measured)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((6, 7, 2, 7), (0.0582, 0.8062)),
        ((5, 56, 0, 29), (-0.0381, 0.1926)),
        ((0, 10, 0, 20), (-0.1611, 0.2775)),
        ((10, 10, 0, 10), (0.6075, 1.0)),
    ],
)
def test_it_is_newcombes_tenth_method(counts: tuple[int, ...], expected: tuple[float, float]) -> None:
    """The intervals that Newcombe's paper of 1998 prints in its table II for the score method."""
    one, other = counts[0] / counts[1], counts[2] / counts[3]
    ends = [wilson([counts[i]], [counts[i + 1]]) for i in (0, 2)]
    pairs = [(float(end.low[0]), float(end.high[0])) for end in ends]

    assert independent_interval(one, pairs[0], other, pairs[1]) == pytest.approx(expected, abs=5e-5)


cells = st.lists(st.lists(st.integers(0, 40), min_size=2, max_size=2), min_size=2, max_size=2)


@given(cells, cells)
def test_swapping_the_versions_turns_the_deltas_round(this: Matrix, other: Matrix) -> None:
    """Delta and interval change their signs, lie around each other, and within the metric's range."""
    if not (sum(map(sum, this)) and sum(map(sum, other))):
        return
    forth, back = compared(this, other), compared(other, this)
    for name, there in forth["overall"].items():
        here = back["overall"][name]
        if there["delta"] is None:
            assert here["delta"] is None
            continue
        assert here["delta"] == -there["delta"]
        low, high = there["delta_interval"]
        assert here["delta_interval"] == pytest.approx([-high, -low], abs=1e-12)
        assert low <= there["delta"] <= high
        assert -2 <= low <= high <= 2


def test_equal_versions_do_not_differ() -> None:
    """Every delta is 0, and its interval holds 0 and has a width."""
    found = compared([[90, 10], [20, 80]], [[90, 10], [20, 80]])

    for entry in [*found["overall"].values(), *found["per_class_metrics"]["a"].values()]:
        assert entry["delta"] == 0
        assert entry["delta_interval"] is None or entry["delta_interval"][0] < 0 < entry["delta_interval"][1]
    assert found["per_class_metrics"]["a"]["support"] == {
        "baseline": 100,
        "delta": 0,
        "delta_interval": None,
    }


def test_undefined_on_either_side_is_null() -> None:
    """The precision of a label that one version never predicts has no delta, in either direction."""
    one, other = [[5, 0], [5, 0]], [[4, 1], [1, 4]]

    entry = compared(one, other)["per_class_metrics"]["b"]["precision"]
    assert entry == {"baseline": 0.8, "delta": None, "delta_interval": None}
    assert compared(other, one)["per_class_metrics"]["b"]["precision"]["baseline"] is None


def test_labels_meet_by_name() -> None:
    """Another order of labels changes nothing; labels of one side alone are named or compared with nothing."""
    found = compared([[90, 10], [20, 80]], [[70, 30], [10, 90]], "ab", "cb")

    assert found["only_in_baseline"] == ["c"]
    assert found["per_class_metrics"]["a"]["recall"]["baseline"] is None
    assert found["per_class_metrics"]["b"]["recall"]["delta"] == pytest.approx(0.8 - 0.9)


def test_a_baseline_without_figures_has_a_reason() -> None:
    """It is no error, and nothing else is said."""
    measured = evaluation_of([[1, 0], [0, 1]], "ab").measured

    assert comparison_document(measured, Baseline("v1", None, reason="why")) == {
        "baseline_version": "v1",
        "reason": "why",
    }
