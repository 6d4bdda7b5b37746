"""Weights of any size: figures are those of exact arithmetic, within the schema, and agree with the cells."""

from __future__ import annotations

import math
import warnings
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from math import fsum
from typing import Any

import jsonschema
import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics as sk

from evalcore.batch import row_sums
from evalcore.errors import InvalidPredictions
from evalcore.intervals import wilson
from evalcore.schema import summary_schema
from evalcore.summary import Document
from tests.evalcore.scored import binary_batches, measured
from tests.flows.test_measure import document
from tests.infra.tablefiles import folder, in_memory, written

SIZES = {
    "0 to 1": (0.0, 1.0),
    "of six magnitudes": (1e-6, 1.0),
    "huge": (1e299, 1e306),
    "tiny": (1e-300, 1e-290),
}

DIGITS = Context(prec=1400)
COUNTS = {"support", "predicted", "true_positive", "false_positive", "true_negative", "false_negative"}


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


REFERENCE = {
    "of 18 magnitudes": (1e-9, 1e9),
    "of 60": (1e-30, 1e30),
    "of 280": (1e-300, 1e-20),
    "greatest": (1e290, 1e306),
}


def rows_of(seed: int, size: tuple[float, float], labels: int, rows: int = 40) -> dict[str, Any]:
    """Rows whose labels, scores and weights have nothing to do with each other, some scores tied."""
    random = np.random.default_rng(seed)
    scores = random.choice([0.0, 0.02, 0.3, 0.5, 0.7, 0.98, 1.0, *random.random(12)], (rows, labels))
    scores[:, 0] += 1e-6
    low, high = size
    return {
        "y_true": random.integers(0, labels, rows),
        "y_pred": random.integers(0, labels, rows),
        "weight": low * (high / low) ** random.random(rows),
        "scores": scores / scores.sum(axis=1, keepdims=True),
    }


def summary_of(rows: dict[str, Any], **given: Any) -> Document:
    """The summary of such rows; of two labels the second has the scores."""
    labels = rows["scores"].shape[1]
    columns: dict[str, Any] = {name: values for name, values in rows.items() if name != "scores"}
    if labels == 2:
        columns["y_score"] = rows["scores"][:, 1]
        given |= {"positive_label": 1}
    else:
        columns |= {f"proba_{label}": rows["scores"][:, label] for label in range(labels)}
    return document(folder(pa.table(columns), ".parquet"), given={"labels": list(range(labels)), **given})


def exact_labels(rows: dict[str, Any], labels: int) -> dict[str, float]:
    """Figures of labels in rational arithmetic, rounded at the very end."""
    weights = [Fraction(float(weight)) for weight in rows["weight"]]
    cells = [[Fraction(0)] * labels for _ in range(labels)]
    for actual, predicted, weight in zip(rows["y_true"], rows["y_pred"], weights, strict=True):
        cells[actual][predicted] += weight
    every, total = range(labels), sum(weights)
    row, column = [sum(cells[k]) for k in every], [sum(cells[i][k] for i in every) for k in every]
    right = sum(cells[k][k] for k in every)
    chance = sum(row[k] * column[k] for k in every)
    share = [cells[k][k] / row[k] if row[k] else Fraction(0) for k in every]
    f1 = [2 * cells[k][k] / (row[k] + column[k]) if row[k] + column[k] else Fraction(0) for k in every]
    spread = [total**2 - sum(part**2 for part in side) for side in (row, column)]
    found = {
        "accuracy": right / total,
        "macro_recall": sum(share) / labels,
        "weighted_f1": sum(f * r for f, r in zip(f1, row, strict=True)) / total,
        "cohen_kappa": (right * total - chance) / (total**2 - chance),
    }
    with localcontext(DIGITS):
        matthews = _decimal(right * total - chance) / _decimal(spread[0] * spread[1]).sqrt()
    return {k: float(v) for k, v in (found | {"matthews_corrcoef": matthews}).items()}


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / value.denominator


def exact_ranking(positive: Any, scores: Any, weights: Any) -> dict[str, float]:
    """ROC AUC and average precision in rational arithmetic."""
    sides = {score: [Fraction(0), Fraction(0)] for score in scores.tolist()}
    for score, side, weight in zip(scores.tolist(), positive.tolist(), weights.tolist(), strict=True):
        sides[score][int(side)] += Fraction(weight)
    above, won, precision = [Fraction(0), Fraction(0)], Fraction(0), Fraction(0)
    for score in sorted(sides, reverse=True):
        n, p = sides[score]
        won += n * (above[1] + p / 2)
        above = [above[0] + n, above[1] + p]
        precision += p * above[1] / (above[0] + above[1])
    return {
        "roc_auc": float(won / (above[0] * above[1])),
        "average_precision": float(precision / above[1]),
    }


def exact_losses(rows: dict[str, Any]) -> dict[str, float]:
    """Log loss, Brier score and calibration error of the positive label's scores, with many digits."""
    eps = Decimal(float(np.finfo(float).eps))
    sums, bins, total = [Decimal(0), Decimal(0)], dict.fromkeys(range(15), Decimal(0)), Decimal(0)
    with localcontext(DIGITS):
        for score, side, weight in zip(rows["scores"][:, 1], rows["y_true"], rows["weight"], strict=True):
            p, w, right = Decimal(float(score)), Decimal(float(weight)), int(side)
            own = min(max(p if right else 1 - p, eps), 1 - eps)
            sums = [sums[0] - w * Decimal(repr(math.log(own))), sums[1] + w * (right - p) ** 2]
            place = int(np.searchsorted(np.arange(1, 15) / 15, score, side="right"))
            bins[place] += w * (p - right)
            total += w
        error = sum(abs(gap) for gap in bins.values())
        found = [float(part / total) for part in (*sums, error)]
    return dict(zip(("log_loss", "brier_score", "expected_calibration_error"), found, strict=True))


@pytest.mark.parametrize("labels", [2, 4])
@pytest.mark.parametrize("size", REFERENCE.values(), ids=REFERENCE)
def test_figures_of_labels_are_those_of_exact_arithmetic(size: tuple[float, float], labels: int) -> None:
    """Accuracy, averages, kappa and Matthews' coefficient to 1e-11, however far apart the weights are."""
    for seed in range(25):
        rows = rows_of(seed, size, labels)
        found = summary_of(rows)["overall"]
        for name, expected in exact_labels(rows, labels).items():
            assert found[name] == pytest.approx(expected, abs=1e-11), (seed, name)


@pytest.mark.parametrize("size", REFERENCE.values(), ids=REFERENCE)
def test_figures_of_scores_are_those_of_exact_arithmetic(size: tuple[float, float]) -> None:
    """ROC AUC, average precision of both labels, losses and calibration to 1e-11."""
    for seed in range(25):
        rows = rows_of(seed, size, 2)
        found, scores = summary_of(rows), rows["scores"][:, 1]
        positive = rows["y_true"] == 1
        expected = exact_ranking(positive, scores, rows["weight"])
        expected |= exact_losses(rows)
        assert {name: found["overall"][name] for name in expected} == pytest.approx(expected, abs=1e-11)
        reverse = exact_ranking(~positive, -scores, rows["weight"])["average_precision"]
        assert found["per_class_metrics"]["0"]["average_precision"] == pytest.approx(reverse, abs=1e-11)


@pytest.mark.parametrize("size", REFERENCE.values(), ids=REFERENCE)
def test_bounds_from_a_histogram_hold_the_exact_figures(size: tuple[float, float]) -> None:
    """Also where what lies above a bin weighs next to nothing beside what lies below it."""
    for seed in range(10):
        rows = rows_of(seed, size, 2, 400)
        positive, scores = rows["y_true"] == 1, rows["scores"][:, 1]
        batches = binary_batches(positive, scores, rows["weight"])
        found = measured(batches, budget=1000, passes=seed % 2 == 0).overall
        for name, expected in exact_ranking(positive, scores, rows["weight"]).items():
            low, high = found.get(f"{name}_bounds") or (found[name], found[name])
            assert low - 1e-12 <= expected <= high + 1e-12, (seed, name)


@pytest.mark.parametrize("size", REFERENCE.values(), ids=REFERENCE)
def test_figures_of_probabilities_are_those_of_exact_arithmetic(size: tuple[float, float]) -> None:
    """Each label's ranking to 1e-11."""
    for seed in range(10):
        rows = rows_of(seed, size, 4)
        found = summary_of(rows)["per_class_metrics"]
        shares = rows["scores"] / row_sums(rows["scores"])[:, None]
        for label in range(4):
            expected = exact_ranking(rows["y_true"] == label, shares[:, label], rows["weight"])
            own = found[str(label)]
            assert {name: own[name] for name in expected} == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize("labels", [2, 4])
@pytest.mark.parametrize("factor", [2.0**-1040, 2.0**-600, 2.0**600, 2.0**1010], ids=str)
def test_only_the_weights_proportions_count(labels: int, factor: float) -> None:
    """With all weights a power of 2 larger or smaller, every figure that is a share stays, its interval too."""
    rows = rows_of(1, (1.0, 16.0), labels, 60)
    rows["weight"] = np.round(rows["weight"])
    rows["region"] = np.arange(60) % 3
    other = rows | {"weight": rows["weight"] * factor}
    one, two = (summary_of(each, slices=["region"]) for each in (rows, other))
    for mine, theirs in ((one, two), *_slices(one, two)):
        assert shares_of(mine["overall"]) == pytest.approx(shares_of(theirs["overall"]), rel=1e-9, abs=1e-12)
        for label, figures in mine["per_class_metrics"].items():
            own = theirs["per_class_metrics"][label]
            assert shares_of(figures) == pytest.approx(shares_of(own), rel=1e-9, abs=1e-12)
            assert own["support"] == figures["support"] * factor
    assert one.get("curves") == two.get("curves")
    assert [w["code"] for w in one["warnings"]] == [w["code"] for w in two["warnings"]]
    if labels == 2:
        points = [each["thresholds"]["recommended"] for each in (one, two)]
        assert [p["youden_j"]["threshold"] for p in points] == [points[0]["youden_j"]["threshold"]] * 2


def _slices(one: Document, two: Document) -> list[tuple[Any, Any]]:
    found = [each["slices"]["columns"]["region"] for each in (one, two)]
    return [(found[0][value], found[1][value]) for value in found[0]]


def shares_of(figures: dict[str, Any]) -> dict[str, Any]:
    """The figures and interval ends that are not sums of weights, by name and end."""
    flat = {}
    for name, value in figures.items():
        if name in COUNTS:
            continue
        ends = value if isinstance(value, list) else [value]
        flat |= {f"{name}{end}": -1.0 if v is None else v for end, v in enumerate(ends)}
    return flat


def test_a_label_of_vanishing_weight_keeps_its_figures() -> None:
    """Its recall and the rows it is worth are its own, also where no float holds its share of all weights."""
    columns = {
        "y_true": ["a"] * 4 + ["b"] * 4,
        "y_pred": ["a", "a", "a", "b", "b", "b", "b", "a"],
        "weight": [1e300] * 4 + [1e-300] * 4,
    }
    found = document(folder(pa.table(columns), ".parquet"))
    own = found["per_class_metrics"]["b"]
    assert own["recall"] == 0.75
    assert own["recall_interval"] == pytest.approx([float(e) for e in _ends(wilson(3, 4))], rel=1e-12)
    assert found["overall"]["balanced_accuracy"] == 0.75


def _ends(interval: Any) -> tuple[Any, Any]:
    return interval.low, interval.high


def test_a_label_whose_rows_weigh_nothing_still_occurs() -> None:
    """In macro averages it counts as 0, as in scikit-learn; balanced accuracy goes by weight there too."""
    rng = np.random.default_rng(0)
    for _ in range(30):
        actual, predicted = rng.integers(0, 4, (2, 12))
        weights = rng.choice([0.5, 1.0, 3.0], 12)
        weights[(actual == 0) | (predicted == 0)] = 0
        if not weights.any():
            continue
        table = pa.table({"y_true": actual, "y_pred": predicted, "weight": weights})
        found = document(folder(table, ".parquet"))["overall"]
        for name, reference in (
            ("precision", sk.precision_score),
            ("recall", sk.recall_score),
            ("f1", sk.f1_score),
        ):
            expected = reference(actual, predicted, average="macro", sample_weight=weights, zero_division=0)
            assert found[f"macro_{name}"] == pytest.approx(expected, abs=1e-12)
            low, high = found[f"macro_{name}_interval"]
            assert low <= found[f"macro_{name}"] <= high
        with warnings.catch_warnings(action="ignore"):
            expected = sk.balanced_accuracy_score(actual, predicted, sample_weight=weights)
        assert found["balanced_accuracy"] == pytest.approx(expected, abs=1e-12)


def test_weights_that_add_up_to_no_float_are_refused() -> None:
    """One such file, or the two together, with what to do."""
    columns = {"y_true": [0, 1], "y_pred": [0, 1], "weight": [1e308, 1e308]}
    with pytest.raises(InvalidPredictions, match=r"add up to more than 1.79e\+308; divide all weights"):
        document(folder(pa.table(columns), ".parquet"))
    half = pa.table(columns | {"weight": [1e308, 0.0]})
    with pytest.raises(InvalidPredictions, match=r"add up to more than 1.79e\+308; divide all weights"):
        document([*folder(half, ".parquet"), in_memory("p/1.parquet", written(half, ".parquet"))])


@pytest.mark.parametrize("weight", [-1.0, np.inf])
def test_weights_below_0_or_infinite_are_refused_by_row(weight: float) -> None:
    """The row is named."""
    columns = {"y_true": [0, 1], "y_pred": [0, 1], "weight": [1.0, weight]}
    with pytest.raises(InvalidPredictions, match=r"row 1 has the weight .* not finite and ≥ 0"):
        document(folder(pa.table(columns), ".parquet"))
