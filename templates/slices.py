"""Slices: the figures of each value of a column, and the widest gaps between two values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from templates import charts
from templates.numbers import count, figure, share, span
from templates.words import metric, visible

FIGURES = ("accuracy", "weighted_f1")
MOST_GAPS = 10
MOST_VALUES, PAPER_VALUES = 30, 10
"""The values of a column that are listed, by their rows."""
PAPER_COLUMNS, PAPER_GAPS = 4, 3


def slices_view(summary: Mapping[str, Any], paper: bool) -> dict[str, Any] | None:
    """What ``blocks/slices.j2`` shows."""
    found = summary.get("slices")
    if not found or not found.get("columns"):
        return None
    gaps = [gap_view(gap) for gap in found.get("widest_gaps") or ()]
    columns = list(found["columns"].items())
    shown = columns[:PAPER_COLUMNS] if paper else columns
    return {
        "columns": [_column(name, values, summary, paper) for name, values in shown],
        "more": len(columns) - len(shown),
        "figures": [metric(name) for name in FIGURES],
        "gaps": gaps[: PAPER_GAPS if paper else MOST_GAPS],
        "all_gaps": len(gaps),
        "whole": [{"value": figure(summary["overall"].get(name))} for name in FIGURES],
    }


def _column(name: str, values: Mapping[str, Any], summary: Mapping[str, Any], paper: bool) -> dict[str, Any]:
    order = sorted(values, key=lambda value: -values[value]["examples"])
    kept = set(order[: PAPER_VALUES if paper else MOST_VALUES])
    return {
        "name": name,
        "all": count(len(values)),
        "cut": len(kept) < len(values),
        "rows": [
            {
                "value": value,
                "rows": count(each["examples"]),
                "share": share(each["examples"], summary["examples"]),
                "cells": [_figure(metric_name, each["overall"], paper) for metric_name in FIGURES],
            }
            for value, each in values.items()
            if value in kept
        ],
    }


def _figure(name: str, overall: Mapping[str, Any], paper: bool) -> dict[str, str]:
    value, interval = overall.get(name), overall.get(f"{name}_interval")
    bar = "" if paper else charts.bar(value, interval)
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
