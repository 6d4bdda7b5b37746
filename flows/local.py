"""An evaluation of files, without a store: for a laptop, and for continuous integration."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evalcore.errors import InvalidParameter, InvalidSettings
from flows import engine as engines
from flows import output as output_folder
from flows.progress import counted, step
from infra import documents, folder, layout, settings_files
from infra.inputs import Inputs
from infra.layout import Target
from infra.storage import Entry

LOCAL = "local"
"""The id of model and version where the settings have none; the first file names the report then."""

_NEVER = datetime.min.replace(tzinfo=UTC)


def evaluate_files(
    paths: Sequence[Path],
    settings_file: Path | None,
    *,
    threshold: float | None,
    dataset_split: str,
    output: str,
    engine: str = engines.LOCAL,
    workers: int | None = None,
) -> dict[str, Any]:
    """Evaluate files and write the artifacts into a folder; the summary.

    Raises InvalidParameter, InvalidSettings, InvalidPredictions, UnreadableFile, UnsupportedTask, and
    EngineUnavailable.
    """
    from evalcore.settings import resolve_settings
    from evalcore.summary import Identity
    from flows.measure import measure_files
    from flows.steps import digest_of, render

    _refuse_repeated(paths)
    document = {} if settings_file is None else read_settings(settings_file)
    settings_files.created_at(document, str(settings_file))
    settings = resolve_settings(document, {}, threshold=threshold, files=(str(settings_file),) * 2)
    target = Target(_id(document, "model_id"), _id(document, "version_id"), dataset_split)
    identity = Identity(
        model_id=target.model_id,
        model_name=settings.name or document.get("model_id") or folder.shown(paths[0].name),
        version_id=target.version_id,
        created_at=document.get("created_at"),
        evaluation="",
        dataset_split=target.dataset_split,
        checkpoint=None,
    )
    step(f"reading {counted(len(paths), 'file')} of predictions")
    with engines.opened(engine, workers) as ready:
        summary = measure_files(paths, settings, identity, engine=ready)
    # Only now: to know what a file holds it has to be read, once.
    summary["evaluation"] = digest_of(_inputs(target, document, summary["inputs"]), settings)
    output_folder.write(output, summary, render(summary))
    return summary


def _inputs(target: Target, document: dict[str, Any], files: list[dict[str, Any]]) -> Inputs:
    """What was read, as if it lay in a store: by its name, wherever the file lies."""
    read = [Entry(Path(file["key"]).name, file["bytes"], file["etag"], _NEVER) for file in files]
    return Inputs(
        target=target,
        model=document,
        version=document,
        predictions=tuple(read),
        ground_truth=(),
        validation=(),
        validation_ground_truth=(),
        baseline=(),
        baseline_version=None,
        baseline_settings=None,
        splits=((target.dataset_split, None),),
    )


def _refuse_repeated(paths: Sequence[Path]) -> None:
    """Raise where a file is given twice: its rows would count twice."""
    seen: set[Path] = set()
    for path in paths:
        if path.absolute() in seen:
            raise InvalidParameter(f"{path} is given twice", "give each file once", file=str(path))
        seen.add(path.absolute())


def read_settings(path: Path) -> dict[str, Any]:
    """A settings file outside the store; raises InvalidSettings."""
    if path.exists() and not path.is_file():  # to read a pipe may take for ever
        raise InvalidSettings(f"{path} is not a file", "name a model.json", file=str(path))
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
