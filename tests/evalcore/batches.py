"""Batches for tests: made from plain lists, and drawn by Hypothesis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from evalcore.accumulator import Spec
from evalcore.batch import Batch, LabelColumn, Source
from evalcore.columns import plan_reading
from evalcore.evaluate import evaluate_batches
from evalcore.evaluation import Evaluation
from evalcore.settings import resolve_settings
from evalcore.states.cells import Cells
from evalcore.states.confusion import ConfusionCounts

ALPHABET = ("a", "b", "c", "10", "2", "a\0")


def label_column(values: Sequence[str | None]) -> LabelColumn:
    """A label column whose vocabulary is in order of appearance."""
    vocabulary = tuple(dict.fromkeys(value for value in values if value is not None))
    codes = [len(vocabulary) if value is None else vocabulary.index(value) for value in values]
    return LabelColumn(np.array(codes, dtype=np.int32), vocabulary)


def batch(actual: Sequence[str | None], predicted: Sequence[str | None]) -> Batch:
    """A batch of these labels; None is missing."""
    return Batch(Source("test"), label_column(actual), label_column(predicted))


def counts(matrix: Sequence[Sequence[int]], labels: Sequence[str] | None = None) -> ConfusionCounts:
    """Confusion counts with this matrix."""
    names = tuple(labels or (chr(ord("a") + i) for i in range(len(matrix))))
    return ConfusionCounts(Spec(labels=names), names, _table(np.array(matrix, dtype=np.int64)))


def _table(matrix: np.ndarray) -> Cells:
    every = np.arange(len(matrix))
    return Cells.placed(len(matrix), every, every, matrix)


def rows_of(matrix: Sequence[Sequence[int]], labels: Sequence[str]) -> tuple[list[str], list[str]]:
    """Actual and predicted labels of rows that give this matrix."""
    pairs = [
        (actual, predicted)
        for actual, row in zip(labels, matrix, strict=True)
        for predicted, n in zip(labels, row, strict=True)
        for _ in range(n)
    ]
    return [pair[0] for pair in pairs], [pair[1] for pair in pairs]


def evaluation_of(
    matrix: Sequence[Sequence[int]],
    labels: Sequence[str],
    operating_point: float | None = None,
    **settings: object,
) -> Evaluation:
    """The evaluation of rows that give this matrix, with these settings."""
    given = {"labels": list(labels), **settings}
    rows = batch(*rows_of(matrix, labels))
    return evaluate([rows], operating_point, **given)


def evaluate(batches: list[Batch], operating_point: float | None = None, **settings: object) -> Evaluation:
    """The evaluation of these batches, as read from columns of labels."""
    resolved = resolve_settings(settings, {})
    reading = plan_reading(resolved, ["y_true", "y_pred"], "test")
    return evaluate_batches(batches, resolved, replace(reading, threshold=operating_point))


labels = st.sampled_from(ALPHABET)
pairs = st.tuples(st.none() | labels, st.none() | labels)
batches = st.lists(pairs, max_size=40).map(lambda rows: batch([r[0] for r in rows], [r[1] for r in rows]))
specs = st.sampled_from([Spec(), Spec(labels=("b", "a")), Spec(labels=ALPHABET)])
