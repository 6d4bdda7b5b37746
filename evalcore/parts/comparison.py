"""The comparison with another version."""

from __future__ import annotations

from typing import Any

from evalcore.compare import comparison_document
from evalcore.evaluation import Measured
from evalcore.registry import part

_NUMBER = {"type": ["number", "null"]}
_INTERVAL = {"type": ["array", "null"], "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
_DELTA = {
    "type": "object",
    "properties": {"baseline": _NUMBER, "delta": _NUMBER, "delta_interval": _INTERVAL},
    "required": ["baseline", "delta", "delta_interval"],
}
_DELTAS = {"type": "object", "additionalProperties": _DELTA}
_COMPARED = {
    "properties": {
        "interval_method": {"type": "string"},
        "overall": _DELTAS,
        "per_class_metrics": {"type": "object", "additionalProperties": _DELTAS},
        "only_in_baseline": {"type": "array", "items": {"type": "string"}},
        "paired": {"type": "object"},
    },
    "required": ["interval_method", "overall", "per_class_metrics", "only_in_baseline"],
}
SCHEMA = {
    "type": "object",
    "properties": {"baseline_version": {"type": "string"}},
    "required": ["baseline_version"],
    "oneOf": [
        {"properties": {"reason": {"type": "string"}}, "required": ["reason"]},
        _COMPARED | {"not": {"required": ["reason"]}},
    ],
}


@part("comparison", SCHEMA)
def comparison(measured: Measured) -> dict[str, Any] | None:
    """Absent where there is no version to compare with; a reason where there is one that cannot be."""
    if measured.baseline is None:
        return None
    return comparison_document(measured, measured.baseline)
