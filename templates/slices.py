"""Slices: the figures of each value of a column, and the widest gaps between two values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from templates import charts
from templates.cuts import ON_PAPER, WITH_BARS, rows_listed
from templates.numbers import count, figure, share, span
from templates.words import metric, visible

FIGURES = ("accuracy", "weighted_f1")
WORST_BY = FIGURES[0]
MOST_GAPS, PAPER_GAPS = 10, 3
LONGEST = 300
"""The most values of a column of which the screen lists all."""


def slices_view(summary: Mapping[str, Any], paper: bool) -> dict[str, Any] | None:
    """What ``blocks/slices.j2`` shows."""
    found = summary.get("slices")
    if not found or not found.get("columns"):
        return None
    gaps = [gap_view(gap) for gap in found.get("widest_gaps") or ()]
    return {
        "columns": [_column(name, values, summary, paper) for name, values in found["columns"].items()],
        "figures": [metric(name) for name in FIGURES],
        "gaps": gaps[: PAPER_GAPS if paper else MOST_GAPS],
        "all_gaps": len(gaps),
        "whole": [{"value": figure(summary["overall"].get(name))} for name in FIGURES],
    }


def _column(name: str, values: Mapping[str, Any], summary: Mapping[str, Any], paper: bool) -> dict[str, Any]:
    longest = ON_PAPER if paper else LONGEST
    shown, cut = rows_listed(values, longest, _worst_first(values), lambda value: values[value]["examples"])
    bars = not paper and len(shown) <= WITH_BARS
    return {
        "name": name,
        "all": count(len(values)),
        "cut": cut,
        "rows": [
            {
                "value": value,
                "rows": count(values[value]["examples"]),
                "share": share(values[value]["examples"], summary["examples"]),
                "cells": [_figure(metric_name, values[value]["overall"], bars) for metric_name in FIGURES],
            }
            for value in shown
        ],
    }


def _worst_first(values: Mapping[str, Any]) -> list[str]:
    """Values whose accuracy is defined, the lowest first; of equals the one with more rows first."""
    defined = [value for value in values if values[value]["overall"].get(WORST_BY) is not None]
    return sorted(defined, key=lambda value: (values[value]["overall"][WORST_BY], -values[value]["examples"]))


def _figure(name: str, overall: Mapping[str, Any], bars: bool) -> dict[str, str]:
    value, interval = overall.get(name), overall.get(f"{name}_interval")
    bar = charts.bar(value, interval) if bars else ""
    return {"value": figure(value, interval), "interval": span(interval), "bar": bar}


def gap_view(gap: Mapping[str, Any]) -> dict[str, Any]:
    """One gap: the two values with their figures, and whether its interval leaves out 0."""
    ends = gap.get("gap_interval")
    return {
        "column": gap["column"],
        "metric": metric(visible(gap["metric"])),
        "low": _end(gap["low"]),
        "high": _end(gap["high"]),
        "gap": figure(gap["gap"], ends),
        "interval": span(ends),
        "sure": bool(ends and ends[0] > 0),
    }


def _end(end: Mapping[str, Any]) -> dict[str, str]:
    return {
        "value": end["value"],
        "figure": figure(end["figure"], end.get("interval")),
        "interval": span(end.get("interval")),
        "rows": count(end["rows"]),
    }
