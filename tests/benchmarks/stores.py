"""Stores for the benchmark of a night: models with binary versions, made once, the same on every machine."""

from __future__ import annotations

import io
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from infra import layout
from infra.layout import Target
from infra.storage import open_store
from tests.infra.doubles import put

LABELS = ["stays", "leaves"]
_AT_ONCE = 8


def put_due(url: str, versions: int, versions_a_model: int, rows: int) -> None:
    """Models with versions that were never evaluated."""
    store = open_store(url)

    def put_version(number: int) -> None:
        model, version = names(number, versions_a_model)
        if version == "v000":
            put(store, layout.model_key(model), _model(model))
        prefix = layout.predictions_prefix(Target(model, version))
        put(store, f"{prefix}part-0.parquet", predictions(rows, number))
        put(store, layout.version_key(model, version), {"version_id": version, "created_at": _day(version)})

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(put_version, range(versions)))


def put_up_to_date(url: str, versions: int, versions_a_model: int) -> None:
    """Models with versions that are in force: measured as they are, with the reports of the first."""
    from flows import steps

    put_due(url, versions, versions_a_model, 100)
    one: dict[str, Any] = {}
    render = steps.render

    def render_once(document: dict[str, Any]) -> dict[str, Any]:
        if not one:
            one.update(render(document))
        return one

    steps.render = render_once
    try:
        requests = [steps.Request(url, *names(number, versions_a_model)) for number in range(versions)]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            outcomes = list(pool.map(steps.settle, requests))
        steps.update_index(url, outcomes)
    finally:
        steps.render = render
    assert {outcome.status for outcome in outcomes} == {"published"}


def names(number: int, versions_a_model: int) -> tuple[str, str]:
    """The ids of a model and a version of it."""
    model, version = divmod(number, versions_a_model)
    return f"model-{model:05d}", f"v{version:03d}"


def predictions(rows: int, seed: int) -> bytes:
    """A Parquet file of a binary model's float32 scores, with an area under the curve of about 0.9."""
    rng = np.random.default_rng(seed)
    actual = rng.random(rows) < 0.2
    scores = 1 / (1 + np.exp(-(rng.normal(size=rows) + 1.8 * actual - 1.5)))
    labels = pa.array(np.array(LABELS)[actual.astype(int)])
    file = io.BytesIO()
    pq.write_table(
        pa.table({"id": pa.array(range(rows)), "y_true": labels, "y_score": scores.astype("float32")}), file
    )
    return file.getvalue()


def pdf_seconds(rows: int, rounds: int = 5) -> float:
    """CPU seconds that the PDF of one such version takes, once what it needs is loaded."""
    import tempfile
    from pathlib import Path

    from evalcore.settings import resolve_settings
    from evalcore.summary import Identity
    from flows.measure import measure_files
    from templates import formats

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "part-0.parquet"
        path.write_bytes(predictions(rows, 0))
        identity = Identity("bench", "bench", "v1", None, "0" * 64, "test", None)
        document = measure_files([path], resolve_settings(_model("bench"), {}), identity)
    shown = {name: value for name, value in document.items() if name != "provenance"}
    [pdf] = [each for each in formats() if each.name.endswith(".pdf")]
    pdf.load()
    pdf.render(shown)
    started = time.process_time()
    for _ in range(rounds):
        pdf.render(shown)
    return (time.process_time() - started) / rounds


def _model(model: str) -> dict[str, Any]:
    return {
        "model_id": model,
        "name": model.title(),
        "task_type": "classification",
        "labels": LABELS,
        "positive_label": LABELS[1],
        "promoted_version": "v000",
        "gates": [{"metric": "roc_auc", "min": 0.5}],
    }


def _day(version: str) -> str:
    return f"2026-01-{1 + int(version[1:]) % 28:02d}T02:00:00Z"
