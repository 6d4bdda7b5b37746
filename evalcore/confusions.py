"""What the errors of a confusion matrix say: what mending one would gain, and which labels belong together.

A matrix is given as its cells: arrays of the actual label's place, the predicted label's, and the count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from evalcore.states.cells import Cells
from evalcore.values import Floats, Integers, ratio
from evalcore.weights import exponent_of

_AT_A_TIME = 10_000

Cell = tuple[int, int, float]
"""The actual label's place, the predicted one's, and the count."""


def stored_table(document: Mapping[str, Any]) -> Cells:
    """The table of ``confusion_matrix`` as a summary has it, whole or as its cells that are not empty."""
    size = len(document["labels"])
    if "matrix" in document:
        table = np.array(document["matrix"]).reshape(size * size)
        places = np.flatnonzero(table)
        return Cells.of(size, places, table[places])
    actual, predicted, counts = np.array(document["cells"]).reshape(-1, 3).T
    return Cells.of(size, (actual * size + predicted).astype(np.int64), counts)


def in_blocks(table: Cells, order: list[int], block: int) -> Cells:
    """The sums of blocks of so many labels, taken in this order."""
    side = -(-table.size // block)
    place = np.empty(table.size, dtype=np.int64)
    place[order] = np.arange(table.size) // block
    actual, predicted, counts = table.pairs()
    return Cells.of(side, place[actual] * side + place[predicted], counts)


@dataclass(frozen=True, eq=False)
class Errors:
    """The cells off the diagonal that are not empty, the largest first, and what mending each would gain."""

    actual: Integers
    predicted: Integers
    counts: npt.NDArray[Any]
    gains: Floats

    @classmethod
    def of(cls, table: Cells) -> Self:
        """Those of a table; of equal ones those come first that do so in it."""
        actual, predicted, counts = table.pairs()
        gains = weighted_f1_gains(actual, predicted, counts)
        wrong = np.flatnonzero(actual != predicted)
        order = wrong[np.argsort(-counts[wrong], kind="stable")]
        return cls(actual[order], predicted[order], counts[order], gains[order])

    @property
    def by_gain(self) -> Integers:
        """Their ranks with the greatest gain first; of equal gains the larger cell comes first."""
        return np.argsort(-self.gains, kind="stable")

    def listed(self, ranks: Any) -> list[tuple[Cell, float]]:
        """The cells of some ranks with their gains, as Python numbers."""
        parts = (self.actual, self.predicted, self.counts, self.gains)
        found = zip(*(part[ranks].tolist() for part in parts), strict=True)
        return [((actual, predicted, number), gain) for actual, predicted, number, gain in found]


def weighted_f1_gains(actual: npt.ArrayLike, predicted: npt.ArrayLike, counts: npt.ArrayLike) -> Floats:
    """For each cell, by how much weighted F1 would rise if its rows were predicted as what they are.

    With F1 = 2TP / D, D = 2TP + FP + FN = support + predicted, moving the n rows of cell (i, j) to (i, i)
    makes 2(TPᵢ + n) / (Dᵢ + n) of F1ᵢ and 2TPⱼ / (Dⱼ − n) of F1ⱼ; the supports stay. The gain is
    ((F1ᵢ' − F1ᵢ) · supportᵢ + (F1ⱼ' − F1ⱼ) · supportⱼ) / Σ support. F1 counts as 0 where it is 0/0, which
    only a label without support has, and so weighs nothing. Cells on the diagonal gain 0.
    """
    i, j = np.asarray(actual, dtype=np.int64), np.asarray(predicted, dtype=np.int64)
    n = np.asarray(counts, dtype=np.float64)
    if not n.any():
        return np.zeros(len(n))
    n = np.ldexp(n, -exponent_of(n.max()))
    size = int(max(i.max(), j.max())) + 1
    support = np.bincount(i, weights=n, minlength=size)
    whole = support + np.bincount(j, weights=n, minlength=size)
    right = np.bincount(i[i == j], weights=n[i == j], minlength=size)
    f1 = np.nan_to_num(ratio(2 * right, whole))
    mended_i = ratio(2 * (right[i] + n), whole[i] + n)
    mended_j = np.nan_to_num(ratio(2 * right[j], whole[j] - n))
    gains = ((mended_i - f1[i]) * support[i] + (mended_j - f1[j]) * support[j]) / n.sum()
    return np.where(i == j, 0.0, gains)


def together(actual: npt.ArrayLike, predicted: npt.ArrayLike, counts: npt.ArrayLike, size: int) -> list[int]:
    """An order of ``size`` labels in which those stand together that are confused with each other.

    Two labels are as close as (nᵢⱼ + nⱼᵢ) / (supportᵢ + supportⱼ). From the closest pair down, labels are
    joined where both are still ends of rows of their own; the rows that remain follow each other by their
    first label. Equals go by the labels' places, so the order is always the same one; without errors it is
    the labels' own.
    """
    chains = {place: [place] for place in range(size)}
    belongs = list(range(size))
    ends = np.ones(size, dtype=bool)
    for one, other in _closest_first(actual, predicted, counts, size, ends):
        mine, theirs = chains[belongs[one]], chains[belongs[other]]
        if mine is theirs or not (ends[one] and ends[other]):
            continue
        gone = belongs[other]
        _join(mine, theirs, one, other)
        for place in theirs:
            belongs[place] = belongs[one]
        del chains[gone]
        for place in (one, other):
            ends[place] = place in (mine[0], mine[-1])
        if len(chains) == 1:
            break
    rows = [chain if chain[0] <= chain[-1] else chain[::-1] for chain in chains.values()]
    return [place for chain in sorted(rows, key=min) for place in chain]


def _closest_first(
    actual: npt.ArrayLike, predicted: npt.ArrayLike, counts: npt.ArrayLike, size: int, wanted: Any
) -> Iterator[tuple[int, int]]:
    """Pairs of labels that are both still ``wanted``, or were not long ago."""
    i, j = np.asarray(actual, dtype=np.int64), np.asarray(predicted, dtype=np.int64)
    n = np.asarray(counts, dtype=np.float64)
    support = np.bincount(i, weights=n, minlength=size)
    wrong = i != j
    first, second = np.minimum(i, j)[wrong], np.maximum(i, j)[wrong]
    pairs, where = np.unique(first * size + second, return_inverse=True)
    both = np.bincount(where, weights=n[wrong], minlength=len(pairs))
    one, other = np.divmod(pairs, size)
    closeness = ratio(both, support[one] + support[other])
    order: Integers = np.lexsort((pairs, -closeness))
    for start in range(0, len(order), _AT_A_TIME):
        part = order[start : start + _AT_A_TIME]
        part = part[wanted[one[part]] & wanted[other[part]]]
        yield from zip(one[part].tolist(), other[part].tolist(), strict=True)


def _join(mine: list[int], theirs: list[int], one: int, other: int) -> None:
    """Append ``theirs`` to ``mine`` so that the two places become neighbours."""
    if mine[-1] != one:
        mine.reverse()
    mine += theirs if theirs[0] == other else theirs[::-1]
