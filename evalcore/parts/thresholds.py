"""The threshold in force of a binary model with scores."""

from __future__ import annotations

from typing import Any

from evalcore.evaluation import Measured
from evalcore.registry import part

SCHEMA = {
    "type": "object",
    "properties": {"operating_point": {"type": ["number", "null"], "minimum": 0, "maximum": 1}},
    "required": ["operating_point"],
}


@part("thresholds", SCHEMA)
def thresholds(measured: Measured) -> dict[str, Any] | None:
    """``operating_point`` is null where the predicted labels came as labels."""
    return {"operating_point": measured.reading.threshold} if measured.reading.binary else None
