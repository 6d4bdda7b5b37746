"""How a model's figure moved from version to version: a small picture with the intervals as a band."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Any

from templates.numbers import bound, figure, span
from templates.words import metric, shorten, visible

PLAIN = "weighted_f1"
"""What is drawn where no gate says what matters."""
MOST = 30
"""Versions of a picture, the newest."""
_WIDTH, _HEIGHT, _EDGE, _SCALE = 230.0, 48.0, 5.0, 34.0
"""The picture, the margin of its points, and the room for the numbers of its scale."""
_LONGEST_NAME = 60
_LEAST = 0.02
"""The smallest range of a picture: what moves less looks as flat as it is."""

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Point:
    """A figure of one version; None where it is not known or not defined."""

    version: str
    value: float | None
    interval: Sequence[float] | None
    shown: bool = False


def trend_view(entries: Sequence[Entry], shown: Entry) -> dict[str, Any]:
    """The figure of ``shown`` that matters most, and its picture over ``entries``, which are oldest first.

    It is the metric of the first gate, else weighted F1; no picture where fewer than two versions have it.
    """
    gate = shown.get("first_gate") or {}
    required = gate.get("value") is not None
    name = gate["metric"] if required else PLAIN
    limit = _limit(gate) if required else None
    now = _point(shown, name, shown)
    points = [_point(entry, name, shown) for entry in entries[-MOST:]]
    title = metric(visible(name))
    return {
        "metric": shorten(title, _LONGEST_NAME),
        "value": figure(now.value, now.interval),
        "interval": span(now.interval),
        "limit": _required(gate) if required else "",
        "picture": _picture(points, limit, title)
        if sum(each.value is not None for each in points) > 1
        else "",
    }


def _limit(gate: Mapping[str, Any]) -> float | None:
    return next((gate[side] for side in ("min", "max") if gate.get(side) is not None), None)


def _required(gate: Mapping[str, Any]) -> str:
    sides = (("min", "at least"), ("max", "at most"), ("max_drop", "a drop of at most"))
    return next((f"{words} {bound(gate[side])}" for side, words in sides if gate.get(side) is not None), "")


def _point(entry: Entry, name: str, shown: Entry) -> Point:
    gate, headline = entry.get("first_gate") or {}, entry.get("headline") or {}
    if gate.get("metric") == name:
        value, interval = gate.get("value"), gate.get("interval")
    else:
        value, interval = headline.get(name), headline.get(f"{name}_interval")
    return Point(entry["version_id"], value, interval, entry is shown)


Run = Sequence[tuple[int, Any]]
"""Points beside each other, with their places."""
Scale = Callable[[Any], float]


# -- the picture -------------------------------------------------------------------------------------


def _picture(points: Sequence[Point], limit: float | None, title: str) -> str:
    low, high = _range(points, limit)

    def at(place: int) -> float:
        return _EDGE + place * (_WIDTH - _SCALE - 2 * _EDGE) / max(len(points) - 1, 1)

    def up(value: float) -> float:
        return _EDGE + (high - value) / (high - low) * (_HEIGHT - 2 * _EDGE)

    bands = "".join(_band(run, at, up) for run in _runs(points, "interval"))
    lines = "".join(_line(run, at, up) for run in _runs(points, "value"))
    dots = "".join(_dot(i, each, at, up) for i, each in enumerate(points) if each.value is not None)
    dashed = "" if limit is None else f'<path class="limit" d="M0 {up(limit):.1f}H{_WIDTH - _SCALE:g}"/>'
    scale = "".join(
        f'<text x="{_WIDTH:g}" y="{up(value) + 3:.1f}" text-anchor="end">{text}</text>'
        for value, text in zip((low, high), _ends(low, high), strict=True)
    )
    title = f"<title>{escape(_said(points, title))}</title>"
    head = f'<svg class="trend" viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img">'
    return f"{head}{title}{bands}{dashed}{lines}{dots}{scale}</svg>"


def _range(points: Sequence[Point], limit: float | None) -> tuple[float, float]:
    """What the picture reaches over: every interval, and the bound."""
    every = [each.value for each in points if each.value is not None]
    every += [end for each in points for end in each.interval or () if end is not None]
    every += [] if limit is None else [limit]
    low, high = min(every), max(every)
    lacking = max(0.0, _LEAST - (high - low)) / 2
    return low - lacking, high + lacking


def _ends(low: float, high: float) -> tuple[str, str]:
    decimals = 0 if high - low >= 20 else 2 if high - low >= 0.05 else 3
    return f"{low:,.{decimals}f}", f"{high:,.{decimals}f}"


def _runs(points: Sequence[Point], part: str) -> Iterator[list[tuple[int, Point]]]:
    """Neighbours that all have this part."""
    for known, run in groupby(enumerate(points), key=lambda each: _has(each[1], part)):
        if known:
            yield list(run)


def _has(point: Point, part: str) -> bool:
    interval = point.interval
    return point.value is not None if part == "value" else bool(interval) and None not in (interval or ())


def _band(run: Run, at: Scale, up: Scale) -> str:
    """The intervals from end to end; that of a version alone is a bar."""
    wide = 1.5 if len(run) == 1 else 0.0
    tops = [(at(i) + side, up(each.interval[1])) for i, each in run for side in _sides(wide)]
    bottoms = [(at(i) + side, up(each.interval[0])) for i, each in run for side in _sides(wide)]
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in [*tops, *reversed(bottoms)])
    return f'<polygon class="band" points="{corners}"/>'


def _sides(wide: float) -> tuple[float, ...]:
    return (-wide, wide) if wide else (0.0,)


def _line(run: Run, at: Scale, up: Scale) -> str:
    corners = " ".join(f"{at(i):.1f},{up(each.value):.1f}" for i, each in run)
    return f'<polyline class="line" points="{corners}"/>'


def _dot(place: int, point: Point, at: Scale, up: Scale) -> str:
    size = "3.5" if point.shown else "1.8"
    return f'<circle class="dot" cx="{at(place):.1f}" cy="{up(point.value):.1f}" r="{size}"/>'


def _said(points: Sequence[Point], title: str) -> str:
    """The picture in words."""
    told = [f"{visible(each.version)} {_figure(each)}" for each in points]
    return f"{title} of {len(points)} versions, oldest first: {', '.join(told)}"


def _figure(point: Point) -> str:
    interval = span(point.interval)
    return figure(point.value, point.interval) + (f" ({interval})" if interval else "")
