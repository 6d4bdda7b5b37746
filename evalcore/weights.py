"""Weights of any size: what they may add up to, and the roots of their sums of squares.

The squares alone may exceed what a float holds, or vanish; their roots, the norms, do not.

The rows of equal weight that weighted rows are worth, (Σw)² / Σw² (L. Kish, Survey Sampling, 1965), are
(Σw / norm)². All is made of IEEE operations, which have the same bits on every processor.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from evalcore.errors import InvalidPredictions
from evalcore.values import Floats, Integers, ratio

MOST_WEIGHT = 1.79e308
"""What all weights may add up to: close below the greatest float, so that no order of adding exceeds it."""

HALF_BAND = 400
"""Numbers from 2⁻⁴⁰⁰ to 2⁴⁰⁰ can be squared, and any number of rows of them added up."""


def refuse_endless(total: float, **where: str) -> None:
    """Raise InvalidPredictions for weights that add up to more than a float holds."""
    if not total <= MOST_WEIGHT:
        raise InvalidPredictions(
            f"the weights add up to more than {MOST_WEIGHT:g}",
            "divide all weights by one large number: the figures stay the same",
            **where,
        )


def joined(one: npt.ArrayLike, other: npt.ArrayLike) -> Floats:
    """√(a² + b²) of norms of different rows, element by element; it has no order."""
    most, least = np.maximum(one, other), np.minimum(one, other)
    share = least / np.where(most > 0, most, 1.0)
    return np.asarray(most * np.sqrt(1 + share * share))


def by_place(places: Integers, weights: Floats, size: int) -> Floats:
    """√Σw² of the weights at each place below ``size``."""
    found: Floats = np.zeros(size)
    for exponent, part in _bands(weights):
        squares = np.square(np.ldexp(weights[part], -exponent) if exponent else weights[part])
        sums = np.bincount(places[part], squares, minlength=size).astype(np.float64)
        found = joined(found, np.ldexp(np.sqrt(sums), exponent))
    return found


def norm(weights: Floats) -> float:
    """√Σw² of all weights."""
    return float(by_place(np.zeros(weights.size, dtype=np.intp), weights.ravel(), 1)[0])


def effective(weight: npt.ArrayLike, norms: npt.ArrayLike) -> Floats:
    """The rows of equal weight that rows of this total weight and norm are worth; NaN where they are none."""
    return np.asarray(ratio(weight, norms) ** 2)


def exponent_of(value: float) -> int:
    """The power of 2 that brings a number to between 1/2 and 1."""
    return int(np.frexp(value)[1])


def _bands(weights: Floats) -> Iterator[tuple[int, Any]]:
    """The weights in bands of sizes that can be squared once the band's power of 2 is divided out."""
    least, most = weights.min(initial=np.inf), weights.max(initial=0)
    if not least and most:
        least = weights.min(initial=np.inf, where=weights > 0)
    if not most or (exponent_of(least) >= -HALF_BAND and exponent_of(most) <= HALF_BAND):
        yield 0, slice(None)
        return
    bands = (np.frexp(weights)[1] + HALF_BAND) // (2 * HALF_BAND)
    for band in np.unique(bands).tolist():
        yield band * 2 * HALF_BAND, np.flatnonzero(bands == band)
