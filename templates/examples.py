"""Rows as examples of the cells of the matrix: the surest errors first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from templates.numbers import count, score
from templates.points import positive_place

PAPER_ROWS, PAPER_EXTRA = 6, 3
"""Rows on paper, and their columns beside id, labels and scores."""

LONG = 40
"""Characters from which on a text wants room of its own."""


def examples_view(summary: Mapping[str, Any], paper: bool) -> dict[str, Any] | None:
    """What ``blocks/examples.j2`` shows; on paper a few rows of the largest confusions."""
    cells = (summary.get("examples_by_cell") or {}).get("cells") or ()
    rows = [row for cell in cells for row in cell["rows"]]
    if not rows:
        return None
    named = "id" if any("id" in row for row in rows) else "file"
    scored = next((name for name in _SCORES if any(row.get(name) is not None for row in rows)), None)
    shown = _few(cells) if paper else _surest_first(rows, scored, summary)
    extra = _extra(summary, rows, named)[: PAPER_EXTRA if paper else None]
    return {
        "place": "Id" if named == "id" else "File and row",
        "scores": _titles(scored, summary),
        "extra": [{"name": name, "long": _long(rows, part, name)} for part, name in extra],
        "rows": [_row(row, scored, extra) for row in shown],
        "binary": scored == "score",
        "all": count(len(rows)),
        "cut": len(shown) < len(rows),
        "cells": count(len(cells)),
        "suspect": any(row.get("suspect") for row in rows),
        "split": summary["dataset_split"],
    }


def _few(cells: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The surest rows of each confusion in turn, until there are enough, in the order of the cells."""
    wrong = [cell for cell in cells if cell["actual"] != cell["predicted"]] or cells
    ranks = sorted((rank, place) for place, cell in enumerate(wrong) for rank in range(len(cell["rows"])))
    chosen = sorted((place, rank) for rank, place in ranks[:PAPER_ROWS])
    return [wrong[place]["rows"][rank] for place, rank in chosen]


def _surest_first(
    rows: list[Mapping[str, Any]], scored: str | None, summary: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    """Errors before all others, by the probability of what was predicted; a row without one comes last.

    What is equal stands in the order of the actual labels, as the script puts it. Without scores errors come
    in the order of the cells: the largest confusions first.
    """
    if scored is None:
        return sorted(rows, key=_is_right)
    places = {label: place for place, label in enumerate(summary["labels"])}
    negative = summary["labels"][1 - positive_place(summary)] if scored == "score" else None

    def doubt(row: Mapping[str, Any]) -> float:
        given = row.get(scored)
        if given is None:
            return 1.0
        return float(given) - 1 if row["predicted"] == negative else -float(given)

    return sorted(rows, key=lambda row: (_is_right(row), doubt(row), places[row["actual"]]))


def _is_right(row: Mapping[str, Any]) -> bool:
    return bool(row["actual"] == row["predicted"])


_SCORES = {"score": ("score",), "probability": ("probability", "probability_of_actual")}


def _titles(scored: str | None, summary: Mapping[str, Any]) -> list[str]:
    if scored is None:
        return []
    if scored == "score":
        return [f"Score of {summary['labels'][positive_place(summary)]}"]
    return ["Probability of predicted", "Of actual"]


def _extra(summary: Mapping[str, Any], rows: list[Mapping[str, Any]], named: str) -> list[tuple[str, str]]:
    """Slices and columns, each once: the id stands in front, and a column may be a slice as well."""
    of_id = ((summary.get("settings") or {}).get("columns") or {}).get("id") if named == "id" else None
    found: dict[str, str] = {}
    for part in ("slices", "columns"):
        for name in (name for row in rows for name in row.get(part) or ()):
            if name != of_id:
                found.setdefault(name, part)
    return [(part, name) for name, part in found.items()]


def _long(rows: list[Mapping[str, Any]], part: str, name: str) -> bool:
    """Whether a column has texts that take more than a few words."""
    return any(len(str((row.get(part) or {}).get(name) or "")) > LONG for row in rows)


def _row(row: Mapping[str, Any], scored: str | None, extra: list[tuple[str, str]]) -> dict[str, Any]:
    place = row["id"] if "id" in row else f"{row['file'].rsplit('/', 1)[-1]}, row {row['row']}"
    return {
        "place": place,
        "actual": row["actual"],
        "predicted": row["predicted"],
        "right": _is_right(row),
        "suspect": bool(row.get("suspect")),
        "score": row.get("score"),
        "scores": [score(row.get(name)) for name in (_SCORES[scored] if scored else ())],
        "extra": [(row.get(part) or {}).get(name) for part, name in extra],
    }
