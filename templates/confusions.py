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
    cells, errors = matrix.cells, matrix.cells.errors
    if not len(errors):
        return None
    pictured = len(matrix.labels) > TABLE_LABELS
    all_wrong = float(cells.counts[errors].sum())

    def confusions(ranks: Any) -> list[dict[str, Any]]:
        found = zip(cells.listed(errors[ranks]), cells.gains[ranks].tolist(), strict=True)
        return [_confusion(matrix, cell, all_wrong, gain) for cell, gain in found]

    most = slice(MOST_BESIDE_PICTURE) if pictured else cells.by_gain[:MOST]
    [best] = confusions(cells.by_gain[:1])
    return {
        "rows": confusions(most),
        "by_gain": not pictured,
        "best": best,
        "cells": len(errors),
        "errors": count(all_wrong),
        "covered": share(float(cells.counts[errors[most]].sum()), all_wrong),
        "unit": matrix.unit,
        "moves": not paper and thresholds(summary) is not None,
    }


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
