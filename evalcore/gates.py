"""Gates: requirements that a figure must meet, and the verdict that follows from them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from evalcore.differences import independent_interval
from evalcore.evaluation import Measured
from evalcore.intervals import rows_to_reach
from evalcore.paths import Found, Path, look_up
from evalcore.values import ReportWarning

Gate = Mapping[str, Any]

MOST_ROWS = 10**12
"""More rows than these settle nothing: the figure is as good as at its bound."""

ROUNDING = 1e-12
"""What the difference of two figures owes to rounding: 0.8 − 0.7 is not more than 0.1."""


def hold(gate: Gate, measured: Measured, warnings: Sequence[ReportWarning]) -> dict[str, Any]:
    """The gate with what became of it: ``value``, ``interval``, ``status``, ``reason``, ``rows_needed``.

    Bounds are inclusive. A figure that is missing or undefined fails. A figure that passes while its
    interval crosses the bound is inconclusive, or fails where the gate says ``confident``. A gate of a slice
    says under ``slice_value`` whose figure it is; one with ``max_drop`` adds ``baseline``, ``drop`` and
    ``drop_interval``.
    """
    path = Path.parse(gate["metric"])
    found = look_up(path, measured, warnings, gate.get("min") is not None)
    result = dict(gate) | {"value": found.value, "interval": _pair(found.interval)}
    if found.of is not None:
        result["slice_value"] = found.of
    if gate.get("max_drop") is not None:
        return result | _held_drop(gate, path, found, measured)
    if found.value is None:
        return result | _status("fail", found.missing)
    return result | _judged(gate, path, float(found.value), found)


def verdict_of(gates: Sequence[Gate]) -> str:
    """``fail`` if any gate fails, else ``inconclusive`` if any is, else ``pass``; ``none`` without gates."""
    if not gates:
        return "none"
    found = {gate["status"] for gate in gates}
    return next(status for status in ("fail", "inconclusive", "pass") if status in found)


def _pair(interval: Sequence[float] | None) -> list[float] | None:
    return None if interval is None else list(interval)


# -- a bound on the figure itself ------------------------------------------------------------------


def _judged(gate: Gate, path: Path, value: float, found: Found) -> dict[str, Any]:
    interval = found.interval
    side = "min" if gate.get("min") is not None else "max"
    bound, sign = float(gate[side]), 1 if side == "min" else -1
    words = "at least" if side == "min" else "at most"
    shown = f"{_digits(value, bound)}{found.where}"
    if not sign * value >= sign * bound:
        return _status("fail", f"{shown} is not {words} {_plain(bound)}")
    weak = None if interval is None else interval[0 if side == "min" else 1]
    said = f"{shown} is {words} {_plain(bound)}"
    if weak is None or interval is None or sign * weak >= sign * bound:
        return _status("pass", said)
    ends = " to ".join(_digits(end, bound) for end in interval)
    return _undecided(gate, said, ends, _rows_to_settle(path, value, weak, bound, found.rows), found)


# -- a bound on how much worse than the baseline ---------------------------------------------------


def _held_drop(gate: Gate, path: Path, found: Found, measured: Measured) -> dict[str, Any]:
    """What became of a ``max_drop``; the rows needed are this version's, the baseline growing alike."""
    nothing = {"baseline": None, "drop": None, "drop_interval": None}
    if found.value is None:
        return nothing | _status("fail", found.missing)
    baseline = measured.baseline
    if baseline is None or baseline.measured is None:
        why = "there is no baseline" if baseline is None else f"there is no baseline: {baseline.reason}"
        if gate.get("optional"):
            return nothing | _status("pass", f"{why}, and the gate is optional")
        return nothing | _status("fail", why)
    if path.higher_is_better is None:
        return nothing | _status("fail", f"neither more nor less of {path.text} is better: it has no drop")
    before = look_up(path, baseline.measured, baseline.warnings, True)
    if before.value is None:
        return nothing | _status("fail", f"in the baseline {baseline.version}, {before.missing}")
    drop, interval = _drop(path, found, before)
    said = {"baseline": before.value, "drop": drop, "drop_interval": interval}
    return said | _judged_drop(gate, float(drop), interval, found, baseline.version)


def _drop(path: Path, found: Found, before: Found) -> tuple[float, list[float] | None]:
    """By how much the figure is worse than before, whichever way it runs, and the interval of that."""
    more, less = (before, found) if path.higher_is_better else (found, before)
    assert more.value is not None and less.value is not None
    interval = independent_interval(more.value, more.interval, less.value, less.interval)
    return more.value - less.value, interval


def _judged_drop(
    gate: Gate, drop: float, interval: Sequence[float] | None, found: Found, version: str
) -> dict[str, Any]:
    bound = float(gate["max_drop"])
    if math.isclose(drop, bound, rel_tol=0, abs_tol=ROUNDING):
        drop = bound
    said = f"as good as {version}" if drop == 0 else f"{_worsening(drop, bound)} than {version}"
    subject = "it" if found.of is None else repr(found.of)
    if not drop <= bound:
        return _status("fail", f"{subject} is {said}, and at most {_plain(bound)} worse is allowed")
    said = f"{subject} is {said}, and {_plain(bound)} worse is allowed"
    if interval is None or interval[1] <= bound:
        return _status("pass", said)
    needed = None if drop == bound else _rounded(found.rows * ((drop - interval[1]) / (drop - bound)) ** 2)
    ends = " to ".join(_worsening(end, bound) for end in interval)
    return _undecided(gate, said, ends, needed, found)


def _worsening(drop: float, bound: float) -> str:
    """A difference in words, so that no sign has to say which way is worse."""
    return f"{_digits(-drop, -bound)} better" if drop < 0 else f"{_digits(drop, bound)} worse"


# -- what is said ----------------------------------------------------------------------------------


def _status(status: str, reason: str, rows_needed: int | None = None) -> dict[str, Any]:
    return {"status": status, "reason": reason, "rows_needed": rows_needed}


def _undecided(gate: Gate, said: str, ends: str, needed: int | None, found: Found) -> dict[str, Any]:
    rows = "no number of rows" if needed is None else f"about {needed:,} rows{found.where}"
    reason = f"{said}, but its 95 % interval, {ends}, crosses the bound; {rows} would settle it"
    return _status("fail" if gate.get("confident") else "inconclusive", reason, needed)


def _rows_to_settle(path: Path, value: float, weak: float, bound: float, rows: int) -> int | None:
    """Rows at which the interval's weak end would reach the bound; None at the bound itself.

    Estimated as for a score interval of the figure's share of its range.
    """
    if value == bound:
        return None
    low, high = path.bounds
    if low is None or high is None:
        return _rounded(rows * ((value - weak) / (value - bound)) ** 2)
    share, end, goal = ((point - low) / (high - low) for point in (value, weak, bound))
    return _rounded(rows * rows_to_reach(share, end, goal))


def _rounded(needed: float) -> int | None:
    """Rounded up to two digits, for it is an estimate; None beyond what anybody could collect."""
    if needed > MOST_ROWS:
        return None
    unit = int(10 ** max(math.floor(math.log10(max(needed, 1))) - 1, 0))
    return math.ceil(needed / unit) * unit


def _digits(value: float, bound: float) -> str:
    """The figure with as many decimals, at least three, as put it on its own side of the bound."""
    if value.is_integer():
        return _plain(value)
    for decimals in range(3, 17):
        text = f"{value:.{decimals}f}"
        if (float(text) > bound, float(text) < bound) == (value > bound, value < bound):
            return text
    return repr(value)


def _plain(number: float) -> str:
    """A number as one would write it, in full: ``0.9``, ``1,234,567``."""
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:.15g}"
