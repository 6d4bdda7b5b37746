"""The per-label table and the balance of the classes, cut where they would be too long to read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from templates import charts
from templates.cuts import ON_PAPER, WITH_BARS, rows_listed
from templates.numbers import count, figure, share, span
from templates.words import metric, visible

LONGEST = 2500
"""The most labels of which the screen lists all: as many as a page of 1.5 MB has room for."""
MOST_MOVED = 20
LOPSIDED = 2
"""Times the smallest label from which on the largest is said to be larger."""

COLUMNS = ("f1_score", "precision", "recall")

Reasons = Mapping[tuple[str, str | None], str]


def reasons(summary: Mapping[str, Any]) -> Reasons:
    """Why a figure is undefined, by metric and label (None: overall)."""
    return {(each["metric"], each.get("label")): each["reason"] for each in summary.get("undefined", ())}


def labels_view(summary: Mapping[str, Any], paper: bool) -> dict[str, Any]:
    """What ``blocks/labels.j2`` shows."""
    figures = summary["per_class_metrics"]
    longest = ON_PAPER if paper else LONGEST
    shown, cut = rows_listed(figures, longest, by_f1(figures), lambda label: figures[label]["support"])
    why = reasons(summary)
    # A picture on paper needs words of its own and time to lay out; the numbers beside it say the same.
    bars = not paper and len(shown) <= WITH_BARS
    return {
        "rows": [_row(label, figures[label], why, bars) for label in shown],
        "cut": cut,
        "labels": len(figures),
        "columns": [metric(name) for name in COLUMNS],
    }


def by_f1(figures: Mapping[str, Any]) -> list[str]:
    """Labels with a defined F1, lowest first; of equals the one with more support first."""
    defined = [label for label in figures if figures[label]["f1_score"] is not None]
    return sorted(defined, key=lambda label: (figures[label]["f1_score"], -figures[label]["support"]))


def _row(label: str, figures: Mapping[str, Any], why: Reasons, bars: bool) -> dict[str, Any]:
    return {
        "label": label,
        "support": count(figures["support"]),
        "predicted": count(figures["predicted"]),
        "needed": count(figures.get("needed_support")),
        "short": (figures.get("needed_support") or 0) > figures["support"],
        "cells": [_figure(name, label, figures, why, bars) for name in COLUMNS],
    }


def _figure(name: str, label: str, figures: Mapping[str, Any], why: Reasons, bars: bool) -> dict[str, Any]:
    value, interval = figures[name], figures.get(f"{name}_interval")
    return {
        "value": figure(value, interval),
        "interval": span(interval),
        "bar": charts.bar(value, interval) if bars else "",
        "reason": why.get((name, label), "not defined") if value is None else "",
    }


def balance_view(summary: Mapping[str, Any], paper: bool) -> dict[str, Any] | None:
    """What ``blocks/balance.j2`` shows; nothing where the training counts are not known."""
    training: Mapping[str, float] = summary.get("training_counts") or {}
    figures = summary["per_class_metrics"]
    before = sum(training.values())
    now = sum(each["support"] for each in figures.values())
    if not before or not now:
        return None
    rows = [
        _balance(label, training.get(label, 0), before, figures.get(label, _NONE)["support"], now)
        for label in [*figures, *(label for label in training if label not in figures)]
    ]
    moved = sum(row["moved"] for row in rows) / 2
    cut = len(rows) > ON_PAPER
    if cut:
        rows = sorted(rows, key=lambda row: -row["moved"])[:MOST_MOVED]
    widest = max(max(row["then"], row["now"]) for row in rows)
    for row in rows if not paper else ():
        row["pair"] = charts.pair(row["then"] / widest, row["now"] / widest)
    return {
        "rows": rows,
        "cut": cut,
        "moved": share(moved, 1),
        "before": count(before),
        "after": count(now),
        "split": summary["dataset_split"],
        "skew": _skew(training.items()),
    }


_NONE = {"support": 0}


def _balance(label: str, then: float, before: float, support: float, now: float) -> dict[str, Any]:
    return {
        "label": label,
        "training": count(then),
        "training_share": share(then, before),
        "support": count(support),
        "support_share": share(support, now),
        "then": then / before,
        "now": support / now,
        "moved": abs(then / before - support / now),
    }


def _skew(counts: Iterable[tuple[str, float]]) -> dict[str, str] | None:
    """The largest label beside the smallest, where they differ enough to be worth a word."""
    ranked = sorted(counts, key=lambda each: -each[1])
    (most, many), (least, few) = ranked[0], ranked[-1]
    if not few or many < LOPSIDED * few:
        return None
    times = f"{many / few:,.1f}"
    return {"most": most, "many": count(many), "least": least, "few": count(few), "times": times}


def weakest(summary: Mapping[str, Any]) -> dict[str, Any] | None:
    """The label with the lowest F1, with the counts behind it; nothing for fewer than two labels."""
    figures = summary["per_class_metrics"]
    ranked = by_f1(figures)
    if len(ranked) < 2:
        return None
    label = ranked[0]
    found = figures[label]
    return {
        "label": label,
        "shown": visible(label),
        "f1": figure(found["f1_score"], found.get("f1_score_interval")),
        "interval": span(found.get("f1_score_interval")),
        "support": count(found["support"]),
        "predicted": count(found["predicted"]),
        "right": count(found["true_positive"]),
        "recall": figure(found["recall"], found.get("recall_interval")),
        "precision": figure(found["precision"], found.get("precision_interval")),
    }
