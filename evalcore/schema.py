"""The JSON Schema of the summary, made from the registered metrics."""

from __future__ import annotations

from typing import Any

from evalcore.metrics.one_vs_rest import OneVsRest
from evalcore.registry import Metric, metrics, parts
from evalcore.states.confusion import ConfusionCounts
from evalcore.summary import SCHEMA_VERSION

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
COUNT: Schema = {"type": "integer", "minimum": 0}
WEIGHT: Schema = {"type": "number", "minimum": 0, "description": "a count, or with weights a sum of them"}
COUNTS: Schema = {"type": "object", "additionalProperties": COUNT}
INTERVAL: Schema = {
    "type": ["array", "null"],
    "items": {"type": "number"},
    "minItems": 2,
    "maxItems": 2,
}


def summary_schema() -> Schema:
    """The schema (draft 2020-12) that every ``summary.json`` is valid against."""
    own = {name: dict(part.schema) for name, part in parts().items()}
    properties = _identity() | _figures() | own | _judgement() | _origin()
    optional = {"artifacts", "what_if", *own}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Assay: the summary of one evaluation",
        "type": "object",
        "properties": properties,
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _object(properties: Schema, required: list[str] | None = None) -> Schema:
    wanted = list(properties) if required is None else required
    return {"type": "object", "properties": properties, "required": wanted, "additionalProperties": False}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _identity() -> Schema:
    split = _object({"dataset_split": TEXT, "checkpoint": TEXT_OR_NULL})
    return {
        "schema_version": {"const": SCHEMA_VERSION},
        "model_id": TEXT,
        "model_name": TEXT,
        "version_id": TEXT,
        "created_at": TEXT_OR_NULL,
        "evaluation": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
        "dataset_split": {"enum": ["train", "validation", "test"]},
        "checkpoint": TEXT_OR_NULL,
        "task_type": {"enum": ["classification", "multilabel", "regression", "object_detection"]},
        "splits": _list(split),
        "settings": {"type": "object"},
        "training_counts": {"type": ["object", "null"], "additionalProperties": COUNT},
    }


def _figures() -> Schema:
    undefined = _object({"metric": TEXT, "label": TEXT, "reason": TEXT}, ["metric", "reason"])
    return {
        "examples": COUNT,
        "elements": COUNT,
        "skipped": COUNTS,
        "labels": _list(TEXT),
        "confusion_matrix": _matrix(),
        "per_class_metrics": {"type": "object", "additionalProperties": _metrics("label")},
        "overall": _metrics("overall"),
        "undefined": _list(undefined),
        "interval_methods": {"type": "object", "additionalProperties": TEXT},
    }


def _matrix() -> Schema:
    cell = {"type": "array", "items": WEIGHT, "minItems": 3, "maxItems": 3}
    common = {"labels": _list(TEXT), "normalized": {"const": False}}
    dense = _object(common | {"matrix": _list(_list(WEIGHT))})
    sparse = _object(common | {"cells": _list(cell)})
    return {"oneOf": [dense, sparse]}


def _metrics(per: str) -> Schema:
    properties: Schema = {}
    for metric in metrics():
        if metric.per == per:
            properties |= _metric(metric)
    return _object(properties, [name for name in properties if not _conditional(name, per)])


def _conditional(name: str, per: str) -> bool:
    """Whether a figure, its interval or its bounds are not there for every evaluation."""
    own = name.removesuffix("_interval").removesuffix("_bounds")
    needed = (metric.of for metric in metrics() if (metric.name, metric.per) == (own, per))
    return name.endswith("_bounds") or not {ConfusionCounts, OneVsRest}.intersection(needed)


def _metric(metric: Metric) -> Schema:
    low, high = metric.bounds
    bounds = {key: end for key, end in (("minimum", low), ("maximum", high)) if end is not None}
    value = {"type": "number" if metric.integer else ["number", "null"], "title": metric.title}
    interval = {} if metric.integer else {f"{metric.name}_interval": INTERVAL}
    inexact = {f"{metric.name}_bounds": INTERVAL} if metric.bounded else {}
    return {metric.name: value | bounds} | interval | inexact


def _judgement() -> Schema:
    gate = {
        "metric": TEXT,
        "value": {"type": ["number", "null"]},
        "interval": INTERVAL,
        "status": {"enum": ["pass", "inconclusive", "fail"]},
        "reason": TEXT,
        "rows_needed": {"type": ["integer", "null"]},
    }
    own = {
        "min": {"type": "number"},
        "max": {"type": "number"},
        "max_drop": {"type": "number"},
        "confident": {"type": "boolean"},
        "optional": {"type": "boolean"},
    }
    of_some = {
        "slice_value": TEXT,
        "baseline": {"type": ["number", "null"]},
        "drop": {"type": ["number", "null"]},
        "drop_interval": INTERVAL,
    }
    severity = {"enum": ["info", "warning", "critical"]}
    warning = {"code": TEXT, "severity": severity, "label": TEXT, "message": TEXT, "advice": TEXT}
    return {
        "gates": _list(_object(gate | own | of_some, list(gate))),
        "verdict": {"enum": ["pass", "inconclusive", "fail", "none"]},
        "warnings": _list(_object(warning, ["code", "severity", "message", "advice"])),
    }


def _origin() -> Schema:
    source = _object({"key": TEXT, "role": TEXT, "etag": TEXT, "bytes": COUNT, "rows": COUNT})
    artifact = _object(
        {"key": TEXT, "size": COUNT, "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"}}
    )
    return {
        "inputs": _list(source),
        "what_if": _object({"threshold": {"type": "number"}, "baseline": {"type": ["string", "null"]}}, []),
        "artifacts": {"type": "object", "additionalProperties": artifact},
        "provenance": {"type": "object"},
    }
