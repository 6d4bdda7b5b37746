"""Summaries to render: figures that follow from a matrix, without the rooms that read and compute them."""

from __future__ import annotations

import math
import random
from typing import Any

CHURN = [[9120, 380], [270, 4230]]
HOSTILE = (
    "<script>alert(1)</script>",
    "\"quotes\" & 'more'",
    "=cmd|' /C calc'!A0",
    "left\u202eright",
    "x" * 300,
    "{{7*7}}",
    "قطة",
    "狗 | \u0007bell\n",
)

Matrix = list[list[int]]


def wilson(part: float, whole: float) -> list[float] | None:
    """A 95% interval of a share."""
    if not whole:
        return None
    share, z = part / whole, 1.959964
    middle = (share + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole)) / (1 + z * z / whole)
    return [max(0.0, middle - half), min(1.0, middle + half)]


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _label_figures(matrix: Matrix, i: int, columns: list[int], total: int) -> dict[str, Any]:
    hit, support, predicted = matrix[i][i], sum(matrix[i]), columns[i]
    figures: dict[str, Any] = {
        "support": support,
        "predicted": predicted,
        "true_positive": hit,
        "false_positive": predicted - hit,
        "false_negative": support - hit,
        "true_negative": total - support - predicted + hit,
        "needed_support": 385,
    }
    shares = {
        "precision": (hit, predicted),
        "recall": (hit, support),
        "f1_score": (2 * hit, support + predicted),
        "prevalence": (support, total),
    }
    for metric, (part, whole) in shares.items():
        figures[metric], figures[f"{metric}_interval"] = _ratio(part, whole), wilson(part, whole)
    return figures


def _overall(matrix: Matrix, figures: list[dict[str, Any]], total: int) -> dict[str, Any]:
    present = [each for each in figures if each["support"] or each["predicted"]]
    actual = [each for each in figures if each["support"]]
    right = sum(matrix[i][i] for i in range(len(matrix)))
    values = {
        "accuracy": right / total,
        "balanced_accuracy": sum(each["recall"] for each in actual) / len(actual),
        "macro_precision": sum(each["precision"] or 0 for each in present) / len(present),
        "macro_recall": sum(each["recall"] or 0 for each in present) / len(present),
        "macro_f1": sum(each["f1_score"] or 0 for each in present) / len(present),
        "weighted_f1": sum((each["f1_score"] or 0) * each["support"] for each in present) / total,
        "majority_share": max(each["support"] for each in figures) / total,
    }
    found: dict[str, Any] = {}
    for name, value in values.items():
        found[name], found[f"{name}_interval"] = value, wilson(value * total, total)
    return found | {"cohen_kappa": -0.0123, "cohen_kappa_interval": [-0.09, 0.06], "matthews_corrcoef": None}


def summary(matrix: Matrix, labels: list[str], **changes: Any) -> dict[str, Any]:
    """The summary of a matrix; ``changes`` replace parts of it."""
    total = sum(map(sum, matrix))
    columns = [sum(column) for column in zip(*matrix, strict=True)]
    figures = [_label_figures(matrix, i, columns, total) for i in range(len(labels))]
    undefined = [
        {"metric": metric, "label": label, "reason": reason}
        for label, each in zip(labels, figures, strict=True)
        for metric, reason in (
            ("precision", f"no row is predicted {label}"),
            ("recall", f"no row is {label}"),
        )
        if each[metric] is None
    ]
    undefined += [
        {"metric": "f1_score", "label": label, "reason": f"{label} occurs neither as actual nor as predicted"}
        for label, each in zip(labels, figures, strict=True)
        if each["f1_score"] is None
    ]
    return {
        "schema_version": "1.0",
        "model_id": "mdl-7f3a19bc92",
        "model_name": "Customer churn",
        "version_id": "ver-001a1",
        "created_at": "2026-11-20T02:00:00Z",
        "evaluation": "5d41402abc4b2a76b9719d911017c592" * 2,
        "dataset_split": "test",
        "checkpoint": None,
        "task_type": "classification",
        "splits": [{"dataset_split": split, "checkpoint": None} for split in ("test", "validation")],
        "settings": {
            "task_type": "classification",
            "name": "Customer churn",
            "labels": labels,
            "positive_label": labels[-1],
            "threshold": 0.5,
            "costs": None,
            "slices": [],
            "gates": [],
            "columns": {"ground_truth": "y_true", "prediction": "y_pred", "weight": None},
            "baseline": None,
        },
        "training_counts": None,
        "examples": total,
        "elements": total,
        "skipped": {"duplicate_ids": 0, "missing_ground_truth": 3, "missing_predictions": 0},
        "labels": labels,
        "confusion_matrix": {"labels": labels, "matrix": matrix, "normalized": False},
        "per_class_metrics": dict(zip(labels, figures, strict=True)),
        "overall": _overall(matrix, figures, total),
        "undefined": [*undefined, {"metric": "matthews_corrcoef", "reason": "its denominator is 0"}],
        "interval_methods": {"precision": "wilson", "recall": "wilson", "weighted_f1": "delta_wilson"},
        "gates": [],
        "verdict": "none",
        "warnings": [],
        "inputs": [_input("predictions", total)],
        **changes,
    }


def _input(role: str, rows: int) -> dict[str, Any]:
    key = f"models/mdl-7f3a19bc92/versions/ver-001a1/{role}/test/part-0.parquet"
    return {
        "key": key,
        "role": role,
        "etag": '"9b2cf535f27731c974343645a3985328"',
        "bytes": 184_213,
        "rows": rows,
    }


def gate(
    metric: str, status: str, value: float | None, interval: Any = None, **bound: float
) -> dict[str, Any]:
    """A gate that was looked at."""
    reasons = {
        "pass": "the figure meets its bound",
        "inconclusive": "the interval crosses the bound; 2,100 rows would settle it",
        "fail": "the figure misses its bound",
    }
    return {
        "metric": metric,
        **bound,
        "value": value,
        "interval": interval,
        "status": status,
        "reason": reasons[status],
    }


def warning(code: str, severity: str, message: str, label: str | None = None) -> dict[str, Any]:
    """A finding."""
    found = {
        "code": code,
        "severity": severity,
        "message": message,
        "advice": "Collect more rows of it, or weigh it up.",
    }
    return found | ({"label": label} if label else {})


def churn(**changes: Any) -> dict[str, Any]:
    """A binary model, lopsided: precision ≠ recall, false positives ≠ false negatives."""
    whole = summary(CHURN, ["not_churned", "churned"])
    weighted = whole["overall"]["weighted_f1"]
    interval = whole["overall"]["weighted_f1_interval"]
    recall = whole["per_class_metrics"]["churned"]
    return whole | {
        "training_counts": {"not_churned": 38000, "churned": 18000},
        "verdict": "pass",
        "gates": [
            gate("weighted_f1", "pass", weighted, interval, min=0.9),
            gate("recall[churned]", "pass", recall["recall"], recall["recall_interval"], min=0.9),
        ],
        "warnings": [
            warning("imbalanced_training", "info", "Training has 38,000 rows of not_churned.", "not_churned")
        ],
        **changes,
    }


def spread(size: int, rows: int, seed: int = 7) -> Matrix:
    """A matrix whose labels differ in size and whose errors go mostly to neighbours."""
    chance = random.Random(seed)
    matrix = [[0] * size for _ in range(size)]
    for i in range(size):
        support = max(8, int(rows / size * chance.lognormvariate(0, 0.7)))
        for _ in range(support):
            wrong = chance.random() < 0.05 + 0.15 * ((i * 7919) % 11) / 11
            step = (
                chance.choice((-3, -1, -1, 1, 1, 2, 5)) if chance.random() < 0.8 else chance.randrange(size)
            )
            matrix[i][(i + step) % size if wrong else i] += 1
    return matrix


def ten() -> dict[str, Any]:
    """Ten labels, an inconclusive and a failed gate, warnings of every severity."""
    labels = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    matrix = spread(10, 6000)
    matrix[3][5] += 190
    whole = summary(matrix, labels)
    overall, cat = whole["overall"], whole["per_class_metrics"]["cat"]
    support = {label: each["support"] for label, each in whole["per_class_metrics"].items()}
    return whole | {
        "model_id": "mdl-vision",
        "model_name": "Object recognition, warehouse cameras",
        "training_counts": {label: 5000 - 300 * i for i, label in enumerate(labels)},
        "checkpoint": "epoch-12",
        "splits": [
            {"dataset_split": "test", "checkpoint": "epoch-12"},
            {"dataset_split": "test", "checkpoint": None},
            {"dataset_split": "validation", "checkpoint": None},
        ],
        "verdict": "fail",
        "gates": [
            gate(
                "weighted_f1",
                "inconclusive",
                overall["weighted_f1"],
                overall["weighted_f1_interval"],
                min=0.84,
            ),
            gate("recall[cat]", "fail", cat["recall"], cat["recall_interval"], min=0.75),
            gate("accuracy", "pass", overall["accuracy"], overall["accuracy_interval"], min=0.8),
            gate("warnings", "pass", 3, None, max=5),
        ],
        "warnings": [
            warning(
                "imbalanced_classes",
                "info",
                f"cat has {support['cat']} rows, five times the smallest.",
                "cat",
            ),
            warning(
                "confused_pair",
                "warning",
                f"{matrix[3][5]} of {support['cat']} rows of cat are predicted dog.",
                "cat",
            ),
            warning("bias_towards_label", "critical", "dog gets 31% of all errors.", "dog"),
            warning("low_support", "warning", "Only 21 rows are ship.", "ship"),
        ],
    }


def tiny() -> dict[str, Any]:
    """Three labels on nine rows, with figures that are 0/0."""
    return summary([[5, 1, 0], [3, 0, 0], [0, 0, 0]], ["yes", "no", "unsure"])


def many(size: int, rows: int | None = None) -> dict[str, Any]:
    """Many labels."""
    labels = [f"category-{i:04d}" for i in range(size)]
    whole = summary(spread(size, rows or size * 40), labels)
    return whole | {"training_counts": {label: 20 + (i * 37) % 400 for i, label in enumerate(labels)}}


def warned(size: int) -> dict[str, Any]:
    """Many labels, most of them with a finding or two; the only critical finding is the last."""
    whole = many(size)
    labels, figures = whole["labels"], whole["per_class_metrics"]
    found = [
        warning("low_support", "warning", f"Only {figures[each]['support']} rows are {each}.", each)
        for each in labels
    ]
    found += [
        warning("perfect_on_few", "warning", f"Precision of {each} is 1 on few rows.", each)
        for each in labels[: size * 7 // 8]
    ]
    found += [warning("confused_pair", "warning", f"{label} is taken for another.") for label in "abcde"]
    return whole | {"warnings": [*found, warning("bias_towards_label", "critical", "One label has all.")]}


def hostile() -> dict[str, Any]:
    """Names that try to be markup, formulas, templates or to turn the writing round."""
    labels = list(HOSTILE)
    whole = summary(spread(len(labels), 900), labels, model_name=HOSTILE[0] + HOSTILE[3] + HOSTILE[4])
    return whole | {
        "checkpoint": "epoch 1/ä?#",
        "splits": [{"dataset_split": "test", "checkpoint": "epoch 1/ä?#"}],
        "warnings": [
            warning(code, "warning", f"Only 9 rows are {label}.", label)
            for code, few in (("low_support", labels[:4]), ("perfect_on_few", labels[4:]))
            for label in few
        ],
        "gates": [gate(f"recall[{labels[0]}]", "fail", None, None, min=0.5)],
        "verdict": "fail",
    }


def entry(model: str, version: str, verdict: str = "pass", **changes: Any) -> dict[str, Any]:
    """One line of the index."""
    return {
        "key": f"evaluations/{model}/{version}/test/",
        "model_id": model,
        "model_name": model.replace("-", " ").capitalize(),
        "version_id": version,
        "dataset_split": "test",
        "checkpoint": None,
        "created_at": "2026-11-20T02:00:00Z",
        "promoted": False,
        "summary_etag": '"1"',
        "evaluation": "ab" * 32,
        "verdict": verdict,
        "examples": 14000,
        "headline": {
            "weighted_f1": 0.9539,
            "weighted_f1_interval": [0.950, 0.957],
            "accuracy": 0.9536,
            "accuracy_interval": [0.9499, 0.9569],
        },
        "gates": {"pass": 1, "inconclusive": 0, "fail": 0},
        "warnings": 2,
        "failure": None,
        **changes,
    }


def index() -> dict[str, Any]:
    """A store with something of everything."""
    never = {
        "evaluation": None,
        "verdict": None,
        "examples": None,
        "headline": None,
        "gates": None,
        "warnings": None,
    }
    broken = {
        "code": "invalid_predictions",
        "message": "part-3.parquet lacks the column y_pred; write it again",
    }
    return {
        "schema_version": "1.0",
        "evaluations": [
            entry("a-churn", "ver-1", created_at="2026-11-01T02:00:00Z"),
            entry("a-churn", "ver-2", promoted=True),
            entry("b-fraud", "ver-7", "fail", promoted=True, gates={"pass": 1, "inconclusive": 0, "fail": 1}),
            entry("c-vision", "ver-3", promoted=True, failure=broken),
            entry("c-vision", "ver-4", created_at="2026-11-21T02:00:00Z", failure=broken, **never),
            entry("d-intent", "ver-1", "inconclusive", gates={"pass": 0, "inconclusive": 1, "fail": 0}),
            entry("e-topics", "ver-1", "none", gates={"pass": 0, "inconclusive": 0, "fail": 0}),
        ],
    }
