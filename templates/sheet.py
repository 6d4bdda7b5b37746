"""How much of paper's first page is taken, roughly: enough to know what fits there, in points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PAGE = 740
_TOP = 150
"""What stands on every first page: name, facts, and the main figures."""
_LINE = 12


def room(view: Mapping[str, Any]) -> float:
    """What is left of the first page below verdict, main figures and what needs attention."""
    gates = sum(_LINE * _lines(gate["reason"], 40) + 7 for gate in view["verdict"]["gates"])
    attention = view["attention"]
    messages = [each["message"] for each in attention["warnings"]]
    findings = sum(_LINE * _lines(message, 110) + 7 for message in messages)
    weakest = 2 * _LINE + 7 if attention["weakest"] else 0
    verdict = 50 + (20 if gates else 0) + gates
    what_if = 35 if view["head"]["what_if"] else 0
    return _PAGE - _TOP - what_if - verdict - 40 - findings - weakest


def _lines(text: str, letters: int) -> int:
    return max(1, -(-len(text) // letters))


def matrix_height(matrix: Mapping[str, Any]) -> float:
    """The confusion matrix with its heading, sentence and legend."""
    around = 115
    if matrix["kind"] != "table":
        return around + (470 if matrix["kind"] == "grid" else 340)
    return around + 50 + 24 * len(matrix["labels"])
