"""Figures from scores against scikit-learn, on odd and on ordinary data, whole and in pieces."""

from __future__ import annotations

import json
import pickle
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from evalcore import groups
from evalcore.accumulator import MergeError, Spec
from evalcore.batch import Batch
from evalcore.errors import InvalidPredictions
from evalcore.evaluation import Evaluation, Measured
from evalcore.rankings import crowded_bins
from evalcore.schema import summary_schema
from evalcore.states.losses import BinaryLosses, LabelLosses
from evalcore.states.ranking import BINS, RankedScores, bins_of
from evalcore.states.thresholds import ThresholdCounts
from evalcore.summary import Identity, dump, summary_document
from tests.evalcore.scored import binary_batches, label_batches, measured

Rows = tuple[Any, Any, Any]
BINARY_SPEC = Spec(score_labels=("no", "yes"), positive_label="yes")
LABEL_SPEC = Spec(score_labels=("0", "1", "2"))


def close(found: Any, expected: Any, relative: float = 1e-12) -> None:
    """Equal to within a relative error, or an absolute one of as much near 0."""
    np.testing.assert_allclose(found, expected, rtol=relative, atol=relative)


def reference_error(probability: Any, right: Any, dtype: Any, weights: Any = None) -> float:
    """The expected calibration error, bin by bin as it is defined."""
    weights = np.ones(len(right)) if weights is None else weights
    edges = (np.arange(1, 15) / 15).astype(dtype).astype(float)
    bins = np.searchsorted(edges, probability.astype(float), side="right")
    total = 0.0
    for k in range(15):
        here = bins == k
        if weights[here].sum() > 0:
            mean, share = (
                np.average(v[here].astype(float), weights=weights[here]) for v in (probability, right)
            )
            total += weights[here].sum() / weights.sum() * abs(mean - share)
    return total


def binary_reference(positive: Any, scores: Any, weights: Any = None) -> dict[str, float]:
    """scikit-learn's figures of float64 scores."""
    given = scores.astype(np.float64)
    return {
        "roc_auc": sk.roc_auc_score(positive, given, sample_weight=weights),
        "average_precision": sk.average_precision_score(positive, given, sample_weight=weights),
        "log_loss": sk.log_loss(positive, given, sample_weight=weights, labels=[False, True]),
        "brier_score": sk.brier_score_loss(positive, given, sample_weight=weights),
        "expected_calibration_error": reference_error(scores, positive, scores.dtype, weights),
    }


def shapes() -> Iterator[Any]:
    """Scores of many kinds by name."""
    rng = np.random.default_rng(11)
    for dtype in (np.float32, np.float64):
        positive = rng.random(3000) < 0.3
        smooth = np.clip(rng.beta(2, 5, 3000) + 0.2 * positive, 0, 1)
        kinds = {
            "smooth": smooth,
            "tied": np.round(smooth, 1),
            "equal": np.full(3000, 0.3),
            "certain": positive.astype(float),
            "wrong": (~positive).astype(float),
            "tiny": smooth**40,
        }
        for name, scores in kinds.items():
            for weights in (None, rng.integers(0, 4, 3000) * 0.25):
                yield pytest.param(
                    (positive, scores.astype(dtype), weights),
                    id=f"{name}-{np.dtype(dtype)}-{'weighted' if weights is not None else 'plain'}",
                )


@pytest.mark.parametrize("rows", list(shapes()))
def test_binary_figures_are_scikit_learns(rows: Rows) -> None:
    """On smooth, tied, equal, certain, wrong and tiny scores, in both precisions, with and without weights."""
    found = measured(binary_batches(*rows))

    tolerance = 1e-12 if rows[2] is None else 1e-11
    for name, expected in binary_reference(*rows).items():
        close(found.overall[name], expected, tolerance)


@pytest.mark.parametrize("rows", list(shapes()))
def test_the_negative_label_has_its_own_figures(rows: Rows) -> None:
    """The negative label's ROC AUC is the same, its average precision that of the reversed order."""
    positive, scores, weights = rows
    found = measured(binary_batches(*rows)).per_label
    reverse = sk.average_precision_score(~positive, -scores.astype(float), sample_weight=weights)

    close(found["no"]["average_precision"], reverse, 1e-11)
    close(found["yes"]["average_precision"], binary_reference(*rows)["average_precision"], 1e-11)
    assert found["no"]["roc_auc"] == found["yes"]["roc_auc"]


odd_scores = st.sampled_from([0.0, 1.0, 0.5, 0.25, 1e-9, 1 - 2.0**-24]) | st.floats(0, 1, width=32)
odd_rows = st.lists(st.tuples(st.booleans(), odd_scores), min_size=1, max_size=40)


@settings(deadline=None)
@given(odd_rows, st.sampled_from([np.float32, np.float64]), st.integers(0, 40))
def test_odd_little_data(rows: list[tuple[bool, float]], dtype: Any, at: int) -> None:
    """Agrees with scikit-learn however the rows are cut; intervals hold their figure and have a width."""
    positive = np.array([row[0] for row in rows])
    scores = np.array([row[1] for row in rows], dtype)
    found = measured(binary_batches(positive, scores, cuts=[min(at, len(rows))])).overall
    both = positive.any() and not positive.all()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = binary_reference(positive, scores)
    for name, value in expected.items():
        if name in ("roc_auc", "average_precision") and not both:
            assert (found[name], found[f"{name}_interval"]) == (None, None)
            continue
        close(found[name], value)
        low, high = found[f"{name}_interval"]
        assert 0 <= low <= found[name] <= high
        assert low < high


def test_one_label_alone_is_undefined_with_its_reason() -> None:
    """ROC AUC of one label is null and not 0.5 or nan, and the summary says why."""
    found = measured(binary_batches([True, True], np.array([0.2, 0.8])))
    reasons = {(u.metric, u.label): u.reason for u in found.table.undefined}

    assert found.overall["roc_auc"] is found.per_label["yes"]["average_precision"] is None
    assert reasons["roc_auc", None] == "all rows are of one label"
    assert reasons["roc_auc", "no"] == "only one of no and the rest has rows"


@pytest.mark.parametrize(
    ("name", "planted"),
    [
        ("roc_auc", lambda y, s: np.mean(s[y][:, None] > s[~y][None, :])),
        ("roc_auc", lambda y, s: np.mean(s[y][:, None] >= s[~y][None, :])),
        ("average_precision", lambda y, s: sk.auc(*sk.precision_recall_curve(y, s)[1::-1])),
        ("log_loss", lambda y, s: -np.mean(np.log(np.clip(np.where(y, s, 1 - s), 1e-7, 1)))),
        ("brier_score", lambda y, s: 2 * np.mean((y - s) ** 2)),
        ("expected_calibration_error", lambda y, s: abs(np.mean(y) - np.mean(s))),
    ],
)
def test_a_wrong_figure_is_rejected(name: str, planted: Callable[[Any, Any], float]) -> None:
    """Ties lost or won, a trapezoid, another clip, a factor, bins merged: each differs from ours."""
    rng = np.random.default_rng(2)
    positive = rng.random(500) < 0.4
    scores = np.clip(np.round(rng.beta(2, 3, 500) + 0.1 * positive, 1), 0, 1)
    scores[:5], positive[:5] = 0.0, True
    found = measured(binary_batches(positive, scores)).overall[name]

    close(found, binary_reference(positive, scores)[name])
    assert abs(found - planted(positive, scores)) > 1e-4


def test_golden_values() -> None:
    """All tied: 0.5. Of four rows by hand: 3 of 4 pairs, AP = ½·1 + ½·⅔; log loss and Brier score too."""
    tied = measured(binary_batches([True, False, True], np.full(3, 0.7)))
    assert tied.overall["roc_auc"] == 0.5
    four = measured(binary_batches([False, False, True, True], np.array([0.1, 0.4, 0.35, 0.8]))).overall
    assert four["roc_auc"] == 0.75
    assert four["average_precision"] == pytest.approx(0.5 + 0.5 * 2 / 3, abs=1e-15)
    assert four["brier_score"] == pytest.approx((0.01 + 0.16 + 0.4225 + 0.04) / 4, abs=1e-15)
    assert four["log_loss"] == pytest.approx(-np.log([0.9, 0.6, 0.35, 0.8]).mean(), abs=1e-15)


def test_skewed_scores_need_more_than_fixed_thresholds() -> None:
    """Where nearly all scores lie below 1/1000 the figure is still exact, unlike one of 50 thresholds."""
    rng = np.random.default_rng(4)
    positive = rng.random(20_000) < 0.02
    scores = (1e-3 * rng.beta(1, 8, 20_000) * (1 + 4 * positive)).astype(np.float32)
    found = measured(binary_batches(positive, scores)).overall["roc_auc"]
    grid = np.floor(scores * 49)

    close(found, sk.roc_auc_score(positive, scores))
    assert abs(found - sk.roc_auc_score(positive, grid)) > 0.1


def test_double_precision_beyond_single() -> None:
    """Scores that single precision makes one are told apart, of many rows and of few, in both directions."""
    rng = np.random.default_rng(3)
    positive = rng.random(150_000) < 0.3
    wide = np.clip(rng.beta(2, 5, 150_000) + 0.2 * positive, 0, 1)
    near = 0.5 + 1e-9 * wide
    for scores in (wide, near, np.where(rng.random(150_000) < 0.5, wide, near), wide * 1e-60):
        found = measured(binary_batches(positive, scores, cuts=[7, 90_000]))
        close(found.overall["roc_auc"], sk.roc_auc_score(positive, scores))
        close(found.overall["average_precision"], sk.average_precision_score(positive, scores))
        close(found.per_label["no"]["average_precision"], sk.average_precision_score(~positive, -scores))


def test_many_rows_of_several_labels() -> None:
    """200,000 rows of 4 labels in single precision, divided by their sums, agree with scikit-learn."""
    actual, scores = random_labels(200_000, 4, np.float32)
    p = scores.astype(float) / scores.sum(axis=1, dtype=float, keepdims=True)
    found = measured(label_batches(actual, scores, cuts=[70_000])).per_label

    for k in range(4):
        close(found[str(k)]["roc_auc"], sk.roc_auc_score(actual == k, p[:, k]))
        close(found[str(k)]["average_precision"], sk.average_precision_score(actual == k, p[:, k]))


def test_the_auc_interval_is_delongs() -> None:
    """On many rows the interval is the normal one with DeLong's variance, to within 2 % of its width."""
    rng = np.random.default_rng(9)
    positive = rng.random(800) < 0.5
    scores = rng.normal(positive * 0.8, 1)
    scores = 1 / (1 + np.exp(-scores))
    found = measured(binary_batches(positive, scores)).overall
    above, below = scores[positive], scores[~positive]
    wins = (above[:, None] > below[None, :]).astype(float)
    variance = wins.mean(1).var(ddof=1) / len(above) + wins.mean(0).var(ddof=1) / len(below)

    low, high = found["roc_auc_interval"]
    assert high - low == pytest.approx(2 * 1.959963984540054 * np.sqrt(variance), rel=0.02)


def test_perfect_ranking_has_an_interval_that_rows_narrow() -> None:
    """ROC AUC 1 of 10 + 10 rows may be as low as 0.85; of 1,000 + 1,000 not."""
    lows = []
    for n in (10, 1000):
        rows = np.arange(2 * n) >= n
        lows.append(measured(binary_batches(rows, rows * 0.5 + 0.2)).overall["roc_auc_interval"][0])

    assert lows[0] < 0.85
    assert 0.99 < lows[1] < 1


def random_labels(rows: int, size: int, dtype: Any, seed: int = 0) -> tuple[Any, Any]:
    """Actual labels and probabilities that know something of them, rounded to 2 digits in places."""
    rng = np.random.default_rng(seed)
    actual = rng.integers(0, size, rows)
    logits = rng.normal(size=(rows, size))
    logits[np.arange(rows), actual] += 1
    scores = np.exp(logits)
    scores /= scores.sum(axis=1, keepdims=True)
    scores[::3] = np.round(scores[::3], 2)
    return actual, scores.astype(dtype)


def label_reference(actual: Any, scores: Any, weights: Any = None) -> dict[str, float]:
    """scikit-learn's figures of probabilities divided by their row's sum in float64."""
    p = scores.astype(float)
    p /= p.sum(axis=1, keepdims=True)
    size = p.shape[1]
    hot = np.eye(size)[actual]
    top = p.argmax(axis=1)
    options: dict[str, Any] = {"sample_weight": weights}
    found = {
        "log_loss": sk.log_loss(actual, p, labels=range(size), **options),
        "brier_score": sk.brier_score_loss(actual, p, labels=range(size), scale_by_half=False, **options),
        "expected_calibration_error": reference_error(
            p[np.arange(len(p)), top], top == actual, scores.dtype, weights
        ),
    }
    for average in ("macro", "weighted"):
        # The reference takes no weights for several labels' support, so the mean is taken here.
        support = np.average(hot, axis=0, weights=weights) if average == "weighted" else np.ones(size)
        for name, one in (("roc_auc", sk.roc_auc_score), ("average_precision", sk.average_precision_score)):
            values = [one(hot[:, k], p[:, k], **options) for k in range(size)]
            found[f"{average}_{name}"] = float(np.average(values, weights=support))
    return found


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [3, 7])
def test_figures_of_several_labels(size: int, dtype: Any, weighted: bool) -> None:
    """Losses to 1e-12, rankings too, on normalised float64 probabilities."""
    actual, scores = random_labels(1500, size, dtype)
    weights = np.random.default_rng(1).integers(0, 4, 1500) * 0.5 if weighted else None
    found = measured(label_batches(actual, scores, weights, cuts=[7, 900])).overall

    for name, expected in label_reference(actual, scores, weights).items():
        close(found[name], expected, 1e-11 if weighted else 1e-12)
        low, high = found[f"{name}_interval"]
        assert low <= found[name] <= high
        assert low < high


def test_each_label_against_the_rest() -> None:
    """Every label's ROC AUC and average precision are scikit-learn's, one-vs-rest."""
    actual, scores = random_labels(800, 4, np.float64)
    found = measured(label_batches(actual, scores)).per_label
    p = scores / scores.sum(axis=1, keepdims=True)

    for k in range(4):
        close(found[str(k)]["roc_auc"], sk.roc_auc_score(actual == k, p[:, k]))
        close(found[str(k)]["average_precision"], sk.average_precision_score(actual == k, p[:, k]))


def test_a_label_without_rows_leaves_the_macro_average_undefined() -> None:
    """The macro averages are null, the weighted ones go over the labels with rows, and the label's own null."""
    actual, scores = random_labels(500, 4, np.float64)
    actual = np.where(actual == 3, 0, actual)
    found = measured(label_batches(actual, scores))
    p = scores / scores.sum(axis=1, keepdims=True)
    values = [sk.roc_auc_score(actual == k, p[:, k]) for k in range(3)]

    assert found.overall["macro_roc_auc"] is found.overall["macro_average_precision"] is None
    assert found.per_label["3"]["roc_auc"] is None
    close(found.overall["weighted_roc_auc"], np.average(values, weights=np.bincount(actual)))


def test_top_five_of_seven_labels() -> None:
    """Top-k accuracy counts ties for the label that comes first; five labels or fewer have none."""
    scores = np.full((3, 7), 1 / 7)
    found = measured(label_batches([4, 5, 0], scores)).overall
    assert (found["top_k_accuracy"], found["top_k"]) == (2 / 3, 5)

    actual, random = random_labels(2000, 7, np.float64)
    random += np.random.default_rng(0).random(random.shape) * 1e-9
    found = measured(label_batches(actual, random)).overall
    close(found["top_k_accuracy"], sk.top_k_accuracy_score(actual, random, k=5))

    assert "top_k_accuracy" not in measured(label_batches(*random_labels(50, 5, np.float64))).overall


def test_an_actual_label_without_a_probability_is_refused() -> None:
    """A label outside the columns' labels is InvalidPredictions that names it."""
    whole = label_batches([0, 1, 2], np.eye(3))[0]
    strange = replace(whole, y_true=replace(whole.y_true, vocabulary=("0", "1", "other")))

    with pytest.raises(InvalidPredictions, match="'other'"):
        measured([strange])


def test_rows_without_score_or_label_are_left_out() -> None:
    """Rows without an actual label, or without a score, take no part in any figure."""
    scores = np.array([0.1, 0.4, np.nan, 0.35, 0.8, 0.9])
    batch = binary_batches([0, 0, 1, 1, 1, 2], scores)[0]  # 2 is no label: missing

    found = measured([batch]).overall

    assert found["roc_auc"] == 0.75
    assert found["brier_score"] == pytest.approx((0.01 + 0.16 + 0.4225 + 0.04) / 4, abs=1e-15)


def test_suspect_labels_are_counted() -> None:
    """A row whose actual label has less than 0.05 while another has more than 0.95 is suspect."""
    found = measured(binary_batches([True, False, True, False], np.array([0.04, 0.96, 0.05, 0.95])))
    assert found.states[BinaryLosses].sums["suspects"] == 2
    sure = np.array([[0.96, 0.04, 0], [0.04, 0.48, 0.48], [0, 0.02, 0.98]])
    assert measured(label_batches([1, 0, 2], sure)).states[LabelLosses].sums["suspects"] == 1


# Beyond the budget of memory


def beyond(rows: Rows, budget: int, passes: bool, cuts: Any = ()) -> Measured:
    """What is measured with so little memory."""
    return measured(binary_batches(*rows, cuts=cuts), budget, passes)


@pytest.mark.parametrize("rows", list(shapes()))
def test_bounds_beyond_the_budget_hold_the_exact_figure(rows: Rows) -> None:
    """With 4 kB the exact figures lie between their bounds, and a second pass narrows these."""
    expected = binary_reference(*rows)
    rough, fine = (beyond(rows, 4096, passes).overall for passes in (False, True))

    for name in ("roc_auc", "average_precision"):
        for found in (rough, fine):
            low, high = found.get(f"{name}_bounds", [found[name]] * 2)
            assert low - 1e-12 <= expected[name] <= high + 1e-12
            assert low <= found[name] <= high
        width = [np.ptp(found.get(f"{name}_bounds", [0.0])) for found in (rough, fine)]
        assert width[1] < width[0] or width == [0, 0]


def test_exact_figures_have_no_bounds() -> None:
    """Within the budget there are no bounds; neither are there where every crowded bin could be held."""
    rng = np.random.default_rng(0)
    positive = rng.random(4000) < 0.5
    scores = np.clip(rng.beta(2, 2, 4000), 0, 1)
    spread = (positive, scores, None)
    whole, held = beyond(spread, 1 << 20, True).overall, beyond(spread, 60_000, True).overall

    assert not [name for name in (*whole, *held) if name.endswith("_bounds")]
    close(held["roc_auc"], whole["roc_auc"])
    close(held["average_precision"], whole["average_precision"])
    assert "roc_auc_bounds" in beyond(spread, 60_000, False).overall


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("block", [50, 700])
def test_beyond_the_budget_rows_are_ranked_over_many_blocks(
    monkeypatch: pytest.MonkeyPatch, weighted: bool, block: int
) -> None:
    """With every crowded bin held, figures are scikit-learn's, of the positive label and of several."""
    monkeypatch.setattr(groups, "BLOCK", block)
    rng = np.random.default_rng(0)
    positive = rng.random(4000) < 0.3
    scores = rng.beta(2 + positive, 3 - positive)
    weights = rng.random(4000) if weighted else None
    found = beyond((positive, scores, weights), 60_000 + 64_000 * weighted, True).overall
    for name, reference in (("roc_auc", sk.roc_auc_score), ("average_precision", sk.average_precision_score)):
        assert f"{name}_bounds" not in found
        close(found[name], reference(positive, scores, sample_weight=weights), 1e-11)
        assert found[f"{name}_interval"][0] < found[name] < found[f"{name}_interval"][1]

    shares = rng.dirichlet(np.ones(4), 3000)
    actual = (shares + rng.random((3000, 4)) / 2).argmax(axis=1)
    weights = weights if weights is None else weights[:3000]
    each = measured(label_batches(actual, shares, weights), 3000 * (28 + 16 * weighted) - 1).per_label
    for k in range(4):
        assert not each[str(k)].get("roc_auc_bounds")
        close(
            each[str(k)]["roc_auc"], sk.roc_auc_score(actual == k, shares[:, k], sample_weight=weights), 1e-11
        )


@pytest.mark.parametrize("rows", list(shapes()))
def test_bounds_do_not_go_by_the_blocks(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the budget, with bins refined and bins left whole, and within it."""
    for budget in (4096, 1 << 20):
        whole = beyond(rows, budget, True).overall
        with monkeypatch.context() as patched:
            patched.setattr(groups, "BLOCK", 20)
            parts = beyond(rows, budget, True).overall
        for name, value in whole.items():
            assert (value is None) == (parts[name] is None)
            if value is not None:
                close(parts[name], value)


def test_the_budget_decides_by_rows_not_by_cuts() -> None:
    """Beyond the budget too, figures and bounds are the same however the rows are cut."""
    rng = np.random.default_rng(6)
    positive = rng.random(3000) < 0.4
    scores = (rng.beta(2, 3, 3000) / 50 + positive / 100).astype(np.float32)
    rows = (positive, scores, None)
    for budget in (3000 * 9 - 1, 3000 * 9, 4096):
        cut = [beyond(rows, budget, True, cuts).overall for cuts in ([], [1, 2, 3], range(100, 3000, 100))]
        names = ("roc_auc", "roc_auc_bounds", "average_precision", "average_precision_bounds")
        assert len({str([found.get(name) for name in names]) for found in cut}) == 1
        assert ("roc_auc_bounds" in cut[0]) == (budget == 4096)


def test_labels_that_do_not_fit_at_once_take_further_passes() -> None:
    """With room for two labels, for one, for none: exact, exact, bounded; without passes undefined."""
    actual, scores = random_labels(600, 5, np.float64)
    batches = label_batches(actual, scores, cuts=[100, 350])
    whole = measured(batches).per_label
    for budget in (600 * (20 + 16), 600 * (20 + 8)):
        found = measured(batches, budget).per_label
        for k in found:
            assert found[k] == whole[k]
    tiny = measured(batches, 300).per_label
    for k in tiny:
        low, high = tiny[k]["roc_auc_bounds"] or [tiny[k]["roc_auc"]] * 2
        assert low - 1e-12 <= whole[k]["roc_auc"] <= high + 1e-12
    single = measured(batches, 600 * 36, passes=False)
    assert single.overall["macro_roc_auc"] is single.per_label["0"]["roc_auc"] is None
    assert "memory" in next(u.reason for u in single.table.undefined if u.metric == "macro_roc_auc")


def test_bins_rise_with_the_score() -> None:
    """From 0 to 1, in both precisions, a higher score is never in a lower bin; both ends are parted finely."""
    rng = np.random.default_rng(0)
    ends = 2.0 ** -rng.uniform(0, 100, 20_000)
    for dtype in (np.float32, np.float64):
        scores = np.sort(np.concatenate([[0, 1], ends, 1 - ends, rng.random(20_000)]).astype(dtype))
        found = bins_of(scores)
        assert np.all(np.diff(found) >= 0)
        assert (found[0], found[-1]) == (0, BINS - 1)
    assert np.diff(bins_of(np.array([1e-9, 1.01e-9, 1e-8])))[0] > 0


def test_crowded_bins_fit_the_budget() -> None:
    """The rows of the bins to refine fit into the budget, and bins of one score are not among them."""
    rng = np.random.default_rng(0)
    scores = np.concatenate([np.full(500, 0.25), rng.random(500) / 1000])
    batch = binary_batches(rng.random(1000) < 0.5, scores)[0]
    spec = replace(BINARY_SPEC, score_budget=5000)
    state = RankedScores.of(spec, batch)

    bins = crowded_bins(state)

    assert bins_of(np.array([0.25]))[0] not in bins
    held = RankedScores.of(replace(spec, crowded=bins), batch)
    assert held.exact
    assert held.rows > 200


# Laws

STATES = [(ThresholdCounts, "binary"), (BinaryLosses, "binary"), (RankedScores, "binary"), (LabelLosses, "labels"), (RankedScores, "labels")]  # fmt: skip
each_state = pytest.mark.parametrize(("kind", "form"), STATES)
each_budget = pytest.mark.parametrize("budget", [1 << 20, 5000, 100])


def three(form: str) -> tuple[Spec, list[Batch]]:
    """A spec and three batches."""
    if form == "binary":
        rng = np.random.default_rng(0)
        positive = rng.random(300) < 0.4
        return BINARY_SPEC, binary_batches(positive, rng.random(300).astype(np.float32), cuts=[50, 120])
    return LABEL_SPEC, label_batches(*random_labels(300, 3, np.float64), cuts=[50, 120])


def same(one: Any, other: Any) -> None:
    """Equal counts, and sums to 1e-12."""
    mine, theirs = one.state(), other.state()
    assert mine.keys() == theirs.keys()
    for name in mine:
        np.testing.assert_allclose(mine[name], theirs[name], rtol=1e-12)


@each_state
@each_budget
def test_states_merge_in_any_order(kind: Any, form: str, budget: int) -> None:
    """Merging has no order, is the whole's, and nothing is its identity."""
    spec, batches = three(form)
    spec = replace(spec, score_budget=budget)
    x, y, z = (kind.of(spec, batch) for batch in batches)
    whole = three_as_one(form)

    same(x.merge(y).merge(z), x.merge(y.merge(z)))
    same(x.merge(y), y.merge(x))
    same(kind.of(spec, whole), x.merge(y).merge(z))
    assert x == x.merge(kind.empty(spec)) == kind.empty(spec).merge(x)
    assert x != y


def three_as_one(form: str) -> Batch:
    """The three batches as one."""
    if form == "binary":
        rng = np.random.default_rng(0)
        positive = rng.random(300) < 0.4
        return binary_batches(positive, rng.random(300).astype(np.float32))[0]
    return label_batches(*random_labels(300, 3, np.float64))[0]


@each_state
@each_budget
def test_states_come_back(kind: Any, form: str, budget: int) -> None:
    """restore(state()) and pickling give an equal value; another spec is refused."""
    spec, batches = three(form)
    spec = replace(spec, score_budget=budget)
    x = kind.of(spec, batches[0])

    assert x == kind.restore(spec, x.state())
    assert x == pickle.loads(pickle.dumps(x))  # noqa: S301
    with pytest.raises(MergeError):
        x.merge(kind.empty(replace(spec, weighted=True)))


def test_figures_do_not_depend_on_how_rows_are_cut() -> None:
    """Exact figures are equal, sums to 1e-12, for any cut; the same cut gives the same bits."""
    rng = np.random.default_rng(8)
    positive = rng.random(5000) < 0.3
    scores = np.clip(rng.beta(2, 5, 5000) + 0.1 * positive, 0, 1)
    whole, cut, again = (
        measured(binary_batches(positive, scores, cuts=cuts)).overall
        for cuts in ([], [3, 777, 2500], [3, 777, 2500])
    )

    assert cut == again
    assert whole["roc_auc"] == cut["roc_auc"]
    for name in ("log_loss", "brier_score", "expected_calibration_error", "average_precision"):
        close(cut[name], whole[name])


@pytest.mark.parametrize("budget", [1 << 28, 3000])
def test_summaries_with_scores_are_valid(budget: int) -> None:
    """The summary of scores, exact and bounded, of two labels, of one alone and of many, meets its schema."""
    rng = np.random.default_rng(0)
    positive = rng.random(500) < 0.3
    for batches in (
        binary_batches(positive, rng.random(500)),
        binary_batches(positive | True, rng.random(500)),
        label_batches(*random_labels(400, 6, np.float32)),
    ):
        found = Evaluation(measured(batches, budget), (), (), "none")
        identity = Identity("m", "Model", "v", None, "0" * 64, "test", None)
        summary = summary_document(found, identity, [("test", None)], [], {})
        read = json.loads(dump(summary), parse_constant=lambda name: pytest.fail(name))
        jsonschema.Draft202012Validator(summary_schema()).validate(read)
