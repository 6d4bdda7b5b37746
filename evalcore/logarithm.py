"""Natural logarithms of probabilities, made of IEEE additions, multiplications and divisions alone.

So they have the same bits on every processor, which numpy's own have not: its last digit goes by the
instructions that the processor knows.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from evalcore.values import Floats, Integers

LEAST = float(np.finfo(np.float64).eps)
"""The least probability that is told from 0."""

FACTORS = 16
"""So many probabilities of at least ``LEAST`` have a product that is no denormal number."""

_LN_2 = 0.6931471805599453
_TERMS = 11
_PART_BITS = 45
"""Numbers that differ only in so many last bits are within a 128th of each other."""


def log(values: Floats) -> Floats:
    """The logarithm of positive numbers, to 2 units in the last place: log x = 2 artanh((x − 1) / (x + 1)).

    x is first brought to within √2 of 1 by a power of 2; the series is cut where its terms are below 2⁻⁵³.
    """
    fraction, exponent = np.frexp(values)
    small = fraction < np.sqrt(0.5)
    fraction = fraction + fraction * small
    z = (fraction - 1) / (fraction + 1)
    square = z * z
    series = np.full_like(z, 1 / (2 * _TERMS + 1))
    for term in range(_TERMS - 1, -1, -1):
        series *= square
        series += 1 / (2 * term + 1)
    return np.asarray(2 * z * series + (exponent - small) * _LN_2)


def products(values: Floats) -> Floats:
    """Products of sixteen, and what is left over: fewer numbers, of which Σ log x is the same.

    The numbers are from ``LEAST`` to 1.
    """
    whole = len(values) // FACTORS * FACTORS
    multiplied = np.multiply.reduce(values[:whole].reshape(FACTORS, -1), axis=0)
    return np.concatenate([multiplied, values[whole:]])


def sum_of_squared_logs(values: Floats) -> float:
    """Σ (log x)² of numbers from ``LEAST`` to 1 − ``LEAST``, each square to within a 64th.

    For a variance that is exact enough. Numbers above 1/2 go by 1 − x, and so those next to 1 are told apart
    as well as those next to 0.
    """
    rest = values - 1
    parts = np.where(values <= 0.5, values, rest).view(np.uint64) >> np.uint64(_PART_BITS)
    return float(_squares().take(parts.view(np.int64)).sum())


@cache
def _squares() -> Floats:
    """(log x)² in the middle of each part, by its leading bits: of x, or of x − 1, sign included."""
    first, last = (int(np.array([end]).view(np.int64)[0]) >> _PART_BITS for end in (LEAST, 0.5))
    parts: Integers = np.arange(first, last + 2)
    ends: Floats = (parts << _PART_BITS).view(np.float64)
    middles = (ends[1:] + ends[:-1]) / 2
    middles[-1] = 0.5
    sign = 1 << 63 - _PART_BITS
    table = np.zeros(sign + last + 1)
    table[parts[:-1]] = log(middles) ** 2
    table[sign + parts[:-1]] = log(1 - middles) ** 2
    return table
