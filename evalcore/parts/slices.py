"""The figures of every value of the sliced columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalcore.evaluation import Measured, Slice
from evalcore.registry import part
from evalcore.slices import widest_gaps

WHOLE_TABLES = 2000
"""Labels, over all values of all columns, whose figures are all kept; beyond, the main ones of labels that
occur among a value's rows: a summary is read by people and by browsers."""

MAIN = ("precision", "recall", "f1_score", "support", "predicted")
MOST_GAPS = 100

_INTERVAL = {"type": ["array", "null"], "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
_FIGURES = {
    "type": "object",
    "additionalProperties": {"anyOf": [{"type": ["number", "null"]}, _INTERVAL]},
}
_SLICE = {
    "type": "object",
    "properties": {
        "examples": {"type": "integer", "minimum": 1},
        "missing": {"const": True, "title": "Rows without a value in the column"},
        "overall": _FIGURES,
        "per_class_metrics": {"type": "object", "additionalProperties": _FIGURES},
    },
    "required": ["examples", "overall", "per_class_metrics"],
}
_END = {
    "type": "object",
    "properties": {
        "value": {"type": "string"},
        "figure": {"type": "number"},
        "interval": _INTERVAL,
        "rows": {"type": "integer", "minimum": 1},
    },
    "required": ["value", "figure", "interval", "rows"],
}
_GAP = {
    "type": "object",
    "properties": {
        "column": {"type": "string"},
        "metric": {"type": "string"},
        "low": _END,
        "high": _END,
        "gap": {"type": "number", "minimum": 0},
        "gap_interval": _INTERVAL,
    },
    "required": ["column", "metric", "low", "high", "gap", "gap_interval"],
}
_COLUMN = {"type": "object", "additionalProperties": _SLICE}
SCHEMA = {
    "type": "object",
    "properties": {
        "columns": {"type": "object", "additionalProperties": _COLUMN},
        "widest_gaps": {"type": "array", "items": _GAP, "maxItems": MOST_GAPS},
    },
    "required": ["columns", "widest_gaps"],
}


@part("slices", SCHEMA)
def slices(measured: Measured) -> dict[str, Any] | None:
    """By column and value; absent where no column is sliced.

    Rows without a value stand under ``(missing)``, in as many brackets as no real value has, last in their
    column and marked ``"missing": true``.
    """
    if not measured.slices:
        return None
    values = sum(len(column) for column in measured.slices.values())
    whole = values * len(measured.labels) <= WHOLE_TABLES
    columns = {
        column: {name: _document(found, whole) for name, found in by_name.items()}
        for column, by_name in measured.slices.items()
    }
    gaps = widest_gaps(measured.slices, measured.labels)[:MOST_GAPS]
    return {"columns": columns, "widest_gaps": [gap.document() for gap in gaps]}


def _document(found: Slice, whole: bool) -> dict[str, Any]:
    table = found.table
    labels = dict(table.per_label) if whole else _main(table.per_label)
    missing = {"missing": True} if found.value is None else {}
    return {"examples": found.rows} | missing | {"overall": table.overall, "per_class_metrics": labels}


def _main(per_label: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    kept = {key for name in MAIN for key in (name, f"{name}_interval")}
    return {
        label: {name: value for name, value in figures.items() if name in kept}
        for label, figures in per_label.items()
        if figures["support"] or figures["predicted"]
    }
