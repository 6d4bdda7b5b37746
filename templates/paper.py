"""The report for paper: the screen's parts where they are short, and others in place of those that are not.

A box on a page costs half a millisecond to lay out, draw and tag, whatever it holds. So a figure and its
interval are one text, a picture stands where the screen has a picture and its table, and long tables say
where the rest of them is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from templates import sheet
from templates.comparison import changed
from templates.view import report_view
from templates.words import listing

BLOCKS = (
    *("head", "verdict", "figures", "attention", "matrix", "confusions", "labels", "thresholds"),
    *("pictures", "slices", "examples", "overall", "warnings", "balance", "method"),
)
"""The blocks on paper in their order: each from ``paper/``, or from ``blocks/`` where paper has none."""


def paper_view(summary: Mapping[str, Any]) -> dict[str, Any]:
    """The context of ``report.html.j2`` for paper."""
    view = report_view(summary, paper=True)
    view |= {
        "confusions": view["confusions"] if len(summary["labels"]) > 2 else None,
        "labels": view["labels"] | {"changes": _changes(summary)},
        "overall": _overall(view["overall"], view["comparison"]),
        "pictures": _pictures(view),
        "curves": view["curves"] and _curves(view["curves"]),
    }
    for part in ("calibration", "histogram"):
        if view[part]:
            view[part] = view[part] | {"svg": _without_letters(view[part]["svg"])}
    return view | {"blocks": [block for block in _order(view) if view[block] is not None]}


def _order(view: Mapping[str, Any]) -> tuple[str, ...]:
    """Where the first page has no room for the matrix, what there is room for comes before."""
    room, first = sheet.room(view), []
    for block in ("matrix", "confusions", "labels", "overall"):
        height = sheet.height(block, view[block])
        if height <= room:
            room -= height
            first.append(block)
    at = BLOCKS.index("matrix")
    return (*BLOCKS[:at], *first, *(block for block in BLOCKS[at:] if block not in first))


def _changes(summary: Mapping[str, Any]) -> dict[str, Any] | None:
    """The change of each label's F1, where two versions were compared."""
    found = (summary.get("comparison") or {}).get("per_class_metrics")
    return found and {label: changed("f1_score", each.get("f1_score")) for label, each in found.items()}


def _overall(rows: list[dict[str, Any]], comparison: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Every figure with its change, where there is one."""
    changes = {row["key"]: row for row in comparison["rows"]} if comparison else {}
    return [row | {"change": changes.get(row["key"])} for row in rows]


def _pictures(view: Mapping[str, Any]) -> dict[str, Any] | None:
    """What of curves, calibration and scores there is, under one title."""
    named = {"curves": "curves", "calibration": "calibration", "histogram": "scores"}
    found = [name for part, name in named.items() if view[part]]
    if not found:
        return None
    title = listing(found)
    several = len(found) > 1
    return {
        "title": title[0].upper() + title[1:],
        "titled": several,
        "several": several or "curves" in found,
    }


def _curves(curves: Mapping[str, Any]) -> dict[str, Any]:
    return {"pictures": [each | {"svg": _without_letters(each["svg"])} for each in curves["pictures"]]}


def _without_letters(svg: str) -> str:
    """A chart cut to its frame, without its letters: they stand around it.

    Within a picture each letter is laid out alone: slow, and wrong for scripts whose letters join.
    """
    left, top, wide, tall = map(float, _FRAME.search(svg)[1].split())
    bare = _LETTERS.sub("", svg)
    return _VIEW.sub(f'viewBox="{left - 3:g} {top - 3:g} {wide + 6:g} {tall + 6:g}"', bare, count=1)


_FRAME = re.compile(r'data-frame="([^"]*)"')
_LETTERS = re.compile(r"<text[ >].*?</text>")
_VIEW = re.compile(r'viewBox="[^"]*"')
