"""How the scores of a binary model are distributed, for rows of either actual label."""

from __future__ import annotations

from typing import Any

from evalcore.evaluation import Measured
from evalcore.registry import part
from evalcore.states.thresholds import ThresholdCounts

BINS = 50

COUNT = {"type": "integer", "minimum": 0}
COUNTS = {"type": "array", "items": COUNT, "minItems": BINS, "maxItems": BINS}
EDGES = {"type": "array", "items": {"type": "number"}, "minItems": BINS + 1, "maxItems": BINS + 1}

SCHEMA = {
    "type": "object",
    "properties": {"edges": EDGES, "counts": {"type": "object", "additionalProperties": COUNTS}},
    "required": ["edges", "counts"],
}


@part("score_histogram", SCHEMA)
def score_histogram_part(measured: Measured) -> dict[str, Any] | None:
    """Rows by actual label in 50 equal bins of the score, each without its upper edge, the last with it."""
    counts: ThresholdCounts | None = measured.states.get(ThresholdCounts)
    if counts is None:
        return None
    rows = counts.binned(BINS, counts.sums["rows"]).T.tolist()
    by_label = dict(zip(measured.reading.pair, rows, strict=True))
    edges = [k / BINS for k in range(BINS + 1)]
    return {"edges": edges, "counts": {label: by_label[label] for label in measured.labels}}
