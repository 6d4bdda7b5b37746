"""The document: an evaluation as strict JSON, which reports, the index and the commands read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # so that reading a summary needs no numpy
    from evalcore.evaluation import Evaluation, Measured
    from evalcore.states.confusion import ConfusionCounts

SCHEMA_VERSION = "1.0"
DENSE_LABELS = 2000
"""A matrix of more labels is stored as its cells."""

NO_BASELINE = "none"
"""What is asked for in place of a version to compare with nothing."""

Document = dict[str, Any]


@dataclass(frozen=True)
class Identity:
    """Which evaluation it is: the model, the version, the rows, and the digest of all inputs."""

    model_id: str
    model_name: str
    version_id: str
    created_at: str | None
    evaluation: str
    dataset_split: str
    checkpoint: str | None


@dataclass(frozen=True)
class Input:
    """One file that was read."""

    key: str
    role: str
    etag: str
    bytes: int
    rows: int


def summary_document(
    evaluation: Evaluation,
    identity: Identity,
    splits: Sequence[tuple[str, str | None]],
    inputs: Sequence[Input],
    provenance: Mapping[str, Any],
) -> Document:
    """The summary of an evaluation, without its artifacts, which publishing adds.

    ``splits`` are the version's splits and checkpoints that have predictions.
    """
    measured = evaluation.measured
    return {
        "schema_version": SCHEMA_VERSION,
        **vars(identity),
        "task_type": measured.settings.task_type,
        "splits": [{"dataset_split": split, "checkpoint": checkpoint} for split, checkpoint in splits],
        "settings": measured.settings.document(),
        "training_counts": _optional(measured.settings.training_counts),
        **_figures(measured),
        **_parts(measured),
        "gates": [dict(gate) for gate in evaluation.gates],
        "verdict": evaluation.verdict,
        "warnings": [warning.document() for warning in evaluation.warnings],
        **_what_if(measured),
        "inputs": [dict(vars(item)) for item in inputs],
        "provenance": dict(provenance),
    }


def _figures(measured: Measured) -> Document:
    return {
        "examples": measured.examples,
        "elements": measured.elements,
        "skipped": measured.rows.skipped(),
        "labels": list(measured.labels),
        "confusion_matrix": _matrix(measured.confusion),
        "per_class_metrics": {label: dict(figures) for label, figures in measured.per_label.items()},
        "overall": dict(measured.overall),
        "undefined": [item.document() for item in measured.table.undefined],
        "interval_methods": dict(measured.table.methods),
    }


def _matrix(counts: ConfusionCounts) -> Document:
    labels = list(counts.labels)
    if len(labels) <= DENSE_LABELS:
        dense = counts.weights.dense
        assert dense is not None
        return {"labels": labels, "matrix": dense.tolist(), "normalized": False}
    return {"labels": labels, "cells": counts.weights.listed(), "normalized": False}


def _what_if(measured: Measured) -> Document:
    """Says of an evaluation that it answers a question and is in force nowhere."""
    settings = measured.settings
    supposed: Document = {"threshold": settings.threshold} if settings.asked_threshold else {}
    if settings.asked_baseline is not None:
        supposed["baseline"] = None if settings.asked_baseline == NO_BASELINE else settings.asked_baseline
    return {"what_if": supposed} if supposed else {}


def _parts(measured: Measured) -> Document:
    from evalcore.registry import parts

    found = {name: part.document(measured) for name, part in parts().items()}
    return {name: document for name, document in found.items() if document is not None}


def _optional(counts: Mapping[str, int] | None) -> dict[str, int] | None:
    return None if counts is None else dict(counts)


def confusion_document(summary: Mapping[str, Any], normalize: bool = False) -> Document:
    """The confusion matrix of a summary on its own, with every label's precision, recall and F1.

    Normalised rows add up to 1; a row without support is all 0.
    """
    stored = summary["confusion_matrix"]
    per_class = {
        label: {name: figures[name] for name in ("precision", "recall", "f1_score")}
        for label, figures in summary["per_class_metrics"].items()
    }
    identity = {name: summary[name] for name in ("model_id", "version_id", "dataset_split")}
    cells = (
        _normalized(stored)
        if normalize
        else {key: stored[key] for key in ("matrix", "cells") if key in stored}
    )
    return (
        identity
        | {"labels": stored["labels"]}
        | cells
        | {"normalized": normalize, "per_class_metrics": per_class}
    )


def _normalized(stored: Mapping[str, Any]) -> Document:
    if "matrix" in stored:
        return {"matrix": [_shares(row) for row in stored["matrix"]]}
    support: dict[int, float] = {}
    for actual, _, count in stored["cells"]:
        support[actual] = support.get(actual, 0) + count
    return {
        "cells": [
            [actual, predicted, count / support[actual]] for actual, predicted, count in stored["cells"]
        ]
    }


def _shares(row: Sequence[float]) -> list[float]:
    total = sum(row)
    return [count / total if total else 0.0 for count in row]


def dump(document: Mapping[str, Any]) -> bytes:
    """Strict JSON, UTF-8, one top-level key a line. Raises ValueError for a value that is not finite."""
    lines = (f"{_json(key)}: {_json(value)}" for key, value in document.items())
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def _json(value: Any) -> str:
    return json.dumps(value, allow_nan=False, ensure_ascii=False)
