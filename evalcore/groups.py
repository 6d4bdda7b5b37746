"""Rows of one label against the rest as groups of one score, from the lowest score up, block by block.

Rows are sorted as integers: a float that is not negative has bits that sort as it does, and the lowest bit
says whether the row is positive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from evalcore.states.ranking import BINS, RankedScores, bins_of, column
from evalcore.states.scored import CHUNK
from evalcore.values import Floats

BLOCK = 1 << 16
"""Rows looked at at a time, so that what lies between stays in a core's cache."""

Keys = npt.NDArray[Any]

Blocks = Callable[[], Iterator["Groups"]]
"""Gives all groups, block by block, each time anew."""


@dataclass(frozen=True)
class Groups:
    """Groups of rows of one score, ascending: the weights of the rest and of the label.

    ``negative_below`` and ``positive_below`` add up all groups of these that lie below each; of weights, of
    which differences are not exact, ``negative_above`` and ``positive_above`` add up those above. ``between``
    are, where groups of the rest alone are not told apart, their weights: those that lie below each group and
    above the one before, and last those above all. ``open`` says which are whole bins, the order of whose
    rows is not known; None: none.
    """

    negative: Floats
    positive: Floats
    negative_below: Floats
    positive_below: Floats
    negative_above: Floats | None = None
    positive_above: Floats | None = None
    between: Floats | None = None
    open: npt.NDArray[np.bool_] | None = None

    @classmethod
    def summed(cls, negative: Floats, positive: Floats, open: npt.NDArray[np.bool_] | None = None) -> Self:
        """These groups, none of them left out."""
        n_below, p_below = _before(negative), _before(positive)
        n_above, p_above = _before(negative[::-1])[::-1], _before(positive[::-1])[::-1]
        return cls(negative, positive, n_below, p_below, n_above, p_above, open=open)


def _before(values: Floats) -> Floats:
    """The sum of the values before each."""
    sums: Floats = np.zeros(len(values))
    np.cumsum(values[:-1], out=sums[1:])
    return sums


@dataclass(frozen=True)
class _Sorted:
    """Ascending keys, and the rows' weights in that order."""

    keys: Keys
    weights: Floats | None

    def part(self, start: int, end: int) -> _Sorted:
        return _Sorted(self.keys[start:end], None if self.weights is None else self.weights[start:end])

    def scores(self) -> npt.NDArray[Any]:
        floats = np.float32 if self.keys.dtype == np.uint32 else np.float64
        return (self.keys >> 1).view(floats)


def exact_groups(state: RankedScores, place: int) -> Blocks:
    """The groups of all rows of a column.

    Of several labels, whose rests nobody asks for, groups of the rest alone are not told apart.
    """
    apart = state.spec.positive_label is not None or state.spec.weighted
    return partial(_blocks, _sort(state, place), apart)


def _blocks(rows: _Sorted, apart: bool) -> Iterator[Groups]:
    start, one = 0, rows.keys.dtype.type(1)
    while start < len(rows.keys):
        last = rows.keys[min(start + BLOCK, len(rows.keys)) - 1]
        end = int(np.searchsorted(rows.keys, last | one, side="right"))
        part = rows.part(start, end)
        yield _grouped(part) if apart else _around_positives(part.keys)
        start = end


def mixed_groups(state: RankedScores, crowded: RankedScores | None) -> Blocks:
    """The groups of a histogram: its bins, those of the ``crowded`` rows resolved into these."""
    rows = _Sorted(np.zeros(0, np.uint64), None) if crowded is None else _sort(crowded, 0)
    return partial(_mixed_blocks, state, crowded, rows)


def _mixed_blocks(state: RankedScores, crowded: RankedScores | None, rows: _Sorted) -> Iterator[Groups]:
    assert state.histogram is not None
    known = np.zeros(BINS, dtype=bool)
    if crowded is not None:
        known[list(crowded.spec.crowded or ())] = True
    histogram = state.histogram
    masses = histogram.get("weights", histogram["counts"])
    single = histogram["least"] == histogram["greatest"]
    counts = np.where(known, histogram["counts"].sum(axis=1), 0).astype(np.int64)
    ends = np.concatenate([[0], counts.cumsum()])
    low = 0
    while low < BINS:
        high = max(int(np.searchsorted(ends, ends[low] + BLOCK, side="right")) - 1, low + 1)
        bins = np.arange(low, high)[~known[low:high] & masses[low:high].any(axis=1)]
        yield from _joined(rows.part(ends[low], ends[high]), bins, masses[bins], ~single[bins])
        low = high


def _joined(rows: _Sorted, bins: Any, masses: Floats, is_open: Any) -> Iterator[Groups]:
    """Groups of rows and whole bins as one list, by the bins."""
    places, negative, positive = bins, masses[:, 0], masses[:, 1]
    if len(rows.keys):
        found, firsts = _grouped(rows), _firsts(rows.keys)
        places = np.concatenate([bins, bins_of(rows.scores()[firsts])])
        negative = np.concatenate([negative, found.negative])
        positive = np.concatenate([positive, found.positive])
        is_open = np.concatenate([is_open, np.zeros(len(firsts), dtype=bool)])
    if len(places):
        order = np.argsort(places, kind="stable")
        yield Groups.summed(negative[order], positive[order], is_open[order])


def _firsts(keys: Keys) -> Any:
    """Where the score differs from that of the row before."""
    either = keys | keys.dtype.type(1)
    changes = np.empty(len(keys), dtype=bool)
    changes[0] = True
    np.not_equal(either[1:], either[:-1], out=changes[1:])
    return np.flatnonzero(changes)


def _grouped(rows: _Sorted) -> Groups:
    firsts = _firsts(rows.keys)
    positive = rows.keys & rows.keys.dtype.type(1)
    if rows.weights is not None:
        rest = np.add.reduceat(rows.weights * (positive == 0), firsts)
        return Groups.summed(rest, np.add.reduceat(rows.weights * positive, firsts))
    through = np.zeros(len(positive) + 1, dtype=np.int32)
    np.cumsum(positive, dtype=np.int32, out=through[1:])
    bounds = np.append(firsts, len(positive))
    # Of each group, and of the end, what lies below it.
    p: Floats = through.take(bounds).astype(np.float64)
    n: Floats = bounds - p
    return Groups(n[1:] - n[:-1], p[1:] - p[:-1], n[:-1], p[:-1])


def _around_positives(keys: Keys) -> Groups:
    """Only the groups that have a positive row; of the rest's others how many lie between them.

    Of the rows of one score the positive ones come last.
    """
    positions = np.flatnonzero((keys & keys.dtype.type(1)).astype(bool))
    own = keys[positions]
    firsts = np.flatnonzero(np.append(True, own[1:] != own[:-1])) if len(own) else positions
    starts, bounds = positions[firsts], np.append(firsts, len(own)).astype(np.float64)
    twins = own[firsts] - keys.dtype.type(1)
    tied = np.flatnonzero((keys[starts - 1] == twins) & (starts > 0))
    negative = np.zeros(len(firsts))
    negative[tied] = starts[tied] - np.searchsorted(keys, twins[tied])
    below = np.append(starts - firsts, len(keys) - len(own)).astype(np.float64)
    between = np.diff(below, prepend=0)
    between[:-1] -= negative
    return Groups(negative, np.diff(bounds), below[:-1] - negative, bounds[:-1], between=between)


def _sort(state: RankedScores, place: int) -> _Sorted:
    """All rows of a column, sorted; memory for one key a row is taken, and with weights for their order.

    Scores have double precision where they are stored so, or divided by their row's sum.
    """
    wide = state.double or state.spec.positive_label is None
    keys = np.empty(sum(len(piece["actual"]) for piece in state.pieces), np.uint64 if wide else np.uint32)
    start, floats = 0, np.dtype(np.float64 if wide else np.float32)
    for piece in state.pieces:
        for first in range(0, len(piece["actual"]), CHUNK):
            rows = slice(first, first + CHUNK)
            actual = piece["actual"][rows]
            part = keys[start : start + len(actual)]
            # Adding 0 makes the same of 0 and −0, whose bits differ.
            np.add(column(piece, place, rows), 0, out=part.view(floats), casting="same_kind")
            np.left_shift(part, 1, out=part)
            np.bitwise_or(part, actual == state.labels[place], out=part)
            start += len(actual)
    if not state.spec.weighted:
        keys.sort()
        return _Sorted(keys, None)
    weights = np.concatenate([piece["weights"] for piece in state.pieces] or [np.zeros(0)])
    order = np.lexsort([weights, keys])
    return _Sorted(keys[order], weights[order])
