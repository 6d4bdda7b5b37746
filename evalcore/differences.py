"""95 % intervals of differences, recovered from the two figures' own.

Sources: R. G. Newcombe, Interval estimation for the difference between independent proportions (1998),
method 10; G. Y. Zou and A. Donner, Construction of confidence limits about effect measures (2008), who name
it MOVER and carry it over to other figures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

METHOD = "mover_independent"
"""Figures of the same rows mostly rise and fall together: taken as independent, the interval is too wide
rather than too narrow."""


def independent_interval(
    one: float, of_one: Sequence[float] | None, other: float, of_other: Sequence[float] | None
) -> list[float] | None:
    """The interval of ``one - other``, estimated from rows of their own; None where either has none.

    Low: d − √((one − low)² + (high' − other)²); high: d + √((high − one)² + (other − low')²).
    """
    if of_one is None or of_other is None:
        return None
    difference = one - other
    below = math.hypot(one - of_one[0], of_other[1] - other)
    above = math.hypot(of_one[1] - one, other - of_other[0])
    return [difference - below, difference + above]
