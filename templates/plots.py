"""Charts with axes: numbers between 0 and 1 become SVG text.

As in ``templates.charts``, shapes have a class for the stylesheet and plain colours where none reaches them.
The script finds where a chart's axes lie in ``data-frame``: left, top, width and height.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

_ACCENT, _SOFT, _LINE, _THEN, _BAND = "#1f5fa8", "#536273", "#d8dee6", "#9aa7b6", "#8fbbdf"
_TICKS = (0, 0.25, 0.5, 0.75, 1)

Point = tuple[float, float]
Ends = Sequence[float] | None
Marker = tuple[Point | None, Ends, Ends]
"""A point with the intervals of both its coordinates; None where one of them is undefined."""


def _px(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")


@dataclass(frozen=True)
class Frame:
    """Where the axes of a chart lie: from 0 to 1 on both unless ``low`` and ``high`` say otherwise for y."""

    left: float = 46
    top: float = 8
    wide: float = 300
    tall: float = 240
    low: float = 0
    high: float = 1

    def x(self, value: float) -> str:
        """The place of a value on the horizontal axis."""
        return _px(self.left + value * self.wide)

    def y(self, value: float) -> str:
        """The place of a value on the vertical axis."""
        return _px(self.top + (self.high - value) / (self.high - self.low) * self.tall)

    def picture(self, kind: str, title: str, axes: tuple[str, str], inside: str, ticks: str) -> str:
        """The whole chart: its ground, both axes with their names, and what is drawn."""
        middle, below = _px(self.left + self.wide / 2), _px(self.top + self.tall + 32)
        centre = _px(self.top + self.tall / 2)
        frame = " ".join(map(_px, (self.left, self.top, self.wide, self.tall)))
        wide, tall = _px(self.left + self.wide + 14), _px(self.top + self.tall + 38)
        return (
            f'<svg class="plot {kind}" viewBox="0 0 {wide} {tall}" width="{wide}" height="{tall}" role="img" '
            f'font-size="11" fill="{_SOFT}" font-family="Noto Sans, sans-serif" data-frame="{frame}">'
            f"<title>{escape(title)}</title>"
            f'{ticks}<text x="{middle}" y="{below}" text-anchor="middle">{escape(axes[0])}</text>'
            f'<text transform="translate(11 {centre}) rotate(-90)" text-anchor="middle">'
            f"{escape(axes[1])}</text>"
            f"{inside}</svg>"
        )

    def ticks_x(self) -> str:
        """The horizontal axis: fine lines with their values."""
        top, foot = _px(self.top), _px(self.top + self.tall)
        lines = "".join(f"M{self.x(at)} {top}V{foot}" for at in _TICKS)
        return _rules(lines) + "".join(
            f'<text x="{self.x(at)}" y="{_px(self.top + self.tall + 15)}" text-anchor="middle">{at:g}</text>'
            for at in _TICKS
        )

    def ticks_y(self, values: Iterable[tuple[float, str]]) -> str:
        """The vertical axis: fine lines with what they say."""
        left, right = _px(self.left), _px(self.left + self.wide)
        shown = list(values)
        return _rules("".join(f"M{left} {self.y(at)}H{right}" for at, _ in shown)) + "".join(
            f'<text x="{_px(self.left - 6)}" y="{_px(float(self.y(at)) + 4)}" text-anchor="end">{said}</text>'
            for at, said in shown
        )


def _rules(lines: str) -> str:
    return f'<path class="rule" stroke="{_LINE}" d="{lines}"/>'


_SHARES = [(at, f"{at:g}") for at in _TICKS]


def curve(
    points: Iterable[Point], marker: Marker | None, title: str, axes: tuple[str, str],
    reference: tuple[Point, Point],
) -> str:  # fmt: skip
    """A curve with the line of no skill, and the operating point; None for a model without one."""
    frame = Frame(tall=300)
    line = "L".join(f"{frame.x(x)} {frame.y(y)}" for x, y in points)
    (x0, y0), (x1, y1) = reference
    drawn = (
        f'<path class="reference" stroke="{_THEN}" stroke-dasharray="4 4" '
        f'd="M{frame.x(x0)} {frame.y(y0)}L{frame.x(x1)} {frame.y(y1)}"/>'
        f'<path class="line" fill="none" stroke="{_ACCENT}" stroke-width="2" d="M{line}"/>'
    )
    if marker is not None:
        drawn += _ring(frame, *marker)
    return frame.picture("curve", title, axes, drawn, frame.ticks_x() + frame.ticks_y(_SHARES))


def thinned(points: Sequence[Point], step: float) -> list[Point]:
    """A line's points without those that lie nearer than ``step`` to the one kept before; its ends stay."""
    kept = [points[0]]
    for x, y in points[1:-1]:
        if abs(x - kept[-1][0]) + abs(y - kept[-1][1]) >= step:
            kept.append((x, y))
    return [*kept, points[-1]]


def _ring(frame: Frame, point: Point | None, across: Ends, along: Ends) -> str:
    """The operating point with its intervals as whiskers; where a rate is undefined it is hidden."""
    (x, y), seen = point or (0, 0), "visible" if point else "hidden"
    return (
        f'<path class="whiskers" stroke="{_SOFT}" stroke-width="1.5" '
        f'd="{_whiskers(frame, x, y, across, along) if point else ""}"/>'
        f'<circle class="operating-point" visibility="{seen}" cx="{frame.x(x)}" cy="{frame.y(y)}" r="5.5" '
        f'fill="#ffffff" stroke="{_ACCENT}" stroke-width="2.5"/>'
    )


def _whiskers(frame: Frame, x: float, y: float, across: Ends, along: Ends) -> str:
    flat = f"M{frame.x(across[0])} {frame.y(y)}H{frame.x(across[1])}" if across else ""
    return flat + (f"M{frame.x(x)} {frame.y(along[0])}V{frame.y(along[1])}" if along else "")


def reliability(
    points: Iterable[tuple[float, float, Sequence[float], float]], title: str, axes: tuple[str, str]
) -> str:
    """Mean scores against the shares that came true, with intervals; on the dashed line the two are equal.

    Each point has the share of all rows that it stands for, which is the area of its dot.
    """
    frame = Frame(tall=300)
    found = list(points)
    ends = "".join(f"M{frame.x(mean)} {frame.y(low)}V{frame.y(high)}" for mean, _, (low, high), _ in found)
    dots = "".join(
        _disc(frame.x(mean), frame.y(share), _px(2.5 + 8 * part**0.5)) for mean, share, _, part in found
    )
    drawn = (
        f'<path class="reference" stroke="{_THEN}" stroke-dasharray="4 4" '
        f'd="M{frame.x(0)} {frame.y(0)}L{frame.x(1)} {frame.y(1)}"/>'
        f'<path class="ends" stroke="{_BAND}" stroke-width="3" d="{ends}"/>'
        f'<path class="dot" fill="{_ACCENT}" d="{dots}"/>'
    )
    return frame.picture("reliability", title, axes, drawn, frame.ticks_x() + frame.ticks_y(_SHARES))


def _disc(x: str, y: str, radius: str) -> str:
    half = f"a{radius} {radius} 0 1 0"
    return f"M{x} {y}m-{radius} 0{half} {2 * float(radius):g} 0{half} -{2 * float(radius):g} 0z"


def histogram(
    up: Sequence[float], down: Sequence[float], names: tuple[str, str], at: float | None, title: str
) -> str:
    """Two distributions over the score, one upwards and one downwards, as shares of their own rows."""
    top = max(*up, *down) or 1.0
    frame = Frame(low=-1, high=1)
    drawn = _bars(frame, "now", _ACCENT, [each / top for each in up]) + _bars(
        frame, "then", _THEN, [-each / top for each in down]
    )
    middle = frame.y(0)
    drawn += f'<path class="zero" stroke="{_SOFT}" d="M{frame.x(0)} {middle}H{frame.x(1)}"/>'
    # Each where its rows are fewest.
    places = ((0.015, frame.top + 14, "start"), (0.985, frame.top + frame.tall - 7, "end"))
    for name, (x, y, anchor) in zip(names, places, strict=True):
        drawn += (
            f'<text class="name" x="{frame.x(x)}" y="{_px(y)}" text-anchor="{anchor}">{escape(name)}</text>'
        )
    if at is not None:
        foot = _px(frame.top + frame.tall)
        drawn += (
            f'<path class="threshold-line" stroke="{_SOFT}" stroke-width="1.5" stroke-dasharray="2 3" '
            f'd="M{frame.x(at)} {_px(frame.top)}V{foot}"/>'
        )
    said = peak(up, down)
    ticks = frame.ticks_y([(1, said), (0, "0"), (-1, said)])
    return frame.picture(
        "histogram", title, ("Score", "Share of the label’s rows"), drawn, frame.ticks_x() + ticks
    )


def peak(up: Sequence[float], down: Sequence[float]) -> str:
    """What both ends of a histogram's vertical axis say: the largest share of all."""
    top = max(*up, *down) or 1.0
    return f"{100 * top:.0f}%" if top >= 0.1 else f"{100 * top:.1f}%"


def _bars(frame: Frame, kind: str, colour: str, heights: Sequence[float]) -> str:
    wide = _px(frame.wide / len(heights) - 1)
    strokes = "".join(
        f"M{frame.x(k / len(heights))} {frame.y(0)}V{frame.y(tall)}h{wide}V{frame.y(0)}z"
        for k, tall in enumerate(heights)
        if tall
    )
    return f'<path class="{kind}" fill="{colour}" d="{strokes}"/>'
