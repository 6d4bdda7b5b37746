"""Rows as examples of the cells of the confusion matrix."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from evalcore.evaluation import Measured
from evalcore.examples import Cell, Row, example_cells
from evalcore.registry import part
from evalcore.states.examples import ExampleRows

_TEXTS = {"type": "object", "additionalProperties": {"type": ["string", "null"]}}
_SHARE = {"type": ["number", "null"], "minimum": 0, "maximum": 1}
_ROW = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "title": "Where the row has one; else its file and row"},
        "file": {"type": "string"},
        "row": {"type": "integer", "minimum": 0, "title": "The row in the file, the first is 0"},
        "actual": {"type": "string"},
        "predicted": {"type": "string"},
        "score": _SHARE | {"title": "Of two labels: the positive label's score, as stored"},
        "probability": _SHARE | {"title": "Of several labels: the predicted label's"},
        "probability_of_actual": _SHARE,
        "suspect": {"const": True, "title": "The actual label is improbable, another all but certain"},
        "slices": _TEXTS,
        "columns": _TEXTS | {"title": "What example_columns name, as text"},
    },
    "required": ["actual", "predicted", "slices", "columns"],
    "anyOf": [{"required": ["id"]}, {"required": ["file", "row"]}],
}
_CELL = {
    "type": "object",
    "properties": {
        "actual": {"type": "string"},
        "predicted": {"type": "string"},
        "count": {"type": "integer", "minimum": 1, "title": "Rows in the cell"},
        "rows": {"type": "array", "items": _ROW, "minItems": 1},
    },
    "required": ["actual", "predicted", "count", "rows"],
}
SCHEMA = {
    "type": "object",
    "properties": {"cells": {"type": "array", "items": _CELL}},
    "required": ["cells"],
}


@part("examples_by_cell", SCHEMA)
def examples_by_cell(measured: Measured) -> dict[str, Any] | None:
    """The 50 largest confusions first, then other cells by count; in each the surest rows first.

    Cells are those of the matrix in force. Of a binary model with scores a row's cell at another threshold
    follows from its ``actual`` and ``score``, and at any threshold each cell has five rows where there are
    as many. Texts are cut at 200 characters.
    """
    if ExampleRows not in measured.states:
        return None
    return {"cells": [_cell(cell, measured) for cell in example_cells(measured)]}


def _cell(cell: Cell, measured: Measured) -> dict[str, Any]:
    rows = [_row(row, cell, measured) for row in cell.rows]
    return {"actual": cell.actual, "predicted": cell.predicted, "count": cell.count, "rows": rows}


def _row(row: Row, cell: Cell, measured: Measured) -> dict[str, Any]:
    reading = measured.reading
    texts = measured.shown.get((row["file"], row["row"]), {})
    named = texts.get(reading.id) if reading.id is not None else None
    place = {"id": named} if named is not None else {"file": row["file"], "row": row["row"]}
    return (
        place
        | {"actual": cell.actual, "predicted": cell.predicted}
        | _scores(row, measured)
        | ({"suspect": True} if row["suspect"] else {})
        | {"slices": _some(texts, reading.slices), "columns": _some(texts, reading.shown)}
    )


def _scores(row: Row, measured: Measured) -> dict[str, Any]:
    if not measured.reading.scored:
        return {}
    if measured.reading.binary:
        return {"score": _number(row["score"])}
    return {"probability": _number(row["score"]), "probability_of_actual": _number(row["against"])}


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _some(texts: Mapping[str, str | None], columns: tuple[str, ...]) -> dict[str, str | None]:
    return {name: texts[name] for name in columns if name in texts}
