"""The ROC and the precision-recall curve of a binary model with scores, drawn from its thresholds."""

from __future__ import annotations

from typing import Any

import numpy as np

from evalcore.evaluation import Measured
from evalcore.operating import Counts, thresholds
from evalcore.registry import part
from evalcore.states.thresholds import THRESHOLDS, ThresholdCounts
from evalcore.values import Floats, ratio

SHARES = {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1}, "maxItems": THRESHOLDS}


def _curve(*names: str) -> dict[str, Any]:
    columns = {**dict.fromkeys(names, SHARES), "threshold": {**SHARES, "items": {"type": ["number", "null"]}}}
    return {"type": ["object", "null"], "properties": columns, "required": list(columns)}


SCHEMA = {
    "type": "object",
    "properties": {
        "roc": _curve("false_positive_rate", "true_positive_rate"),
        "precision_recall": _curve("recall", "precision"),
    },
    "required": ["roc", "precision_recall"],
}


@part("curves", SCHEMA)
def curves_part(measured: Measured) -> dict[str, Any] | None:
    """At most 1,001 points each, from the highest threshold down.

    Repeated points, and those between two others on a straight line, are left out. The ROC curve starts at
    (0, 0), which no threshold may reach: its threshold is then null. A curve is null where it is undefined:
    without rows of both labels, or without positive ones.
    """
    counts: ThresholdCounts | None = measured.states.get(ThresholdCounts)
    if counts is None:
        return None
    four = {name: table[::-1].astype(np.float64) for name, table in counts.four().items()}
    return {"roc": _roc(four), "precision_recall": _precision_recall(four)}


def _roc(four: Counts) -> dict[str, Any] | None:
    false = ratio(four["false_positive"], four["false_positive"] + four["true_negative"])
    true = ratio(four["true_positive"], four["true_positive"] + four["false_negative"])
    if np.isnan(false).any() or np.isnan(true).any():
        return None
    at = thresholds()[::-1]
    if false[0] or true[0]:
        false, true, at = (np.append(first, part) for first, part in ((0, false), (0, true), (np.nan, at)))
    return _columns(("false_positive_rate", "true_positive_rate"), false, true, at)


def _precision_recall(four: Counts) -> dict[str, Any] | None:
    predicted = four["true_positive"] + four["false_positive"]
    recall = ratio(four["true_positive"], four["true_positive"] + four["false_negative"])
    if np.isnan(recall).any():
        return None
    some = predicted > 0
    precision = ratio(four["true_positive"], predicted)
    return _columns(("recall", "precision"), recall[some], precision[some], thresholds()[::-1][some])


def _columns(names: tuple[str, str], x: Floats, y: Floats, at: Floats) -> dict[str, Any]:
    kept = corners(x, y)
    limits = [None if np.isnan(threshold) else threshold for threshold in at[kept].tolist()]
    return {names[0]: x[kept].tolist(), names[1]: y[kept].tolist(), "threshold": limits}


def corners(x: Floats, y: Floats) -> Any:
    """The places of the points where a line turns, its ends included, each point once; 1,001 at the most.

    Where more are left, those go first that the line passes nearest to.
    """
    fresh = np.append(True, (np.diff(x) != 0) | (np.diff(y) != 0))
    kept = np.flatnonzero(fresh)
    areas = _areas(x[kept], y[kept])
    kept = kept[areas > 1e-15]
    if len(kept) <= THRESHOLDS:
        return kept
    order = np.argsort(-_areas(x[kept], y[kept]), kind="stable")[:THRESHOLDS]
    return kept[np.sort(order)]


def _areas(x: Floats, y: Floats) -> Floats:
    """Twice the triangle of each point and its neighbours; infinite at the ends."""
    areas: Floats = np.full(len(x), np.inf)
    dx, dy = np.diff(x), np.diff(y)
    areas[1:-1] = np.abs(dx[:-1] * dy[1:] - dx[1:] * dy[:-1])
    return areas
