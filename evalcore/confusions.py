"""What the errors of a confusion matrix say: what mending one would gain, and which labels belong together.

A matrix is given as its cells: arrays of the actual label's place, the predicted label's, and the count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from evalcore.values import Floats, Integers, ratio
from evalcore.weights import exponent_of

_AT_A_TIME = 10_000

Cell = tuple[int, int, float]
"""The actual label's place, the predicted one's, and the count."""


@dataclass(frozen=True, eq=False)
class StoredCells:
    """The cells of a summary's confusion matrix that are not empty, as arrays, of ``size`` labels."""

    size: int
    actual: Integers
    predicted: Integers
    counts: npt.NDArray[Any]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Of ``confusion_matrix`` as a summary has it, with all cells or those that are not empty."""
        size = len(document["labels"])
        if "matrix" in document:
            table = np.array(document["matrix"]).reshape(size, size)
            actual, predicted = table.nonzero()
            return cls(size, actual, predicted, table[actual, predicted])
        actual, predicted, counts = np.array(document["cells"]).reshape(-1, 3).T
        kept = counts != 0
        return cls(size, actual[kept].astype(np.int64), predicted[kept].astype(np.int64), counts[kept])

    @property
    def rows(self) -> list[float]:
        """The sum of every row."""
        return list(np.bincount(self.actual, self.counts, self.size).tolist())

    @property
    def columns(self) -> list[float]:
        """The sum of every column."""
        return list(np.bincount(self.predicted, self.counts, self.size).tolist())

    @property
    def right(self) -> float:
        """The sum of the diagonal."""
        return float(self.counts[self.actual == self.predicted].sum())

    @cached_property
    def errors(self) -> Integers:
        """The places of the cells off the diagonal, the largest cell first."""
        wrong = np.flatnonzero(self.actual != self.predicted)
        return np.asarray(wrong[np.lexsort((self.predicted[wrong], self.actual[wrong], -self.counts[wrong]))])

    @cached_property
    def gains(self) -> Floats:
        """For each of the ``errors`` what mending it would gain in weighted F1."""
        return weighted_f1_gains(self.actual, self.predicted, self.counts)[self.errors]

    @property
    def by_gain(self) -> Integers:
        """Which of the ``errors`` gain most; of equal gains the larger cell comes first."""
        return np.argsort(-self.gains, kind="stable")

    def listed(self, places: Integers | None = None) -> list[Cell]:
        """The cells, or those at some places, as Python numbers."""
        kept = slice(None) if places is None else places
        return list(
            zip(*(part[kept].tolist() for part in (self.actual, self.predicted, self.counts)), strict=True)
        )

    def in_blocks(self, order: list[int], block: int) -> list[Cell]:
        """The sums of blocks of so many labels, taken in this order; those that are not empty."""
        side = -(-self.size // block)
        place = np.empty(self.size, dtype=np.int64)
        place[order] = np.arange(self.size) // block
        at = place[self.actual] * side + place[self.predicted]
        sums = np.bincount(at, self.counts, side * side).reshape(side, side)
        actual, predicted = sums.nonzero()
        return StoredCells(side, actual, predicted, sums[actual, predicted]).listed()


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
        if mine is theirs or not (_is_end(mine, one) and _is_end(theirs, other)):
            continue
        gone = belongs[other]
        _join(mine, theirs, one, other)
        for place in theirs:
            belongs[place] = belongs[one]
        del chains[gone]
        ends[[one, other]] = _is_end(mine, one), _is_end(mine, other)
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


def _is_end(chain: list[Any], place: int) -> bool:
    return place in (chain[0], chain[-1])


def _join(mine: list[int], theirs: list[int], one: int, other: int) -> None:
    """Append ``theirs`` to ``mine`` so that the two places become neighbours."""
    if mine[-1] != one:
        mine.reverse()
    mine += theirs if theirs[0] == other else theirs[::-1]
