"""How many rows were read, and how many were left out and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from evalcore.accumulator import Additive, Spec
from evalcore.batch import Batch, LabelColumn


@dataclass(frozen=True)
class RowCounts(Additive):
    """Rows read, rows left out (each counted once, for the first reason that holds), odd probabilities.

    ``rows`` are those of the predictions. ``repeated_ids`` and ``repeated_ground_truth`` count rows of an id
    after its first, in the predictions and in ground truth of its own; ``unmatched_ground_truth`` is ground
    truth that no row has asked for.
    """

    rows: int = 0
    repeated_ids: int = 0
    repeated_ground_truth: int = 0
    missing_ground_truth: int = 0
    missing_predictions: int = 0
    unmatched_ground_truth: int = 0
    unnormalised_probabilities: int = 0

    @classmethod
    def of(cls, spec: Spec, batch: Batch) -> Self:
        """Count one batch."""
        if batch.tally is not None:
            return cls(spec, **vars(batch.tally), unnormalised_probabilities=batch.unnormalised)
        return cls(
            spec,
            rows=batch.rows,
            repeated_ids=batch.repeated,
            missing_ground_truth=_missing(batch.y_true) - batch.repeated,
            missing_predictions=_missing(batch.y_pred, among=batch.y_true),
            unnormalised_probabilities=batch.unnormalised,
        )

    @property
    def evaluated(self) -> int:
        """The rows that count."""
        return self.rows - self.repeated_ids - self.missing_ground_truth - self.missing_predictions

    @property
    def duplicate_ids(self) -> int:
        """The rows of an id after its first, wherever they are."""
        return self.repeated_ids + self.repeated_ground_truth

    def skipped(self) -> dict[str, int]:
        """What was left out, by the code of its warning, in the order in which reasons are tried."""
        return {
            "duplicate_ids": self.duplicate_ids,
            "missing_ground_truth": self.missing_ground_truth,
            "missing_predictions": self.missing_predictions,
            "unmatched_ground_truth": self.unmatched_ground_truth,
        }


def _missing(column: LabelColumn, among: LabelColumn | None = None) -> int:
    """How many rows have no label, counted ``among`` those that another column has one for."""
    if not len(column.codes) or column.codes.max() < column.missing:  # which needs no array of its own
        return 0
    missing = column.codes == column.missing
    found = int(np.count_nonzero(missing))
    return found if among is None or not found else int(np.count_nonzero(missing & among.present()))
