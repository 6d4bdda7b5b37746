"""A batch: the rows of one piece of one file, as codes and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Scores = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Source:
    """Where a batch's rows come from: the file's key, and the position of the first row in it.

    ``rows`` are the positions from there where entries are not the rows themselves, for errors to name.
    """

    key: str
    first_row: int = 0
    rows: npt.NDArray[np.int64] | None = None

    def position(self, entry: int) -> int:
        """The position in the file of an entry's row."""
        return self.first_row + (entry if self.rows is None else int(self.rows[entry]))


@dataclass(frozen=True)
class LabelColumn:
    """Labels as positions in a vocabulary of their own; the position behind the last means no label.

    The vocabulary is the file's, not the model's: nothing is looked up row by row, and states bring
    vocabularies together by name.
    """

    codes: npt.NDArray[Any]
    vocabulary: tuple[str, ...]

    @property
    def missing(self) -> int:
        """The code of a row without a label."""
        return len(self.vocabulary)

    def present(self) -> Bools:
        """Which rows have a label."""
        return np.asarray(self.codes != self.missing)

    def recoded(self, labels: tuple[str, ...]) -> npt.NDArray[np.int64]:
        """Positions in ``labels`` instead; a row without a label, or with another one, is ``len(labels)``."""
        places = {label: place for place, label in enumerate(labels)}
        mapped = [places.get(label, len(labels)) for label in self.vocabulary]
        return np.asarray(np.array([*mapped, len(labels)], dtype=np.int64)[self.codes])


@dataclass(frozen=True)
class Tally:
    """How many rows there are and how many are left out, where entries are not rows."""

    rows: int
    missing_ground_truth: int
    missing_predictions: int
    repeated_ids: int = 0


@dataclass(frozen=True)
class Apart:
    """What is known of a batch's rows from elsewhere than their own columns.

    ``repeated`` says which have an id that occurred before, ``actual`` is ground truth from files of its own.
    """

    repeated: Bools | None = None
    actual: LabelColumn | None = None


def row_sums(scores: Scores) -> npt.NDArray[np.float64]:
    """The sum of every row in double precision, label by label: the same bits however they lie in memory."""
    totals = np.zeros(len(scores))
    for place in range(scores.shape[1]):
        totals += scores[:, place]
    return totals


@dataclass(frozen=True)
class Batch:
    """Rows of one file: actual and predicted labels, and where there are any, scores, ids, weights, slices.

    ``scores`` are as stored: for binary models the positive label's, shape ``(rows,)``; for several labels
    shape ``(rows, labels)`` in the spec's order, with ``totals``, the rows' sums; NaN where missing.
    ``unnormalised`` counts rows of
    probabilities whose sum was off by more than 1e-3, ``repeated`` rows left out because their id
    occurred before, which have neither label. With a multi-dimensional target the entries are the
    elements of the rows' lists, and ``tally`` counts the rows. ``positions`` are
    the entries' rows in the file, None where they are ``source.first_row`` and those that follow.
    ``precision`` is that of the scores' columns where the scores are held in a wider one.
    """

    source: Source
    y_true: LabelColumn
    y_pred: LabelColumn
    scores: Scores | None = None
    ids: npt.NDArray[Any] | None = None
    totals: npt.NDArray[np.float64] | None = None
    weights: npt.NDArray[np.float64] | None = None
    slices: Mapping[str, LabelColumn] = field(default_factory=dict)
    unnormalised: int = 0
    repeated: int = 0
    tally: Tally | None = None
    positions: npt.NDArray[np.int64] | None = None
    precision: np.dtype[Any] | None = None

    @property
    def compared(self) -> Scores | None:
        """The scores as thresholds and edges of bins meet them, in the precision of their columns."""
        if self.scores is None or self.precision is None:
            return self.scores
        return self.scores.astype(self.precision)

    @property
    def rows(self) -> int:
        """How many entries the batch has, missing ones included."""
        return len(self.y_true.codes)

    def evaluated(self) -> Bools:
        """Which rows have both an actual and a predicted label."""
        return self.y_true.present() & self.y_pred.present()
