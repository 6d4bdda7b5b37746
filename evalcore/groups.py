"""Rows of one label against the rest as groups of one score, from the highest score down, block by block.

Rows are sorted as integers: a float that is not negative has bits that sort as it does, and the lowest bit
says whether the row is positive.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from evalcore.states.ranking import BINS, RankedScores, bins_of, column
from evalcore.values import Floats

BLOCK = 1 << 16
"""Rows looked at at a time, so that what lies between stays in a core's cache."""

HASHES = 1 << 20
"""Size of the table that most rows are passed over by."""

Keys = npt.NDArray[Any]


@dataclass(frozen=True)
class Groups:
    """Groups of rows of one score, descending: the weights of the rest and of the label.

    ``open`` says which are whole bins, the order of whose rows is not known; None: none.
    """

    negative: Floats
    positive: Floats
    open: npt.NDArray[np.bool_] | None = None


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


def exact_groups(state: RankedScores, place: int) -> Iterator[Groups]:
    """The groups of all rows of a column.

    Scores of double precision are sorted in single precision first, which takes half the memory and a third
    of the time and never swaps two; only rows that this makes one with others are sorted once more as they
    are. Of several labels, groups of the rest alone may stay one: only ``reverse_precision`` would differ.
    """
    both = state.spec.positive_label is not None
    if state.spec.weighted or not _wide(state):
        rows, fine = _sort(state, place), None
    else:
        rows = _sort(state, place, narrow=True)
        fine = _resolved(state, place, _undecided(rows.keys, both))
    end = len(rows.keys)
    while end:
        start = max(end - BLOCK, 0)
        start = int(np.searchsorted(rows.keys, rows.keys[start] & ~rows.keys.dtype.type(1)))
        part = rows.part(start, end)
        yield _grouped(part) if fine is None else _merged(part, fine, both)
        end = start


def _undecided(keys: Keys, both: bool) -> Keys:
    """The bits of scores that more than one row has; unless ``both``, a positive one among them.

    Of the rows of one score the positive ones come last.
    """
    one = np.uint32(1)
    found = []
    for start in range(0, len(keys) - 1, BLOCK):
        this, after = keys[start : start + BLOCK], keys[start + 1 : start + BLOCK + 1]
        again = (this[: len(after)] | one) == (after | one)
        found.append(after[again if both else again & ((after & one) == one)] >> one)
    bits = np.concatenate(found or [np.zeros(0, np.uint32)])
    return bits[np.append(True, bits[1:] != bits[:-1])] if len(bits) else bits


def _resolved(state: RankedScores, place: int, undecided: Keys) -> Keys:
    """The ascending keys, in double precision, of rows whose score in single precision is undecided."""
    mask = np.uint32(HASHES - 1)
    table = np.zeros(HASHES, dtype=bool)
    table[undecided & mask] = True
    found = [np.zeros(0, np.uint64)]
    for piece in state.pieces if len(undecided) else ():
        scores = np.add(column(piece, place), 0, dtype=np.float64)
        bits = scores.astype(np.float32).view(np.uint32)
        rows = np.flatnonzero(table[bits & mask])
        at = np.minimum(np.searchsorted(undecided, bits[rows]), len(undecided) - 1)
        rows = rows[undecided[at] == bits[rows]]
        keys = scores[rows].view(np.uint64) << np.uint64(1)
        found.append(keys | (piece["actual"][rows] == state.labels[place]))
    keys = np.concatenate(found)
    keys.sort()
    return keys


def _merged(rows: _Sorted, fine: Keys, both: bool) -> Groups:
    """The groups of rows sorted in single precision, undecided ones replaced by those of their fine keys."""
    coarse, places = _grouped(rows), (rows.keys[_firsts(rows.keys)] >> np.uint32(1))[::-1]
    alone = coarse.positive + coarse.negative == 1
    kept = alone if both else alone | (coarse.positive == 0)
    part = fine[slice(*_within(fine, places[-1], places[0]))]
    if not len(part):
        return coarse
    exact = _grouped(_Sorted(part, None))
    # Where each of the exact groups lies among all, both descending; the others fill what is left.
    above = np.searchsorted(
        -places[kept].astype(np.int64), -_single(part[_firsts(part)])[::-1].astype(np.int64)
    )
    second = above + np.arange(len(above))
    is_first = np.ones(len(above) + int(np.count_nonzero(kept)), dtype=bool)
    is_first[second] = False
    sides = []
    for one, other in ((coarse.negative, exact.negative), (coarse.positive, exact.positive)):
        side: Floats = np.empty(len(is_first))
        side[is_first], side[second] = one[kept], other
        sides.append(side)
    return Groups(sides[0], sides[1])


def _single(keys: Keys) -> Keys:
    """The bits of the scores of double precision keys when rounded to single."""
    return (keys >> np.uint64(1)).view(np.float64).astype(np.float32).view(np.uint32)


def _within(fine: Keys, lowest: Any, highest: Any) -> tuple[int, int]:
    """From where to where the rounded scores of keys lie within bits of single precision."""
    return bisect_left(fine, lowest, key=_bits), bisect_right(fine, highest, key=_bits)


def _bits(key: Any) -> int:
    return int(_single(np.array([key]))[0])


def mixed_groups(state: RankedScores, crowded: RankedScores | None) -> Iterator[Groups]:
    """The groups of a histogram: its bins, those of the ``crowded`` rows resolved into these."""
    assert state.histogram is not None
    rows = _Sorted(np.zeros(0, np.uint64), None) if crowded is None else _sort(crowded, 0)
    known = np.zeros(BINS, dtype=bool)
    if crowded is not None:
        known[list(crowded.spec.crowded or ())] = True
    histogram = state.histogram
    masses = histogram.get("weights", histogram["counts"])
    single = histogram["least"] == histogram["greatest"]
    counts = np.where(known, histogram["counts"].sum(axis=1), 0).astype(np.int64)
    ends = np.concatenate([[0], counts.cumsum()])
    high = BINS
    while high:
        low = min(int(np.searchsorted(ends, ends[high] - BLOCK)), high - 1)
        bins = np.arange(low, high)[~known[low:high] & masses[low:high].any(axis=1)]
        yield from _joined(rows.part(ends[low], ends[high]), bins, masses[bins], ~single[bins])
        high = low


def _joined(rows: _Sorted, bins: Any, masses: Floats, is_open: Any) -> Iterator[Groups]:
    """Groups of rows and whole bins as one list, by the bins."""
    places, groups = bins, Groups(masses[:, 0], masses[:, 1])
    if len(rows.keys):
        found, firsts = _grouped(rows), _firsts(rows.keys)
        places = np.concatenate([bins, bins_of(rows.scores()[firsts])[::-1]])
        negative = np.concatenate([groups.negative, found.negative])
        groups = Groups(negative, np.concatenate([groups.positive, found.positive]))
        is_open = np.concatenate([is_open, np.zeros(len(firsts), dtype=bool)])
    if len(places):
        order = np.argsort(-places, kind="stable")
        yield Groups(groups.negative[order], groups.positive[order], is_open[order])


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
    if rows.weights is None:
        through = positive.cumsum(dtype=np.int32)
        before = np.append(through[firsts] - positive[firsts], through[-1])
        p = np.diff(before).astype(np.float64)
        sizes = np.diff(np.append(firsts, len(positive)))
        return Groups((sizes - p)[::-1], p[::-1])
    of_label = np.add.reduceat(rows.weights * positive, firsts)
    rest = np.add.reduceat(rows.weights * (positive == 0), firsts)
    return Groups(rest[::-1], of_label[::-1])


def _wide(state: RankedScores) -> bool:
    """Whether scores have double precision: stored so, or divided by their row's sum."""
    return state.double or state.spec.positive_label is None


def _sort(state: RankedScores, place: int, narrow: bool = False) -> _Sorted:
    """All rows of a column, sorted; memory for one key a row is taken, and with weights for their order.

    ``narrow`` rounds scores to single precision.
    """
    wide = _wide(state) and not narrow
    keys = np.empty(sum(len(piece["actual"]) for piece in state.pieces), np.uint64 if wide else np.uint32)
    start = 0
    for piece in state.pieces:
        part = keys[start : start + len(piece["actual"])]
        # Adding 0 makes the same of 0 and −0, whose bits differ.
        floats = part.view(np.float64 if wide else np.float32)
        np.add(column(piece, place), 0, out=floats, casting="same_kind")
        np.left_shift(part, 1, out=part)
        np.bitwise_or(part, piece["actual"] == state.labels[place], out=part)
        start += len(part)
    if not state.spec.weighted:
        keys.sort()
        return _Sorted(keys, None)
    weights = np.concatenate([piece["weights"] for piece in state.pieces] or [np.zeros(0)])
    order = np.lexsort([weights, keys])
    return _Sorted(keys[order], weights[order])
