"""Threshold counts, operating points, curves, calibration and the score histogram."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalcore.parts.curves import corners
from evalcore.states.thresholds import ThresholdCounts, edges, places
from tests.evalcore.scored import binary_batches, measured, part

FOUR = ("true_positive", "false_positive", "true_negative", "false_negative")
grid = np.arange(1001) / 1000
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def by_hand(positive: Any, scores: Any, compare: Any = np.greater_equal) -> dict[str, list[int]]:
    """The four counts at every threshold, row by row."""
    reached = compare(scores[None, :], grid.astype(scores.dtype)[:, None])
    tables = (reached & positive, reached & ~positive, ~reached & ~positive, ~reached & positive)
    return {name: table.sum(axis=1).tolist() for name, table in zip(FOUR, tables, strict=True)}


def rows_at_edges(dtype: Any) -> tuple[Any, Any]:
    """Scores at, just below and just above every threshold, of both labels."""
    on = grid.astype(dtype)
    kind = np.dtype(dtype).type
    scores = np.concatenate([on, np.nextafter(on, kind(0)), np.minimum(np.nextafter(on, kind(2)), kind(1))])
    return np.arange(len(scores)) % 3 == 0, np.concatenate([scores]).astype(dtype)


@dtypes
def test_every_threshold_is_exact(dtype: Any) -> None:
    """Scores on either side of each threshold are counted by score >= threshold, in the scores' precision."""
    positive, scores = rows_at_edges(dtype)

    found = part(measured(binary_batches(positive, scores)), "thresholds")

    assert found["threshold"] == grid.tolist()
    assert {name: found[name] for name in FOUR} == by_hand(positive, scores)


@dtypes
def test_greater_in_place_of_at_least_is_seen(dtype: Any) -> None:
    """The comparison tells >= from >, and a threshold from its neighbour."""
    positive, scores = rows_at_edges(dtype)
    found = part(measured(binary_batches(positive, scores)), "thresholds")
    right = by_hand(positive, scores)

    assert found["true_positive"] != by_hand(positive, scores, np.greater)["true_positive"]
    assert found["true_positive"][:-1] != right["true_positive"][1:]


def test_a_stored_float32_meets_its_threshold() -> None:
    """float32(0.7) reaches 0.7, as float64 0.7 does; a half reaches a half."""
    for dtype in (np.float32, np.float64):
        found = part(
            measured(binary_batches([True, True], np.array([0.7, 0.5], dtype), threshold=0.7)), "thresholds"
        )
        assert (found["true_positive"][700], found["true_positive"][701]) == (1, 0)
        assert (found["true_positive"][500], found["true_positive"][501]) == (2, 1)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.sampled_from([np.float32, np.float64]))
def test_places_are_the_greatest_edge_reached(values: list[float], dtype: Any) -> None:
    """Every score reaches its place's edge and not the next one's."""
    scores = np.array(values, dtype)
    at = places(scores)

    assert np.all(scores >= edges(scores.dtype)[at])
    assert np.all(scores < edges(scores.dtype)[at + 1])


def test_places_of_every_score_in_half_precision() -> None:
    """Of all 15,361 scores from 0 to 1: the greatest edge, rounded to half precision, that each reaches."""
    scores = np.arange(15361, dtype=np.uint16).view(np.float16)
    table = edges(scores.dtype)

    assert scores[-1] == 1
    assert places(scores).tolist() == (np.searchsorted(table[:-1], scores, side="right") - 1).tolist()


def test_places_at_every_edge_and_beside_it() -> None:
    """On the 3,001 edges, and one step of the precision to either side, in both precisions."""
    for dtype in (np.float32, np.float64):
        on = edges(np.dtype(dtype))[:-1]

        assert places(on).tolist() == list(range(3001))
        assert places(np.nextafter(on[1:], on.dtype.type(0))).tolist() == list(range(3000))


def test_recommended_points_are_the_best_of_all() -> None:
    """Every recommended point is the best of 1,001 by its definition, ties to the nearest to a half."""
    rng = np.random.default_rng(3)
    positive = rng.random(400) < 0.3
    scores = np.clip(np.round(rng.beta(2, 4, 400) + 0.25 * positive, 2), 0, 1)
    costs = {"false_positive": 1.0, "false_negative": 5.0}

    found = part(measured(binary_batches(positive, scores), costs=costs), "thresholds")["recommended"]

    by = by_hand(positive, scores)
    tp, fp, tn, fn = (np.array(by[name], dtype=float) for name in FOUR)
    goals = {
        "best_f1": 2 * tp / (2 * tp + fp + fn),
        "youden_j": np.round(tp / (tp + fn) - fp / (fp + tn), 12),
        "least_cost": -(fp + 5 * fn),
    }
    assert found.keys() == goals.keys()
    for name, goal in goals.items():
        best = min(np.flatnonzero(goal == goal.max()), key=lambda i: (abs(i - 500), i))
        assert found[name] == {
            "threshold": best / 1000,
            **{key: by[key][best] for key in FOUR},
            "in_sample": True,
            "chosen_on": "test",
        }


def test_ties_go_to_the_point_nearest_a_half_then_the_lower() -> None:
    """With scores 0.2 and 0.8 all of 0.201 … 0.8 serve alike: 0.5; with a gap around it the nearest end."""
    found = part(measured(binary_batches([False, True], np.array([0.2, 0.8]))), "thresholds")
    assert found["recommended"]["best_f1"]["threshold"] == 0.5
    symmetric = np.array([0.449, 0.55, 0.449, 0.55])
    found = part(measured(binary_batches([True, False, False, True], symmetric)), "thresholds")
    # J is 0 at all thresholds.
    assert found["recommended"]["youden_j"]["threshold"] == 0.5


def test_points_are_chosen_on_validation_rows() -> None:
    """Where validation rows are there, the points are theirs, with this split's counts, out of sample."""
    here = measured(binary_batches([False, True], np.array([0.2, 0.8])))
    there = measured(binary_batches([False, True], np.array([0.6, 0.9])))

    found = part(replace(here, validation=there.states), "thresholds")["recommended"]["best_f1"]

    assert found["threshold"] == 0.601
    assert (found["true_positive"], found["false_positive"]) == (1, 0)
    assert (found["in_sample"], found["chosen_on"]) == (False, "validation")


def test_one_label_alone_recommends_nothing_that_needs_both() -> None:
    """Without positive rows there is no best F1, and without both labels no J, nor a ROC curve."""
    found = measured(binary_batches([False, False], np.array([0.2, 0.8])))

    assert part(found, "thresholds")["recommended"] == {"best_f1": None, "youden_j": None}
    assert part(found, "curves") == {"roc": None, "precision_recall": None}


def test_weighted_counts_add_up_weights() -> None:
    """With weights the four counts are sums of weights."""
    weights = np.array([0.5, 2.0, 1.0])
    found = part(
        measured(binary_batches([True, False, True], np.array([0.9, 0.9, 0.1]), weights)), "thresholds"
    )

    assert [found[name][500] for name in FOUR] == [0.5, 2.0, 0.0, 1.0]


def test_curves_follow_the_thresholds() -> None:
    """The curves pass through the points of the thresholds, and leave out none that they turn at."""
    rng = np.random.default_rng(5)
    positive = rng.random(5000) < 0.4
    scores = np.clip(rng.beta(2, 3, 5000) + 0.2 * positive, 0, 1)
    curves = part(measured(binary_batches(positive, scores)), "curves")
    by = by_hand(positive, scores)
    fpr, tpr = (
        np.array(by[f"{side}_positive"][::-1]) / total
        for side, total in (("false", (~positive).sum()), ("true", positive.sum()))
    )

    roc = curves["roc"]
    assert (roc["false_positive_rate"][0], roc["true_positive_rate"][0]) == (0, 0)
    assert (roc["false_positive_rate"][-1], roc["true_positive_rate"][-1]) == (1, 1)
    assert len(roc["threshold"]) <= 1001
    area = np.trapezoid(roc["true_positive_rate"], roc["false_positive_rate"])
    assert area == pytest.approx(np.trapezoid(tpr, fpr) + fpr[0] * tpr[0] / 2, abs=1e-12)
    for recall, precision, threshold in zip(*curves["precision_recall"].values(), strict=True):
        at = round(threshold * 1000)
        assert recall == by["true_positive"][at] / positive.sum()
        assert precision == by["true_positive"][at] / (by["true_positive"][at] + by["false_positive"][at])


def test_corners_are_kept() -> None:
    """Of repeated and collinear points the first, the last and the turns stay."""
    x, y = np.array([0, 0, 0, 0.5, 1, 1.0]), np.array([0, 0, 1, 1, 1, 1.0])

    assert corners(x, y).tolist() == [0, 2, 4]


@dtypes
def test_calibration_bins_have_the_rows_between_their_edges(dtype: Any) -> None:
    """A score on an edge k/15, rounded to its precision, is in the bin above; 1 in the last."""
    on = (np.arange(16) / 15).astype(dtype)
    below = np.nextafter(on[1:], np.dtype(dtype).type(0))
    scores = np.concatenate([on, below])
    bins = part(measured(binary_batches(np.arange(31) % 2 == 0, scores)), "calibration")

    assert [b["rows"] for b in bins] == [2] * 14 + [3]
    assert [b["low"] for b in bins] == [k / 15 for k in range(15)]
    assert bins[14]["high"] == 1


def test_a_calibration_bin_has_its_share_mean_and_interval() -> None:
    """Two of three rows near 0.5 come true: share 2/3, Wilson's interval; an empty bin has nothing."""
    bins = part(measured(binary_batches([True, True, False], np.array([0.5, 0.51, 0.52]))), "calibration")

    assert (bins[7]["share"], bins[7]["mean_score"]) == (2 / 3, pytest.approx(0.51))
    assert bins[7]["interval"] == pytest.approx([0.2076596, 0.9385081], abs=1e-7)
    assert (bins[0]["rows"], bins[0]["share"], bins[0]["interval"]) == (0, None, None)


def test_the_histogram_counts_rows_by_label() -> None:
    """50 bins by actual label, the last closed."""
    scores = np.array([0.0, 0.019, 0.02, 1.0, 0.98], np.float32)
    found = part(measured(binary_batches([True, False, True, True, False], scores)), "score_histogram")

    assert found["counts"]["yes"] == [1, 1, *[0] * 47, 1]
    assert found["counts"]["no"] == [1, *[0] * 48, 1]
    assert found["edges"][1] == 0.02


def test_counts_do_not_depend_on_how_rows_are_cut() -> None:
    """Any cut gives the same counts."""
    positive, scores = rows_at_edges(np.float32)
    rng = np.random.default_rng(1)
    tables = [
        measured(binary_batches(positive, scores, cuts=cuts)).states[ThresholdCounts].sums["rows"]
        for cuts in ([], [0, 1, 2], sorted(rng.integers(0, len(scores), 20).tolist()))
    ]

    assert all(np.array_equal(a, b) for a, b in itertools.pairwise(tables))
