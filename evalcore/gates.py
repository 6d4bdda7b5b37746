"""Gates: requirements that a figure must meet, and the verdict that follows from them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from evalcore.evaluation import Measured
from evalcore.values import ReportWarning

Gate = Mapping[str, Any]
_BY_LABEL = re.compile(r"(?P<metric>[^\[]*)\[(?P<label>.*)\]", re.DOTALL)


def hold(gate: Gate, measured: Measured, warnings: Sequence[ReportWarning]) -> dict[str, Any]:
    """The gate with what became of it: ``value``, ``interval``, ``status``, ``reason``, ``rows_needed``.

    Bounds are inclusive. A figure that is missing or undefined fails. A figure that passes while its
    interval crosses the bound is inconclusive, or fails where the gate says ``confident``.
    """
    value, interval, missing = _look_up(gate["metric"], measured, warnings)
    result = dict(gate) | {"value": value, "interval": interval}
    if value is None:
        return result | {"status": "fail", "reason": missing, "rows_needed": None}
    return result | _judged(gate, float(value), interval, measured.examples)


def verdict_of(gates: Sequence[Gate]) -> str:
    """``fail`` if any gate fails, else ``inconclusive`` if any is, else ``pass``; ``none`` without gates."""
    if not gates:
        return "none"
    found = {gate["status"] for gate in gates}
    return next(status for status in ("fail", "inconclusive", "pass") if status in found)


def _look_up(
    path: str, measured: Measured, warnings: Sequence[ReportWarning]
) -> tuple[Any, list[float] | None, str]:
    """The figure at a path, its interval, and the reason where there is none."""
    if path == "warnings":
        return sum(warning.severity != "info" for warning in warnings), None, ""
    by_label = _BY_LABEL.fullmatch(path)
    name, figures = path, measured.overall
    if by_label is not None:
        name, label = by_label["metric"], by_label["label"]
        if label not in measured.per_label:
            return None, None, f"there is no label {label!r}"
        figures = measured.per_label[label]
    if name not in figures or name.endswith("_interval"):
        return None, None, f"there is no figure {path!r}"
    value, interval = figures[name], figures.get(f"{name}_interval")
    return value, interval, f"{path} is undefined: {_why(name, by_label, measured)}"


def _why(name: str, by_label: re.Match[str] | None, measured: Measured) -> str:
    label = None if by_label is None else by_label["label"]
    reasons = (u.reason for u in measured.table.undefined if (u.metric, u.label) == (name, label))
    return next(reasons, "it has no value here")


def _judged(gate: Gate, value: float, interval: list[float] | None, rows: int) -> dict[str, Any]:
    side = "min" if gate.get("min") is not None else "max"
    bound, sign = float(gate[side]), 1 if side == "min" else -1
    words = "at least" if side == "min" else "at most"
    if sign * value < sign * bound:
        return _status("fail", f"{_digits(value, bound)} is not {words} {bound:g}")
    weak = None if interval is None else interval[0 if side == "min" else 1]
    if weak is None or sign * weak >= sign * bound:
        return _status("pass", f"{_digits(value, bound)} is {words} {bound:g}")
    needed = _rows_to_settle(value, weak, bound, rows)
    status = "fail" if gate.get("confident") else "inconclusive"
    return _status(status, _crossing(value, interval, bound, words, needed), needed)


def _status(status: str, reason: str, rows_needed: int | None = None) -> dict[str, Any]:
    return {"status": status, "reason": reason, "rows_needed": rows_needed}


def _crossing(value: float, interval: Any, bound: float, words: str, needed: int | None) -> str:
    low, high = interval
    settle = (
        "no number of rows would settle it" if needed is None else f"about {needed:,} rows would settle it"
    )
    return (
        f"{_digits(value, bound)} is {words} {bound:g}, but its 95 % interval, {low:.3f} to {high:.3f}, "
        f"crosses the bound; {settle}"
    )


def _rows_to_settle(value: float, weak: float, bound: float, rows: int) -> int | None:
    """Rows at which the interval's weak end would reach the bound, its width falling with √rows.

    Rounded up to two digits, for it is an estimate; None at the bound itself.
    """
    if value == bound:
        return None
    needed = rows * ((value - weak) / (value - bound)) ** 2
    unit = int(10 ** max(math.floor(math.log10(needed)) - 1, 0))
    return math.ceil(needed / unit) * unit


def _digits(value: float, bound: float) -> str:
    """The figure with as many decimals as tell it from the bound, at least three."""
    if value.is_integer():
        return f"{value:g}"
    for decimals in range(3, 17):
        text = f"{value:.{decimals}f}"
        if value == bound or float(text) != bound:
            return text
    return repr(value)
