"""From files to the summary document: read, evaluate, and say what was read and when."""

from __future__ import annotations

import platform
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from evalcore.columns import needs_labels, plan_reading, with_occurring_labels
from evalcore.errors import InvalidPredictions, UnreadableFile
from evalcore.evaluate import evaluate_batches
from evalcore.labels import in_order
from evalcore.settings import Settings
from evalcore.summary import Document, Identity, Input, summary_document
from infra.registry import Inputs
from infra.storage import Entry, Store
from infra.tables import TableFile, Tables

LIBRARIES = ("assay-reports", "numpy", "pyarrow")


@dataclass(frozen=True)
class Started:
    """When and for which run a measurement began."""

    run_id: str | None
    at: str

    @classmethod
    def now(cls, run_id: str | None) -> Started:
        """A measurement that begins now."""
        return cls(run_id, _now())

    def provenance(self) -> Document:
        """What the summary keeps of the circumstances; no report shows any of it."""
        return {
            "started_at": self.at,
            "finished_at": _now(),
            "host": socket.gethostname(),
            "run_id": self.run_id,
            "versions": {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES},
        }


def measure(
    store: Store, inputs: Inputs, settings: Settings, digest: str, *, run_id: str | None = None
) -> Document:
    """The summary of one target, without artifacts.

    Raises InvalidPredictions, InvalidSettings, UnreadableFile, and ``InputChanged`` where a file is no longer
    the one that was listed.
    """
    if inputs.ground_truth:
        raise InvalidPredictions(
            f"{inputs.ground_truth[0].key}: separate ground truth is not joined yet",
            "store the actual labels beside the predictions",
        )
    started = Started.now(run_id)
    target = inputs.target
    identity = Identity(
        model_id=target.model_id,
        model_name=settings.name or target.model_id,
        version_id=target.version_id,
        created_at=inputs.version.get("created_at"),
        evaluation=digest,
        dataset_split=target.dataset_split,
        checkpoint=target.checkpoint,
    )
    files = [_stored(store, entry) for entry in inputs.predictions]
    return _document(files, settings, identity, inputs.splits, started)


def measure_files(
    paths: Sequence[Path], settings: Settings, identity: Identity, *, run_id: str | None = None
) -> Document:
    """The summary of files outside a store. Raises as ``measure``, UnreadableFile for a missing file too."""
    started = Started.now(run_id)
    splits = [(identity.dataset_split, identity.checkpoint)]
    return _document(local_files(paths), settings, identity, splits, started)


def local_files(paths: Iterable[Path]) -> list[TableFile]:
    """Files outside a store, under the names they were given. Raises UnreadableFile where one is missing."""
    return [_local(path) for path in paths]


def _local(path: Path) -> TableFile:
    from hashlib import md5

    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            etag = _digest(md5(usedforsecurity=False), stream)
    except OSError as error:
        raise UnreadableFile(
            f"{path} cannot be opened: {error.strerror}", "give the path of a file that can be read"
        ) from error
    return TableFile(path.as_posix(), etag, size, partial(path.open, "rb"))


def _digest(digest: Any, stream: Any) -> str:
    while block := stream.read(1 << 20):
        digest.update(block)
    return str(digest.hexdigest())


def _stored(store: Store, entry: Entry) -> TableFile:
    return TableFile(entry.key, entry.etag or "", entry.size, partial(store.open, entry))


def _document(
    files: Sequence[TableFile],
    settings: Settings,
    identity: Identity,
    splits: Sequence[tuple[str, str | None]],
    started: Started,
) -> Document:
    tables = Tables(files)
    names = tables.columns()
    if needs_labels(settings, names) and settings.columns.ground_truth in names:
        settings = with_occurring_labels(settings, _occurring(tables, settings.columns.ground_truth))
    reading = plan_reading(settings, names, tables.files[0].key)
    evaluation = evaluate_batches(tables.batches(settings, reading), settings, reading)
    inputs = [
        Input(file.key, "predictions", file.etag, file.size, tables.rows[file.key]) for file in tables.files
    ]
    return summary_document(evaluation, identity, splits, inputs, started.provenance())


def _occurring(tables: Tables, column: str) -> tuple[str, ...]:
    from evalcore.arrow import label_column
    from evalcore.batch import Source

    found: set[str] = set()
    for key, first_row, values in tables.column(column):
        found.update(label_column(values, column, Source(key, first_row)).vocabulary)
    return in_order(found)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
