"""What every threshold does to the rows of a binary model with scores, and which ones to choose."""

from __future__ import annotations

from typing import Any

from evalcore.evaluation import Measured
from evalcore.operating import FOUR, recommended, thresholds
from evalcore.registry import part
from evalcore.states.thresholds import THRESHOLDS, ThresholdCounts

MASS = {"type": "number", "minimum": 0}
SHARE = {"type": "number", "minimum": 0, "maximum": 1}
MASSES = {"type": "array", "items": MASS, "minItems": THRESHOLDS, "maxItems": THRESHOLDS}

POINT = {
    "type": ["object", "null"],
    "properties": {
        "threshold": SHARE,
        **dict.fromkeys(FOUR, MASS),
        "in_sample": {"type": "boolean"},
        "chosen_on": {"type": "string"},
    },
    "required": ["threshold", *FOUR, "in_sample", "chosen_on"],
}

SCHEMA = {
    "type": "object",
    "properties": {
        "operating_point": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
        "threshold": {**MASSES, "items": SHARE},
        **dict.fromkeys(FOUR, MASSES),
        "recommended": {
            "type": "object",
            "properties": {"best_f1": POINT, "youden_j": POINT, "least_cost": POINT},
            "required": ["best_f1", "youden_j"],
        },
    },
    "required": ["operating_point", "threshold", *FOUR, "recommended"],
}


@part("thresholds", SCHEMA)
def thresholds_part(measured: Measured) -> dict[str, Any] | None:
    """The four counts at each threshold i/1000, by ``score >= threshold``.

    Each threshold takes the precision of the scores' column first. ``operating_point`` is null where the
    predicted labels came as labels.
    """
    counts: ThresholdCounts | None = measured.states.get(ThresholdCounts)
    if counts is None:
        return None
    four = counts.four()
    validation = (measured.validation or {}).get(ThresholdCounts)
    return {
        "operating_point": measured.reading.threshold,
        "threshold": thresholds().tolist(),
        **{name: four[name].tolist() for name in FOUR},
        "recommended": recommended(counts, measured.settings.costs, measured.split, validation),
    }
