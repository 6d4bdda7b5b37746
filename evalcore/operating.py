"""Operating points: what a threshold does to the rows, and the thresholds that serve a purpose best."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from evalcore.states.thresholds import THRESHOLDS, ThresholdCounts
from evalcore.values import Floats, ratio
from evalcore.weights import exponent_of

Counts = Mapping[str, npt.NDArray[Any]]
"""The four counts at every threshold."""

FOUR = ("true_positive", "false_positive", "true_negative", "false_negative")


def thresholds() -> Floats:
    """The thresholds i/1000."""
    return np.asarray(np.arange(THRESHOLDS) / (THRESHOLDS - 1))


def recommended(
    counts: ThresholdCounts,
    costs: Mapping[str, float] | None,
    split: str,
    validation: ThresholdCounts | None = None,
) -> dict[str, Any]:
    """``best_f1``, ``youden_j`` and, with costs, ``least_cost``: each a threshold and this split's counts.

    They are chosen on the validation rows where there are any, else on this split itself, which
    ``in_sample`` says: then they flatter. Ties go to the point nearest 0.5, then to the lower. None where a
    criterion is undefined, for want of positive rows or of rows of both labels.
    """
    chosen_on = counts if validation is None else validation
    here, there = counts.four(), chosen_on.four()
    origin = {"in_sample": validation is None, "chosen_on": split if validation is None else "validation"}
    found = {name: _best(values) for name, values in criteria(there, costs).items()}
    return {name: None if at is None else _point(here, at) | origin for name, at in found.items()}


def criteria(four: Counts, costs: Mapping[str, float] | None) -> dict[str, Floats | None]:
    """What each recommendation maximises, at every threshold; None where it is undefined."""
    tp, fp, tn, fn = _brought_near_one([four[name] for name in FOUR])
    positives, negatives = tp[0] + fn[0], fp[0] + tn[0]
    f1 = ratio(2 * tp, 2 * tp + fp + fn) if positives else None
    # Free of division, so that whole rows compare exactly.
    youden = tp * negatives - fp * positives if positives and negatives else None
    found = {"best_f1": f1, "youden_j": youden}
    if costs is not None:
        cost = costs["false_positive"] * fp + costs["false_negative"] * fn
        found["least_cost"] = -cost if positives or negatives else None
    return found


def _brought_near_one(four: list[npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
    """Weights divided by a power of 2, so that two can be multiplied; rows as they are."""
    if four[0].dtype.kind != "f":
        return four
    exponent = max(exponent_of(part.max()) for part in four)
    return [np.ldexp(part, -exponent) for part in four]


def _best(values: Floats | None) -> int | None:
    if values is None:
        return None
    best = np.flatnonzero(values == values.max())
    return int(min(best.tolist(), key=lambda i: (abs(2 * i - (THRESHOLDS - 1)), i)))


def _point(four: Counts, at: int) -> dict[str, Any]:
    return {"threshold": at / (THRESHOLDS - 1)} | {name: four[name][at].item() for name in FOUR}
