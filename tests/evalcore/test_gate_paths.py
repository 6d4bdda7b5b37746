"""Gates on slices, and on how much worse than the baseline."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from evalcore.columns import plan_reading
from evalcore.evaluate import evaluate_batches
from evalcore.evaluation import Baseline, Evaluation
from evalcore.paths import Path
from evalcore.settings import resolve_settings
from tests.evalcore.batches import batch, label_column


@pytest.mark.parametrize(
    ("text", "metric", "label", "column"),
    [
        ("accuracy", "accuracy", None, None),
        ("recall[churned]", "recall", "churned", None),
        ("recall[x[0].y]", "recall", "x[0].y", None),
        ("recall[]", "recall", "", None),
        ("recall[a", "recall[a", None, None),
        ("slices.region.accuracy", "accuracy", None, "region"),
        ("slices.region.recall[churned]", "recall", "churned", "region"),
        ("slices.a.b.recall[c.d]", "recall", "c.d", "a.b"),
        ("slices.x[0].accuracy", "accuracy", None, "x[0]"),
        ("slices.region.recall[a]b]", "recall", "a]b", "region"),
        ("slices.accuracy", "slices.accuracy", None, None),
    ],
)
def test_paths(text: str, metric: str, label: str | None, column: str | None) -> None:
    """A label runs from the first [ to the last ]; the metric follows the last dot outside brackets."""
    assert Path(text, metric, label, column) == Path.parse(text)


ROWS = [
    ("north", 40, 36, 2), ("south", 40, 30, 1), ("west", 29, 0, 0), ("east", 31, 31, 0),
]  # fmt: skip
"""Value, rows, rows that are right; all rows are a, so that recall of b is undefined."""


def evaluation(
    gate: dict[str, Any], baseline: Baseline | None = None, column: str = "region", **settings: Any
) -> Evaluation:
    """The evaluation of the rows above, held against one gate."""
    values = [value for value, n, _, _ in ROWS for _ in range(n)]
    predicted = [label for _, n, right, _ in ROWS for label in ["a"] * right + ["b"] * (n - right)]
    rows = replace(batch(["a"] * len(values), predicted), slices={column: label_column(values)})
    resolved = resolve_settings({"slices": [column], "gates": [gate], **settings}, {})
    reading = plan_reading(resolved, ["y_true", "y_pred", column], "test")
    return evaluate_batches([rows], resolved, reading, baseline)


def held(gate: dict[str, Any], **settings: Any) -> Any:
    """What became of one gate."""
    return evaluation(gate, **settings).gates[0]


@pytest.mark.parametrize(
    ("gate", "value", "worst"),
    [
        ({"metric": "slices.region.accuracy", "min": 0.75}, 0.75, "south"),
        ({"metric": "slices.region.recall[a]", "min": 0.5}, 0.75, "south"),
        ({"metric": "slices.region.false_negative_rate[a]", "max": 0.3}, 0.25, "south"),
        ({"metric": "slices.region.false_negative_rate[a]", "min": 0.1}, 0.25, "south"),
        ({"metric": "slices.region.support[a]", "min": 31}, 31, "east"),
        ({"metric": "slices.region.support[a]", "max": 40}, 40, "north"),
    ],
)
def test_the_worst_value_of_a_slice_counts(gate: dict[str, Any], value: float, worst: str) -> None:
    """The worst by the metric's own direction, among values of 30 rows: west, with 29, is worse and unheard."""
    result = held(gate)

    assert (result["value"], result["slice_value"]) == (value, worst)
    assert result["status"] in ("pass", "inconclusive")
    assert gate.items() <= result.items()


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ("slices.planet.accuracy", "'planet' is not among the slices"),
        ("slices.region.precision[b]", ""),
        ("slices.region.recall[b]", "of 'east' is undefined: no row is actually b"),
        ("slices.region.recall[c]", "there is no label 'c'"),
        ("slices.regoin.accuracy", "'regoin' is not among the slices; did you mean 'region'?"),
        ("slices.region.acuracy", "there is no figure 'acuracy'; did you mean 'accuracy'?"),
        ("slices.region.accuracy_interval", "there is no figure"),
    ],
)
def test_what_is_not_there_fails(metric: str, said: str) -> None:
    """A slice, label or figure that is missing, or undefined for one value of 30 rows, is a failure."""
    result = held({"metric": metric, "min": 0})

    assert result["status"] == "fail"
    assert said in result["reason"]


def test_no_value_of_30_rows_fails() -> None:
    """With only smaller values there is no worst one."""
    resolved = resolve_settings({"slices": ["r"], "gates": [{"metric": "slices.r.accuracy", "min": 0}]}, {})
    rows = replace(batch(["a"] * 29, ["a"] * 29), slices={"r": label_column(["x"] * 29)})
    reading = plan_reading(resolved, ["y_true", "y_pred", "r"], "test")
    result = evaluate_batches([rows], resolved, reading).gates[0]

    assert (result["status"], result["reason"]) == ("fail", "no value of 'r' has 30 rows")


def test_a_column_may_hold_dots_and_brackets() -> None:
    """The column is all that stands between slices. and the last dot outside brackets."""
    assert held({"metric": "slices.x.y[0].accuracy", "min": 0.5}, column="x.y[0]")["value"] == 0.75


def test_rows_to_settle_are_the_slices_own() -> None:
    """The rows that would settle it are rows of that value, not of all."""
    result = held({"metric": "slices.region.accuracy", "min": 0.74})

    # Wilson's lower end is 0.74 at z² · 0.74 · 0.26 / (0.75 − 0.74)² ≈ 7,391 rows
    assert result["status"] == "inconclusive"
    assert result["rows_needed"] == 7400
    assert result["reason"].startswith(f"0.750 of {result['slice_value']!r} is at least 0.74")
    assert f"about 7,400 rows of {result['slice_value']!r} would settle it" in result["reason"]


def against(matrix_right: int, gate: dict[str, Any], n: int = 140) -> Any:
    """The gate against a baseline with so many of ``n`` rows right; here 97 of 140 are."""
    rows = batch(["a"] * n, ["a"] * matrix_right + ["b"] * (n - matrix_right))
    resolved = resolve_settings({}, {})
    made = evaluate_batches([rows], resolved, plan_reading(resolved, ["y_true", "y_pred"], "test"))
    return held(gate, baseline=Baseline("v1", made.measured, made.warnings))


@pytest.mark.parametrize(
    ("right", "gate", "status", "drop"),
    [
        (111, {"metric": "accuracy", "max_drop": 0.1}, "inconclusive", 0.1),
        (111, {"metric": "accuracy", "max_drop": 0.3}, "pass", 0.1),
        (111, {"metric": "accuracy", "max_drop": 0.09}, "fail", 0.1),
        (111, {"metric": "accuracy", "max_drop": 0.11, "confident": True}, "fail", 0.1),
        (97, {"metric": "accuracy", "max_drop": 0}, "inconclusive", 0),
        (60, {"metric": "accuracy", "max_drop": 0}, "pass", 60 / 140 - 97 / 140),
        (111, {"metric": "false_negative_rate[a]", "max_drop": 0.09}, "fail", 0.1),
        (111, {"metric": "false_negative_rate[a]", "max_drop": 0.11}, "inconclusive", 0.1),
        (60, {"metric": "false_negative_rate[a]", "max_drop": 0}, "pass", 60 / 140 - 97 / 140),
        (97, {"metric": "true_positive[a]", "max_drop": 0}, "pass", 0),
        (98, {"metric": "true_positive[a]", "max_drop": 0}, "fail", 1),
        (111, {"metric": "warnings", "max_drop": 0}, "pass", 0),
    ],
)
def test_a_drop_is_a_worsening(right: int, gate: dict[str, Any], status: str, drop: float) -> None:
    """Whichever way the metric runs; bounds are inclusive, and an interval across the bound is inconclusive."""
    result = against(right, gate)

    assert result["status"] == status, result["reason"]
    assert result["drop"] == pytest.approx(drop, abs=1e-12)
    if result["drop_interval"] is not None:
        low, high = result["drop_interval"]
        assert low < result["drop"] < high


def test_a_drop_says_what_it_compares() -> None:
    """The gate has this figure with its interval, the baseline's, and the rows that would settle it."""
    result = against(111, {"metric": "accuracy", "max_drop": 0.11})

    assert result["value"] == pytest.approx(97 / 140)
    assert result["baseline"] == pytest.approx(111 / 140)
    assert result["interval"][0] < result["value"] < result["interval"][1]
    assert result["rows_needed"] > 1000
    assert "0.100 worse than v1" in result["reason"]
    assert "better than v1" in against(60, {"metric": "accuracy", "max_drop": 0})["reason"]


def test_the_interval_of_a_drop_needs_no_sign() -> None:
    """Either end says whether it is better or worse, as the figure itself does."""
    result = against(100, {"metric": "accuracy", "max_drop": 0.1})
    low, high = result["drop_interval"]

    assert low < 0 < high
    assert f"interval, {-low:.3f} better to {high:.3f} worse, crosses" in result["reason"]


@pytest.mark.parametrize("baseline", [None, Baseline("v1", None, reason="it has no predictions")])
def test_without_a_baseline_only_an_optional_gate_passes(baseline: Baseline | None) -> None:
    """A drop from nothing is a failure, unless the gate is optional, and the reason says so."""
    gate = {"metric": "accuracy", "max_drop": 0.1}
    strict, optional = held(gate, baseline=baseline), held(gate | {"optional": True}, baseline=baseline)

    assert (strict["status"], optional["status"]) == ("fail", "pass")
    assert "there is no baseline" in strict["reason"] and "optional" in optional["reason"]
    assert (optional["baseline"], optional["drop"], optional["drop_interval"]) == (None, None, None)
    missing = held({"metric": "recall[b]", "max_drop": 1, "optional": True}, baseline=baseline)
    assert missing["status"] == "fail"


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ("recall[b]", "undefined"),
        ("precision[b]", "in the baseline v1"),
        ("prevalence[a]", "neither more nor less"),
        ("slices.region.accuracy", "in the baseline v1, 'region' is not among the slices"),
    ],
)
def test_undefined_on_either_side_fails(metric: str, said: str) -> None:
    """No figure here, none in the baseline, or none that can be worse: never a pass."""
    result = against(140, {"metric": metric, "max_drop": 1})

    assert result["status"] == "fail"
    assert said in result["reason"]


def test_the_difference_of_decimals_meets_its_bound() -> None:
    """0.8 − 0.7 is 0.1000…01 in binary, and no more than 0.1."""
    resolved = resolve_settings({"gates": [{"metric": "accuracy", "max_drop": 0.1}]}, {})
    reading = plan_reading(resolved, ["y_true", "y_pred"], "test")

    def of(right: int, baseline: Baseline | None = None) -> Evaluation:
        rows = batch(["a"] * 10_000, ["a"] * right + ["b"] * (10_000 - right))
        return evaluate_batches([rows], resolved, reading, baseline)

    result = of(7_000, Baseline("v1", of(8_000).measured)).gates[0]
    assert (result["drop"], result["status"]) == (0.10000000000000009, "inconclusive")
    assert result["rows_needed"] is None
