"""Paths of figures, as gates name them: ``accuracy``, ``recall[churned]``, ``slices.region.accuracy``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from evalcore.evaluation import Measured, Slice
from evalcore.registry import Metric, Per, metrics
from evalcore.slices import ENOUGH_ROWS
from evalcore.values import ReportWarning, Table

WARNINGS = "warnings"
_SLICES = "slices."


@dataclass(frozen=True)
class Path:
    """A metric, of one label or overall, of all rows or of the worst value of a column."""

    text: str
    metric: str
    label: str | None = None
    column: str | None = None

    @classmethod
    def parse(cls, text: str) -> Path:
        """The path of a text; whatever it is, it names something that may not be there.

        A label runs from the first ``[`` to the last ``]``; the metric follows the last dot outside them.
        """
        head, bracket, rest = text.partition("[")
        inside, closed, tail = rest.rpartition("]")
        labelled = bool(bracket) and bool(closed) and not tail
        label = inside if labelled else None
        if not labelled:
            head = text
        if not head.startswith(_SLICES) or head.count(".") < 2:
            return cls(text, head, label)
        column, _, metric = head.removeprefix(_SLICES).rpartition(".")
        return cls(text, metric, label, column)

    @property
    def per(self) -> Per:
        """Whether the metric is one label's."""
        return "overall" if self.label is None else "label"

    @property
    def registered(self) -> Metric | None:
        """What is known of the metric, None where there is none of this name."""
        found = (metric for metric in metrics() if (metric.per, metric.name) == (self.per, self.metric))
        return next(found, None)

    @property
    def higher_is_better(self) -> bool | None:
        """Which way the metric runs; None where neither is better."""
        if self.text == WARNINGS:
            return False
        return None if self.registered is None else self.registered.higher_is_better

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """The least and the greatest value that the metric can have, None where open or not known."""
        return (None, None) if self.registered is None else self.registered.bounds


@dataclass(frozen=True)
class Found:
    """The figure at a path: its interval and the rows that it rests on, or why it is ``missing``.

    ``of`` names the slice's value that it was found at.
    """

    value: float | None
    interval: Sequence[float] | None = None
    rows: int = 0
    missing: str = ""
    of: str | None = None

    @property
    def where(self) -> str:
        """`` of 'south'`` where it is one value's of a slice, else nothing."""
        return "" if self.of is None else f" of {self.of!r}"


def look_up(
    path: Path, measured: Measured, warnings: Sequence[ReportWarning], lowest_is_worst: bool
) -> Found:
    """The figure at a path; of a slice the worst value's, by the metric's direction.

    ``lowest_is_worst`` decides for metrics that have none.
    """
    if path.text == WARNINGS:
        return Found(sum(warning.severity != "info" for warning in warnings), rows=measured.examples)
    if path.column is not None:
        direction = path.higher_is_better
        return _worst(path, measured, lowest_is_worst if direction is None else direction)
    return _figure(path, measured.table, measured.examples)


def _figure(path: Path, table: Table, rows: int, of: str | None = None) -> Found:
    figures: Mapping[str, Any] = table.overall
    if path.label is not None:
        if path.label not in table.per_label:
            return Found(
                None, missing=f"there is no label {path.label!r}{_meant(path.label, table.per_label)}"
            )
        figures = table.per_label[path.label]
    if path.metric not in figures or path.registered is None:
        there = [name for name in figures if not name.endswith("_interval")]
        return Found(None, missing=f"there is no figure {path.metric!r}{_meant(path.metric, there)}")
    found = Found(figures[path.metric], figures.get(f"{path.metric}_interval"), rows, of=of)
    if found.value is not None:
        return found
    return replace(found, missing=f"{path.text}{found.where} is undefined: {_why(path, table)}")


def _meant(name: str, there: Iterable[str]) -> str:
    """What a name that is not there may have been meant to be."""
    close = get_close_matches(name, list(there), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _why(path: Path, table: Table) -> str:
    found = (u.reason for u in table.undefined if (u.metric, u.label) == (path.metric, path.label))
    return next(found, "it has no value here")


def _worst(path: Path, measured: Measured, lowest: bool) -> Found:
    """The worst among values of 30 rows; one where the figure is undefined is worse than any."""
    column = str(path.column)
    if column not in measured.slices:
        return Found(None, missing=f"{column!r} is not among the slices{_meant(column, measured.slices)}")
    values: Mapping[str, Slice] = measured.slices[column]
    found = [
        _figure(path, part.table, part.rows, name)
        for name, part in values.items()
        if part.rows >= ENOUGH_ROWS
    ]
    if not found:
        return Found(None, missing=f"no value of {column!r} has {ENOUGH_ROWS} rows")
    undefined = [figure for figure in found if figure.value is None]
    if undefined:
        return undefined[0]
    return (min if lowest else max)(found, key=_value)


def _value(figure: Found) -> float:
    assert figure.value is not None
    return figure.value
