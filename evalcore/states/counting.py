"""Counting pairs of codes: the one loop over rows that every figure from labels rests on."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from evalcore.values import Floats, Integers
from evalcore.weights import by_place

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
        rows = slice(start, start + SMALL_CHUNK)
        places = first[rows].astype(np.uint8, copy=False) * np.uint8(width % _BYTE)
        places += second[rows].astype(np.uint8, copy=False)
        even = len(places) & ~1
        counts += np.bincount(places[:even].view(np.uint16), minlength=_BYTE * _BYTE)
        rest += np.bincount(places[even:], minlength=_BYTE)
    table = counts.reshape(_BYTE, _BYTE)
    found: Integers = table.sum(axis=0) + table.sum(axis=1) + rest
    return found[: height * width].reshape(height, width)


def distinct_pairs(
    first: Codes, second: Codes, height: int, width: int, weights: Floats | None
) -> tuple[Integers, list[Any]]:
    """The places (first · width + second) that occur, ascending; their counts, weights' sums and norms.

    For tables too large to be filled: it sorts the rows instead.
    """
    places = first.astype(np.uint32 if height * width <= 1 << 32 else np.int64)
    np.multiply(places, places.dtype.type(width), out=places)
    np.add(places, second, out=places, casting="unsafe")
    if weights is not None:
        order = np.argsort(places, kind="stable")
        places = places[order]
    else:
        places.sort()
    starts = np.flatnonzero(np.append(True, places[1:] != places[:-1])) if len(places) else np.zeros(0, int)
    counts = np.diff(starts, append=len(places))
    found: list[Any] = [counts]
    if weights is not None:
        found += weigh(np.repeat(np.arange(len(starts)), counts), weights[order], len(starts))
    return places[starts].astype(np.int64), found


def weigh_pairs(first: Codes, second: Codes, height: int, width: int, weights: Floats) -> list[Floats]:
    """The weights of each pair of codes added up, and their norm, each of shape (height, width)."""
    places = first.astype(np.intp)
    places *= width
    places += second
    return [table.reshape(height, width) for table in weigh(places, weights, height * width)]


def weigh(places: Integers, weights: Floats, size: int) -> list[Floats]:
    """The sum of the weights at each place below ``size``, and their norm."""
    sums: Floats = np.bincount(places, weights, minlength=size).astype(np.float64)
    return [sums, by_place(places, weights, size)]
