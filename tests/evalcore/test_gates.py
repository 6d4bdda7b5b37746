"""Gates: pass, inconclusive, fail, and the verdict."""

from __future__ import annotations

from typing import Any

import pytest

from evalcore.evaluation import Evaluation
from evalcore.gates import _digits
from tests.evalcore.batches import evaluation_of

MATRIX = [[90, 10], [20, 80]]
"""Accuracy 170/200 = 0.85, Wilson interval 0.794 to 0.893; recall of a 0.9, of b 0.8."""


def held(gate: dict[str, Any], labels: tuple[str, str] = ("a", "b")) -> Any:
    """What became of one gate."""
    return evaluation_of(MATRIX, labels, gates=[gate]).gates[0]


@pytest.mark.parametrize(
    ("gate", "status"),
    [
        ({"metric": "accuracy", "min": 0.7}, "pass"),
        ({"metric": "accuracy", "min": 0.85}, "inconclusive"),
        ({"metric": "accuracy", "min": 0.84}, "inconclusive"),
        ({"metric": "accuracy", "min": 0.8500001}, "fail"),
        ({"metric": "accuracy", "max": 0.9}, "pass"),
        ({"metric": "accuracy", "max": 0.85}, "inconclusive"),
        ({"metric": "accuracy", "max": 0.8}, "fail"),
        ({"metric": "accuracy", "min": 0.84, "confident": True}, "fail"),
        ({"metric": "recall[a]", "min": 0.8}, "pass"),
        ({"metric": "recall[b]", "min": 0.81}, "fail"),
        ({"metric": "support[b]", "min": 100}, "pass"),
        ({"metric": "support[b]", "min": 101}, "fail"),
        ({"metric": "warnings", "max": 1}, "pass"),
        ({"metric": "warnings", "max": 0}, "fail"),
        ({"metric": "recall[c]", "min": 0}, "fail"),
        ({"metric": "recal[a]", "min": 0}, "fail"),
        ({"metric": "accuracy_interval", "min": 0}, "fail"),
        ({"metric": "slices.region.accuracy", "min": 0}, "fail"),
    ],
)
def test_a_gate_is_held_against_figure_and_interval(gate: dict[str, Any], status: str) -> None:
    """Bounds are inclusive; an interval that crosses the bound is inconclusive; what is missing fails."""
    assert status == held(gate)["status"]


def test_a_gate_keeps_its_keys_and_gains_what_it_found() -> None:
    """The gate in the summary has its own keys, value, interval, status, reason and rows_needed."""
    gate = held({"metric": "accuracy", "min": 0.84, "confident": False})

    assert {"metric", "min", "confident", "value", "interval", "status", "reason", "rows_needed"} == set(gate)
    assert gate["value"] == 0.85
    # Wilson's lower end is 0.84 at z² · 0.84 · 0.16 / (0.85 − 0.84)² ≈ 5,163 rows
    assert gate["rows_needed"] == 5200
    assert f"{gate['rows_needed']:,} rows" in gate["reason"]


def test_at_the_bound_itself_no_rows_would_settle_it() -> None:
    """rows_needed is null where figure and bound are equal, and the reason says so."""
    gate = held({"metric": "accuracy", "min": 0.85})

    assert gate["rows_needed"] is None
    assert "no number of rows" in gate["reason"]


def test_an_undefined_metric_fails_with_its_reason() -> None:
    """The precision of a label that is never predicted is no pass for any bound."""
    result = evaluation_of([[5, 0], [5, 0]], ("a", "b"), gates=[{"metric": "precision[b]", "min": 0}]).gates[
        0
    ]

    assert (result["value"], result["status"]) == (None, "fail")
    assert "no row is predicted b" in result["reason"]


def test_a_label_may_hold_brackets_and_dots() -> None:
    """A label runs from the first [ to the last ]."""
    assert held({"metric": "recall[x[0].y]", "min": 0.5}, ("x[0].y", "b"))["status"] == "pass"


@pytest.mark.parametrize(
    ("gates", "verdict"),
    [
        ([], "none"),
        ([{"metric": "accuracy", "min": 0.7}], "pass"),
        ([{"metric": "accuracy", "min": 0.7}, {"metric": "accuracy", "min": 0.84}], "inconclusive"),
        ([{"metric": "accuracy", "min": 0.99}, {"metric": "accuracy", "min": 0.84}], "fail"),
    ],
)
def test_the_verdict_is_the_worst_gate(gates: list[dict[str, Any]], verdict: str) -> None:
    """Fail before inconclusive before pass; none without gates."""
    evaluation: Evaluation = evaluation_of(MATRIX, ("a", "b"), gates=gates)

    assert verdict == evaluation.verdict


def test_a_close_miss_does_not_read_as_a_pass() -> None:
    """The reason shows as many decimals as tell the figure from its bound."""
    reason = held({"metric": "recall[a]", "min": 0.9004})["reason"]

    assert reason == "0.900 is not at least 0.9004"
    assert (
        held({"metric": "false_positive_rate[b]", "max": 0.0999})["reason"] == "0.100 is not at most 0.0999"
    )
    assert _digits(0.89999, 0.9) == "0.89999"
