"""Accumulators: sufficient statistics of rows that can be made apart and merged."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, cast

import numpy as np
import numpy.typing as npt

from evalcore.batch import Batch

State = Mapping[str, npt.NDArray[Any]]


def packed(texts: Iterable[str]) -> npt.NDArray[np.uint8]:
    """Texts as one array of bytes, of JSON: numpy's own text drops what NULs a text ends with."""
    return np.frombuffer(json.dumps(list(texts)).encode(), dtype=np.uint8)


def unpacked(array: npt.NDArray[Any]) -> tuple[str, ...]:
    """The inverse of ``packed``."""
    return tuple(json.loads(array.tobytes()))


class MergeError(ValueError):
    """Two accumulators of different specs were to be merged: a bug of the caller."""


@dataclass(frozen=True)
class Spec:
    """What every accumulator of an evaluation agrees on before the first row is read.

    ``labels`` is the given list in its order, or None where the labels are those that occur; ``weighted``
    says whether rows carry weights. ``score_labels`` are the labels whose scores there are, in the scores'
    order, and ``positive_label`` the one whose score it is where there is one a row; ``scores_decide`` says
    that predicted labels come from them. An actual label below the first of ``suspect`` while another is
    above the second makes a row suspect. ``example_cells``, actual and predicted label, are the only ones
    to choose examples from. ``sliced`` are the slices, by column and value, whose scores are accumulated
    apart.
    """

    labels: tuple[str, ...] | None = None
    weighted: bool = False
    score_labels: tuple[str, ...] | None = None
    positive_label: str | None = None
    scores_decide: bool = False
    suspect: tuple[float, float] = (0.05, 0.95)
    score_budget: int = 256 << 20
    focus: tuple[int, ...] | None = None
    crowded: tuple[int, ...] | None = None
    example_cells: tuple[tuple[str, str], ...] | None = None
    sliced: tuple[tuple[str, str | None], ...] = ()


class Accumulator(Protocol):
    """A sufficient statistic of a set of rows; its size does not depend on their number.

    Laws: ``of(a + b) == of(a).merge(of(b))``; merge is associative and commutative with ``empty`` as its
    identity; ``restore(spec, state())`` is an equal value. Counts are exact, float sums within 1e-12.
    """

    @property
    def spec(self) -> Spec:
        """What it was made for; carried, so that merge can refuse another."""

    @classmethod
    def empty(cls, spec: Spec) -> Self:
        """The statistic of no rows."""

    @classmethod
    def of(cls, spec: Spec, batch: Batch) -> Self:
        """The statistic of one batch."""

    def merge(self, other: Self) -> Self:
        """The statistic of both sets of rows, a new value. Raises MergeError where the specs differ."""

    def state(self) -> State:
        """Itself as named arrays, for a file or another process."""

    @classmethod
    def restore(cls, spec: Spec, state: State) -> Self:
        """The inverse of ``state``."""


def refuse_other_spec(one: Accumulator, other: Accumulator) -> None:
    """Raise MergeError unless both are of one kind and one spec."""
    if type(one) is not type(other) or one.spec != other.spec:
        raise MergeError(f"cannot merge {type(one).__name__} of different specs")


@dataclass(frozen=True)
class Additive:
    """Base of accumulators whose fields, apart from the spec, are plain integers that add up."""

    spec: Spec

    @classmethod
    def empty(cls, spec: Spec) -> Self:
        """All zero."""
        return cls(spec)

    def merge(self, other: Self) -> Self:
        """Field by field. Raises MergeError where the specs differ."""
        refuse_other_spec(cast(Accumulator, self), cast(Accumulator, other))
        sums = {name: getattr(self, name) + getattr(other, name) for name in self._names()}
        return type(self)(self.spec, **sums)

    def state(self) -> State:
        """One zero-dimensional array a field."""
        return {name: np.array(getattr(self, name)) for name in self._names()}

    @classmethod
    def restore(cls, spec: Spec, state: State) -> Self:
        """The inverse of ``state``."""
        return cls(spec, **{name: state[name].item() for name in cls._names()})

    @classmethod
    def _names(cls) -> tuple[str, ...]:
        return tuple(field.name for field in dataclasses.fields(cls) if field.name != "spec")


Kind = type[Any]
States = Mapping[Kind, Any]
"""One accumulator of each kind that a task needs."""


def fold(kinds: Sequence[Kind], spec: Spec, batches: Iterable[Batch]) -> States:
    """Every accumulator of ``kinds`` over all batches, read once.

    The merges form one fixed tree over the batches' positions, so that float sums are the same to the bit
    however the work was divided.
    """
    return merge_leaves(kinds, spec, (leaf(kinds, spec, batch) for batch in batches))


def leaf(kinds: Sequence[Kind], spec: Spec, batch: Batch) -> States:
    """Every accumulator of one batch."""
    return {kind: kind.of(spec, batch) for kind in kinds}


def merge_leaves(kinds: Sequence[Kind], spec: Spec, leaves: Iterable[States]) -> States:
    """The merge of leaves that come in the batches' order, wherever they were made."""
    tree = MergeTree(lambda one, other: {kind: one[kind].merge(other[kind]) for kind in kinds})
    for states in leaves:
        tree.add(states)
    total = tree.total()
    return total if total is not None else {kind: kind.empty(spec) for kind in kinds}


class MergeTree:
    """Merges leaves given in order as a binary counter does: at most log₂(leaves) values are held.

    The shape depends on the positions alone: leaves 2k and 2k+1 first, then pairs of pairs, what is left
    over last, from the right.
    """

    def __init__(self, merge: Any) -> None:
        self._merge = merge
        self._pending: list[tuple[int, Any]] = []

    def add(self, leaf: Any) -> None:
        """Add the next leaf."""
        level = 0
        while self._pending and self._pending[-1][0] == level:
            leaf = self._merge(self._pending.pop()[1], leaf)
            level += 1
        self._pending.append((level, leaf))

    def total(self) -> Any | None:
        """The merge of all leaves; None without any."""
        total = None
        for _, value in reversed(self._pending):
            total = value if total is None else self._merge(value, total)
        return total
