"""Examples: which rows are kept, whatever the cutting, against choosing from all rows by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalcore.accumulator import MergeError, Spec
from evalcore.batch import Batch, LabelColumn, Source
from evalcore.columns import plan_reading
from evalcore.evaluate import evaluate_batches
from evalcore.evaluation import Evaluation
from evalcore.examples import MOST_ROWS, cells_in_turn, rows_shown
from evalcore.registry import parts
from evalcore.settings import resolve_settings
from evalcore.states import examples as states
from evalcore.states.examples import ExampleRows
from evalcore.states.firsts import Choice, firsts
from tests.evalcore.batches import batch, counts

NAMES = ("neg", "pos")
SCORES = (0.0, 0.01, 0.04, 0.3, 0.5, 0.7, 0.97, 0.99, 1.0)
BY_THRESHOLD = Spec(score_labels=NAMES, positive_label="pos", scores_decide=True)
BY_LABEL = replace(BY_THRESHOLD, scores_decide=False)

binary_rows = st.lists(
    st.tuples(
        st.none() | st.sampled_from(NAMES),
        st.none() | st.sampled_from(NAMES),
        st.none() | st.sampled_from(SCORES) | st.floats(0, 1, width=32),
    ),
    max_size=60,
)
plain_rows = st.lists(
    st.tuples(st.none() | st.sampled_from("abc"), st.none() | st.sampled_from("abc"), st.none()), max_size=60
)
cuts = st.lists(st.integers(0, 60), max_size=4)

Row = tuple[str | None, str | None, float | None]


def batches_of(rows: list[Row], at: list[int], dtype: type = np.float32) -> list[Batch]:
    """The rows of one file, cut at these places."""
    ends = sorted({0, len(rows), *(place for place in at if place < len(rows))})
    made = []
    for start, stop in pairwise(ends):
        some = rows[start:stop]
        scores = np.array([np.nan if row[2] is None else row[2] for row in some], dtype=dtype)
        part = batch([row[0] for row in some], [row[1] for row in some])
        made.append(replace(part, source=Source("f", start), scores=scores))
    return made


def without_scores(parts_: list[Batch]) -> list[Batch]:
    """The same batches of labels alone."""
    return [replace(part, scores=None) for part in parts_]


def folded(spec: Spec, parts_: list[Batch]) -> ExampleRows:
    """The rows kept of batches, one after the other."""
    total = ExampleRows.empty(spec)
    for part in parts_:
        total = total.merge(ExampleRows.of(spec, part))
    return total


@pytest.mark.parametrize("spec", [BY_THRESHOLD, BY_LABEL])
@given(rows=binary_rows, one=cuts, other=cuts)
def test_the_same_rows_are_kept_however_they_are_cut(
    spec: Spec, rows: list[Row], one: list[int], other: list[int]
) -> None:
    """What is kept depends on the rows alone, for binary scores; at most 100 of them."""
    kept = folded(spec, batches_of(rows, one))

    assert kept == folded(spec, batches_of(rows, other))
    assert len(kept.rows) <= 100


@given(rows=plain_rows, one=cuts, other=cuts)
def test_without_scores_too(rows: list[Row], one: list[int], other: list[int]) -> None:
    """Labels alone: the first five of a cell, however the rows are cut."""
    kept = folded(Spec(), without_scores(batches_of(rows, one)))
    assert kept == folded(Spec(), without_scores(batches_of(rows, other)))

    expected: dict[tuple[str, str], list[int]] = {}
    for i, (actual, predicted, _) in enumerate(rows):
        if actual is not None and predicted is not None:
            expected.setdefault((actual, predicted), []).append(i)
    found: dict[tuple[str, str], list[int]] = {}
    for row in kept.rows:
        cell = kept.labels[row["actual"]], kept.labels[row["predicted"]]
        found.setdefault(cell, []).append(row["row"])
    assert found == {cell: places[:5] for cell, places in expected.items()}


@given(a=binary_rows, b=binary_rows, c=binary_rows)
def test_the_laws_of_accumulators_hold(a: list[Row], b: list[Row], c: list[Row]) -> None:
    """Merging has no order, nothing is the identity, states come back."""
    x, y, z = (
        replace_file(ExampleRows.of(BY_LABEL, part), name)
        for part, name in (
            (batches_of(rows or [(None, None, None)], [])[0], name)
            for rows, name in ((a, "x"), (b, "y"), (c, "z"))
        )
    )

    assert x.merge(y) == y.merge(x)
    assert x.merge(y).merge(z) == x.merge(y.merge(z))
    assert x.merge(ExampleRows.empty(BY_LABEL)) == x == ExampleRows.restore(BY_LABEL, x.state())


def replace_file(kept: ExampleRows, name: str) -> ExampleRows:
    """The same rows of a file of another name."""
    return replace(kept, files=(name,) if len(kept.rows) else ())


@given(binary_rows, st.sampled_from([0.0, 0.001, 0.3, 0.5, 0.7, 0.97, 1.0]))
def test_at_any_threshold_each_cell_has_its_five(rows: list[Row], threshold: float) -> None:
    """As many as five of every cell, by the scores as the report has them, wherever the slider stands."""
    whole = [(a, s) for a, p, s in rows if a is not None and p is not None and s is not None]
    bound = np.float32(threshold)
    kept = folded(BY_THRESHOLD, batches_of(rows, [20]))
    for label in NAMES:
        for positive in (True, False):
            there = sum(a == label and (np.float32(s) >= bound) == positive for a, s in whole)
            shown = sum(
                kept.labels[row["actual"]] == label and (row["score"] >= threshold) == positive
                for row in kept.rows
            )
            assert shown >= min(there, 5)


def several(rows: list[tuple[int, int, list[float]]], key: str = "f") -> Batch:
    """A batch of probabilities of three labels: actual, predicted, probabilities."""
    names = "abc"
    part = batch([names[row[0]] for row in rows], [names[row[1]] for row in rows])
    scores = np.array([row[2] for row in rows], dtype=np.float64)
    off = int((abs(scores.sum(axis=1) - 1) > 1e-3).sum())
    return replace(part, source=Source(key), scores=scores, unnormalised=off)


probabilities = st.lists(st.sampled_from([0.001, 0.02, 0.3, 0.5, 0.96, 1.0]), min_size=3, max_size=3)
several_rows = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 2), probabilities), min_size=1, max_size=80
)


@given(several_rows, st.booleans())
def test_the_surest_rows_of_a_cell_are_kept(rows: list[Any], normal: bool) -> None:
    """Of several labels five suspect ones and five others by normalised probability, ties to the first."""
    if normal:
        rows = [(a, p, [x / sum(s) for x in s]) for a, p, s in rows]
    kept = ExampleRows.of(Spec(score_labels=("a", "b", "c")), several(rows))
    expected: dict[tuple[int, int, bool], list[tuple[float, int]]] = {}
    for i, (actual, predicted, scores) in enumerate(rows):
        shares = np.array(scores) / np.array(scores).sum()
        doubtful = bool(shares[actual] < 0.05 and shares.max() > 0.95)
        expected.setdefault((actual, predicted, doubtful), []).append((-float(shares[predicted]), i))
    wanted = sorted(i for places in expected.values() for _, i in sorted(places)[:5])

    assert kept.rows.row.tolist() == wanted
    for row in kept.rows:
        scores = np.array(rows[row["row"]][2])
        assert row["score"] == pytest.approx(scores[rows[row["row"]][1]] / scores.sum(), rel=1e-12)
        assert row["against"] == pytest.approx(scores[rows[row["row"]][0]] / scores.sum(), rel=1e-12)


groups = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([0.1, 0.2, 0.3, np.nan])), max_size=200)


@given(groups, st.integers(1, 3), st.integers(0, 3))
def test_the_first_of_every_group(rows: list[tuple[int, float]], most: int, stretch: int) -> None:
    """The least keys of a group, ties to the first, NaN never; in files longer than a chunk as well."""
    rows = rows * (300 * stretch + 1)
    group, key = np.array([r[0] for r in rows], dtype=np.int64), np.array([r[1] for r in rows])
    found = firsts(len(rows), Choice(most, 3, lambda places: (group[places], key[places])))
    expected = [
        i
        for g in range(3)
        for _, i in sorted((k, i) for i, (h, k) in enumerate(rows) if h == g and k == k)[:most]
    ]

    assert found is not None
    assert found.tolist() == sorted(expected)


@pytest.mark.parametrize("order", [1, -1])
def test_sorted_keys_come_to_the_same(order: int) -> None:
    """A file sorted by score, up or down, is no special case."""
    key = np.sort(np.random.default_rng(0).random(50_000))[::order].copy()
    group = np.arange(50_000) % 2
    found = firsts(50_000, Choice(3, 2, lambda places: (group[places], key[places])))
    expected = sorted(i for g in (0, 1) for i in sorted(np.flatnonzero(group == g), key=key.__getitem__)[:3])

    assert found is not None
    assert found.tolist() == expected


def test_too_many_cells_are_left_to_a_second_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound nothing is kept, merging keeps it so, and named cells alone can be chosen then."""
    monkeypatch.setattr(states, "MOST_CELLS", 3)
    rows: list[Row] = [(a, b, None) for a in "abc" for b in "abc"]
    halves = without_scores(batches_of(rows, [3]))
    first, second = (ExampleRows.of(Spec(), half) for half in halves)

    assert (first.too_many, len(first.rows)) == (False, 3)
    assert second.too_many and first.merge(second).too_many and second.merge(first).too_many
    assert ExampleRows.restore(Spec(), second.state()) == second
    merged = ExampleRows.of(Spec(), without_scores(batches_of(rows[:4], []))[0])
    assert merged.too_many
    named = Spec(example_cells=(("a", "b"), ("c", "c"), ("z", "a")))
    assert folded(named, halves).rows.row.tolist() == [1, 8]


@pytest.mark.parametrize("size", [8, 9, 10, 40])
def test_many_labels_of_few_cells_are_left_to_a_second_pass(
    monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """More labels than a table of all cells has room for are no reason to keep nothing, however rows are cut."""
    monkeypatch.setattr(states, "_DENSE_CELLS", 100)
    rows: list[Row] = [(str(n), str(n), None) for n in range(size)] * 2
    whole = without_scores(batches_of(rows, []))[0]
    found = ExampleRows.of(Spec(), whole)

    assert found.too_many == (size > 9)
    assert len(found.rows) == (0 if size > 9 else 2 * size)
    for cuts_ in ([5], [size], range(0, 2 * size, 3)):
        assert folded(Spec(), without_scores(batches_of(rows, list(cuts_)))) == found
    named = folded(Spec(example_cells=(("1", "1"), ("7", "7"))), [whole])
    assert named.rows.row.tolist() == [1, 7, size + 1, size + 7]


@pytest.mark.parametrize("unused", [3300, 6552, 2_000_000])
def test_labels_that_no_row_has_take_no_place(unused: int) -> None:
    """A dictionary may have any number of them between the two labels."""
    rng = np.random.default_rng(0)
    positive, scores = rng.random(500) < 0.3, rng.random(500)
    narrow = batch(["pos" if one else "neg" for one in positive], ["neg"] * 500)
    narrow = replace(narrow, y_true=LabelColumn(positive.astype(np.int32), NAMES), scores=scores)
    names = ("neg", *map(str, range(unused)), "pos")
    wide = replace(narrow, y_true=LabelColumn(positive.astype(np.int32) * (unused + 1), names))

    assert ExampleRows.of(BY_THRESHOLD, wide) == ExampleRows.of(BY_THRESHOLD, narrow)


def test_very_many_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a table of all cells would be too large, labels are narrowed to those of the named cells."""
    rows: list[Row] = [(a, b, None) for a in "abc" for b in "abc"] * 7
    part = without_scores(batches_of(rows, []))[0]
    named = Spec(example_cells=(("a", "b"), ("c", "c")))
    expected = ExampleRows.of(named, part), ExampleRows.of(Spec(), part)
    monkeypatch.setattr(states, "_DENSE_CELLS", 1)
    monkeypatch.setattr(states, "MOST_CELLS", 3)

    assert ExampleRows.of(named, part) == expected[0]
    assert ExampleRows.of(Spec(), part).too_many


def test_other_specs_are_refused() -> None:
    """Merging choices of different specs raises MergeError."""
    with pytest.raises(MergeError):
        ExampleRows.empty(BY_LABEL).merge(ExampleRows.empty(BY_THRESHOLD))


def test_the_largest_confusions_come_first() -> None:
    """50 confusions by count, then the other cells by count, until 500 rows."""
    matrix = [[900 if i == j else (i * 12 + j) % 97 for j in range(12)] for i in range(12)]
    made = counts(matrix)
    cells = cells_in_turn(made)

    wrong = sorted((n for i, row in enumerate(matrix) for j, n in enumerate(row) if i != j), reverse=True)
    assert [cell.count for cell in cells[:50]] == wrong[:50]
    assert all(cell.actual == cell.predicted for cell in cells[50:62])
    assert [cell.count for cell in cells[62:]] == wrong[50 : 50 + len(cells) - 62]
    assert sum(min(cell.count, 5) for cell in cells) == MOST_ROWS


def evaluated(parts_: list[Batch], names: list[str], **settings: Any) -> Evaluation:
    """The evaluation of these batches as read from these columns."""
    resolved = resolve_settings(settings, {})
    return evaluate_batches(parts_, resolved, plan_reading(resolved, ["y_true", *names], "test"))


def document(evaluation: Evaluation) -> list[dict[str, Any]]:
    """The cells of the summary's examples."""
    made = parts()["examples_by_cell"].document(evaluation.measured)
    assert isinstance(made, dict)
    return list(made["cells"])


BINARY = {"labels": list(NAMES), "positive_label": "pos"}


def test_suspect_rows_come_first_then_the_surest() -> None:
    """Errors before the rest, suspect rows before others, and scores as they are stored."""
    rows: list[Row] = [
        ("neg", "pos", 0.7), ("neg", "pos", 0.99), ("neg", "pos", 0.9), ("pos", "neg", 0.01), ("neg", "neg", 0.1),
    ]  # fmt: skip
    cells = document(evaluated(batches_of(rows, []), ["y_score"], **BINARY))

    found = [(c["actual"], c["predicted"], c["count"]) for c in cells]
    assert found == [("neg", "pos", 3), ("pos", "neg", 1), ("neg", "neg", 1)]
    assert [row["score"] for row in cells[0]["rows"]] == [0.99, 0.9, 0.7]
    assert [row.get("suspect") for row in cells[0]["rows"]] == [True, None, None]
    assert cells[0]["rows"][0]["row"] == 1


def test_the_limit_of_suspects_can_be_moved() -> None:
    """The settings say how improbable the actual label must be."""
    rows: list[Row] = [("neg", "pos", 0.9)]
    moved = {"warnings": {"suspect_labels": {"actual": 0.2, "other": 0.8}}}

    assert "suspect" not in document(evaluated(batches_of(rows, []), ["y_score"], **BINARY))[0]["rows"][0]
    found = document(evaluated(batches_of(rows, []), ["y_score"], **BINARY, **moved))
    assert found[0]["rows"][0]["suspect"] is True


def test_rows_say_what_is_known_of_them() -> None:
    """The id where there is one, else file and row; slices and columns as they were read, control characters too."""
    part = without_scores(batches_of([("a", "b", None), ("a", "b", None)], []))[0]
    evaluation = evaluated([part], ["y_pred", "id", "region", "note"], example_columns=["note"])
    assert rows_shown(evaluation.measured) == {"f": [0, 1]}
    shown = {("f", 0): {"id": "x\x00\x07", "note": None}, ("f", 1): {"id": None, "note": "</script>"}}
    found = document(replace(evaluation, measured=replace(evaluation.measured, shown=shown)))

    assert found == [
        {
            "actual": "a", "predicted": "b", "count": 2,
            "rows": [
                {"id": "x\x00\x07", "actual": "a", "predicted": "b", "slices": {}, "columns": {"note": None}},
                {"file": "f", "row": 1, "actual": "a", "predicted": "b", "slices": {}, "columns": {"note": "</script>"}},
            ],
        }
    ]  # fmt: skip


def test_probabilities_of_several_labels_are_shown() -> None:
    """The predicted label's and the actual label's."""
    names = ["proba_a", "proba_b", "proba_c"]
    cells = document(evaluated([several([(0, 1, [0.25, 0.5, 0.25])])], names))

    row = cells[0]["rows"][0]
    assert (row["probability"], row["probability_of_actual"]) == (0.5, 0.25)


def test_entries_of_lists_name_their_row() -> None:
    """With several entries a row the batch says which row each belongs to."""
    part = replace(without_scores(batches_of([("a", "b", None)] * 3, []))[0], positions=np.array([4, 4, 9]))

    assert ExampleRows.of(Spec(), part).rows.row.tolist() == [4, 4, 9]


def test_every_threshold_of_many_rows() -> None:
    """Of 3,000 rows in 3 pieces, each cell has its five at each of the 1,001 thresholds where there are as many."""
    rng = np.random.default_rng(5)
    actual = rng.integers(0, 2, 3000)
    scores = np.round(rng.beta(1 + 3 * actual, 4 - 3 * actual), 3).astype(np.float32)
    rows: list[Row] = [(NAMES[a], NAMES[a], float(s)) for a, s in zip(actual, scores, strict=True)]
    kept = folded(BY_THRESHOLD, batches_of(rows, [999, 2500]))
    label = np.array([kept.labels.index("pos") == row["actual"] for row in kept.rows])
    shown = np.array([row["score"] for row in kept.rows])

    for step in range(1001):
        bound = step / 1000
        for positive in (False, True):
            there = int((scores[actual == positive] >= np.float32(bound)).sum())
            rest = int((actual == positive).sum()) - there
            of_label = shown[label == positive]
            assert (of_label >= bound).sum() >= min(there, 5)
            assert (of_label < bound).sum() >= min(rest, 5)


def test_sums_that_are_nearly_one_are_divided_out() -> None:
    """Rows are chosen by probability over its row's sum, also where the sums are off by too little to count."""
    rng = np.random.default_rng(6)
    first = 0.4 + 1e-4 * rng.random(20_000)
    shares = np.stack([first, (1 - first) / 2, (1 - first) / 2], axis=1)
    scores = shares * rng.uniform(0.9991, 1.0009, (20_000, 1))
    part = replace(batch(["b"] * 20_000, ["a"] * 20_000), scores=scores)
    kept = ExampleRows.of(Spec(score_labels=("a", "b", "c"), suspect=(0.0, 1.0)), part)

    exact = scores[:, 0] / scores.sum(axis=1)
    assert kept.rows.row.tolist() == sorted(np.argsort(-exact)[:5].tolist())
    assert set(kept.rows.row.tolist()) != set(np.argsort(-scores[:, 0])[:5].tolist())
