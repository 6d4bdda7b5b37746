"""Baselines, slices and examples, from files to the summary."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evalcore.errors import InvalidPredictions
from evalcore.schema import summary_schema
from evalcore.settings import resolve_settings
from evalcore.states import examples as states
from flows.measure import measure
from infra.layout import Target
from infra.registry import Registry
from infra.storage import InputChanged, Store, open_store

ROWS = 60


def table(wrong: int, first: int = 0, **columns: list[Any]) -> pa.Table:
    """Sixty rows of two labels, the first ``wrong`` of them predicted as the other."""
    actual = ["a", "b"] * (ROWS // 2)
    flipped = {"a": "b", "b": "a"}
    predicted = [flipped[label] if i < wrong else label for i, label in enumerate(actual)]
    ids = [f"row-{first + i}" for i in range(ROWS)]
    return pa.table({"y_true": actual, "y_pred": predicted, "id": ids, **columns})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with version v1, of five errors, and v2, promoted, of three."""
    found = open_store(str(tmp_path), create=True)
    settings(found, {})
    for version, wrong in (("v1", 5), ("v2", 3)):
        put(found, version, {"part-0.parquet": table(wrong)})
    return found


def settings(store: Store, document: dict[str, Any]) -> None:
    """Write model.json with these settings."""
    content = {"model_id": "m", "promoted_version": "v2", **document}
    store.write("models/m/model.json", json.dumps(content).encode(), content_type="application/json")


def put(store: Store, version: str, files: dict[str, pa.Table], **document: Any) -> None:
    """Write a version: its predictions of the test split, then version.json."""
    prefix = f"models/m/versions/{version}"
    for name, rows in files.items():
        sink = pa.BufferOutputStream()
        pq.write_table(rows, sink, row_group_size=20)
        key = f"{prefix}/predictions/test/{name}"
        store.write(key, sink.getvalue().to_pybytes(), content_type="application/octet-stream")
    created = f"2026-11-2{version[-1]}T00:00:00Z"
    content = {"version_id": version, "created_at": created, **document}
    store.write(f"{prefix}/version.json", json.dumps(content).encode(), content_type="application/json")


def summary(store: Store, version: str = "v2", baseline: str | None = None) -> dict[str, Any]:
    """The summary of a version's test split, valid against its schema."""
    inputs = Registry(store).model("m").inputs(Target("m", version, "test", None), baseline=baseline)
    found = measure(store, inputs, resolve_settings(inputs.model, inputs.version), "0" * 64)
    jsonschema.Draft202012Validator(summary_schema()).validate(found)
    return found


def test_the_promoted_version_is_compared_with_the_one_before(store: Store) -> None:
    """Deltas are this version's less the baseline's, and its files are among the inputs."""
    found = summary(store)
    accuracy = found["comparison"]["overall"]["accuracy"]

    assert found["comparison"]["baseline_version"] == "v1"
    assert accuracy["baseline"] == pytest.approx(55 / 60)
    assert accuracy["delta"] == pytest.approx(2 / 60)
    roles = {(item["role"], item["key"].split("/")[3], item["rows"]) for item in found["inputs"]}
    assert roles == {("predictions", "v2", ROWS), ("baseline", "v1", ROWS)}


def test_a_gate_bounds_the_drop(store: Store) -> None:
    """max_drop against the baseline, of a slice too; the baseline lacks what only its own report needs."""
    gates = [
        {"metric": "accuracy", "max_drop": 0.01},
        {"metric": "slices.region.accuracy", "max_drop": 0.5},
    ]
    settings(store, {"gates": gates, "slices": ["region"], "example_columns": ["note"]})
    region = ["x"] * 30 + ["y"] * 30
    put(store, "v1", {"part-0.parquet": table(5, region=region)})
    put(store, "v2", {"part-0.parquet": table(9, region=region, note=region)})
    found = summary(store)

    assert [gate["status"] for gate in found["gates"]] == ["fail", "pass"]
    assert [round(gate["drop"] * ROWS, 9) for gate in found["gates"]] == [4, 8]
    assert found["verdict"] == "fail"


def test_the_baseline_has_settings_of_its_own(store: Store) -> None:
    """Its columns and its threshold are those of its version.json."""
    rows = table(0).rename_columns(["truth", "guess", "id"])
    own = {"columns": {"ground_truth": "truth", "prediction": "guess"}}
    put(store, "v1", {"part-0.parquet": rows}, **own)

    assert summary(store)["comparison"]["overall"]["accuracy"]["baseline"] == 1


@pytest.mark.parametrize(
    ("files", "document", "said"),
    [
        ({}, {}, "no predictions for the split test"),
        ({"part-0.parquet": table(1)}, {"threshold": "x"}, "'threshold' must be"),
        ({"part-0.parquet": table(1)}, {"task_type": "regression"}, "regression"),
        ({"part-0.parquet": table(1).drop_columns(["y_true"])}, {}, "no column 'y_true'"),
        ({"part-0.parquet": table(1).slice(0, 0)}, {}, "no row to evaluate"),
    ],
    ids=["none", "settings", "task", "column", "empty"],
)
def test_a_baseline_that_cannot_be_compared_is_no_error(
    store: Store, files: dict[str, pa.Table], document: dict[str, Any], said: str
) -> None:
    """The comparison says why, a gate on it fails, an optional one passes."""
    settings(store, {"gates": [{"metric": "accuracy", "max_drop": 1}]})
    put(store, "v3", files, **document)
    found = summary(store, baseline="v3")

    assert set(found["comparison"]) == {"baseline_version", "reason"}
    assert said in found["comparison"]["reason"]
    assert found["gates"][0]["status"] == "fail"
    assert {item["role"] for item in found["inputs"]} == {"predictions"}


def test_a_baseline_that_is_not_there_has_a_reason(store: Store) -> None:
    """Named in the settings and gone, or its version.json broken: the version itself is evaluated."""
    settings(store, {"baseline": "v9"})
    assert "no such version" in summary(store)["comparison"]["reason"]


def test_without_a_version_to_compare_there_is_no_comparison(store: Store) -> None:
    """No baseline, no part."""
    assert "comparison" not in summary(store, baseline="none")


def test_a_baseline_that_changes_meanwhile_is_no_reason(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the store says is raised: it would be another answer the next time."""
    inputs = Registry(store).model("m").inputs(Target("m", "v2", "test", None))
    put(store, "v1", {"part-0.parquet": table(30, first=7)})

    with pytest.raises(InputChanged):
        measure(store, inputs, resolve_settings(inputs.model, inputs.version), "0" * 64)


def test_slices_and_what_examples_show_are_read(store: Store) -> None:
    """Ids, slices and example columns of the rows shown, from files and row groups in any number."""
    settings(store, {"slices": ["region"], "example_columns": ["note", "region"]})
    region = (["north", None, "<b>"] * 20)[:ROWS]
    notes = [f"note \x00{i}" for i in range(ROWS)]
    files = {
        "part-0.parquet": table(2, region=region, note=notes),
        "part-1.parquet": table(1, ROWS, region=region, note=["x" * 300] * ROWS),
    }
    put(store, "v2", files)
    found = summary(store)
    cell = found["examples_by_cell"]["cells"][0]

    assert {name: part["examples"] for name, part in found["slices"]["columns"]["region"].items()} == {
        "north": 40,
        "<b>": 40,
        "(missing)": 40,
    }
    assert (cell["actual"], cell["predicted"], cell["count"]) == ("a", "b", 2)
    assert cell["rows"] == [
        {
            "id": "row-0", "actual": "a", "predicted": "b", "slices": {"region": "north"},
            "columns": {"note": "note \x000", "region": "north"},
        },
        {
            "id": "row-60", "actual": "a", "predicted": "b", "slices": {"region": "north"},
            "columns": {"note": "x" * 199 + "…", "region": "north"},
        },
    ]  # fmt: skip


def test_a_column_like_an_id_is_no_slice(store: Store) -> None:
    """The column is named where its values are too many."""
    settings(store, {"slices": ["id"]})
    rows = pa.table({"y_true": ["a"] * 1001, "y_pred": ["a"] * 1001, "id": [f"r{i}" for i in range(1001)]})
    put(store, "v2", {"part-0.parquet": rows})

    with pytest.raises(Exception, match="'id' has more than 1,000 distinct values"):
        summary(store)


def test_repeated_ids_make_no_examples(store: Store) -> None:
    """Rows keep their places when others are left out: the file's second row is not the third's example."""
    rows = pa.table({"y_true": ["a", "a", "b"], "y_pred": ["a", "b", "a"], "id": ["1", "1", "2"]})
    put(store, "v2", {"part-0.parquet": rows})
    found = summary(store)

    ids = [row["id"] for cell in found["examples_by_cell"]["cells"] for row in cell["rows"]]
    assert sorted(ids) == ["1", "2"]


def test_a_second_pass_chooses_from_the_largest_cells(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """With more cells than are kept at first the same rows are shown."""
    first = summary(store)["examples_by_cell"]
    monkeypatch.setattr(states, "MOST_CELLS", 2)

    assert summary(store)["examples_by_cell"] == first


def test_broken_predictions_of_its_own_are_an_error(store: Store) -> None:
    """Only the baseline's faults are forgiven."""
    put(store, "v2", {"part-0.parquet": table(1).drop_columns(["y_true"])})
    with pytest.raises(InvalidPredictions, match="y_true"):
        summary(store)


def test_rows_are_shown_nowhere_where_examples_are_switched_off(store: Store) -> None:
    """``"examples": false`` leaves the examples out, and every figure as it is."""
    settings(store, {})
    shown = summary(store)
    settings(store, {"examples": False})
    found = summary(store)

    assert "examples_by_cell" in shown
    assert "examples_by_cell" not in found
    assert (found["overall"], found["warnings"]) == (shown["overall"], shown["warnings"])
