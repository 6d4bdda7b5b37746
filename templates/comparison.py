"""The comparison with the baseline version: what has changed, by how much, and whether it is clear."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from templates.cuts import ON_PAPER
from templates.labels import COLUMNS
from templates.numbers import change, count, digits, figure, span
from templates.words import metric

MOST_LABELS = 20
"""The labels that are listed where there are more than a table can be read with."""


@cache
def _better_when() -> Mapping[str, bool | None]:
    from evalcore.registry import metrics

    return {each.name: each.higher_is_better for each in metrics()}


def changed(name: str, found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """One figure's change: its texts, and whether it is better, worse or unclear; else None."""
    if found is None or found.get("delta") is None:
        return None
    delta, interval = found["delta"], found.get("delta_interval")
    decimals = digits(interval)
    clear = interval is not None and (interval[0] > 0 or interval[1] < 0)
    up = _better_when().get(name)
    word = "unclear" if not clear or up is None else "better" if (delta > 0) == up else "worse"
    return {
        "delta": change(delta, decimals),
        "interval": span(interval, decimals, signed=True),
        "baseline": figure(found["baseline"], None, decimals),
        "word": word,
        "said": {"unclear": "no clear change", "better": "better", "worse": "worse"}[word],
        "sign": {"unclear": "≈", "better": "▲", "worse": "▼"}[word],
    }


def comparison_view(summary: Mapping[str, Any]) -> dict[str, Any] | None:
    """What ``blocks/comparison.j2`` shows; a sentence where the two cannot be compared."""
    found = summary.get("comparison")
    if not found:
        return None
    named = {"version": found["baseline_version"], "reason": found.get("reason")}
    if "overall" not in found:
        return named | {"rows": [], "labels": [], "cut": False, "paired": None, "lost": []}
    labels = _labels(found.get("per_class_metrics") or {}, summary)
    cut = len(labels) > ON_PAPER
    return named | {
        "rows": [
            {"key": name, "name": metric(name), "now": figure(summary["overall"].get(name), None)} | row
            for name, each in found["overall"].items()
            if not isinstance(summary["overall"].get(name), int) and (row := changed(name, each))
        ],
        "columns": [metric(name) for name in COLUMNS],
        "labels": sorted(labels, key=lambda row: row["order"])[:MOST_LABELS] if cut else labels,
        "cut": cut,
        "all": count(len(labels)),
        "lost": found.get("only_in_baseline") or [],
        "paired": _paired(found.get("paired")),
    }


def _labels(deltas: Mapping[str, Any], summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for label, figures in deltas.items():
        cells = [changed(name, figures.get(name)) for name in COLUMNS]
        if any(cells):
            order = (figures.get("f1_score") or {}).get("delta") or 0.0
            rows.append({"label": label, "cells": cells, "order": order})
    return rows


def _paired(found: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Rows that both versions have: those that only one of them gets right, and if that may be chance."""
    if not found or not found.get("mcnemar"):
        return None
    test = found["mcnemar"]
    p = test.get("p_value")
    return {
        "rows": count(found.get("rows")),
        "fixed": count(test["only_this_right"]),
        "broken": count(test["only_baseline_right"]),
        "p": "–" if p is None else "below 0.001" if p < 0.001 else f"{p:.3f}",
        "sure": p is not None and p < 0.05,
    }
