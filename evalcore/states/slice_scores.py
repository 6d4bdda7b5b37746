"""What the scores of some slices amount to: for each, the accumulators that all rows' scores have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from evalcore.accumulator import Kind, Spec, State, States, refuse_other_spec
from evalcore.batch import Batch, LabelColumn
from evalcore.states.losses import BinaryLosses, LabelLosses
from evalcore.states.ranking import RankedScores
from evalcore.states.thresholds import ThresholdCounts
from evalcore.values import Integers

BINARY_KINDS: tuple[Kind, ...] = (ThresholdCounts, BinaryLosses, RankedScores)
"""What is accumulated of a positive label's scores."""

LABEL_KINDS: tuple[Kind, ...] = (LabelLosses, RankedScores)
"""What is accumulated of the probabilities of several labels."""

Name = tuple[str, str | None]
"""A slice: a column, and the value of its rows there, None for those without one."""


@dataclass(frozen=True)
class SliceScores:
    """The accumulators of the scores of the spec's ``sliced`` slices, those that have rows, by slice."""

    spec: Spec
    slices: Mapping[Name, States]

    @classmethod
    def empty(cls, spec: Spec) -> Self:
        """No rows."""
        return cls(spec, {})

    @classmethod
    def of(cls, spec: Spec, batch: Batch) -> Self:
        """The slices of one batch."""
        own, kinds = replace(spec, sliced=()), kinds_of(spec)
        parts = _parts(batch, spec.sliced)
        return cls(spec, {name: {kind: kind.of(own, rows) for kind in kinds} for name, rows in parts})

    def merge(self, other: Self) -> Self:
        """Both, slice by slice. Raises MergeError where the specs differ."""
        refuse_other_spec(self, other)
        found = dict(self.slices)
        for name, states in other.slices.items():
            mine = found.get(name)
            both = states if mine is None else {kind: mine[kind].merge(states[kind]) for kind in states}
            found[name] = both
        return type(self)(self.spec, found)

    def state(self) -> State:
        """Every accumulator's arrays, by the slice's place in the spec and the kind's."""
        found: dict[str, Any] = {}
        for place, name in enumerate(self.spec.sliced):
            for number, kind in enumerate(kinds_of(self.spec) if name in self.slices else ()):
                arrays = self.slices[name][kind].state()
                found |= {f"{place}_{number}_{key}": array for key, array in arrays.items()}
        return found

    @classmethod
    def restore(cls, spec: Spec, state: State) -> Self:
        """The inverse of ``state``."""
        own, found = replace(spec, sliced=()), {}
        for place, name in enumerate(spec.sliced):
            states = {}
            for number, kind in enumerate(kinds_of(spec)):
                start = f"{place}_{number}_"
                arrays = {key.removeprefix(start): state[key] for key in state if key.startswith(start)}
                if arrays:
                    states[kind] = kind.restore(own, arrays)
            if states:
                found[name] = states
        return cls(spec, found)


def kinds_of(spec: Spec) -> tuple[Kind, ...]:
    """What is accumulated of scores."""
    return LABEL_KINDS if spec.positive_label is None else BINARY_KINDS


def _parts(batch: Batch, names: tuple[Name, ...]) -> Iterator[tuple[Name, Batch]]:
    """The rows of each slice that has any, in the order they came."""
    for column in dict.fromkeys(column for column, _ in names):
        values = [value for name, value in names if name == column]
        slots = _slots(batch.slices[column], values)
        order = np.argsort(slots, kind="stable")
        ends = np.searchsorted(slots[order], np.arange(len(values) + 1))
        for place, value in enumerate(values):
            if ends[place] < ends[place + 1]:
                yield (column, value), _rows(batch, order[ends[place] : ends[place + 1]])


def _slots(column: LabelColumn, values: list[str | None]) -> Integers:
    """For every row the place of its value among these; behind the last where it is none of them."""
    places = {value: place for place, value in enumerate(values)}
    table = [places.get(value, len(values)) for value in (*column.vocabulary, None)]
    return np.asarray(np.array(table, dtype=np.int16)[column.codes])


def _rows(batch: Batch, rows: Integers) -> Batch:
    y_true, y_pred = (
        LabelColumn(column.codes[rows], column.vocabulary) for column in (batch.y_true, batch.y_pred)
    )
    assert batch.scores is not None
    return Batch(
        batch.source,
        y_true,
        y_pred,
        scores=batch.scores[rows],
        totals=None if batch.totals is None else batch.totals[rows],
        weights=None if batch.weights is None else batch.weights[rows],
        precision=batch.precision,
    )
