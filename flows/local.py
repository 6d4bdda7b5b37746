"""An evaluation of files, without a store: for a laptop, and for continuous integration."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evalcore.errors import InvalidSettings
from flows import output as output_folder
from flows.progress import counted, step
from infra import documents, layout

LOCAL = "local"
"""The model and the version where the settings name none."""


def evaluate_files(
    paths: Sequence[Path],
    settings_file: Path | None,
    *,
    threshold: float | None,
    dataset_split: str,
    output: str,
) -> dict[str, Any]:
    """Evaluate files and write the artifacts into a folder; the summary.

    Raises InvalidParameter, InvalidSettings, InvalidPredictions, UnreadableFile, UnsupportedTask.
    """
    from evalcore.settings import resolve_settings
    from evalcore.summary import Identity
    from flows.measure import local_files, measure_files
    from flows.steps import render

    document = {} if settings_file is None else read_settings(settings_file)
    settings = resolve_settings(document, {}, threshold=threshold)
    model, version = _id(document, "model_id"), _id(document, "version_id")
    identity = Identity(
        model_id=model,
        model_name=settings.name or model,
        version_id=version,
        created_at=document.get("created_at"),
        evaluation=_digest([(file.key, file.etag, file.size) for file in local_files(paths)], settings),
        dataset_split=layout.check_split(dataset_split),
        checkpoint=None,
    )
    step(f"reading {counted(len(paths), 'file')} of predictions")
    summary = measure_files(paths, settings, identity)
    output_folder.write(output, summary, render(summary))
    return summary


def _digest(files: list[tuple[str, str, int]], settings: Any) -> str:
    from evalcore import FIGURES_VERSION
    from templates import REPORTS_VERSION

    taken = [[Path(key).name, etag, size] for key, etag, size in files]
    document = [taken, settings.document(), FIGURES_VERSION, REPORTS_VERSION]
    return hashlib.sha256(json.dumps(document, sort_keys=True, allow_nan=False).encode()).hexdigest()


def read_settings(path: Path) -> dict[str, Any]:
    """A settings file outside the store; raises InvalidSettings."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidSettings(
            f"{path} cannot be read: {error.strerror}", "name a model.json", file=str(path)
        ) from error
    return documents.parse(data, str(path))


def _id(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    return LOCAL if value is None else layout.check_id(name.removesuffix("_id"), value)
