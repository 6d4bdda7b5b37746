"""The confusions that matter most, each with what mending it would gain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from templates.matrix import TABLE_LABELS, Matrix
from templates.numbers import change, count, raw, share
from templates.points import thresholds

if TYPE_CHECKING:
    from evalcore.confusions import Cell

MOST = 10
MOST_BESIDE_PICTURE = 50


def confusions_view(matrix: Matrix, summary: Mapping[str, Any], paper: bool) -> dict[str, Any] | None:
    """The confusions that matter most; none where nothing is wrong.

    Beside a picture the 50 largest, by count; else the ten whose mending would raise weighted F1 most.
    """
    errors = matrix.errors
    if not len(errors.counts):
        return None
    pictured = len(matrix.labels) > TABLE_LABELS
    all_wrong = errors.counts.sum().item()
    most = slice(MOST_BESIDE_PICTURE) if pictured else errors.by_gain[:MOST]
    [best] = errors.listed(errors.by_gain[:1])
    return {
        "rows": [_confusion(matrix, *each, all_wrong) for each in errors.listed(most)],
        "by_gain": not pictured,
        "best": _confusion(matrix, *best, all_wrong),
        "cells": len(errors.counts),
        "errors": count(all_wrong),
        "covered": share(errors.counts[most].sum().item(), all_wrong),
        "unit": matrix.unit,
        "moves": not paper and thresholds(summary) is not None,
    }


def _confusion(matrix: Matrix, cell: Cell, gain: float, all_wrong: float) -> dict[str, Any]:
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
