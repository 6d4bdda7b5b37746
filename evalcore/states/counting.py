"""Counting pairs of codes: the one loop over rows that every figure from labels rests on."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from evalcore.values import Floats, Integers

Codes = npt.NDArray[Any]

SMALL_CHUNK = 1 << 18
"""Rows counted at a time while the counters fit in a core's cache."""

LARGE_CHUNK = 1 << 20
"""Rows counted at a time where they do not: fewer passes over the counters."""

_BYTE = 256


def count_pairs(first: Codes, second: Codes, height: int, width: int) -> Integers:
    """How often each pair of codes occurs, shape (height, width); codes are below height and width."""
    if height * width <= _BYTE:
        return _count_bytes(first, second, height, width)
    cells = height * width
    chunk = SMALL_CHUNK if cells <= SMALL_CHUNK else LARGE_CHUNK
    counts: Integers = np.zeros(cells, dtype=np.int64)
    for start in range(0, len(first), chunk):
        places = first[start : start + chunk].astype(np.intp)
        places *= width
        places += second[start : start + chunk]
        counts += np.bincount(places, minlength=cells)
    return counts.reshape(height, width)


def _count_bytes(first: Codes, second: Codes, height: int, width: int) -> Integers:
    """Pairs that fit in a byte are counted two rows an increment: two bytes are one of 65,536 counters."""
    counts = np.zeros(_BYTE * _BYTE, dtype=np.int64)
    rest = np.zeros(_BYTE, dtype=np.int64)
    for start in range(0, len(first), SMALL_CHUNK):
        places = first[start : start + SMALL_CHUNK].astype(np.uint8)
        places *= np.uint8(width) if width < _BYTE else np.uint8(0)
        places += second[start : start + SMALL_CHUNK].astype(np.uint8)
        even = len(places) & ~1
        counts += np.bincount(places[:even].view(np.uint16), minlength=_BYTE * _BYTE)
        rest += np.bincount(places[even:], minlength=_BYTE)
    table = counts.reshape(_BYTE, _BYTE)
    found: Integers = table.sum(axis=0) + table.sum(axis=1) + rest
    return found[: height * width].reshape(height, width)


def distinct_pairs(first: Codes, second: Codes, width: int) -> tuple[Integers, Integers]:
    """The places (first · width + second) that occur, and for each row which of them is its own.

    For tables too large to be filled: it sorts the rows instead.
    """
    places = first.astype(np.int64)
    places *= width
    places += second
    found, own = np.unique(places, return_inverse=True)
    return found, own


def sum_pairs(first: Codes, second: Codes, height: int, width: int, weights: Floats) -> Floats:
    """The weights of each pair of codes added up, shape (height, width)."""
    places = first.astype(np.intp)
    places *= width
    places += second
    sums: Floats = np.bincount(places, weights, minlength=height * width).astype(np.float64)
    return sums.reshape(height, width)
