"""The figures of slices: of the rows that share a value of a column, and how far two values are apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evalcore.accumulator import Kind, States
from evalcore.columns import Reading
from evalcore.differences import independent_interval
from evalcore.evaluation import Slice, Slices
from evalcore.metrics.one_vs_rest import OneVsRest
from evalcore.scores import score_views
from evalcore.slice_scores import ScoredSlices
from evalcore.states.confusion import ConfusionCounts
from evalcore.states.slices import SliceCounts
from evalcore.tabulate import tabulate

ENOUGH_ROWS = 30
"""Values with fewer rows take no part in gaps and gates."""

GAP_METRICS = ("accuracy", "weighted_f1")

Names = tuple[str | None, ...]
Pair = tuple[float, float]


def measure_slices(states: States, reading: Reading, labels: tuple[str, ...]) -> Slices:
    """Every registered figure, for each value of each sliced column, the values in order.

    A value whose rows all weigh nothing has no figures and is left out. Figures from scores are there where
    these were accumulated.
    """
    scored = states[ScoredSlices].slices if ScoredSlices in states else {}
    found: dict[str, dict[str, Slice]] = {}
    for column in reading.slices:
        by_value = states[SliceCounts].counts(column, labels)
        missing = missing_name(tuple(by_value))
        found[column] = {
            missing if value is None else value: _slice(value, counts, scored.get((column, value)), reading)
            for value, counts in by_value.items()
            if counts.total > 0
        }
    return found


def _slice(value: str | None, counts: ConfusionCounts, scores: States | None, reading: Reading) -> Slice:
    support = dict(zip(counts.labels, counts.rows.row_totals.tolist(), strict=True))
    views: Mapping[Kind, Any] = {ConfusionCounts: counts, OneVsRest: OneVsRest(counts)}
    if scores is not None:
        views = {**views, **score_views(scores, reading, counts.labels)}
    return Slice(value, counts.rows.total(), support, tabulate(views, counts.labels))


def missing_name(values: Names) -> str:
    """What rows without a value are called: (missing), in as many brackets as no real value has."""
    name = "(missing)"
    while name in values:
        name = f"({name})"
    return name


@dataclass(frozen=True)
class End:
    """One side of a gap: a value of the column, and a figure of its rows."""

    value: str
    figure: float
    interval: Pair | None
    rows: int

    def document(self) -> dict[str, Any]:
        """The side as it stands in the summary."""
        return {
            "value": self.value,
            "figure": self.figure,
            "interval": None if self.interval is None else list(self.interval),
            "rows": self.rows,
        }


@dataclass(frozen=True)
class Gap:
    """The least and the greatest figure of a metric among the values of one column."""

    column: str
    metric: str
    low: End
    high: End

    @property
    def size(self) -> float:
        """High less low."""
        return self.high.figure - self.low.figure

    def document(self) -> dict[str, Any]:
        """The gap as it stands in the summary."""
        ends = {"low": self.low.document(), "high": self.high.document()}
        interval = independent_interval(
            self.high.figure, self.high.interval, self.low.figure, self.low.interval
        )
        found = {"column": self.column, "metric": self.metric}
        return found | ends | {"gap": self.size, "gap_interval": interval}


def widest_gaps(slices: Slices, labels: tuple[str, ...]) -> list[Gap]:
    """For each column the widest gap in accuracy, in weighted F1 and in every label's recall, widest first.

    Only values with 30 rows take part; for a label's recall, those with 30 rows of the label.
    """
    found = [gap for column, values in slices.items() for gap in _gaps(column, values, labels)]
    return sorted(found, key=lambda gap: -gap.size)


def _gaps(column: str, values: Mapping[str, Slice], labels: tuple[str, ...]) -> Iterator[Gap]:
    for metric in GAP_METRICS:
        ends = [
            _end(name, found.table.overall, metric, found.rows)
            for name, found in values.items()
            if found.rows >= ENOUGH_ROWS
        ]
        yield from _gap(column, metric, ends)
    for label in labels:
        ends = [
            _end(name, found.table.per_label[label], "recall", found.support[label])
            for name, found in values.items()
            if found.support[label] >= ENOUGH_ROWS
        ]
        yield from _gap(column, f"recall[{label}]", ends)


def _end(value: str, figures: Mapping[str, Any], metric: str, rows: int) -> End | None:
    figure, interval = figures[metric], figures[f"{metric}_interval"]
    return None if figure is None else End(value, figure, interval and (interval[0], interval[1]), rows)


def _gap(column: str, metric: str, ends: list[End | None]) -> Iterator[Gap]:
    known = [end for end in ends if end is not None]
    if len(known) > 1:
        low = min(known, key=lambda end: end.figure)
        high = max(known, key=lambda end: end.figure)
        yield Gap(column, metric, low, high)
