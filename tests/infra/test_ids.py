"""Ids: who repeats, who is joined with what, in memory and from temporary files."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evalcore.batch import Source
from evalcore.columns import plan_truth
from evalcore.errors import InvalidPredictions, StorageUnavailable
from evalcore.labels import canonical
from evalcore.settings import resolve_settings
from infra.ids import matching
from infra.ids.facts import RowFacts, packed, set_bits
from infra.ids.prepass import joined, repeated_ids
from infra.ids.repeats import ascending
from infra.ids.texts import hashes, id_texts
from infra.tables import Tables
from tests.infra.tablefiles import folder, in_memory, written

SETTINGS = resolve_settings({}, {})
TINY, AMPLE = 64, 1 << 28
IDS = st.lists(
    st.one_of(st.none(), st.sampled_from(["a", "b", "c", "", "ä" * 9, "x" * 40]), st.text(max_size=12))
)


def column(ids: list[str | None]) -> pa.Table:
    """Predictions that are nothing but ids."""
    return pa.table({"id": pa.array(ids, pa.string())})


def repeats(ids: list[str | None], cuts: list[int], budget: int) -> list[bool]:
    """Which rows repeat an id."""
    found = Tables(folder(column(ids), ".parquet", cuts, rows=2))
    facts = repeated_ids(found, "id", budget=budget)
    flags = [
        flag
        for key, rows in found.rows.items()
        for flag in (np.zeros(rows, bool) if facts is None else flags_of(facts, key, rows))
    ]
    return [bool(flag) for flag in flags]


def flags_of(facts: RowFacts, key: str, rows: int) -> Any:
    """One file's rows."""
    apart = facts.of(Source(key), rows)
    return np.zeros(rows, bool) if apart.repeated is None else apart.repeated


def expected_repeats(ids: list[str | None]) -> list[bool]:
    """Row by row."""
    seen: set[str] = set()
    found = []
    for one in ids:
        found.append(one is not None and one in seen)
        if one is not None:
            seen.add(one)
    return found


@settings(deadline=None)
@given(IDS, st.lists(st.integers(0, 20), max_size=3))
@example(["b", "a", None, "b", None, "a", "a"], [3])
@example(["a", "b", "c", "d"], [2])
def test_every_row_of_an_id_after_its_first_repeats(ids: list[str | None], cuts: list[int]) -> None:
    """In key order, then row order; null is no id; temporary files give what memory gives."""
    wanted = expected_repeats(ids)

    assert repeats(ids, cuts, AMPLE) == wanted
    assert repeats(ids, cuts, TINY) == wanted


TRUTH = st.lists(
    st.tuples(st.none() | st.sampled_from("abcdef"), st.sampled_from(["yes", "no", "maybe"]) | st.none())
)


def join(
    ids: list[Any], truth: list[tuple[Any, str | None]], cuts: list[int], budget: int, threads: int = 1
) -> tuple[list[str | None], list[bool], int, int]:
    """Labels joined, rows that repeat, repeated and unmatched ground truth."""
    rows = Tables(folder(column(ids), ".parquet", cuts, rows=3))
    table = pa.table(
        {
            "id": pa.array([i for i, _ in truth], pa.string()),
            "y_true": pa.array([y for _, y in truth], pa.string()),
        }
    )
    actual = Tables(folder(table, ".parquet", cuts, rows=3))
    facts = joined(
        rows, actual, SETTINGS, plan_truth(SETTINGS, ["id", "y_true"], "t"), budget=budget, threads=threads
    )
    return read_facts(facts, rows)


def read_facts(facts: RowFacts, rows: Tables) -> tuple[list[str | None], list[bool], int, int]:
    """All facts as plain values."""
    labels: list[str | None] = []
    flags: list[bool] = []
    for key, count in rows.rows.items():
        apart = facts.of(Source(key), count)
        assert apart.actual is not None
        names = [*apart.actual.vocabulary, None]
        labels += [names[code] for code in apart.actual.codes]
        flags += flags_of(facts, key, count).tolist()
    return labels, flags, facts.repeated_ground_truth, facts.unmatched_ground_truth


@settings(deadline=None)
@given(st.lists(st.none() | st.sampled_from("abcdexyz")), TRUTH, st.lists(st.integers(0, 20), max_size=2))
@example(["a", "a", None, "z"], [("a", "yes"), ("a", "no"), (None, "yes"), ("b", None), ("b", "no")], [1])
def test_ground_truth_is_joined_by_id(
    ids: list[str | None], truth: list[tuple[str | None, str | None]], cuts: list[int]
) -> None:
    """The first entry of an id counts; what no row asks for is unmatched; null is joined with nothing."""
    first: dict[str, str | None] = {}
    for one, label in truth:
        if one is not None:
            first.setdefault(one, label)
    wanted = (
        [None if one is None else first.get(one) for one in ids],
        expected_repeats(ids),
        sum(expected_repeats([one for one, _ in truth])),
        len(set(first) - set(ids)) + sum(one is None for one, _ in truth),
    )

    assert join(ids, truth, cuts, AMPLE) == wanted
    assert join(ids, truth, cuts, TINY, threads=2) == wanted


@pytest.mark.parametrize("labels", [1, 127, 128, 129, 256])
def test_any_number_of_labels_is_joined(labels: int) -> None:
    """Rows without ground truth have the code behind the last label, which takes a wider type from 128 on."""
    truth = [(str(row), f"label {row}") for row in range(labels)]

    found = join([str(row) for row in range(labels + 2)], truth, [100], AMPLE)

    assert found[0] == [*(f"label {row}" for row in range(labels)), None, None]


def test_ids_compare_by_text() -> None:
    """Integers, integral floats, text and dictionaries of text, in whatever file."""
    kinds = [
        pa.array([1, 2]),
        pa.array(["2", "03"]),
        pa.array([3.0, 1.5]),
        pa.array(["1"]).dictionary_encode(),
    ]
    files = [
        in_memory(f"{n}.parquet", written(pa.table({"id": ids}), ".parquet")) for n, ids in enumerate(kinds)
    ]
    found = Tables(files)

    facts = repeated_ids(found, "id")

    assert facts is not None
    assert [flags_of(facts, key, rows).tolist() for key, rows in found.rows.items()] == [
        [False, False], [True, False], [False, False], [True],
    ]  # fmt: skip


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".arrow"])
def test_integers_meet_in_every_format(ending: str) -> None:
    """Predictions of one format are joined with ground truth of another."""
    rows = Tables(folder(pa.table({"id": [3.0, 1.0], "y_pred": ["a", "b"]}), ending))
    truth = Tables(folder(pa.table({"id": [1, 3], "y_true": ["one", "three"]}), ".parquet"))

    facts = joined(rows, truth, SETTINGS, plan_truth(SETTINGS, ["id", "y_true"], "t"))

    assert read_facts(facts, rows)[0] == ["three", "one"]


def test_ids_of_another_type_are_refused() -> None:
    """The file and the column are named."""
    found = Tables(folder(pa.table({"id": [[1], [1]]}), ".parquet"))
    with pytest.raises(InvalidPredictions, match=r"p/00\.parquet: the column 'id' holds list"):
        repeated_ids(found, "id")


def test_equal_hashes_do_not_make_equal_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts decide: with a hash that is the same for all, nothing changes."""
    monkeypatch.setattr("infra.ids.prepass.hashes", lambda texts: np.zeros(len(texts), dtype=np.uint64))
    ids = ["c", "b", "a", "b", "d"]

    for budget in (AMPLE, TINY):
        assert repeats(ids, [2], budget) == [False, False, False, True, False]
        assert join(ids, [("a", "yes"), ("b", "no")], [], budget)[0] == [None, "no", "yes", "no", None]


def test_many_rows_go_by_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a few rows ids are divided by their hashes, in memory too, and all come together again."""
    monkeypatch.setattr(matching, "_FEW", 100)
    random = np.random.default_rng(1)
    ids = [str(value) for value in random.integers(0, 3000, 4000)]

    assert repeats(ids, [1000], AMPLE) == expected_repeats(ids) == repeats(ids, [1000], 5000)
    truth = [(one, f"label {int(one) % 7}") for one in ids[::-2]]
    assert join(ids, truth, [500], AMPLE) == join(ids, truth, [500], 5000)


def test_temporary_files_are_used_and_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left of them."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    made: list[Path] = []
    original = matching.Matching._open
    monkeypatch.setattr(
        matching.Matching, "_open", lambda self: (original(self), made.extend(tmp_path.iterdir()))
    )

    assert any(repeats(["b", "a", "b"] * 20, [], TINY))

    assert made
    assert list(tmp_path.iterdir()) == []


def test_no_room_for_temporary_files_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the folder's name and what to do."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(StorageUnavailable, match=r"gone.*TMPDIR"):
        repeats(["b", "a", "b"] * 20, [], TINY)


@pytest.mark.parametrize(
    ("columns", "ascends"),
    [
        ([[1, 2], [3]], True),
        ([[1, 2], [2]], False),
        ([[2, 1]], False),
        ([[1, None, 2], [None], [3]], True),
        ([[9, 10], ["11"]], False),
        ([["10", "9"]], True),
        ([[], [1], [None], [2]], True),
        ([[], [2], [None], [1]], False),
        ([[0.5, 1.5]], False),
    ],
)
def test_ascending_ids_need_nothing_else(columns: list[list[Any]], ascends: bool) -> None:
    """Numbers by value, text by text; a type that changes is left to the other way."""
    assert ascending([pa.chunked_array([pa.array(values)]) for values in columns]) is ascends


@given(st.lists(st.text(max_size=30) | st.integers(), max_size=20), st.integers(0, 5))
def test_hashes_depend_on_the_text_alone(values: list[Any], skipped: int) -> None:
    """Not on where it lies in its buffer; texts that differ have, in practice, different ones."""
    texts = [str(canonical(value)) for value in values]
    array = pa.array(["padding"] * skipped + texts, pa.string()).slice(skipped)

    found = hashes(array)

    assert found.tolist() == [hashes(pa.array([text], pa.string()))[0] for text in texts]
    assert len(set(found.tolist())) == len(set(texts))


def test_hashes_spread() -> None:
    """Over all parts, for ids that differ in their last digits or by zero bytes behind."""
    found = hashes(pa.array([f"row-{n:08d}" for n in range(20_000)]))
    counts = np.bincount((found >> np.uint64(57)).astype(int), minlength=128)

    assert len(np.unique(found)) == 20_000
    assert counts.min() > 80 and counts.max() < 250
    assert len(set(hashes(pa.array(["", "\0", "\0\0", "a", "a\0"])).tolist())) == 5


def test_null_ids_keep_the_places_of_the_others() -> None:
    """Rows are counted with nulls."""
    texts, places = id_texts(pa.chunked_array([["a", None], [None, "b"]]), "id", "k")

    assert texts.to_pylist() == ["a", "b"] and places.tolist() == [0, 3]


@given(st.sets(st.integers(0, 99)), st.sets(st.integers(0, 99)))
def test_bits_are_set_one_by_one(some: set[int], others: set[int]) -> None:
    """In any order of calls."""
    bits = packed(100)
    for positions in (some, others):
        set_bits(bits, np.array(sorted(positions), dtype=np.int64))

    assert set(np.flatnonzero(np.unpackbits(bits, bitorder="little")).tolist()) == some | others
