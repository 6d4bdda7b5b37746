"""Accumulators that are named arrays which add up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from evalcore.accumulator import Spec, State, refuse_other_spec
from evalcore.weights import joined

Shapes = Mapping[str, tuple[tuple[int, ...], Any]]
"""The shape and the type of every array, by name."""


@dataclass(frozen=True, eq=False)
class Summed:
    """Base of accumulators whose arrays, of shapes that are fixed beforehand, add up element by element."""

    spec: Spec
    sums: Mapping[str, npt.NDArray[Any]]

    shapes: ClassVar[Shapes] = {}
    """The arrays of every subclass."""

    norms: ClassVar[frozenset[str]] = frozenset()
    """Those of them that are roots of sums of squares, whose squares add up."""

    @classmethod
    def empty(cls, spec: Spec) -> Self:
        """All zero."""
        return cls(spec, {name: np.zeros(shape, dtype) for name, (shape, dtype) in cls.shapes.items()})

    def merge(self, other: Self) -> Self:
        """Array by array. Raises MergeError where the specs differ."""
        refuse_other_spec(self, other)  # type: ignore[arg-type]
        both = {name: (self.sums[name], other.sums[name]) for name in self.shapes}
        plus = {name: joined if name in self.norms else np.add for name in self.shapes}
        return type(self)(self.spec, {name: plus[name](*both[name]) for name in self.shapes})

    def state(self) -> State:
        """The arrays."""
        return self.sums

    @classmethod
    def restore(cls, spec: Spec, state: State) -> Self:
        """The inverse of ``state``."""
        return cls(spec, {name: state[name] for name in cls.shapes})

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Summed) or type(self) is not type(other):
            return NotImplemented
        same = (np.array_equal(self.sums[name], other.sums[name]) for name in self.shapes)
        return self.spec == other.spec and all(same)

    __hash__ = None  # type: ignore[assignment]
