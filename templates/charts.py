"""Pictures: numbers become SVG text.

Each shape has both a class, which the stylesheet colours for light and dark, and a plain ``fill``, which
holds where no stylesheet reaches into a picture (PDF).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

# One hue from light to dark, so that order is seen by lightness alone.
SHADES = (
    "#ffffff", "#eef4fb", "#dfeaf7", "#cbdef1", "#b0cfe9", "#8fbbdf",
    "#6aa3d3", "#3a78b4", "#2b639d", "#1c4c80", "#0f3661",
)  # fmt: skip
STEPS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.8)
"""Upper bounds of the shades 1 to 9. Narrow at the bottom, because errors are small shares."""

_INK, _PALE, _ACCENT = "#17202b", "#e3e8ee", "#1f5fa8"


def shade(part: float, whole: float) -> int:
    """The shade, 0 to 10, of a part of a whole; 0 is for nothing alone."""
    if not part or not whole:
        return 0
    return next((i for i, step in enumerate(STEPS, 1) if part <= step * whole), 10)


def _short(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")


def bar(value: float | None, interval: Sequence[float | None] | None = None) -> str:
    """A figure between 0 and 1 on a line, its interval as a band; the numbers stand beside it."""
    if value is None or not 0 <= value <= 1:
        return ""
    marks = [f'<rect class="track" y="3.5" width="100" height="1" fill="{_PALE}"/>']
    if interval and interval[0] is not None and interval[1] is not None:
        low, high = max(0.0, interval[0]) * 100, min(1.0, interval[1]) * 100
        wide = max(high - low, 0.6)
        marks.append(
            f'<rect class="band" x="{_short(min(low, 100 - wide))}" y="2" width="{_short(wide)}" '
            f'height="4" fill="#8fbbdf"/>'
        )
    at = min(max(value * 100 - 0.75, 0), 98.5)
    marks.append(f'<rect class="mark" x="{_short(at)}" width="1.5" height="8" fill="{_ACCENT}"/>')
    head = '<svg class="bar" aria-hidden="true" viewBox="0 0 100 8" preserveAspectRatio="none">'
    return f"{head}{''.join(marks)}</svg>"


def pair(first: float, second: float) -> str:
    """Two parts of the widest, one above the other, each a bar from 0; the numbers stand beside it."""
    return (
        '<svg class="pair" aria-hidden="true" viewBox="0 0 100 10" preserveAspectRatio="none">'
        f'<rect class="then" width="{_short(first * 100)}" height="4" fill="#9aa7b6"/>'
        f'<rect class="now" y="5" width="{_short(second * 100)}" height="4" fill="{_ACCENT}"/></svg>'
    )


def picture(shades: Mapping[tuple[int, int], int], side: int, title: str, *, stretched: bool = False) -> str:
    """A matrix as a picture of ``side`` × ``side`` cells; ``shades`` has those that are not empty.

    It is square, or ``stretched`` to whatever box it is given.

    Cells of one shade are one path and neighbours in a row one stroke of it, so that it stays small.
    """
    inside = "".join(
        f'<path class="h{each}" fill="{SHADES[each]}" d="{_runs(shades, each)}"/>'
        for each in range(1, 11)
        if each in shades.values()
    )
    # A line is as thick in a cell of a few labels, drawn to their width, as in one of many.
    edge = side / 400 if stretched else 0.25
    ratio = ' preserveAspectRatio="none"' if stretched else ""
    wide, box = _short(side + 2 * edge), _short(side + 4 * edge)
    return (
        f'<svg class="picture" viewBox="{_short(-2 * edge)} {_short(-2 * edge)} {box} {box}" '
        f'role="img"{ratio} shape-rendering="crispEdges"><title>{escape(title)}</title>'
        f'<rect class="ground" x="{_short(-edge)}" y="{_short(-edge)}" width="{wide}" height="{wide}" '
        f'fill="#ffffff" stroke="#9aa7b6" stroke-width="{_short(edge)}"/>'
        f'<path class="diagonal" d="M0 0L{side} {side}" stroke="{_PALE}" '
        f'stroke-width="{_short(1.2 * edge)}"/>{inside}</svg>'
    )


def _runs(shades: Mapping[tuple[int, int], int], wanted: int) -> str:
    strokes: list[str] = []
    row = start = end = -1
    for (i, j), _ in sorted((cell, each) for cell, each in shades.items() if each == wanted):
        if i == row and j == end:
            end += 1
            continue
        if row >= 0:
            strokes.append(f"M{start} {row}h{end - start}v1H{start}z")
        row, start, end = i, j, j + 1
    if row >= 0:
        strokes.append(f"M{start} {row}h{end - start}v1H{start}z")
    return "".join(strokes)
