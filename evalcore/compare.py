"""Two versions side by side: every figure of both, and how far they are apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from evalcore.differences import METHOD, independent_interval
from evalcore.evaluation import Baseline, Measured
from evalcore.registry import Per, metrics

Figures = Mapping[str, Any]


def compare(measured: Measured, baseline: Measured) -> dict[str, Any]:
    """``overall`` and ``per_class_metrics`` of every figure that both have by name.

    Each is ``{"baseline", "delta", "delta_interval"}``, with delta = this version's figure less the
    baseline's, null where either is undefined. Counts have no interval. ``only_in_baseline`` are labels that
    this version's rows do not have; a label that only this version has is compared with nothing.
    """
    labels = {
        label: _side_by_side(figures, baseline.per_label.get(label, {}), "label")
        for label, figures in measured.per_label.items()
    }
    return {
        "interval_method": METHOD,
        "overall": _side_by_side(measured.overall, baseline.overall, "overall"),
        "per_class_metrics": labels,
        "only_in_baseline": [label for label in baseline.labels if label not in measured.per_label],
    }


def comparison_document(measured: Measured, baseline: Baseline) -> dict[str, Any]:
    """The comparison as it stands in the summary, or the reason why there is none."""
    named = {"baseline_version": baseline.version}
    if baseline.measured is None:
        return named | {"reason": baseline.reason}
    return named | compare(measured, baseline.measured)


def _side_by_side(mine: Figures, theirs: Figures, per: Per) -> dict[str, Any]:
    return {name: delta(name, mine, theirs) for name in _names(mine, per)}


def _names(figures: Figures, per: Per) -> Iterable[str]:
    return [found.name for found in metrics() if found.per == per and found.name in figures]


def delta(name: str, mine: Figures, theirs: Figures) -> dict[str, Any]:
    """One figure of both: the baseline's, this version's less it, and that difference's interval."""
    one, other = mine[name], theirs.get(name)
    if one is None or other is None:
        return {"baseline": other, "delta": None, "delta_interval": None}
    key = f"{name}_interval"
    interval = independent_interval(one, mine.get(key), other, theirs.get(key))
    return {"baseline": other, "delta": one - other, "delta_interval": interval}
