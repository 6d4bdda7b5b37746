"""The rows of one version on one split: which files, how they are read, and what they amount to."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from evalcore.accumulator import Kind, Spec, States
from evalcore.columns import Reading, plan_reading, plan_truth
from evalcore.labels import in_order
from evalcore.registry import tasks
from evalcore.score_labels import named_labels, needs_labels, with_occurring_labels
from evalcore.scores import with_rankings
from evalcore.settings import Settings
from evalcore.slice_scores import with_slice_scores
from evalcore.states.confusion import ConfusionCounts
from evalcore.states.ranking import RankedScores
from evalcore.states.rows import RowCounts
from evalcore.states.thresholds import ThresholdCounts
from evalcore.summary import Input
from flows.engine import HERE, Engine
from flows.fold import fold_parallel, threads_for
from infra.ids.facts import RowFacts
from infra.ids.prepass import BUDGET, joined, repeated_ids
from infra.pieces import TableFile
from infra.tables import Tables


@dataclass(frozen=True)
class Rows:
    """Predictions and, where it is of its own, their ground truth, ready to be read.

    ``settings`` have the labels that occur where they had to be looked up; ``facts`` are what the pass over
    ids has found, None where nothing needed one or no id repeats.
    """

    tables: Tables
    truth: Tables | None
    settings: Settings
    reading: Reading
    facts: RowFacts | None
    engine: Engine

    def inputs(self) -> list[Input]:
        """The files that were read, with their rows."""
        found = _inputs(self.tables, "predictions")
        return found if self.truth is None else found + _inputs(self.truth, "ground_truth")

    def spec(self) -> Spec:
        """What the task's accumulators agree on."""
        return tasks()[self.settings.task_type].spec(self.settings, self.reading)

    def fold(self, kinds: Sequence[Kind], spec: Spec) -> States:
        """Accumulators of these kinds over all rows.

        Raises InvalidPredictions, UnreadableFile, and EngineUnavailable where a cluster goes away.
        """
        what = kinds, spec, self.tables, self.settings, self.reading
        if self.engine.cluster is not None:
            return self.engine.cluster.fold(*what, self.facts)
        return fold_parallel(*what, threads=_threads(self.engine, self.tables), facts=self.facts)

    def states(self) -> States:
        """Every accumulator that the task needs.

        The rows are read again for rankings that exceed the memory budget, and for the scores of slices.
        """
        spec = self.spec()
        states = self.fold(tasks()[self.settings.task_type].kinds(self.settings, self.reading), spec)
        states = with_rankings(states, lambda other: self.fold([RankedScores], other)[RankedScores])
        states = with_slice_scores(states, spec, lambda kind, other: self.fold([kind], other)[kind])
        return states if self.facts is None else _with_truth_left_out(states, spec, self.facts)

    def threshold_counts(self) -> States | None:
        """The counts by threshold alone; None where there are no scores of a positive label.

        Raises as ``fold``, and InvalidPredictions where a label is outside the given ones.
        """
        if not self.reading.binary:
            return None
        states = self.fold([ConfusionCounts, ThresholdCounts], self.spec())
        states[ConfusionCounts].refuse_outside(f"{self.tables.files[0].key} and beside it: ")
        return {ThresholdCounts: states[ThresholdCounts]}


def open_rows(
    predictions: Sequence[TableFile],
    ground_truth: Sequence[TableFile],
    settings: Settings,
    *,
    engine: Engine = HERE,
    budget: int = BUDGET,
) -> Rows:
    """Decide how files are read, and find out by their ids what belongs together and what is there twice.

    ``budget`` is how many bytes of ids are held in memory. Raises InvalidPredictions, InvalidSettings,
    UnreadableFile, and what the store raises.
    """
    tables = Tables(predictions)
    names = tables.columns()
    threads = _threads(engine, tables)
    if ground_truth:
        truth = Tables(ground_truth)
        first = truth.files[0].key
        settings = _labelled(settings, names, truth, truth.columns())
        reading = plan_reading(settings, names, tables.files[0].key, joined=True)
        how = plan_truth(settings, truth.columns(), first)
        facts = joined(tables, truth, settings, how, budget=budget, threads=threads)
        return Rows(tables, truth, settings, reading, facts, engine)
    settings = _labelled(settings, names, tables, names)
    reading = plan_reading(settings, names, tables.files[0].key)
    found = None if reading.id is None else repeated_ids(tables, reading.id, budget=budget, threads=threads)
    return Rows(tables, None, settings, reading, found, engine)


def _threads(engine: Engine, tables: Tables) -> int:
    return engine.threads or threads_for(tables)


def _labelled(settings: Settings, names: Sequence[str], actual: Tables, there: Sequence[str]) -> Settings:
    """The settings, with the labels that occur where scores are there and no labels are given."""
    column = settings.columns.ground_truth
    if not needs_labels(settings, names):
        return settings
    if named := named_labels(settings, names):
        return with_occurring_labels(settings, named)
    return with_occurring_labels(settings, _occurring(actual, column)) if column in there else settings


def _occurring(tables: Tables, column: str) -> tuple[str, ...]:
    from evalcore.arrow import is_list, label_column
    from evalcore.batch import Source
    from evalcore.lists import flattened

    found: set[str] = set()
    with closing(tables.column(column)) as pieces:
        for key, first_row, values in pieces:
            values = flattened(values) if is_list(values.type) else values
            found.update(label_column(values, column, Source(key, first_row)).vocabulary)
    return in_order(found)


def _with_truth_left_out(states: States, spec: Any, facts: RowFacts) -> States:
    left_out = RowCounts(
        spec,
        repeated_ground_truth=facts.repeated_ground_truth,
        unmatched_ground_truth=facts.unmatched_ground_truth,
    )
    return {**states, RowCounts: states[RowCounts].merge(left_out)} if RowCounts in states else states


def _inputs(tables: Tables, role: str) -> list[Input]:
    return [Input(file.key, role, file.etag, file.size, tables.rows[file.key]) for file in tables.files]
