"""The confusions that matter most, each with what mending it would gain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from templates.matrix import TABLE_LABELS, Cell, Matrix
from templates.numbers import change, count, raw, share
from templates.points import thresholds

MOST = 10
MOST_BESIDE_PICTURE = 50


def confusions_view(matrix: Matrix, summary: Mapping[str, Any], paper: bool) -> dict[str, Any] | None:
    """The confusions that matter most; none where nothing is wrong.

    Beside a picture the 50 largest, by count; else the ten whose mending would raise weighted F1 most.
    """
    errors = matrix.errors()
    if not errors:
        return None
    gains = _gains(matrix)
    pictured = len(matrix.labels) > TABLE_LABELS
    ranked = errors if pictured else sorted(errors, key=lambda cell: -gains[cell[:2]])
    shown = ranked[: MOST_BESIDE_PICTURE if pictured else MOST]
    all_wrong = sum(number for _, _, number in errors)
    best = max(errors, key=lambda cell: gains[cell[:2]])
    return {
        "rows": [_confusion(matrix, cell, all_wrong, gains[cell[:2]]) for cell in shown],
        "by_gain": not pictured,
        "best": _confusion(matrix, best, all_wrong, gains[best[:2]]),
        "cells": len(errors),
        "errors": count(all_wrong),
        "covered": share(sum(number for _, _, number in shown), all_wrong),
        "unit": matrix.unit,
        "moves": not paper and thresholds(summary) is not None,
    }


def _gains(matrix: Matrix) -> dict[tuple[int, int], float]:
    """By how much weighted F1 would rise were a cell's rows right."""
    from evalcore.confusions import weighted_f1_gains

    actual, predicted, counts = zip(*matrix.cells, strict=True)
    found = weighted_f1_gains(actual, predicted, counts).tolist()
    return dict(zip(zip(actual, predicted, strict=True), found, strict=True))


def _confusion(matrix: Matrix, cell: Cell, all_wrong: float, gain: float) -> dict[str, Any]:
    actual, predicted, number = cell
    return {
        "actual": matrix.labels[actual],
        "predicted": matrix.labels[predicted],
        "raw": raw(number),
        "count": count(number),
        "noun": matrix.units(number),
        "gain": gain_text(gain),
        "of_actual": share(number, matrix.rows[actual]),
        "of_errors": share(number, all_wrong),
    }


def gain_text(gain: float) -> str:
    """A gain in weighted F1: mostly small, so with four decimals."""
    return change(gain, 4) if gain >= 0.00005 else "<0.0001"
