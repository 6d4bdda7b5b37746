"""A batch: the rows of one piece of one file, as codes and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

MISSING = -1
"""The code of a row that has no label."""


@dataclass(frozen=True)
class Source:
    """Where a batch's rows come from: the file's key, and the position of the first row in it."""

    key: str
    first_row: int = 0


@dataclass(frozen=True)
class LabelColumn:
    """Labels as positions in a vocabulary of their own; ``MISSING`` where a row has none.

    The vocabulary is the file's, not the model's: nothing is looked up row by row, and states bring
    vocabularies together by name.
    """

    codes: npt.NDArray[np.signedinteger[Any]]
    vocabulary: tuple[str, ...]

    def present(self) -> npt.NDArray[np.bool_]:
        """Which rows have a label."""
        return np.asarray(self.codes != MISSING)


@dataclass(frozen=True)
class Batch:
    """Rows of one file: actual and predicted labels, and where there are any, scores, ids, weights, slices.

    ``scores`` has shape ``(rows,)`` for binary models and ``(rows, labels)`` for several labels.
    ``unnormalised`` counts rows of probabilities whose sum was off by more than 1e-3.
    """

    source: Source
    y_true: LabelColumn
    y_pred: LabelColumn
    scores: npt.NDArray[np.floating[Any]] | None = None
    ids: npt.NDArray[Any] | None = None
    weights: npt.NDArray[np.float64] | None = None
    slices: Mapping[str, LabelColumn] = field(default_factory=dict)
    unnormalised: int = 0

    @property
    def rows(self) -> int:
        """How many rows the batch has, missing ones included."""
        return len(self.y_true.codes)
