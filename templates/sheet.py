"""How much of paper's first page is taken, roughly: enough to know what fits there, in points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PAGE = 740
_TOP = 140
"""What stands on every first page: name, facts, and the main figures."""
_LINE = 12


def room(view: Mapping[str, Any]) -> float:
    """What is left of the first page below verdict, main figures and what needs attention."""
    gates = sum(_LINE * _lines(gate["reason"], 40) + 7 for gate in view["verdict"]["gates"])
    attention = view["attention"]
    messages = [each["message"] for each in attention["warnings"]]
    findings = sum(_LINE * _lines(message, 110) + 7 for message in messages)
    weakest = sum(2 * _LINE + 7 for each in ("weakest", "mend", "gap") if attention[each])
    verdict = 50 + (20 if gates else 0) + gates
    what_if = 35 if view["head"]["what_if"] else 0
    return _PAGE - _TOP - what_if - verdict - 40 - findings - weakest


def _lines(text: str, letters: int) -> int:
    return max(1, -(-len(text) // letters))


def height(block: str, part: Any) -> float:
    """A block with its heading and sentence; one that is not there takes no room."""
    if part is None:
        return 0.0
    if block == "matrix":
        return _matrix(part)
    rows = part if isinstance(part, list) else part["rows"]
    return _AROUND + _ROW * min(len(rows), _WHOLE if block == "overall" else _BROKEN)


_AROUND, _ROW = 70, 14.6
_WHOLE, _BROKEN = 100, 12
"""Rows of a table that is not broken, and after how many another one may be."""


def _matrix(matrix: Mapping[str, Any]) -> float:
    if matrix["kind"] == "table":
        return _AROUND + 35 + 17 * len(matrix["labels"])
    return _AROUND + (45 + float(matrix["height"]) if matrix["kind"] == "grid" else 380)
