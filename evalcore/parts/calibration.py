"""The reliability diagram: in bins of the probability, how often what was predicted came true."""

from __future__ import annotations

from typing import Any

import numpy as np

from evalcore.calibration import calibration_bins
from evalcore.evaluation import Measured
from evalcore.registry import part
from evalcore.states.thresholds import CALIBRATION_BINS

NUMBER = {"type": ["number", "null"], "minimum": 0, "maximum": 1}

BIN = {
    "type": "object",
    "properties": {
        "low": NUMBER,
        "high": NUMBER,
        "rows": {"type": "integer", "minimum": 0},
        "mean_score": NUMBER,
        "share": NUMBER,
        "interval": {"type": ["array", "null"], "items": NUMBER, "minItems": 2, "maxItems": 2},
    },
    "required": ["low", "high", "rows", "mean_score", "share", "interval"],
}

SCHEMA = {"type": "array", "items": BIN, "minItems": CALIBRATION_BINS, "maxItems": CALIBRATION_BINS}


@part("calibration", SCHEMA)
def calibration_part(measured: Measured) -> list[dict[str, Any]] | None:
    """Fifteen bins [k/15, (k + 1)/15), the last closed, of the positive label's score or the top label's.

    ``share`` of the rows came true, with its Wilson interval; null in an empty bin.
    """
    bins = calibration_bins(measured.states)
    if bins is None:
        return None
    ends = bins.intervals()
    columns = (bins.rows, bins.mean_score, bins.share, ends.low, ends.high)
    return [_bin(k, *(column[k].item() for column in columns)) for k in range(CALIBRATION_BINS)]


def _bin(k: int, rows: float, mean: float, share: float, low: float, high: float) -> dict[str, Any]:
    empty = bool(np.isnan(share))
    return {
        "low": k / CALIBRATION_BINS,
        "high": (k + 1) / CALIBRATION_BINS,
        "rows": int(rows),
        # A sum of scores divided by their number may be one rounding step outside.
        "mean_score": None if empty else min(mean, 1.0),
        "share": None if empty else share,
        "interval": None if empty else [low, high],
    }
