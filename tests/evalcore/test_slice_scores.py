"""Figures from the scores of slices: those of a slice's rows alone, in any number of passes."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalcore import slice_scores
from evalcore.accumulator import MergeError, Spec, fold
from evalcore.batch import Batch, LabelColumn
from evalcore.evaluation import Slice
from evalcore.slice_scores import with_slice_scores
from evalcore.slices import measure_slices
from evalcore.states.ranking import row_bytes
from evalcore.states.slice_scores import SliceScores
from evalcore.states.slices import SliceCounts
from evalcore.values import Table
from tests.evalcore.scored import (
    PAIR,
    _binary_reading,
    _label_reading,
    binary_batches,
    label_batches,
    measured,
)

VALUES = ("north", "south", "", "10")
ENOUGH = 256 << 20
Slices = dict[str | None, Slice]


def made(
    rng: np.random.Generator, n: int, labels: int, single: bool, weighted: bool, cuts: Sequence[int]
) -> list[Batch]:
    """Random rows of a model of so many labels, tied scores among them, sliced by region, some missing."""
    weights = rng.choice([0.25, 1.0, 2.0], n) if weighted else None
    if labels == 2:
        scores = rng.integers(0, 20, n) / 20 if n % 2 else rng.random(n)
        parts = binary_batches(rng.random(n) < 0.4, scores.astype("f4" if single else "f8"), weights, cuts)
    else:
        scores = rng.dirichlet(np.ones(labels), n).astype("f4" if single else "f8")
        parts = label_batches(rng.integers(0, labels, n), scores, weights, cuts)
    codes = rng.integers(0, len(VALUES) + 1, n).astype(np.int32)
    first, found = 0, []
    for part in parts:
        own = LabelColumn(codes[first : first + part.rows], VALUES)
        found.append(replace(part, slices={"region": own}))
        first += part.rows
    return found


def reading_of(batches: list[Batch]) -> tuple[Spec, Any]:
    """What the accumulators agree on, and how the rows were read."""
    scores, weighted = batches[0].scores, batches[0].weights is not None
    assert scores is not None
    if scores.ndim == 1:
        reading = _binary_reading(weighted, {"labels": list(PAIR), "positive_label": "yes"})[1]
        spec = Spec(PAIR, weighted, PAIR, "yes", True)
    else:
        reading = _label_reading(scores.shape[1], weighted)[1]
        spec = Spec(reading.labels, weighted, reading.labels, None, True)
    return spec, replace(reading, slices=("region",))


def sliced(batches: list[Batch], budget: int = ENOUGH) -> tuple[Slices, list[Spec]]:
    """The slices of these batches, and the specs of the passes that they took."""
    spec, reading = reading_of(batches)
    spec, passes = replace(spec, score_budget=budget), []

    def again(kind: Any, other: Spec) -> Any:
        passes.append(other)
        return fold([kind], other, batches)[kind]

    states = with_slice_scores(fold([SliceCounts], spec, batches), spec, again)
    found = measure_slices(states, reading, spec.labels or ())["region"]
    return {part.value: part for part in found.values()}, passes


def alone(batches: list[Batch], value: str | None) -> Table:
    """The figures of the rows of one value, as an evaluation of their own has them."""
    parts = []
    for part in batches:
        kept = part.slices["region"].codes == [*VALUES, None].index(value)
        columns = {
            name: LabelColumn(column.codes[kept], column.vocabulary)
            for name, column in (("y_true", part.y_true), ("y_pred", part.y_pred))
        }
        assert part.scores is not None
        weights = None if part.weights is None else part.weights[kept]
        parts.append(replace(part, **columns, scores=part.scores[kept], weights=weights, slices={}))
    return measured(parts).table


def agree(mine: Any, theirs: Any) -> None:
    """Equal but for the last digits of sums."""
    assert mine.keys() == theirs.keys()
    for name, value in theirs.items():
        expected = None if value is None else pytest.approx(value, rel=1e-12, abs=1e-12)
        assert mine[name] == expected, name


shapes = st.tuples(
    st.integers(0, 2**32), st.integers(1, 60), st.sampled_from([2, 3, 7]), st.booleans(), st.booleans()
)


@settings(max_examples=30)
@given(shapes, st.data())
def test_a_slice_has_the_figures_of_its_rows_alone(shape: Any, data: Any) -> None:
    """Every figure of labels and of scores, overall and per label, with intervals and what is undefined."""
    seed, n, labels, single, weighted = shape
    cuts = sorted(data.draw(st.lists(st.integers(0, n), max_size=3)))
    batches = made(np.random.default_rng(seed), n, labels, single, weighted, cuts)

    found, passes = sliced(batches)

    assert len(passes) == 1
    for value, part in found.items():
        theirs = alone(batches, value)
        agree(part.table.overall, theirs.overall)
        for label, figures in theirs.per_label.items():
            agree(part.table.per_label[label], figures)


@pytest.mark.parametrize("labels", [2, 3])
def test_slices_that_do_not_fit_together_take_more_passes(labels: int) -> None:
    """With room for two slices at a time, or for one, the figures are the same to the bit."""
    batches = made(np.random.default_rng(1), 4000, labels, True, False, [1500])
    rows = max(part.rows for part in sliced(batches)[0].values())
    spec, _ = reading_of(batches)
    of_one = rows * row_bytes(spec, 1 if labels == 2 else labels, double=True) + slice_scores.SLICE_BYTES

    counts = {}
    for room in (1, 2, 5):
        found, passes = sliced(batches, room * of_one)
        counts[room] = len(passes)
        assert {v: part.table for v, part in found.items()} == {
            v: part.table for v, part in sliced(batches)[0].items()
        }

    assert counts == {1: 5, 2: 3, 5: 1}


def test_a_slice_that_exceeds_the_budget_alone_is_bounded() -> None:
    """Its exact ROC AUC and average precision lie within their bounds, losses stay exact."""
    batches = made(np.random.default_rng(2), 6001, 2, True, False, [])
    found, _ = sliced(batches, 6000)

    for value, part in found.items():
        exact = alone(batches, value).overall
        for name in ("roc_auc", "average_precision"):
            low, high = part.table.overall.get(f"{name}_bounds") or [part.table.overall[name]] * 2
            assert low - 1e-12 <= exact[name] <= high + 1e-12
        assert part.table.overall["log_loss"] == pytest.approx(exact["log_loss"], rel=1e-12)


def test_slices_of_too_many_labels_are_not_ranked(monkeypatch: pytest.MonkeyPatch) -> None:
    """ROC AUC is undefined then; losses are there all the same."""
    monkeypatch.setattr(slice_scores, "MOST_RANKINGS", 14)
    found, passes = sliced(made(np.random.default_rng(3), 600, 3, False, False, []))

    assert len(passes) == 1
    for part in found.values():
        assert part.table.overall["macro_roc_auc"] is None
        assert part.table.overall["log_loss"] > 0


def test_without_scores_there_is_no_further_pass() -> None:
    """Slices of labels are counted in the first one."""
    batches = made(np.random.default_rng(4), 50, 2, False, False, [])
    spec, _ = reading_of(batches)
    states = fold([SliceCounts], spec, batches)

    assert with_slice_scores(states, replace(spec, score_labels=None), pytest.fail) == states
    assert with_slice_scores({}, spec, pytest.fail) == {}


@settings(max_examples=30)
@given(shapes)
def test_the_laws_of_accumulators_hold(shape: Any) -> None:
    """Merging has no order and is the whole's, nothing is its identity, states come back."""
    seed, n, labels, single, weighted = shape
    batches = made(np.random.default_rng(seed), n, labels, single, weighted, [n // 3, n // 2])
    spec = replace(
        reading_of(batches)[0], sliced=(("region", "north"), ("region", None), ("region", "absent"))
    )
    a, b, c = (SliceScores.of(spec, part) for part in batches)

    # Sums of floats depend on their order in the last digits; what is counted and held does not.
    assert a.merge(b).state().keys() == b.merge(a).state().keys()
    for one, other in ((a.merge(b), b.merge(a)), (a.merge(b).merge(c), a.merge(b.merge(c)))):
        for name, array in one.state().items():
            np.testing.assert_allclose(array, other.state()[name], rtol=1e-12, atol=1e-12)
    assert a == a.merge(SliceScores.empty(spec)) == SliceScores.empty(spec).merge(a)
    assert a == SliceScores.restore(spec, a.state()) == pickle.loads(pickle.dumps(a))  # noqa: S301
    with pytest.raises(MergeError):
        a.merge(SliceScores.empty(replace(spec, sliced=())))
