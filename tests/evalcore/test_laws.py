"""The laws that every accumulator keeps."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalcore.accumulator import MergeError, MergeTree, Spec, fold
from evalcore.batch import Batch, LabelColumn, Source
from evalcore.states.confusion import ConfusionCounts
from evalcore.states.rows import RowCounts
from tests.evalcore.batches import batch, batches, specs

KINDS = [RowCounts, ConfusionCounts]
each_kind = pytest.mark.parametrize("kind", KINDS)


def joined(one: Batch, other: Batch) -> Batch:
    """The rows of both batches as one."""
    columns = [
        LabelColumn(
            np.concatenate([np.where(a.present(), a.codes, a.missing + b.missing), b.codes + a.missing]),
            a.vocabulary + b.vocabulary,
        )
        for a, b in ((one.y_true, other.y_true), (one.y_pred, other.y_pred))
    ]
    return Batch(Source("joined"), *columns)


@each_kind
@given(spec=specs, a=batches, b=batches)
def test_counting_rows_together_is_merging_them(kind: Any, spec: Spec, a: Batch, b: Batch) -> None:
    """of(a + b) equals of(a) merged with of(b)."""
    assert kind.of(spec, joined(a, b)) == kind.of(spec, a).merge(kind.of(spec, b))


@each_kind
@given(spec=specs, a=batches, b=batches, c=batches)
def test_merging_has_no_order(kind: Any, spec: Spec, a: Batch, b: Batch, c: Batch) -> None:
    """Merging is commutative and associative."""
    x, y, z = (kind.of(spec, rows) for rows in (a, b, c))

    assert x.merge(y) == y.merge(x)
    assert x.merge(y).merge(z) == x.merge(y.merge(z))


@each_kind
@given(spec=specs, a=batches)
def test_empty_is_the_identity(kind: Any, spec: Spec, a: Batch) -> None:
    """Merging with the empty accumulator changes nothing, on either side."""
    x = kind.of(spec, a)

    assert x == x.merge(kind.empty(spec)) == kind.empty(spec).merge(x)


@each_kind
@given(spec=specs, a=batches)
def test_states_come_back(kind: Any, spec: Spec, a: Batch) -> None:
    """restore(state()) and pickling give an equal value."""
    x = kind.of(spec, a)

    assert x == kind.restore(spec, x.state())
    assert x == pickle.loads(pickle.dumps(x))  # noqa: S301


@each_kind
@given(spec=specs, a=batches, b=batches)
def test_merging_leaves_its_operands_alone(kind: Any, spec: Spec, a: Batch, b: Batch) -> None:
    """Merging makes a new value."""
    x, y = kind.of(spec, a), kind.of(spec, b)
    before = copy.deepcopy((x, y))

    x.merge(y)

    assert before == (x, y)


@each_kind
def test_different_specs_are_refused(kind: Any) -> None:
    """Merging accumulators of different specs raises MergeError."""
    with pytest.raises(MergeError, match="different specs"):
        kind.empty(Spec()).merge(kind.empty(Spec(labels=("a", "b"))))


@each_kind
def test_different_kinds_are_refused(kind: Any) -> None:
    """Merging accumulators of different kinds raises MergeError."""
    other = next(k for k in KINDS if k is not kind)

    with pytest.raises(MergeError):
        kind.empty(Spec()).merge(other.empty(Spec()))


@each_kind
def test_size_does_not_depend_on_rows(kind: Any) -> None:
    """The state of 10,000 rows is as large as that of 10."""
    few, many = (kind.of(Spec(), batch(["a", "b"] * n, ["b", "b"] * n)) for n in (5, 5000))

    assert [a.nbytes for a in few.state().values()] == [a.nbytes for a in many.state().values()]


def test_the_laws_can_fail() -> None:
    """A mean that is merged without its count breaks the merge law."""

    @dataclasses.dataclass(frozen=True)
    class Mean:
        value: float

        @classmethod
        def of(cls, spec: Spec, rows: Batch) -> Mean:
            return cls(float(np.mean(rows.y_true.codes)))

        def merge(self, other: Mean) -> Mean:
            return Mean((self.value + other.value) / 2)

    a, b = batch(["a", "b", "b"], ["a"] * 3), batch(["a"], ["a"])

    assert Mean.of(Spec(), joined(a, b)) != Mean.of(Spec(), a).merge(Mean.of(Spec(), b))


@given(st.lists(batches, max_size=9), specs)
def test_a_fold_is_the_sum_of_its_batches(parts: list[Batch], spec: Spec) -> None:
    """fold() counts what merging batch after batch counts."""
    states = fold([RowCounts, ConfusionCounts], spec, parts)

    for kind in (RowCounts, ConfusionCounts):
        total = kind.empty(spec)
        for part in parts:
            total = total.merge(kind.of(spec, part))
        assert total == states[kind]


@pytest.mark.parametrize(
    ("leaves", "expected"),
    [
        (0, None),
        (1, "0"),
        (2, "(0 1)"),
        (3, "((0 1) 2)"),
        (5, "(((0 1) (2 3)) 4)"),
        (6, "(((0 1) (2 3)) (4 5))"),
    ],
)
def test_the_merge_tree_is_fixed_by_position(leaves: int, expected: str | None) -> None:
    """The shape of the tree depends on how many leaves there are, and on nothing else."""
    tree = MergeTree(lambda one, other: f"({one} {other})")
    for leaf in range(leaves):
        tree.add(str(leaf))

    assert expected == tree.total()
