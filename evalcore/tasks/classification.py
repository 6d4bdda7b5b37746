"""Classification: one actual and one predicted label a row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalcore.accumulator import Kind, Spec, States
from evalcore.columns import Reading
from evalcore.errors import InvalidPredictions
from evalcore.evaluation import Measured
from evalcore.metrics.one_vs_rest import OneVsRest
from evalcore.registry import task
from evalcore.settings import Settings
from evalcore.states.confusion import ConfusionCounts
from evalcore.states.rows import RowCounts
from evalcore.tabulate import tabulate


@task("classification")
class Classification:
    """The states that classification needs, and what they amount to."""

    @staticmethod
    def kinds(reading: Reading) -> tuple[Kind, ...]:
        """What is accumulated from what is read."""
        return (RowCounts, ConfusionCounts)

    @staticmethod
    def spec(settings: Settings, reading: Reading) -> Spec:
        """What the accumulators agree on."""
        return Spec(labels=settings.labels, weighted=reading.weight is not None)

    @staticmethod
    def measure(states: States, settings: Settings, reading: Reading) -> Measured:
        """Every registered figure of the states.

        Raises InvalidPredictions where a label is outside the given ones, or no row is left to evaluate.
        """
        rows: RowCounts = states[RowCounts]
        counts: ConfusionCounts = states[ConfusionCounts]
        _refuse_outside(counts)
        _refuse_empty(rows)
        views: Mapping[Kind, Any] = {ConfusionCounts: counts, OneVsRest: OneVsRest(counts)}
        return Measured(
            settings=settings,
            reading=reading,
            states=states,
            rows=rows,
            examples=rows.evaluated,
            elements=counts.rows.total(),
            confusion=counts,
            table=tabulate(views, counts.labels),
        )


def _refuse_outside(counts: ConfusionCounts) -> None:
    outside = counts.outside()
    if not outside:
        return
    largest = sorted(outside.items(), key=lambda item: (-item[1], item[0]))[:5]
    found = ", ".join(f"{label!r} ({n} rows)" for label, n in largest)
    raise InvalidPredictions(
        f"{len(outside)} labels are outside the model's labels: {found}",
        'add them to "labels" in model.json, or correct the predictions',
        labels=dict(largest),
    )


def _refuse_empty(rows: RowCounts) -> None:
    if rows.evaluated:
        return
    raise InvalidPredictions(
        f"there is no row to evaluate: of {rows.rows} rows {rows.missing_ground_truth} have no ground truth "
        f"and {rows.missing_predictions} no prediction",
        "store predictions with at least one row that has both",
    )
