"""Batches with scores for tests, and what is measured of them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from evalcore.accumulator import Spec, fold
from evalcore.batch import Batch, LabelColumn, Source
from evalcore.columns import plan_reading
from evalcore.evaluate import evaluate_states
from evalcore.evaluation import Measured
from evalcore.reading import _by_highest, by_threshold
from evalcore.registry import tasks
from evalcore.scores import with_rankings
from evalcore.settings import resolve_settings
from evalcore.states.ranking import RankedScores
from evalcore.summary import _parts

PAIR = ("no", "yes")
BINARY = {"labels": list(PAIR), "positive_label": "yes", "threshold": 0.5}


def binary_batches(
    positive: Any, scores: Any, weights: Any = None, cuts: Sequence[int] = (), threshold: float = 0.5
) -> list[Batch]:
    """Batches of a binary model, cut at these rows."""
    reading = _binary_reading(weights is not None, {**BINARY, "threshold": threshold})[1]
    scores = np.asarray(scores)
    actual = LabelColumn(np.asarray(positive).astype(np.int32), PAIR)
    whole = Batch(Source("test"), actual, by_threshold(scores, reading), scores=scores, weights=weights)
    return cut(whole, cuts)


def label_batches(actual: Any, scores: Any, weights: Any = None, cuts: Sequence[int] = ()) -> list[Batch]:
    """Batches of a model of several labels, 0, 1, …, cut at these rows."""
    scores = np.asarray(scores)
    labels = tuple(str(k) for k in range(scores.shape[1]))
    reading = _label_reading(scores.shape[1], weights is not None)[1]
    truth = LabelColumn(np.asarray(actual).astype(np.int32), labels)
    return cut(
        Batch(Source("test"), truth, _by_highest(scores, reading), scores=scores, weights=weights), cuts
    )


def cut(whole: Batch, cuts: Sequence[int]) -> list[Batch]:
    """The batch in pieces."""
    ends = [0, *cuts, whole.rows]
    return [_part(whole, slice(a, b)) for a, b in itertools.pairwise(ends)]


def _part(whole: Batch, rows: slice) -> Batch:
    columns = {
        name: LabelColumn(column.codes[rows], column.vocabulary)
        for name, column in (("y_true", whole.y_true), ("y_pred", whole.y_pred))
    }
    weights = None if whole.weights is None else whole.weights[rows]
    assert whole.scores is not None
    return replace(
        whole, source=Source("test", rows.start), scores=whole.scores[rows], weights=weights, **columns
    )


def _binary_reading(weighted: bool, given: dict[str, Any]) -> tuple[Any, Any]:
    settings = resolve_settings(given, {})
    return settings, plan_reading(settings, ["y_true", "y_score", *(["weight"] if weighted else [])], "test")


def _label_reading(size: int, weighted: bool, **more: Any) -> tuple[Any, Any]:
    settings = resolve_settings({"labels": [str(k) for k in range(size)], **more}, {})
    names = ["y_true", *(f"proba_{k}" for k in range(size)), *(["weight"] if weighted else [])]
    return settings, plan_reading(settings, names, "test")


def measured(batches: list[Batch], budget: int = 256 << 20, passes: bool = True, **more: Any) -> Measured:
    """What is measured of these batches, with this budget of memory for ranking."""
    weighted = batches[0].weights is not None
    assert batches[0].scores is not None
    if batches[0].scores.ndim == 1:
        settings, reading = _binary_reading(weighted, {**BINARY, **more})
    else:
        settings, reading = _label_reading(batches[0].scores.shape[1], weighted, **more)
    task = tasks()["classification"]
    spec: Spec = replace(task.spec(settings, reading), score_budget=budget)
    states = fold(task.kinds(settings, reading), spec, batches)
    again = (lambda other: fold([RankedScores], other, batches)[RankedScores]) if passes else None
    return evaluate_states(with_rankings(states, again), settings, reading).measured


def part(found: Measured, name: str) -> Any:
    """One part of the summary."""
    return _parts(found)[name]
