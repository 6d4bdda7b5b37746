"""An evaluation: all that is known of one model version on one split, before it becomes a document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from evalcore.accumulator import States
from evalcore.columns import Reading
from evalcore.limits import Limits
from evalcore.settings import Settings
from evalcore.states.confusion import ConfusionCounts
from evalcore.states.rows import RowCounts
from evalcore.values import ReportWarning, Table


@dataclass(frozen=True)
class Slice:
    """The figures of the rows that have one value of a column; ``value`` is None for those without one.

    ``rows`` and ``support``, by label, are counts whatever the rows weigh.
    """

    value: str | None
    rows: int
    support: Mapping[str, int]
    table: Table


Slices = Mapping[str, Mapping[str, Slice]]
"""By column and by the name that a value has in the summary."""

Shown = Mapping[tuple[str, int], Mapping[str, str | None]]
"""The texts of a row's columns, by the row's file and its position there."""


@dataclass(frozen=True)
class Measured:
    """The figures of a set of rows: ``examples`` are the rows that count, ``elements`` the matrix's sum.

    ``states`` are the accumulators by kind, ``reading`` says how predictions came about. ``slices`` are the
    figures by column and value, ``baseline`` is what to compare with, and ``shown`` what examples show.
    ``split`` is the rows' own; ``validation`` has the validation split's accumulators, where that is another
    one, for operating points to be chosen on.
    """

    settings: Settings
    reading: Reading
    states: States
    rows: RowCounts
    examples: int
    elements: int
    confusion: ConfusionCounts
    table: Table
    slices: Slices = field(default_factory=dict)
    baseline: Baseline | None = None
    validation: States | None = None
    split: str = "test"
    shown: Shown = field(default_factory=dict)

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

    def label_rows(self) -> Iterator[tuple[str, int, int]]:
        """Every label with its rows and the rows predicted as it, whatever they weigh."""
        rows = self.confusion.rows
        return zip(self.labels, rows.row_totals.tolist(), rows.column_totals.tolist(), strict=True)


@dataclass(frozen=True)
class Baseline:
    """The version to compare with: its figures and warnings, or the ``reason`` why there are none."""

    version: str
    measured: Measured | None
    warnings: tuple[ReportWarning, ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Findings:
    """What the checks look at."""

    measured: Measured

    @property
    def settings(self) -> Settings:
        """What was to be computed."""
        return self.measured.settings

    @property
    def limits(self) -> Limits:
        """The numbers at which warnings begin, by code and name."""
        return self.measured.settings.limits

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
