"""The confusion matrix as it is shown: a table, or above 40 labels a picture; and its largest confusions."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

from templates import charts
from templates.numbers import count, raw, share, shares
from templates.points import thresholds
from templates.words import fitted, plural, visible

TABLE_LABELS = 40
"""The most labels that a table on a screen can be read with."""
PAPER_TABLE_LABELS = 6
"""On paper, where a cell takes its time: above it a row's counts are one text over a picture."""
PALEST_INK = 6
"""The deepest shade that dark letters can be read on."""
PICTURE_SIDE = 100
"""The most cells along a picture's side; a larger matrix is drawn in blocks."""


class Matrix:
    """A summary's confusion matrix: its labels, its ``table`` of counts, its sums and its errors."""

    def __init__(self, summary: Mapping[str, Any]) -> None:
        from evalcore.confusions import Errors, stored_table

        self.labels: list[str] = summary["confusion_matrix"]["labels"]
        self.table = stored_table(summary["confusion_matrix"])
        self.errors = Errors.of(self.table)
        self.rows: list[float] = self.table.row_totals.tolist()
        self.columns: list[float] = self.table.column_totals.tolist()
        self.right: float = self.table.diagonal.sum().item()
        self.total: float = self.table.total()
        self.unit = "rows" if summary.get("elements") in (None, summary.get("examples")) else "entries"

    def units(self, number: float) -> str:
        """The noun that fits a count of this matrix."""
        return plural(number, "row") if self.unit == "rows" else plural(number, "entry", "entries")


def matrix_view(matrix: Matrix, summary: Mapping[str, Any], paper: bool) -> dict[str, Any]:
    """What ``blocks/matrix.j2`` shows."""
    labels = len(matrix.labels)
    kind = _kind(labels, paper)
    view: dict[str, Any] = {
        "kind": kind,
        "labels": matrix.labels,
        "unit": matrix.unit,
        "said": _said(matrix),
        "right": count(matrix.right),
        "total": count(matrix.total),
        "right_share": share(matrix.right, matrix.total),
        "largest": _largest(matrix),
        "moves": not paper and thresholds(summary) is not None,
        "width": "dense" if labels > 8 else "wide" if labels > 4 else "small",
        "steps": _legend(),
    }
    if kind == "table":
        view["rows"] = _table(matrix)
        view["columns"] = [count(matrix.columns[j]) for j in range(labels)]
    elif kind == "grid":
        view |= _grid(matrix, view["said"])
    else:
        view |= _picture(matrix, view["said"])
    return view


def _kind(labels: int, paper: bool) -> str:
    if labels > TABLE_LABELS:
        return "picture"
    return "grid" if paper and labels > PAPER_TABLE_LABELS else "table"


def _table(matrix: Matrix) -> list[dict[str, Any]]:
    found = {(i, j): number for i, j, number in matrix.table.listed()}
    size = range(len(matrix.labels))
    rows = []
    for i in size:
        counts = [found.get((i, j), 0) for j in size]
        cells = [
            _cell(number, matrix.rows[i], said) | {"predicted": matrix.labels[j], "right": i == j}
            for j, (number, said) in enumerate(zip(counts, shares(counts), strict=True))
        ]
        rows.append({"label": matrix.labels[i], "support": count(matrix.rows[i]), "cells": cells})
    return rows


def _cell(number: float, support: float, said: str) -> dict[str, Any]:
    return {
        "raw": raw(number),
        "count": count(number),
        "share": said,
        "shade": charts.shade(number, support),
    }


def _grid(matrix: Matrix, said: str) -> dict[str, Any]:
    """The shades as a picture, and over it a text for each row, its counts as far apart as the cells are."""
    labels = len(matrix.labels)
    shades = {(i, j): min(charts.shade(n, matrix.rows[i]), PALEST_INK) for i, j, n in matrix.table.listed()}
    found = {(i, j): f"{n:.0f}" for i, j, n in matrix.table.listed()}
    step, zero = GRID_WIDTH / labels, "0" if labels <= GRID_ZEROS else ""
    longest = max(len(text) for text in (*found.values(), str(labels)))
    room = max(longest + 1, ceil(step / (GRID_LETTERS * DIGIT)))
    return {
        "rows": [
            {
                "place": i + 1,
                "label": _beside(i + 1, matrix.labels[i]),
                "counts": _spaced([found.get((i, j), zero) for j in range(labels)], longest, room),
                "support": count(matrix.rows[i]),
            }
            for i in range(labels)
        ],
        "heads": _spaced([str(j + 1) for j in range(labels)], longest, room),
        "letters": f"{step / room / DIGIT:.3f}",
        "step": f"{min(step, GRID_ROW):.3f}",
        "zeros": bool(zero),
        "height": f"{min(step, GRID_ROW) * labels + 2:.3f}",
        "picture": charts.picture(shades, labels, said, stretched=True),
    }


def _beside(place: int, label: str) -> str:
    """A label as far as there is room for it beside its place; in full it stands in the per-label table."""
    return fitted(visible(label), GRID_NAME - DIGIT * len(str(place)) - 0.26)


GRID_NAME = 97 / 7.5
"""The room for a place and its label: that of the stylesheet, in times the letters' size."""


def _spaced(texts: list[str], longest: int, room: int) -> str:
    """Texts in as many characters each, on their right side, all as wide as a digit."""
    after = (room - longest) // 2
    return "".join(f"{text:>{room - after}}{'':{after}}" for text in texts).replace(" ", "\u2007")


GRID_WIDTH = 360.0
"""The counts of a grid, in points."""
GRID_LETTERS, GRID_ROW = 8.0, 21.0
GRID_ZEROS = 12
"""The most labels of which cells without rows have a 0."""
DIGIT = 0.572
"""How wide a digit is, and the space that is named after it, as a share of the letters' size."""


def _picture(matrix: Matrix, said: str) -> dict[str, Any]:
    from evalcore.confusions import in_blocks, together

    labels = len(matrix.labels)
    order = together(*matrix.table.pairs(), labels)
    block = -(-labels // PICTURE_SIDE)
    blocks = in_blocks(matrix.table, order, block)
    rows = blocks.row_totals.tolist()
    shades = {(i, j): charts.shade(number, rows[i]) for i, j, number in blocks.listed()}
    ends = [matrix.labels[order[0]], matrix.labels[order[-1]]]
    return {"block": block, "ends": ends, "picture": charts.picture(shades, blocks.size, said)}


def _legend() -> list[tuple[int, str]]:
    ends = [f"≤ {100 * step:g}%" for step in charts.STEPS]
    return [(0, "none"), *enumerate(ends, 1), (10, "≤ 100%")]


def _largest(matrix: Matrix) -> dict[str, str] | None:
    found = matrix.errors.listed(slice(1))
    if not found:
        return None
    [((actual, predicted, number), _)] = found
    return {
        "actual": matrix.labels[actual],
        "predicted": matrix.labels[predicted],
        "count": count(number),
        "noun": matrix.units(number),
    }


def _said(matrix: Matrix) -> str:
    """The picture in words."""
    text = (
        f"Confusion matrix of {len(matrix.labels):,} labels: {count(matrix.right)} of {count(matrix.total)} "
        f"{matrix.unit} ({share(matrix.right, matrix.total)}) lie on the diagonal."
    )
    largest = _largest(matrix)
    if largest is None:
        return text + " There are no errors."
    return text + (
        f" The largest confusion: {visible(largest['actual'])} predicted as "
        f"{visible(largest['predicted'])}, {largest['count']} {largest['noun']}."
    )
