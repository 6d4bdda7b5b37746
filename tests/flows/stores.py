"""Small stores for the tests of the flows."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from templates import Rendered

LABELS = ("cat", "dog")


def put_model(root: Path, model_id: str, version_id: str = "v1", *, rows: int = 40, **settings: Any) -> Path:
    """Write a model with one promoted version of predictions for the test split; the version's folder."""
    document = {"model_id": model_id, "name": model_id.title(), "task_type": "classification"}
    document |= {"labels": list(LABELS), "promoted_version": version_id, **settings}
    model = root / "models" / model_id
    model.mkdir(parents=True, exist_ok=True)
    (model / "model.json").write_text(json.dumps(document))
    return put_version(root, model_id, version_id, rows=rows)


def put_version(
    root: Path, model_id: str, version_id: str, *, rows: int = 40, created_at: str = "2026-11-20T02:00:00Z"
) -> Path:
    """Write a version with predictions for the test split; its folder."""
    version = root / "models" / model_id / "versions" / version_id
    predictions = version / "predictions" / "test"
    predictions.mkdir(parents=True, exist_ok=True)
    write_predictions(predictions / "part-0.parquet", rows)
    document = {"version_id": version_id, "created_at": created_at}
    (version / "version.json").write_text(json.dumps(document))
    return version


def write_predictions(path: Path, rows: int = 40, *, wrong: int = 8, **columns: list[Any]) -> Path:
    """Write predictions of cats and dogs, every ``wrong``-th one wrong."""
    truth = [LABELS[row % 2] for row in range(rows)]
    guess = [LABELS[(row + (row % wrong == 0)) % 2] for row in range(rows)]
    table: dict[str, list[Any]] = {"y_true": truth, "y_pred": guess, **columns}
    pq.write_table(pa.table(table), path)
    return path


def write_scores(path: Path, rows: int = 40) -> Path:
    """Write predictions as scores of ``dog``, dogs' from 0.3 to 0.9, cats' from 0.1 to 0.7."""
    truth = [LABELS[row % 2] for row in range(rows)]
    scores = [(0.3 if row % 2 else 0.1) + 0.6 * row / rows for row in range(rows)]
    pq.write_table(pa.table({"y_true": truth, "y_score": scores}), path)
    return path


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its content, the store's own apart."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in files
        if not path.name.startswith(".assay")
    }


def small_reports(summary: dict[str, Any]) -> dict[str, Rendered]:
    """Artifacts of which each is a line."""
    line = hashlib.sha256(json.dumps(summary["overall"]).encode()).hexdigest().encode()
    return {
        "report.html": Rendered(b"<!doctype html>" + line, "text/html; charset=utf-8"),
        "report.pdf": Rendered(b"%PDF-" + line, "application/pdf"),
        "confusion_matrix.json": Rendered(b'"' + line + b'"', "application/json"),
    }


def document(path: Path) -> Any:
    """A JSON file."""
    return json.loads(path.read_text())
