"""The 95 % interval of the largest of several shares, whichever it is.

Of labels that are equally common the largest share observed is above each true one, so that the interval of
a proportion about it would start too high. The problem is that of A. E. Gelfand, J. Glaz, L. Kuo and
T.-M. Lee, Inference for the maximum cell probability under multinomial sampling (1992); the lower end here
inverts a score test, as E. B. Wilson (1927) does for a single proportion.
"""

from __future__ import annotations

import math

import numpy as np

from evalcore.intervals import Z, wilson
from evalcore.values import Floats, Interval

METHOD = "score_test_of_largest"

TAIL = math.erfc(Z / math.sqrt(2)) / 2
"""What either end may miss: 2.5 %."""

FAR = 8.0
"""Standard deviations beyond which a share is sure not to have been the largest."""

HALVINGS = 50


def largest_share_interval(shares: Floats, rows: float) -> Interval:
    """The interval of the greatest of the true shares of which ``shares`` are those of ``rows`` rows.

    High is Wilson's end of the greatest share m, which is no less than the true greatest's own. Low is where
    the chance that any label reaches m, Σ Φ(−√n (m − pᵢ) / √(pᵢ (1 − pᵢ))), is 2.5 %, with the shares p that
    are likeliest among those with none above it. With one label far ahead both are Wilson's.
    """
    falling = -np.sort(-shares[shares > 0])
    greatest = float(falling[0])
    high = wilson([greatest], [1.0], [rows]).high
    low, above = 0.0, greatest
    for _ in range(HALVINGS):
        middle = (low + above) / 2
        if _reach(greatest, _likeliest(falling, middle), rows) < TAIL:
            low = middle
        else:
            above = middle
    return Interval(np.array([min(low, greatest)]), high, METHOD)


def _likeliest(falling: Floats, most: float) -> Floats:
    """The likeliest shares with none above ``most``: what is cut off goes to the others in proportion.

    Where even that does not fit, all are ``most`` and the rest belongs to labels that did not occur.
    """
    if most * len(falling) <= 1:
        return np.full(len(falling), most)
    cut = np.arange(len(falling))
    rest = np.cumsum(falling[::-1])[::-1]
    scale = (1 - cut * most) / rest
    fits = scale * falling <= most
    place = int(np.argmax(fits))
    return np.where(cut < place, most, np.minimum(scale[place] * falling, most))


def _reach(share: float, shares: Floats, rows: float) -> float:
    """The chance that one of the labels with these shares is observed with ``share`` at the least."""
    spread = np.sqrt(shares * (1 - shares) / rows)
    distance = (share - shares) / spread
    near = distance[distance < FAR].tolist()
    return min(sum(math.erfc(z / math.sqrt(2)) / 2 for z in near), 1.0)
