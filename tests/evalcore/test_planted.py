"""The tests tested: each family's checks reject a mistake planted in what they check, and accept it without."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Literal

import numpy as np
import pytest

from evalcore import gates, scores, slices
from evalcore.intervals import Z
from evalcore.registry import Metric, metrics
from evalcore.states import confusion, losses, ranking, thresholds
from evalcore.states.scored import LabelRows
from evalcore.states.slices import SliceCounts
from evalcore.values import Figure, Interval
from tests.evalcore import (
    test_gates,
    test_intervals,
    test_references,
    test_scores,
    test_slices,
    test_thresholds,
)

Patch = pytest.MonkeyPatch
Plant = Callable[[Patch], None]
Check = Callable[[], Any]
SCORED = next(row.values[0] for row in test_scores.shapes() if row.id == "tied-float64-plain")
CERTAIN = next(row.values[0] for row in test_scores.shapes() if row.id == "wrong-float64-plain")


def metric(name: str, per: Literal["label", "overall"] = "overall") -> Metric:
    """A metric as it is registered."""
    return next(found for found in metrics() if (found.per, found.name) == (per, name))


def of_metric(
    name: str, per: Literal["label", "overall"], wrong: Callable[[Any], Figure]
) -> tuple[Plant, Check]:
    """A metric that is computed otherwise, and the check of all metrics from labels."""
    found = metric(name, per)
    checked = [found]

    def check() -> None:
        test_references.test_figures_agree_on_many_rows(metric=checked[0])
        test_references.test_figures_agree_with_the_reference(metric=checked[0])

    return lambda patch: checked.__setitem__(0, replace(found, compute=wrong)), check


def of_module(module: Any, name: str, wrong: Any, check: Check) -> tuple[Plant, Check]:
    """Something of a module that does otherwise, and the check that is to see it."""
    return lambda patch: patch.setattr(module, name, wrong), check


def zeroed(name: str) -> Callable[[Any], Figure]:
    """A metric with 0 where it is undefined."""
    right = metric(name, "label").compute
    return lambda rates: replace(right(rates), values=np.nan_to_num(right(rates).values))


def swapped_axes(spec: Any, batch: Any, right: Any = confusion.ConfusionCounts.of) -> Any:
    """Confusion counts with predicted labels as rows."""
    return right(spec, replace(batch, y_true=batch.y_pred, y_pred=batch.y_true))


def above(values: Any) -> Any:
    """The places of scores by > in place of >=."""
    return np.maximum(np.searchsorted(thresholds.edges(values.dtype), values, side="left") - 1, 0)


def next_place(values: Any, right: Any = thresholds.places) -> Any:
    """The places of scores off by one."""
    return np.minimum(right(values) + 1, thresholds.STEPS)


def ties_won(spec: Any, batch: Any, right: Any = ranking.binary_rows) -> Any:
    """Rows whose positive ones rank before the negative ones of the same score."""
    rows = right(spec, batch)
    return replace(rows, scores=np.where(rows.positive, np.nextafter(rows.scores, 2), rows.scores).clip(0, 1))


def wald(successes: Any, trials: Any, rows: Any = None) -> Interval:
    """The interval of proportions that has no width at 0 and 1."""
    share = np.asarray(successes / np.maximum(trials, 1), dtype=float)
    half = Z * np.sqrt(share * (1 - share) / np.maximum(trials, 1))
    return Interval(share - half, share + half, "wald")


def whole(self: Any, column: str, labels: Any, right: Any = SliceCounts.counts) -> Any:
    """Slices that all have the first one's rows."""
    found = right(self, column, labels)
    return dict.fromkeys(found, next(iter(found.values()))) if found else found


def last_of_ties(columns: Any, actual: Any, labels: Any) -> Any:
    """The places of actual labels among the most probable, ties for the label that comes last."""
    return (columns >= actual).sum(axis=0) - 1


def exclusive(gate: Any, path: Any, value: float, found: Any, right: Any = gates._judged) -> Any:
    """A gate that its own bound does not meet."""
    bound = gate.get("min", gate.get("max"))
    return {"status": "fail"} if value == bound else right(gate, path, value, found)


def check_gates() -> None:
    """A figure at its bound meets it."""
    test_gates.test_a_gate_is_held_against_figure_and_interval({"metric": "support[b]", "min": 100}, "pass")


def check_top_five() -> None:
    """Top-k accuracy of ties and of random rows."""
    test_scores.test_top_five_of_seven_labels()


def check_thresholds() -> None:
    """The four counts at every threshold."""
    test_thresholds.test_every_threshold_is_exact(np.float64)


def check_bins() -> None:
    """The bins of calibration."""
    test_thresholds.test_calibration_bins_have_the_rows_between_their_edges(np.float64)


check_binary = partial(test_scores.test_binary_figures_are_scikit_learns, SCORED)
check_certain = partial(test_scores.test_binary_figures_are_scikit_learns, CERTAIN)
check_negative = partial(test_scores.test_the_negative_label_has_its_own_figures, SCORED)
check_several = partial(test_scores.test_figures_of_several_labels, 3, np.float64, False)
check_recall = of_metric("recall", "label", metric("recall", "label").compute)[1]

PLANTED: dict[str, tuple[Plant, Check]] = {
    "averages: macro for weighted": of_metric("weighted_f1", "overall", metric("macro_f1").compute),
    "averages: weighted for macro": of_metric("macro_recall", "overall", metric("weighted_recall").compute),
    "one-vs-rest: precision for recall": of_metric("recall", "label", metric("precision", "label").compute),
    "one-vs-rest: undefined as 0": of_metric("precision", "label", zeroed("precision")),
    "confusion counts: axes swapped": of_module(
        confusion.ConfusionCounts, "of", staticmethod(swapped_axes), check_recall
    ),
    "thresholds: > for >=": of_module(thresholds, "places", above, check_thresholds),
    "thresholds: off by one bin": of_module(thresholds, "places", next_place, check_thresholds),
    "calibration: off by one bin": of_module(thresholds, "places", next_place, check_bins),
    "calibration: scores of the next bin": of_module(
        thresholds, "_fifteenths", lambda table, right=thresholds._fifteenths: np.roll(right(table), 1),
        check_binary,
    ),
    "losses: unnormalised probabilities": of_module(
        LabelRows, "normalised", lambda rows: rows.scores.T.astype(float), check_several
    ),
    "losses: another clip": of_module(losses, "EPSILON", 1e-7, check_certain),
    "losses: ties for the last label": of_module(losses, "_ahead", last_of_ties, check_top_five),
    "ranking: ties won": of_module(ranking, "binary_rows", ties_won, check_binary),
    "ranking: the other label's": of_module(scores, "reverse", lambda one: one, check_negative),
    "intervals: Wald for Wilson": of_module(
        test_intervals, "wilson", wald, test_intervals.test_wilson_of_ten_out_of_ten
    ),
    "slices: another value's rows": of_module(
        SliceCounts, "counts", whole, test_slices.test_the_widest_gap_is_between_values_of_30_rows
    ),
    "slices: no name for missing values": of_module(
        slices, "missing_name", lambda values: "(missing)",
        test_slices.test_rows_without_a_value_have_a_name_of_their_own,
    ),
    "gates: bounds exclusive": of_module(gates, "_judged", exclusive, check_gates),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_mistake_is_rejected(name: str, monkeypatch: Patch) -> None:
    """The very check that holds without the mistake fails with it."""
    plant, check = PLANTED[name]
    check()

    plant(monkeypatch)

    with pytest.raises(BaseException) as caught:
        check()
    errors = caught.value.exceptions if isinstance(caught.value, BaseExceptionGroup) else [caught.value]
    assert {type(error) for error in errors} == {AssertionError}
