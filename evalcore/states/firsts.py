"""The first rows of every group, by a key: what bounded choices of rows rest on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from evalcore.values import Integers

Keys = tuple[npt.NDArray[Any], npt.NDArray[Any]]
"""The group and the key of each row."""

_SAMPLE = 1 << 10
_FIRST_CHUNK = 1 << 11
_LAST_CHUNK = 1 << 16
"""Rows looked at together: their keys stay in a core's cache."""


@dataclass(frozen=True)
class Choice:
    """Keep the ``most`` rows of least key in every group; of equal keys the first, of NaN none.

    ``look`` gives the rows at some places as group and key, the group below ``width``, the key perhaps too
    small; ``exact`` gives true keys where ``look`` does not. Groups that are not ``open`` keep no row.
    ``tied`` says that all keys are equal.
    """

    most: int
    width: int
    look: Callable[[Any], Keys]
    exact: Callable[[Any], Keys] | None = None
    open: npt.NDArray[np.bool_] | None = None
    tied: bool = False

    def true_keys(self, places: Any) -> Keys:
        """Group and true key."""
        return (self.exact or self.look)(places)


class Firsts:
    """What one choice has kept so far, row by row: positions, groups and keys."""

    def __init__(self, choice: Choice) -> None:
        self.choice = choice
        self.bound = np.full(choice.width, np.inf)
        if choice.open is not None:
            self.bound[~choice.open] = -np.inf
        self.kept: Integers = np.zeros(0, dtype=np.int64)
        self.group: npt.NDArray[Any] = np.zeros(0, dtype=np.int64)
        self.key: npt.NDArray[Any] = np.zeros(0)

    def expect(self, rows: int) -> None:
        """Let a sample say how small a key must be: a file sorted by score would else keep every row."""
        stride = rows // _SAMPLE
        if stride < 2:
            return
        group, key = self.choice.true_keys(np.arange(0, rows, stride))
        known = (self.bound[group] > -np.inf) & ~np.isnan(key)
        group, key = group[known], key[known]
        order, rank = _ranked(group, key)
        last = order[rank == self.choice.most - 1]
        self.bound[group[last]] = np.nextafter(key[last], np.inf, dtype=np.float64)

    @property
    def wants_more(self) -> bool:
        """Whether a later row may still be taken: where keys are tied, only by a group that is not full."""
        return not self.choice.tied or bool((self.bound == np.inf).any())

    def consider(self, start: int, stop: int) -> None:
        """Look at the rows from ``start`` to ``stop``, which follow those looked at before."""
        group, key = self.choice.look(slice(start, stop))
        fresh = np.flatnonzero(key < self.bound[group])
        if len(fresh) > _FIRST_CHUNK:  # half of them tell how small the other half's keys must be
            middle = (start + stop) // 2
            self.consider(start, middle)
            self.consider(middle, stop)
        elif len(fresh):
            self._take(fresh + start)

    def _take(self, fresh: Integers) -> None:
        group, key = self.choice.true_keys(fresh)
        touched = np.zeros(self.choice.width, dtype=bool)
        touched[group] = True
        again = touched[self.group]
        places = np.concatenate([self.kept[again], fresh])
        groups, keys = np.concatenate([self.group[again], group]), np.concatenate([self.key[again], key])
        order, rank = _ranked(groups, keys)
        full = order[rank == self.choice.most - 1]
        self.bound[groups[full]] = keys[full]
        best = order[rank < self.choice.most]
        self.kept = np.concatenate([self.kept[~again], places[best]])
        self.group = np.concatenate([self.group[~again], groups[best]])
        self.key = np.concatenate([self.key[~again], keys[best]])


def firsts(rows: int, choice: Choice, most_groups: int | None = None) -> Integers | None:
    """The positions that a choice keeps of so many rows, ascending; None beyond so many groups."""
    found = Firsts(choice)
    if not choice.tied:
        found.expect(rows)
    start, step = 0, _FIRST_CHUNK
    while start < rows and found.wants_more:
        found.consider(start, min(start + step, rows))
        start, step = start + step, min(step * 4, _LAST_CHUNK)
        if most_groups is not None and len(found.kept) > most_groups:
            groups = len(np.unique(found.group))
            if groups > most_groups:
                return None
    return np.sort(found.kept)


def _ranked(group: npt.NDArray[Any], key: npt.NDArray[Any]) -> tuple[Integers, Integers]:
    """The order by group and key, and each place's rank within its group."""
    order = np.lexsort((key, group))
    sorted_group = group[order].astype(np.int64)
    starts = np.flatnonzero(np.diff(sorted_group, prepend=-1))
    sizes = np.diff(starts, append=len(order))
    return order, np.arange(len(order)) - np.repeat(starts, sizes)
