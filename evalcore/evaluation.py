"""An evaluation: all that is known of one model version on one split, before it becomes a document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evalcore.accumulator import States
from evalcore.columns import Reading
from evalcore.settings import Settings
from evalcore.states.confusion import ConfusionCounts
from evalcore.states.rows import RowCounts
from evalcore.values import ReportWarning, Table


@dataclass(frozen=True)
class Measured:
    """The figures of a set of rows: ``examples`` are the rows that count, ``elements`` the matrix's sum.

    ``states`` are the accumulators by kind, ``reading`` says how predictions came about.
    """

    settings: Settings
    reading: Reading
    states: States
    rows: RowCounts
    examples: int
    elements: int
    confusion: ConfusionCounts
    table: Table

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in the matrix's order."""
        return self.confusion.labels

    @property
    def overall(self) -> Mapping[str, Any]:
        """The overall figures by name."""
        return self.table.overall

    @property
    def per_label(self) -> Mapping[str, Mapping[str, Any]]:
        """The figures of every label by name."""
        return self.table.per_label


@dataclass(frozen=True)
class Findings:
    """What the checks look at."""

    measured: Measured

    @property
    def settings(self) -> Settings:
        """What was to be computed."""
        return self.measured.settings

    @property
    def operating_point(self) -> float | None:
        """The threshold in force, None where the predicted labels came as labels."""
        return self.measured.reading.threshold


@dataclass(frozen=True)
class Evaluation:
    """The figures with what follows from them: warnings, gates and the verdict."""

    measured: Measured
    warnings: tuple[ReportWarning, ...]
    gates: tuple[Mapping[str, Any], ...]
    verdict: str
