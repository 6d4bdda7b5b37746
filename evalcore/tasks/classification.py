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
from evalcore.scores import score_kinds, score_views, with_rankings
from evalcore.settings import Settings
from evalcore.slices import measure_slices
from evalcore.states.confusion import ConfusionCounts
from evalcore.states.examples import ExampleRows
from evalcore.states.rows import RowCounts
from evalcore.states.slices import SliceCounts
from evalcore.tabulate import tabulate


@task("classification")
class Classification:
    """The states that classification needs, and what they amount to."""

    @staticmethod
    def kinds(settings: Settings, reading: Reading) -> tuple[Kind, ...]:
        """What is accumulated from what is read."""
        shown = (ExampleRows,) if settings.examples else ()
        sliced = (SliceCounts,) if reading.slices else ()
        return (RowCounts, ConfusionCounts, *shown, *sliced, *score_kinds(reading))

    @staticmethod
    def spec(settings: Settings, reading: Reading) -> Spec:
        """What the accumulators agree on."""
        limit = settings.limits["suspect_labels"]
        return Spec(
            labels=settings.labels or (reading.labels if reading.scored else None),
            weighted=reading.weight is not None,
            score_labels=reading.labels if reading.scored else None,
            positive_label=reading.positive_label if reading.binary else None,
            scores_decide=reading.predicts != "label",
            suspect=(limit["actual"], limit["other"]),
        )

    @staticmethod
    def measure(states: States, settings: Settings, reading: Reading) -> Measured:
        """Every registered figure of the states.

        Raises InvalidPredictions where a label is outside the given ones, or no row is left to evaluate.
        """
        rows: RowCounts = states[RowCounts]
        counts: ConfusionCounts = states[ConfusionCounts]
        counts.refuse_outside()
        _refuse_empty(rows, counts)
        _refuse_weightless(counts)
        states = with_rankings(states)
        views: Mapping[Kind, Any] = {ConfusionCounts: counts, OneVsRest: OneVsRest(counts)}
        views = {**views, **score_views(states, reading, counts.labels)}
        return Measured(
            settings=settings,
            reading=reading,
            states=states,
            rows=rows,
            examples=rows.evaluated,
            elements=counts.rows.total(),
            confusion=counts,
            table=tabulate(views, counts.labels),
            slices=measure_slices(states, reading, counts.labels) if reading.slices else {},
        )


def _refuse_empty(rows: RowCounts, counts: ConfusionCounts) -> None:
    if rows.evaluated and counts.rows.total():
        return
    if rows.evaluated:
        raise InvalidPredictions(
            f"there is no label to evaluate: the lists of all {rows.evaluated} rows are empty",
            "store predictions with at least one row whose lists hold a label",
        )
    raise InvalidPredictions(
        f"there is no row to evaluate: of {rows.rows} rows {rows.missing_ground_truth} have no ground truth "
        f"and {rows.missing_predictions} no prediction",
        "store predictions with at least one row that has both",
    )


def _refuse_weightless(counts: ConfusionCounts) -> None:
    if counts.weighted is not None and not counts.total:
        raise InvalidPredictions(
            f"all {counts.rows.total()} rows to evaluate have the weight 0",
            "store a weight above 0 for at least one row",
        )
