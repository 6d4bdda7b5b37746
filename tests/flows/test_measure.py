"""From files to the summary: the same figures whatever the format, the cuts and the threads."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalcore.accumulator import States
from evalcore.errors import InvalidPredictions
from evalcore.evaluate import evaluate_states
from evalcore.registry import tasks
from evalcore.settings import resolve_settings
from evalcore.summary import Identity, summary_document
from flows.engine import Engine
from flows.measure import measure, measure_files
from flows.rows import open_rows
from infra.layout import Target
from infra.registry import Registry
from infra.storage import Store, open_store
from tests.infra.tablefiles import ENDINGS, folder, in_memory, written

IDENTITY = Identity("m", "m", "v", None, "0" * 64, "test", None)
BINARY = {"labels": ["no", "yes"], "positive_label": "yes"}
FIGURES = (
    "examples",
    "elements",
    "skipped",
    "labels",
    "confusion_matrix",
    "per_class_metrics",
    "overall",
    "warnings",
)
Files = Sequence[Any]


def document(
    files: Files, truth: Files = (), given: dict[str, Any] | None = None, **options: Any
) -> dict[str, Any]:
    """The summary of these files."""
    rows = open_rows(files, truth, resolve_settings(given or {}, {}), **options)
    evaluation = evaluate_states(rows.states(), rows.settings, rows.reading)
    return summary_document(evaluation, IDENTITY, [("test", None)], rows.inputs(), {})


def figures(
    files: Files, truth: Files = (), given: dict[str, Any] | None = None, **options: Any
) -> dict[str, Any]:
    """What follows from the rows alone."""
    found = document(files, truth, given, **options)
    return {name: found[name] for name in FIGURES}


def nearly(part: Any) -> Any:
    """What equals this part of a summary but for the last digits of its sums."""
    if isinstance(part, dict):
        return {name: nearly(value) for name, value in part.items()}
    if isinstance(part, list):
        return [nearly(value) for value in part]
    return pytest.approx(part, rel=1e-12, abs=1e-12) if isinstance(part, float) else part


ROW = st.fixed_dictionaries(
    {
        "id": st.none() | st.integers(0, 12),
        "y_true": st.sampled_from(["1", "2", "x", None]),
        "y_pred": st.sampled_from(["1", "2", "x", None]),
        "weight": st.sampled_from([None, 0.5, 1.0, 3.0]),
    }
)


@settings(deadline=None, max_examples=15)
@given(
    st.lists(ROW, max_size=40),
    st.lists(st.integers(0, 40), max_size=3),
    st.integers(1, 9),
    st.sampled_from(ENDINGS),
)
def test_figures_do_not_depend_on_format_or_cuts(
    rows: list[dict[str, Any]], cuts: list[int], group: int, ending: str
) -> None:
    """Counts are equal, and sums to 1e-12."""
    sure = {"id": None, "y_true": "1", "y_pred": "1", "weight": None}
    schema = pa.schema(
        [("id", pa.int64()), ("y_true", pa.string()), ("y_pred", pa.string()), ("weight", pa.float64())]
    )
    table = pa.Table.from_pylist([sure, *rows, sure], schema=schema)

    assert figures(folder(table, ending, cuts, group)) == nearly(figures(folder(table, ".parquet")))


@pytest.mark.parametrize("ending", ENDINGS)
def test_scores_decide_alike_in_every_format(ending: str) -> None:
    """At a threshold that one of the scores equals."""
    table = pa.table({"y_true": ["yes", "no", "yes", "no"], "y_score": [0.7, 0.7, 0.6999999999999999, None]})

    found = document(folder(table, ending), given=BINARY | {"threshold": 0.7})

    assert found["confusion_matrix"]["matrix"] == [[0, 1], [1, 1]]
    assert found["skipped"]["missing_predictions"] == 1


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_labels_of_untyped_formats_meet_those_of_the_settings(ending: str) -> None:
    """Integers beside floats, as pandas writes a column with a missing value."""
    table = pa.table({"y_true": [1, 0, 1], "y_pred": pa.array([1.0, None, 0.0])})
    data = written(table, ending)
    if ending == ".csv":
        data = b"y_true,y_pred\n1,1.0\n0,\n1,0.0\n"

    found = document([in_memory(f"a{ending}", data)], given={"labels": [0, 1]})

    assert found["confusion_matrix"]["matrix"] == [[0, 0], [1, 1]]


def test_a_missing_weight_is_one() -> None:
    """And weights of rows that are left out do not count."""
    table = pa.table(
        {"y_true": ["a", "a", "b", None], "y_pred": ["a", "b", "b", "b"], "weight": [None, 2.0, 0.5, 9.0]}
    )

    found = document(folder(table, ".parquet"), given={"columns": {"weight": "weight"}})

    assert found["confusion_matrix"]["matrix"] == [[1.0, 2.0], [0.0, 0.5]]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_column_of_numbers_may_be_a_slice_too(ending: str) -> None:
    """It stays a number where a number is needed."""
    table = pa.table({"y_true": ["yes", "no"], "y_score": [0.75, 0.25]})

    found = document(folder(table, ending), given=BINARY | {"slices": ["y_score"]})

    assert set(found["slices"]["columns"]["y_score"]) == {"0.75", "0.25"}


# -- threads -----------------------------------------------------------------------------------------


def bits(states: States) -> dict[str, bytes]:
    """Every accumulator, to the bit."""
    return {
        f"{kind.__name__}.{name}": np.ascontiguousarray(array).tobytes()
        if array.dtype != object
        else repr(array).encode()
        for kind, state in states.items()
        for name, array in state.state().items()
    }


def folded(files: Any, given: dict[str, Any], threads: int) -> States:
    """Every accumulator that the task needs, folded by so many threads."""
    rows = open_rows(files, (), resolve_settings(given, {}), engine=Engine(threads))
    return rows.fold(tasks()["classification"].kinds(rows.settings, rows.reading), rows.spec())


@pytest.mark.parametrize("ending", [".parquet", ".arrow", ".csv", ".jsonl"])
def test_states_are_the_same_to_the_bit_with_any_number_of_threads(
    ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights whose sums depend on their order, in many pieces of several files, with repeated ids."""
    monkeypatch.setattr("infra.formats.parquet.SMALL_ROWS", 100)
    monkeypatch.setattr("infra.formats.arrow.SMALL_ROWS", 100)
    monkeypatch.setattr("infra.formats.delimited.BLOCK", 2000)
    monkeypatch.setattr("infra.formats.json_lines.BLOCK", 8000)
    random = np.random.default_rng(5)
    rows = 3000
    table = pa.table(
        {
            "id": random.integers(0, 2900, rows),
            "y_true": random.choice(["no", "yes"], rows),
            "y_score": random.random(rows),
            "weight": random.lognormal(0, 4, rows),
        }
    )
    files = folder(table, ending, cuts=[700, 1900], rows=100)
    given = BINARY | {"columns": {"weight": "weight"}}

    found = [bits(folded(files, given, threads)) for threads in (1, 2, 4)]
    backwards = bits(folded(files[::-1], given, 2))

    assert found[0] == found[1] == found[2] == backwards
    whole = figures(folder(table, ".parquet"), given=given)
    assert figures(files, given=given)["skipped"] == whole["skipped"]
    np.testing.assert_allclose(
        figures(files, given=given)["confusion_matrix"]["matrix"],
        whole["confusion_matrix"]["matrix"],
        rtol=1e-12,
    )


# -- ids ---------------------------------------------------------------------------------------------


def test_each_row_that_is_left_out_counts_once() -> None:
    """First by its id, then for its ground truth, then for its prediction; the rest is the matrix."""
    rows = pa.table(
        {
            "id": [1, 1, 2, 3, 4, None, None, 5, 5],
            "y_pred": ["a", "b", None, "b", "b", "a", "a", None, "a"],
            "y_true": ["wrong"] * 9,
        }
    )
    truth = pa.table(
        {"id": ["1", "2", "3", "3", "5", "7", None, "8"], "y_true": ["a", "a", "b", "a", "a", "b", "b", None]}
    )

    for budget in (1 << 28, 64):
        found = document(folder(rows, ".parquet", [2]), folder(truth, ".csv", [3]), budget=budget)

        assert found["skipped"] == {
            "duplicate_ids": 3,  # rows 1 and 8, and the second entry for 3
            "missing_ground_truth": 3,  # 4 and the two without an id
            "missing_predictions": 2,  # 2 and the first 5
            "unmatched_ground_truth": 3,  # 7, 8 and the one without an id
        }
        assert found["examples"] == 2
        assert found["confusion_matrix"]["matrix"] == [[1, 0], [0, 1]]
        codes = {warning["code"]: warning["message"] for warning in found["warnings"]}
        assert codes["duplicate_ids"].startswith("2 of 9 rows (22.2%) and 1 entries of ground truth")
        assert codes["unmatched_ground_truth"].startswith("3 entries")
        assert [(i["role"], i["rows"]) for i in found["inputs"]] == [
            ("predictions", 2), ("predictions", 7), ("ground_truth", 3), ("ground_truth", 5),
        ]  # fmt: skip


def test_one_hot_ground_truth_is_joined_too() -> None:
    """From columns of 0 and 1."""
    rows = pa.table({"id": [1, 2], "y_pred": ["a", "a"]})
    truth = pa.table({"id": [2, 1], "a-gt": [1, 0], "b-gt": [0, 1]})
    given = {"columns": {"ground_truth": {"a": "a-gt", "b": "b-gt"}}}

    found = document(folder(rows, ".parquet"), folder(truth, ".jsonl"), given)

    assert found["confusion_matrix"]["matrix"] == [[1, 0], [1, 0]]


@pytest.mark.parametrize(
    ("rows", "truth", "said"),
    [
        ({"y_pred": ["a"]}, {"id": [1], "y_true": ["a"]}, r"p/00\.parquet has no column 'id'"),
        ({"id": [1], "y_pred": ["a"]}, {"y_true": ["a"]}, r"p/00\.csv has no column 'id'"),
        ({"id": [1], "y_pred": ["a"]}, {"id": [1]}, r"p/00\.csv has no column 'y_true'"),
        ({"id": [1], "y_pred": ["a"]}, {"id": [2], "y_true": ["a"]}, "no row to evaluate"),
    ],
)
def test_ground_truth_that_cannot_be_joined(rows: dict[str, Any], truth: dict[str, Any], said: str) -> None:
    """The error says what is missing where."""
    with pytest.raises(InvalidPredictions, match=said):
        document(folder(pa.table(rows), ".parquet"), folder(pa.table(truth), ".csv"))


def test_labels_that_nothing_names_are_looked_up_in_the_joined_ground_truth() -> None:
    """Scores of 0 and 1 need no settings."""
    rows = pa.table({"id": [1, 2], "y_score": [0.9, 0.2]})
    truth = pa.table({"id": [1, 2], "y_true": [1, 0]})

    found = document(folder(rows, ".parquet"), folder(truth, ".parquet"))

    assert found["confusion_matrix"] == {
        "labels": ["0", "1"],
        "matrix": [[1, 0], [0, 1]],
        "normalized": False,
    }


def test_repeated_rows_of_list_targets_are_left_out() -> None:
    """With all their elements."""
    table = pa.table(
        {"id": [1, 1, 2], "y_true": [["a"], ["b", "b"], ["a"]], "y_pred": [["a"], ["b", "b"], ["b"]]}
    )

    found = document(folder(table, ".parquet"))

    assert (found["examples"], found["elements"]) == (2, 2)
    assert found["skipped"]["duplicate_ids"] == 1 and found["skipped"]["missing_ground_truth"] == 0


@pytest.mark.parametrize("lacking", ["y_true", "y_pred", "y_score", "all"])
def test_a_block_without_any_list_is_one_of_missing_rows(
    monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    """JSON does not say what null stands for; the file's other blocks have lists."""
    row = {"y_true": ["no", "yes"], "y_pred": ["no", "no"], "y_score": [0.1, 0.9]}
    gone = dict.fromkeys(row if lacking == "all" else [lacking])
    data = "".join(json.dumps(each) + "\n" for each in [row] * 40 + [row | gone] * 40).encode()
    given = BINARY | {"threshold": 0.5}
    whole = figures([in_memory("a.jsonl", data)], (), given)
    monkeypatch.setattr("infra.formats.json_lines.BLOCK", 500)

    assert figures([in_memory("a.jsonl", data)], (), given) == nearly(whole)
    assert (whole["examples"], whole["elements"]) == ((80, 160) if lacking == "y_pred" else (40, 80))


def test_rows_without_an_id_column_need_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read twice."""
    opened: list[str] = []
    table = pa.table({"y_true": ["a"], "y_pred": ["a"]})
    [file] = folder(table, ".parquet")
    data = written(table, ".parquet")
    watched = type(file)(file.key, "", file.size, lambda: opened.append(file.key) or io.BytesIO(data))

    assert document([watched])["examples"] == 1
    assert len(opened) == 1


# -- the store and the command -----------------------------------------------------------------------


def put(store: Store, key: str, data: bytes) -> None:
    """Stores a file."""
    store.write(key, data, content_type="application/octet-stream")


def test_a_stored_version_is_joined_with_stored_ground_truth(tmp_path: Path) -> None:
    """Found by the registry, listed among the inputs."""
    store = open_store(str(tmp_path / "s"), create=True)
    put(store, "models/m/model.json", json.dumps({"model_id": "m"}).encode())
    put(store, "models/m/versions/v/version.json", json.dumps({"version_id": "v"}).encode())
    table = pa.table({"id": ["x", "y", "z"], "y_pred": ["a", "b", "b"]})
    put(store, "models/m/versions/v/predictions/test/a.jsonl", written(table, ".jsonl"))
    truth = pa.table({"id": ["z", "y", "x"], "y_true": ["b", "a", "a"]})
    put(store, "models/m/ground_truth/test/g.csv.gz", written(truth, ".csv.gz"))
    inputs = Registry(store).model("m").inputs(Target("m", "v", "test", None))

    found = measure(store, inputs, resolve_settings(inputs.model, inputs.version), "0" * 64)

    assert found["confusion_matrix"]["matrix"] == [[1, 1], [0, 1]]
    assert [(i["key"].rsplit("/", 1)[1], i["role"], i["rows"]) for i in found["inputs"]] == [
        ("a.jsonl", "predictions", 3),
        ("g.csv.gz", "ground_truth", 3),
    ]


def test_files_outside_a_store_may_have_any_format(tmp_path: Path) -> None:
    """As in a store."""
    path = tmp_path / "mine.csv"
    path.write_text("y_true,y_pred\na,a\nb,a\n")

    found = measure_files([path], resolve_settings({}, {}), IDENTITY)

    assert found["confusion_matrix"]["matrix"] == [[1, 0], [1, 0]]


@pytest.mark.parametrize("ending", [".parquet", ".arrow", ".csv", ".jsonl"])
def test_reading_does_not_load_pandas(tmp_path: Path, ending: str) -> None:
    """It would cost more than most evaluations; ids and joins do without it too."""
    table = pa.table({"id": [2, 1, 2], "y_true": ["a", "b", "a"], "y_pred": ["a", "b", "b"]})
    path = tmp_path / f"a{ending}"
    path.write_bytes(written(table, ending))
    program = """
        import sys
        from pathlib import Path
        from evalcore.settings import resolve_settings
        from flows.measure import local_files
        from flows.rows import open_rows
        files = local_files([Path(sys.argv[1])])
        for truth in ((), files):
            for budget in (1 << 20, 8):
                assert open_rows(files, truth, resolve_settings({}, {}), budget=budget).states()
        assert "pandas" not in sys.modules
    """
    run = [sys.executable, "-c", textwrap.dedent(program), str(path)]

    outcome = subprocess.run(
        run, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": "."}
    )

    assert outcome.returncode == 0, outcome.stderr


def test_validation_rows_keep_to_the_labels_too(tmp_path: Path) -> None:
    """Else recommended points would be chosen without them, and nobody told."""
    versions = tmp_path / "models/m/versions/v"
    rows = {"y_true": ["yes", "no", "yes", "no"], "y_score": [0.9, 0.2, 0.6, 0.4]}
    for split, last in (("test", "no"), ("validation", "maybe")):
        folder_of = versions / "predictions" / split
        folder_of.mkdir(parents=True)
        pq.write_table(pa.table(rows | {"y_true": [*rows["y_true"][:3], last]}), folder_of / "a.parquet")
    (tmp_path / "models/m/model.json").write_text(json.dumps({"task_type": "classification", **BINARY}))
    (versions / "version.json").write_text("{}")

    store = open_store(str(tmp_path))
    inputs = Registry(store).model("m").inputs(Target("m", "v", "test", None))
    with pytest.raises(InvalidPredictions, match=r"validation/a.parquet .*outside .* 'maybe' \(1 row\)"):
        measure(store, inputs, resolve_settings(inputs.model, inputs.version), "0" * 64)
