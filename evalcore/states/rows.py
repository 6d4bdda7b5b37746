"""How many rows were read, and how many were left out and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from evalcore.accumulator import Additive, Spec
from evalcore.batch import Batch


@dataclass(frozen=True)
class RowCounts(Additive):
    """Rows read, rows left out (each counted once, for the first reason that holds), odd probabilities."""

    rows: int = 0
    missing_ground_truth: int = 0
    missing_predictions: int = 0
    unnormalised_probabilities: int = 0

    @classmethod
    def of(cls, spec: Spec, batch: Batch) -> Self:
        """Count one batch."""
        if batch.tally is not None:
            return cls(spec, **vars(batch.tally), unnormalised_probabilities=batch.unnormalised)
        actual, predicted = batch.y_true.present(), batch.y_pred.present()
        return cls(
            spec,
            rows=batch.rows,
            missing_ground_truth=int(np.count_nonzero(~actual)),
            missing_predictions=int(np.count_nonzero(actual & ~predicted)),
            unnormalised_probabilities=batch.unnormalised,
        )

    @property
    def evaluated(self) -> int:
        """The rows that count."""
        return self.rows - self.missing_ground_truth - self.missing_predictions
