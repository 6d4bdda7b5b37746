"""Which rows stand in the report as examples of each cell, and in which order."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from evalcore.evaluation import Measured
from evalcore.states.confusion import ConfusionCounts
from evalcore.states.example_choices import NO_SCORE, PER_CELL
from evalcore.states.examples import ExampleRows

MOST_CONFUSIONS = 50
"""The largest confusions come first; then the other cells, correct ones too."""

MOST_ROWS = 500

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Cell:
    """A cell of the matrix: how many rows it has, and those shown of them."""

    actual: str
    predicted: str
    count: int
    rows: tuple[Row, ...] = ()


def cells_in_turn(counts: ConfusionCounts) -> list[Cell]:
    """The cells that rows are shown of, the 50 largest confusions first, then the others by count.

    Five rows of each, or all where there are fewer, and no more than 500 in all.
    """
    actual, predicted, n = counts.rows.pairs()
    by_count = np.argsort(-n, kind="stable")
    wrong = by_count[actual[by_count] != predicted[by_count]][:MOST_CONFUSIONS].tolist()
    # Every cell shows a row at least, so that no more of the others can have their turn.
    others = [cell for cell in by_count[: MOST_ROWS + len(wrong)].tolist() if cell not in set(wrong)]
    found, rows = [], 0
    for cell in wrong + others:
        count = int(n[cell])
        rows += min(count, PER_CELL)
        if rows > MOST_ROWS:
            break
        found.append(Cell(counts.labels[actual[cell]], counts.labels[predicted[cell]], count))
    return found


def example_cells(measured: Measured) -> list[Cell]:
    """The cells with their rows: suspect ones first, then those the model was surest of, then in order.

    Of a binary model with scores every row that was kept is shown, so that each cell has its five at any
    threshold.
    """
    chosen: ExampleRows = measured.states[ExampleRows]
    rows: dict[tuple[str, str], list[Row]] = {}
    for row in chosen.rows:
        cell = chosen.labels[row["actual"]], chosen.labels[row["predicted"]]
        rows.setdefault(cell, []).append(row | {"file": chosen.files[row["file"]]})
    most = None if measured.reading.binary else PER_CELL
    return [
        Cell(cell.actual, cell.predicted, cell.count, tuple(_in_order(found, cell, measured)[:most]))
        for cell in cells_in_turn(measured.confusion)
        if (found := rows.get((cell.actual, cell.predicted)))
    ]


def _in_order(rows: Iterable[Row], cell: Cell, measured: Measured) -> list[Row]:
    falling = not measured.reading.binary or cell.predicted == measured.reading.positive_label

    def doubt(row: Row) -> float:
        if math.isnan(row["score"]):
            return NO_SCORE
        return float(-row["score"] if falling else row["score"])

    return sorted(rows, key=lambda row: (not row["suspect"], doubt(row), row["file"], row["row"]))


def rows_shown(measured: Measured) -> dict[str, list[int]]:
    """The rows whose texts are to be read, by file, each once and ascending."""
    found: dict[str, set[int]] = {}
    for cell in example_cells(measured):
        for row in cell.rows:
            found.setdefault(row["file"], set()).add(row["row"])
    return {file: sorted(rows) for file, rows in sorted(found.items())}
