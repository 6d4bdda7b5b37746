"""What the scores say at every threshold: curves, calibration, and how the scores are distributed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from templates import plots
from templates.numbers import count, figure, share, span
from templates.points import Rate, Thresholds, positive_place, thresholds
from templates.words import shorten, visible

TABLE_BINS = 10
"""The rows of the table beside the histogram."""


def curves_view(summary: Mapping[str, Any], paper: bool = False) -> dict[str, Any] | None:
    """What ``blocks/curves.j2`` shows: both curves, each with its area, where they are defined."""
    curves, found = summary.get("curves") or {}, thresholds(summary)
    pictures = [
        picture
        for name in _CURVES
        if curves.get(name) and (picture := _curve(name, curves[name], summary, found, paper))
    ]
    return {"pictures": pictures} if pictures else None


PAPER_STEP = 0.009
"""How far apart the points of a curve on paper are, as a share of an axis: half a millimetre."""
_CURVES = {
    "roc": ("ROC curve", "roc_auc", ("false_positive_rate", "true_positive_rate")),
    "precision_recall": ("Precision and recall", "average_precision", ("recall", "precision")),
}
_AXES = {
    "false_positive_rate": "False positive rate",
    "true_positive_rate": "True positive rate (recall)",
    "recall": "Recall",
    "precision": "Precision",
}
_AREAS = {"roc_auc": "ROC AUC", "average_precision": "Average precision"}


def _curve(
    name: str,
    curve: Mapping[str, Sequence[float]],
    summary: Mapping[str, Any],
    found: Thresholds | None,
    paper: bool,
) -> dict[str, Any]:
    title, metric, (x, y) = _CURVES[name]
    overall = summary["overall"]
    value, interval = overall.get(metric), overall.get(f"{metric}_interval")
    area = f"{_AREAS[metric]} {figure(value, interval)}"
    reference = ((0.0, 0.0), (1.0, 1.0))
    if name == "precision_recall":
        prevalence = (
            summary["per_class_metrics"][summary["labels"][positive_place(summary)]]["prevalence"] or 0.0
        )
        reference = ((0.0, prevalence), (1.0, prevalence))
    marker = _marker(name, found) if found else None
    said = f"{title} of {visible(summary['labels'][positive_place(summary)])}. {area}."
    points: Iterable[plots.Point] = zip(curve[x], curve[y], strict=True)
    if paper:
        points = plots.thinned(list(points), PAPER_STEP)
    return {
        "id": name.replace("_", "-"),
        "title": title,
        "axes": (_AXES[x], _AXES[y]),
        "area": area,
        "interval": span(interval),
        "bounds": span(overall.get(f"{metric}_bounds")),
        "dashed": "no skill" if name == "roc" else "the positive label’s share",
        "svg": plots.curve(points, marker, said, (_AXES[x], _AXES[y]), reference),
    }


def _marker(name: str, found: Thresholds) -> plots.Marker:
    counts = found.stored
    pair = (counts.false_positive_rate, counts.recall) if name == "roc" else (counts.recall, counts.precision)
    return _place(*pair)


def _place(x: Rate, y: Rate) -> plots.Marker:
    point = None if x.value is None or y.value is None else (x.value, y.value)
    return point, x.interval, y.interval


def calibration_view(summary: Mapping[str, Any]) -> dict[str, Any] | None:
    """What ``blocks/calibration.j2`` shows: the reliability diagram and its bins."""
    bins = [each for each in summary.get("calibration") or () if each["rows"] and each["share"] is not None]
    if not bins:
        return None
    rows = sum(each["rows"] for each in bins)
    points = [
        (each["mean_score"], each["share"], each["interval"] or (each["share"],) * 2, each["rows"] / rows)
        for each in bins
    ]
    binary = len(summary["labels"]) == 2
    score = "Mean score" if binary else "Mean probability of the predicted label"
    came = "Share that is positive" if binary else "Share that is right"
    error = summary["overall"].get("expected_calibration_error")
    ends = summary["overall"].get("expected_calibration_error_interval")
    off = max(bins, key=lambda each: abs(each["share"] - each["mean_score"]) * each["rows"])
    return {
        "error": figure(error, ends),
        "interval": span(ends),
        "binary": binary,
        "columns": (score, came),
        "worst": {
            "rows": count(off["rows"]),
            "mean": figure(off["mean_score"]),
            "share": figure(off["share"], off["interval"]),
            "word": "too low" if off["share"] > off["mean_score"] else "too high",
            "off": off["share"] != off["mean_score"],
        },
        "svg": plots.reliability(
            points, f"Reliability diagram: {len(bins)} bins of the score.", (score, came)
        ),
        "rows": [
            {
                "bin": f"{each['low']:.3f}–{each['high']:.3f}",
                "rows": count(each["rows"]),
                "mean": figure(each["mean_score"]),
                "share": figure(each["share"], each["interval"]),
                "interval": span(each["interval"]),
            }
            for each in bins
        ],
    }


def histogram_view(summary: Mapping[str, Any]) -> dict[str, Any] | None:
    """What ``blocks/histogram.j2`` shows: the scores of the rows of either label."""
    found = summary.get("score_histogram")
    if not found or len(found["counts"]) != 2:
        return None
    positive = summary["labels"][positive_place(summary)]
    names = (positive, next(label for label in found["counts"] if label != positive))
    counts = [found["counts"][name] for name in names]
    totals = [sum(each) for each in counts]
    up, down = (
        [n / total if total else 0.0 for n in each] for each, total in zip(counts, totals, strict=True)
    )
    point = (summary.get("thresholds") or {}).get("operating_point")
    shown = [f"actually {shorten(visible(name), 40)}" for name in names]
    title = f"Scores of rows that are {shown[0]} (upwards) and {shown[1]} (downwards)."
    return {
        "names": names,
        "totals": [count(total) for total in totals],
        "peak": plots.peak(up, down),
        "svg": plots.histogram(up, down, (shown[0], shown[1]), point, title),
        "rows": _coarse(found["edges"], counts, totals),
    }


def _coarse(
    edges: Sequence[float], counts: Sequence[Sequence[int]], totals: Sequence[int]
) -> list[dict[str, Any]]:
    step = len(counts[0]) // TABLE_BINS
    return [
        {
            "bin": f"{edges[start]:.1f}–{edges[end]:.1f}",
            "cells": [
                {"count": count(sum(each[start:end])), "share": share(sum(each[start:end]), total)}
                for each, total in zip(counts, totals, strict=True)
            ],
        }
        for start, end in pairwise(range(0, len(counts[0]) + 1, step))
    ]
