"""Slices: the figures of every value, merged by name, against counting by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, recall_score

from evalcore.accumulator import MergeError, Spec
from evalcore.batch import Batch
from evalcore.columns import plan_reading
from evalcore.errors import InvalidSettings
from evalcore.evaluate import evaluate_batches
from evalcore.evaluation import Evaluation
from evalcore.registry import parts
from evalcore.settings import resolve_settings
from evalcore.slices import missing_name
from evalcore.states import slices as states
from evalcore.states.confusion import ConfusionCounts
from evalcore.states.slices import MOST_VALUES, SliceCounts
from tests.evalcore.batches import batch, label_column

HOSTILE = ("north", "(missing)", "a.b[c]", "", "10", "9", "</script>", "‮x")

texts = st.none() | st.sampled_from(HOSTILE)
labels = st.none() | st.sampled_from(("a", "b", "10"))
rows = st.lists(st.tuples(labels, labels, texts, st.sampled_from((0.5, 1.0, 3.0))), max_size=30)

Row = tuple[str | None, str | None, str | None, float]


def sliced(found: list[Row], weighted: bool = False) -> Batch:
    """A batch of rows: actual, predicted, the slice's value, the weight."""
    made = batch([row[0] for row in found], [row[1] for row in found])
    weights = np.array([row[3] for row in found]) if weighted else None
    return replace(made, slices={"region": label_column([row[2] for row in found])}, weights=weights)


def counted(found: list[Row], weighted: bool = False) -> SliceCounts:
    """The slice counts of rows."""
    return SliceCounts.of(Spec(weighted=weighted), sliced(found, weighted))


@given(rows, rows, rows)
def test_the_laws_of_accumulators_hold(a: list[Row], b: list[Row], c: list[Row]) -> None:
    """Counting together is merging, merging has no order, nothing is the identity, states come back."""
    x, y, z = counted(a), counted(b), counted(c)

    assert counted(a + b) == x.merge(y) == y.merge(x)
    assert x.merge(y).merge(z) == x.merge(y.merge(z))
    assert x.merge(SliceCounts.empty(Spec())) == x
    assert SliceCounts.restore(Spec(), x.state()) == x


@given(rows, st.booleans())
def test_each_value_counts_as_if_it_were_alone(found: list[Row], weighted: bool) -> None:
    """The counts of a value are those of its rows, whatever it is called, weighted too."""
    universe = ("b", "10", "a")
    spec = Spec(universe, weighted)
    counts = counted(found, weighted).counts("region", universe)
    whole = [row for row in found if None not in row[:2]]

    assert set(counts) == {row[2] for row in whole}
    for value, mine in counts.items():
        theirs = ConfusionCounts.of(spec, sliced([row for row in whole if row[2] == value], weighted))
        assert mine.rows == theirs.rows
        if weighted:
            np.testing.assert_allclose(
                [table.items()[1].sum() for table in mine.weighted or ()],
                [table.items()[1].sum() for table in theirs.weighted or ()],
                rtol=1e-12,
            )


def test_many_labels_are_counted_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the dense counters rows are sorted, and come to the same."""
    rng = np.random.default_rng(1)
    found = [(str(a), str(b), str(c), 1.5) for a, b, c in rng.integers(0, 6, (500, 3))]
    dense = counted(found), counted(found, True)
    monkeypatch.setattr(states, "DENSE_PLACES", 0)

    assert dense == (counted(found), counted(found, True))


def test_an_identifier_is_no_slice() -> None:
    """More than 1,000 values are refused with the column's name, in one batch or in two."""
    found: list[Row] = [("a", "a", str(i), 1.0) for i in range(MOST_VALUES + 1)]
    with pytest.raises(InvalidSettings, match="'region' has more than 1,000 distinct values"):
        counted(found)
    half = counted(found[:500]), counted(found[500:])
    with pytest.raises(InvalidSettings, match="region"):
        half[0].merge(half[1])
    assert len(counted(found[1:]).values("region")) == MOST_VALUES


def test_other_specs_are_refused() -> None:
    """Merging weighted with unweighted counts raises MergeError."""
    with pytest.raises(MergeError):
        counted([]).merge(counted([], True))


def evaluated(found: list[Row], **settings: Any) -> Evaluation:
    """The evaluation of rows sliced by region."""
    weighted = settings.pop("weighted", False)
    resolved = resolve_settings({"slices": ["region"], **settings}, {})
    names = ["y_true", "y_pred", "region", *(["weight"] if weighted else [])]
    return evaluate_batches([sliced(found, weighted)], resolved, plan_reading(resolved, names, "test"))


def document(found: list[Row], **settings: Any) -> dict[str, Any]:
    """The summary's slices."""
    made = parts()["slices"].document(evaluated(found, **settings).measured)
    assert isinstance(made, dict)
    return made


@given(rows)
def test_figures_agree_with_scikit_learn(found: list[Row]) -> None:
    """Accuracy, weighted F1 and recall of every value are those of its rows alone."""
    whole = [row for row in found if None not in row[:2]]
    if not whole:
        return
    columns = document(found)["columns"]["region"]
    names = missing_name(tuple(row[2] for row in whole))
    assert set(columns) == {names if row[2] is None else row[2] for row in whole}
    for name, part in columns.items():
        value = None if part.get("missing") else name
        actual, predicted = zip(*(row[:2] for row in whole if row[2] == value), strict=True)
        assert part["examples"] == len(actual)
        assert part["overall"]["accuracy"] == pytest.approx(accuracy_score(actual, predicted), rel=1e-12)
        expected = f1_score(actual, predicted, average="weighted", zero_division=0)
        assert part["overall"]["weighted_f1"] == pytest.approx(expected, rel=1e-12)
        for label in set(actual):
            mine = part["per_class_metrics"][label]["recall"]
            theirs = recall_score(actual, predicted, labels=[label], average=None, zero_division=0)[0]
            assert mine == pytest.approx(theirs, rel=1e-12)


def repeated(*parts_: tuple[str, str, str | None, int]) -> list[Row]:
    """Rows, each as often as its last number says."""
    return [(a, p, value, 1.0) for a, p, value, n in parts_ for _ in range(n)]


def test_rows_without_a_value_have_a_name_of_their_own() -> None:
    """A real value called (missing) keeps its name; rows without one stand last and are marked."""
    columns = document(repeated(("a", "a", None, 2), ("b", "b", "(missing)", 3)))["columns"]["region"]

    assert list(columns) == ["(missing)", "((missing))"]
    assert [part["examples"] for part in columns.values()] == [3, 2]
    assert [part.get("missing") for part in columns.values()] == [None, True]
    assert list(document(repeated(("a", "a", None, 1)))["columns"]["region"]) == ["(missing)"]


GAP = repeated(
    ("a", "a", "north", 27), ("a", "b", "north", 3), ("a", "a", "south", 15), ("a", "b", "south", 15),
    ("b", "b", "north", 30), ("b", "b", "south", 29), ("b", "b", "west", 29), ("a", "b", "west", 0),
)  # fmt: skip


def test_the_widest_gap_is_between_values_of_30_rows() -> None:
    """Accuracy 57/60 and 44/59; west has 29 rows, and south 29 of b: neither takes part."""
    gaps = document(GAP)["widest_gaps"]
    found = {gap["metric"]: gap for gap in gaps}

    assert gaps[0]["metric"] == "recall[a]"
    assert set(found) == {"accuracy", "weighted_f1", "recall[a]"}
    accuracy = found["accuracy"]
    assert (accuracy["low"]["value"], accuracy["low"]["rows"]) == ("south", 59)
    assert accuracy["low"]["figure"] == pytest.approx(44 / 59)
    assert accuracy["gap"] == pytest.approx(57 / 60 - 44 / 59)
    low, high = accuracy["gap_interval"]
    assert 0 < low < accuracy["gap"] < high
    assert [gap["gap"] for gap in gaps] == sorted((gap["gap"] for gap in gaps), reverse=True)


def test_one_value_has_no_gap() -> None:
    """A gap needs two values."""
    assert document(repeated(("a", "a", "north", 40)))["widest_gaps"] == []


def test_without_slices_there_is_no_part() -> None:
    """The part is absent where no column is sliced."""
    measured = replace(evaluated(repeated(("a", "a", "x", 1))).measured, slices={})
    assert parts()["slices"].document(measured) is None


def test_rows_count_whatever_they_weigh() -> None:
    """Examples count rows, support adds up weights, and a value that weighs nothing is left out."""
    found: list[Row] = [("a", "a", "x", 2.0)] * 3 + [("a", "a", "y", 0.0)]
    columns = document(found, weighted=True)["columns"]["region"]

    assert list(columns) == ["x"]
    assert columns["x"]["examples"] == 3
    assert columns["x"]["per_class_metrics"]["a"]["support"] == 6


def test_many_values_times_labels_keep_the_main_figures() -> None:
    """A summary stays of a size: beyond 2,000 tables a value has the main figures of its own labels."""
    found: list[Row] = [(str(i % 50), str(i % 50), str(i % 60), 1.0) for i in range(300)]
    part = document(found)["columns"]["region"]["7"]

    assert set(part["per_class_metrics"]) == {str(i % 50) for i in range(300) if i % 60 == 7}
    assert "recall_interval" in part["per_class_metrics"]["7"]
    assert "specificity" not in part["per_class_metrics"]["7"]
