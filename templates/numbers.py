"""How numbers are written: as many digits as they deserve, a true minus, figures of the same kind alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

MINUS = "\u2212"
NO_VALUE = "\u2013"
LEAST = 3
"""Decimals of a figure, everywhere: more only where these would say too little or something else."""
SMALLEST, LARGEST = 0.005, 1e15
"""Between these, sums of weights are written out."""


def _sign(text: str) -> str:
    if text.startswith("-"):
        return text[1:] if not text.strip("-0.,%") else MINUS + text[1:]
    return text


def digits(interval: Sequence[float | None] | None) -> int:
    """Decimals of a figure: 3, or 4 where the ends of its interval lie closer than these can tell."""
    if not interval or interval[0] is None or interval[1] is None:
        return LEAST
    width = abs(interval[1] - interval[0])
    return 4 if 0 < width < 10**-LEAST else LEAST


def digits_at(bound: float, value: float | None, interval: Sequence[float | None] | None = None) -> int:
    """Decimals at which a figure and its interval lie on the same side of a bound as they do in full."""
    parts = [part for part in (value, *(interval or ())) if part is not None]
    wanted = range(digits(interval), 17)
    return next((n for n in wanted if all(_sides(part, bound, n) for part in parts)), 17)


def _sides(value: float, bound: float, decimals: int) -> bool:
    shown = float(f"{value:.{decimals}f}")
    return (shown < bound, shown > bound) == (value < bound, value > bound)


def figure(
    value: float | None, interval: Sequence[float | None] | None = None, decimals: int | None = None
) -> str:
    """A metric's value. Never rounds up to 1 or down to 0 what is neither."""
    if value is None:
        return NO_VALUE
    if isinstance(value, int):  # a count, which the interval of a figure says nothing of
        return f"{value:,}"
    decimals = digits(interval) if decimals is None else decimals
    while decimals < 6 and value not in (0, 1) and round(value, decimals) in (0.0, 1.0):
        decimals += 1
    return _sign(f"{value:,.{decimals}f}")


def span(
    interval: Sequence[float | None] | None, decimals: int | None = None, *, signed: bool = False
) -> str:
    """An interval, ``0.950–0.957``, or nothing where there is none; of a change both ends have signs."""
    if not interval or interval[0] is None or interval[1] is None:
        return ""
    low, high = interval[0], interval[1]
    decimals = digits(interval) if decimals is None else decimals
    if signed:
        return f"{change(low, decimals)} to {change(high, decimals)}"
    between = " to " if low < 0 else "–"
    return f"{_sign(f'{low:,.{decimals}f}')}{between}{_sign(f'{high:,.{decimals}f}')}"


def change(value: float, decimals: int = LEAST) -> str:
    """A difference with its sign, ``+0.029``; one that rounds to nothing has none."""
    text = _sign(f"{value:,.{decimals}f}")
    return f"+{text}" if value > 0 and text.strip("0.,") else text


def score(value: float | None) -> str:
    """A score or probability of a row: four decimals, and never 0 or 1 for what is not."""
    if value is None:
        return NO_VALUE
    return figure(float(value), None, 4)


def count(value: float | None) -> str:
    """Rows: whole numbers with separators; weighted sums with a decimal or two, or as ``2.50e+300``."""
    if value is None:
        return NO_VALUE
    if value and not SMALLEST <= abs(value) < LARGEST:
        fraction, exponent = f"{value:.2e}".split("e")
        return _sign(f"{fraction}e{int(exponent):+d}")
    if float(value).is_integer():
        return _sign(f"{int(value):,}")
    return _sign(f"{value:,.1f}" if abs(value) >= 10 else f"{value:,.2f}")


def share(part: float | None, whole: float | None) -> str:
    """A part of a whole in per cent, with one decimal; a dash where the whole is nothing."""
    if part is None or not whole:
        return NO_VALUE
    percent = 100 * part / whole
    if part and percent < 0.05:
        return "<0.1%"
    if part < whole and percent >= 99.95:
        return ">99.9%"
    return _sign(f"{percent:.1f}%")


def shares(parts: Sequence[float]) -> list[str]:
    """The parts of a row in per cent that add up to 100.

    Each is rounded down to tenths, and what is then missing goes to those that lost most. Only nothing is
    ``0%``, and only the whole ``100%``; ``0.0%`` is a little.
    """
    whole = sum(parts)
    if not whole:
        return [NO_VALUE] * len(parts)
    exact = [1000 * part / whole for part in parts]
    tenths = [math.floor(each) for each in exact]
    most = sorted(range(len(parts)), key=lambda i: (tenths[i] - exact[i], i))
    for i in most[: 1000 - sum(tenths)]:
        tenths[i] += 1
    return [_tenths(n, part, whole) for n, part in zip(tenths, parts, strict=True)]


def _tenths(tenths: int, part: float, whole: float) -> str:
    if part in (0, whole):
        return "100%" if part else "0%"
    return f"{tenths // 10}.{tenths % 10}%"


def bound(value: float) -> str:
    """A bound or threshold as someone typed it: ``0.9``, not ``0.900``, and never rounded."""
    return _sign(f"{Decimal(repr(value)).normalize():f}")


def raw(value: float) -> str:
    """A count for a ``data-`` attribute: without separators, in full."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def size(count_of_bytes: int | None) -> str:
    """A file's size: ``12.1 kB``."""
    if count_of_bytes is None:
        return NO_VALUE
    amount = float(count_of_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def moment(text: str | None) -> str:
    """An ISO time as ``20 November 2026, 02:00 UTC``; text that is none stays as it is."""
    if not text:
        return NO_VALUE
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return text
    time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    return f"{time.day} {_MONTHS[time.month - 1]} {time.year}, {time:%H:%M} UTC"


_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
