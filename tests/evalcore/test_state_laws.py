"""The laws of accumulators, for every one there is, on rows with labels, scores, weights and slices."""

from __future__ import annotations

import copy
import importlib
import inspect
import pickle
import pkgutil
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import evalcore.states
from evalcore.accumulator import MergeError, Spec
from evalcore.batch import Batch, LabelColumn, Source
from evalcore.states.confusion import ConfusionCounts
from evalcore.states.examples import ExampleRows
from evalcore.states.losses import BinaryLosses, LabelLosses
from evalcore.states.ranking import RankedScores
from evalcore.states.rows import RowCounts
from evalcore.states.slice_scores import SliceScores
from evalcore.states.slices import SliceCounts
from evalcore.states.thresholds import ThresholdCounts

KINDS = (
    BinaryLosses,
    ConfusionCounts,
    ExampleRows,
    LabelLosses,
    RankedScores,
    RowCounts,
    SliceCounts,
    SliceScores,
    ThresholdCounts,
)
PAIR, SEVERAL, PLACES = ("no", "yes"), ("a", "b", "c"), ("north", "south")
SLICED = (("place", "north"), ("place", None))
TIED = (0.0, 0.1, 0.5, 0.5, 1.0)

row = st.tuples(
    st.integers(0, 3),  # the actual label's place; one behind the last means none
    st.integers(0, 4),  # the score's place among few, so that scores tie
    st.booleans(),  # whether there is a score
    st.sampled_from([0.0, 0.5, 1.0, 3.0, 1e-290, 1e300]),
    st.integers(0, 2),
)
rows = st.lists(row, max_size=12)
shapes = st.tuples(st.booleans(), st.booleans(), st.booleans(), st.sampled_from([1 << 20, 200, 1]))
"""Two labels or several, single or double precision, with weights or without, the budget of scores."""


def spec_of(kind: Any, shape: tuple[bool, bool, bool, int]) -> tuple[Spec, bool]:
    """The spec of a shape, and whether it has two labels: some accumulators are of one kind of model only."""
    two, _, weighted, budget = shape
    two = (two or kind in (BinaryLosses, ThresholdCounts)) and kind is not LabelLosses
    labels = PAIR if two else SEVERAL
    positive = "yes" if two else None
    sliced = SLICED if kind is SliceScores else ()
    return Spec(labels, weighted, labels, positive, True, score_budget=budget, sliced=sliced), two


def batch_of(found: list[Any], two: bool, shape: tuple[bool, bool, bool, int], key: str) -> Batch:
    """A batch of these rows."""
    _, single, weighted, _ = shape
    labels, dtype = (PAIR if two else SEVERAL), np.float32 if single else np.float64
    actual = np.array([min(r[0], len(labels)) for r in found], dtype=np.int32)
    scores = np.array([TIED[r[1]] for r in found], dtype)
    scored = np.array([r[2] for r in found], dtype=bool)
    predicted = np.where(scored, (scores >= 0.5).astype(np.int32), np.int32(len(labels)))
    if not two:
        scores = np.stack([scores, 1 - scores, np.full_like(scores, 0.25)], axis=1)
    scores[~scored] = np.nan
    return Batch(
        Source(key),
        LabelColumn(actual, labels),
        LabelColumn(predicted, labels),
        scores=scores,
        weights=np.array([r[3] for r in found]) if weighted else None,
        slices={"place": LabelColumn(np.array([r[4] for r in found], dtype=np.int32), PLACES)},
    )


def same(one: Any, other: Any) -> None:
    """Equal counts, and sums to 1e-12."""
    mine, theirs = one.state(), other.state()
    assert mine.keys() == theirs.keys()
    for name in mine:
        if mine[name].dtype.kind == "f":
            np.testing.assert_allclose(mine[name], theirs[name], rtol=1e-12, atol=1e-12)
        else:
            np.testing.assert_array_equal(mine[name], theirs[name])


def accumulators() -> Iterator[type]:
    """Every class in the package that can be made of a batch and merged."""
    for module in pkgutil.iter_modules(evalcore.states.__path__):
        for _, found in inspect.getmembers(importlib.import_module(f"evalcore.states.{module.name}")):
            if inspect.isclass(found) and all(hasattr(found, name) for name in ("of", "merge", "restore")):
                yield found


def test_no_accumulator_is_left_out() -> None:
    """Whatever is put into the package is held to its laws."""
    assert set(accumulators()) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40)
@given(shape=shapes, parts=st.tuples(rows, rows, rows))
def test_the_laws_hold(kind: Any, shape: Any, parts: Any) -> None:
    """Merging has no order and leaves its operands alone, nothing is its identity, states come back.

    No row, one row, one label, tied scores, scores and labels that are missing, weights of 0 are among them.
    """
    spec, two = spec_of(kind, shape)
    a, b, c = (
        kind.of(spec, batch_of(found, two, shape, key)) for found, key in zip(parts, "abc", strict=True)
    )
    before = copy.deepcopy((a, b))

    same(a.merge(b), b.merge(a))
    same(a.merge(b).merge(c), a.merge(b.merge(c)))
    assert a == a.merge(kind.empty(spec)) == kind.empty(spec).merge(a)
    assert a == kind.restore(spec, a.state()) == pickle.loads(pickle.dumps(a))  # noqa: S301
    assert before == (a, b)
    with pytest.raises(MergeError):
        a.merge(kind.empty(replace(spec, weighted=not spec.weighted)))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40)
@given(shape=shapes, found=rows, at=st.integers(0, 12))
def test_rows_may_be_cut_anywhere(kind: Any, shape: Any, found: list[Any], at: int) -> None:
    """of(a + b) is of(a) merged with of(b)."""
    spec, two = spec_of(kind, shape)
    whole = batch_of(found, two, shape, "f")
    first, second = (batch_of(part, two, shape, "f") for part in (found[:at], found[at:]))
    second = replace(second, source=Source("f", len(found[:at])))

    same(kind.of(spec, whole), kind.of(spec, first).merge(kind.of(spec, second)))
