"""Long tables: whole as long as they may be, else their worst and their largest rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

ON_PAPER = 100
"""The most rows of a table that paper shows whole."""
EACH_END = 50
WITH_BARS = 75
"""The most rows of a table whose figures have bars beside them: a longer one is a third as large without."""


def rows_listed(
    whole: Mapping[str, Any], longest: int, worst: Iterable[str], size: Callable[[str], float]
) -> tuple[list[str], bool]:
    """The rows to list, and whether some are left out.

    All of them in their order where they are at most ``longest``; else the first 50 of ``worst``, then the 50
    largest by ``size``, of equals those that come first.
    """
    if len(whole) <= longest:
        return list(whole), False
    largest = sorted(whole, key=lambda each: -size(each))
    return list(dict.fromkeys([*list(worst)[:EACH_END], *largest[:EACH_END]])), True
