"""Models whose summaries have every part, evaluated as a night would: the report's tests show them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from evalcore.settings import resolve_settings
from flows.measure import measure
from infra.documents import dump
from infra.layout import Target, predictions_prefix
from infra.registry import Registry
from infra.storage import Store, open_store

PAIR = ("stays", "leaves")
BINARY: dict[str, Any] = {
    "name": "Customer churn",
    "labels": list(PAIR),
    "positive_label": "leaves",
    "threshold": 0.5,
    "costs": {"false_positive": 1, "false_negative": 5},
    "slices": ["region", "plan"],
    "example_columns": ["note"],
    "training_counts": {"stays": 3800, "leaves": 900},
    "gates": [{"metric": "weighted_f1", "min": 0.8}, {"metric": "recall[leaves]", "min": 0.7}],
}

SIXTY = tuple(f"label {i:02d}" for i in range(60))


class Model:
    """One model in a store of its own."""

    def __init__(self, root: Path, **settings: Any) -> None:
        self.store: Store = open_store(str(root), create=True)
        self._write("models/m/model.json", {"model_id": "m", "promoted_version": "v2", **settings})

    def put(self, version: str, split: str, rows: pa.Table, **document: Any) -> None:
        """Write a version's predictions of one split, then its version.json."""
        sink = pa.BufferOutputStream()
        pq.write_table(rows, sink)
        key = predictions_prefix(Target("m", version, split, None)) + "part-0.parquet"
        self.store.write(key, sink.getvalue().to_pybytes(), content_type="application/octet-stream")
        created = f"2026-11-2{version[-1]}T02:00:00Z"
        content = {"version_id": version, "created_at": created, **document}
        self._write(f"models/m/versions/{version}/version.json", content)

    def _write(self, key: str, document: dict[str, Any]) -> None:
        self.store.write(key, dump(document), content_type="application/json")

    def summary(self, version: str = "v2", threshold: float | None = None) -> dict[str, Any]:
        """The summary of a version's test split."""
        inputs = Registry(self.store).model("m").inputs(Target("m", version, "test", None))
        settings = resolve_settings(inputs.model, inputs.version, threshold=threshold)
        return measure(self.store, inputs, settings, "5d41402abc4b2a76" * 4)


def scored(rows: int, seed: int, skill: float = 2.0, **changes: Any) -> pa.Table:
    """Rows of two labels with scores, lopsided: the rarer label is found less often than it is claimed."""
    chance = np.random.default_rng(seed)
    positive = chance.random(rows) < 0.22
    regions = chance.choice(["north", "south", "west"], rows)
    noise = np.where(regions == "west", 2.2, 1.0)
    margin = skill * positive - 1.4 + noise * chance.normal(size=rows)
    columns = {
        "y_true": [PAIR[int(each)] for each in positive],
        "y_score": np.round(1 / (1 + np.exp(-1.6 * margin)), 4),
        "id": [f"customer-{i:05d}" for i in range(rows)],
        "region": regions,
        "plan": chance.choice(["basic", "premium"], rows, p=[0.8, 0.2]),
        "note": [None if i % 7 == 0 else f"call {i}" for i in range(rows)],
    }
    return pa.table({name: column for name, column in (columns | changes).items() if column is not None})


def binary(root: Path, rows: int = 1500, **settings: Any) -> Model:
    """Scores, a baseline, slices, a validation split, examples with a column: every part there is."""
    model = Model(root, **BINARY | settings)
    model.put("v1", "test", scored(rows, 1, skill=1.4))
    model.put("v2", "validation", scored(rows // 2, 2))
    model.put("v2", "test", scored(rows, 1))
    return model


def several(root: Path, labels: tuple[str, ...], rows: int = 2000, *, probabilities: bool = True) -> Model:
    """A model of several labels, whose errors go to the next label mostly."""
    model = Model(
        root, name="Several labels", labels=list(labels), gates=[{"metric": "macro_f1", "min": 0.5}]
    )
    model.put("v2", "test", _several(labels, rows, 3, probabilities))
    return model


def several_sliced(root: Path, labels: tuple[str, ...], rows: int = 2000) -> Model:
    """The same with a baseline, slices and training counts: every part there is of several labels."""
    model = Model(
        root,
        name="Several labels",
        labels=list(labels),
        slices=["region", "plan"],
        training_counts={label: 100 + 30 * i for i, label in enumerate(labels)},
        gates=[{"metric": "macro_f1", "min": 0.5}, {"metric": f"recall[{labels[-1]}]", "min": 0.6}],
    )
    for version, seed in (("v1", 4), ("v2", 3)):
        chance = np.random.default_rng(5)
        table = _several(labels, rows, seed, True)
        for column, values in (("region", ["north", "south", "west"]), ("plan", ["basic", "premium"])):
            table = table.append_column(column, pa.array(chance.choice(values, rows)))
        model.put(version, "test", table)
    return model


def _several(labels: tuple[str, ...], rows: int, seed: int, probabilities: bool) -> pa.Table:
    chance = np.random.default_rng(seed)
    share = np.arange(len(labels), 0, -1) / sum(range(len(labels) + 1))
    actual = chance.choice(len(labels), rows, p=share)
    score = chance.gamma(0.3, size=(rows, len(labels)))
    score[np.arange(rows), actual] += chance.gamma(2.0, size=rows)
    score[np.arange(rows), (actual + 1) % len(labels)] += chance.gamma(0.6, size=rows)
    score /= score.sum(axis=1, keepdims=True)
    columns: dict[str, Any] = {"y_true": [labels[i] for i in actual], "id": [f"row-{i}" for i in range(rows)]}
    if probabilities:
        columns["probs"] = score.tolist()
    else:
        columns["y_pred"] = [labels[i] for i in score.argmax(axis=1)]
    return pa.table(columns)
