"""Plain text for people: aligned tables, figures with their intervals, names safe for a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flows.terminal import safe


def figure(value: float | None, interval: Sequence[float | None] | None = None) -> str:
    """A metric to three places with its 95 % interval: ``0.954 [0.950, 0.957]``; ``–`` where undefined."""
    if value is None:
        return "–"
    if not interval or interval[0] is None or interval[1] is None:
        return f"{value:.3f}"
    return f"{value:.3f} [{interval[0]:.3f}, {interval[1]:.3f}]"


def verdict(value: str | None, failed_gate: Mapping[str, Any] | None) -> str:
    """A verdict, with the gate that made it: ``fail (recall[spam]: 0.710 is not at least 0.8)``."""
    because = f" ({failed_gate['metric']}: {failed_gate['reason']})" if failed_gate else ""
    return f"{value}{because}"


def table(headings: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Iterable[int] = ()) -> str:
    """Rows under headings, columns two spaces apart; ``right`` are the columns that are right-aligned."""
    cells = [list(headings), *([safe(cell) for cell in row] for row in rows)]
    widths = [max(map(width, column)) for column in zip(*cells, strict=True)]
    flush_right = set(right)
    return "\n".join(
        "  ".join(
            _padded(cell, widths[place], place in flush_right) for place, cell in enumerate(row)
        ).rstrip()
        for row in cells
    )


def width(text: str) -> int:
    """Terminal columns that the text takes."""
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1
        for sign in text
    )


def _padded(text: str, columns: int, right: bool) -> str:
    space = " " * (columns - width(text))
    return space + text if right else text + space
