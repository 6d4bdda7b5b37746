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


_INTEGRAL = re.compile(r"(-?(?:0|[1-9]\d*))\.0+")
_BOOLEANS = {"True": "true", "TRUE": "true", "False": "false", "FALSE": "false"}


def from_text(text: str) -> str:
    """The label that a field of a file without types stands for: ``1.0`` is ``1``, ``True`` is ``true``.

    Writers put numbers and booleans there in more than one way; any other text, ``01`` and ``nan`` too, is
    the label itself.
    """
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    found = _INTEGRAL.fullmatch(text)
    if found:
        return "0" if found[1] == "-0" else found[1]
    if "e+" in text and _NUMBER.fullmatch(text) and repr(float(text)) == text:
        return _canonical_float(float(text)) or text
    return text
