"""What a label is: a text that integers, integral floats, booleans and text share, in one order."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_EXACT_INTEGERS = 2.0**63


def canonical(value: Any) -> str | None:
    """The label's text: ``1``, ``1.0`` and ``"1"`` are one label, ``"01"`` is another.

    Booleans are ``true`` and ``false``. None and NaN are no label: the result is None.
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _canonical_float(value)
    return str(value)


def _canonical_float(value: float) -> str | None:
    if math.isnan(value):
        return None
    if value.is_integer() and abs(value) < _EXACT_INTEGERS:
        return str(int(value))
    return repr(value)


def in_order(labels: Iterable[str]) -> tuple[str, ...]:
    """Labels sorted as numbers where all of them are numbers, else as text; each once."""
    distinct = set(labels)
    if all(_NUMBER.fullmatch(label) for label in distinct):
        return tuple(sorted(distinct, key=lambda label: (float(label), label)))
    return tuple(sorted(distinct))


DEFAULT_POSITIVE = {
    frozenset({"0", "1"}): "1",
    frozenset({"-1", "1"}): "1",
    frozenset({"false", "true"}): "true",
}
"""The pairs of labels that have a positive one by convention: the larger."""
