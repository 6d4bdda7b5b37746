"""From files to the summary document: read, evaluate, and say what was read and when."""

from __future__ import annotations

import platform
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from stat import S_ISREG
from typing import Any

from evalcore.errors import UnreadableFile
from evalcore.evaluate import evaluate_states
from evalcore.garbage import uncollected
from evalcore.settings import Settings
from evalcore.summary import Document, Identity, Input, summary_document
from flows.baseline import Measurement, measure_baseline
from flows.engine import HERE, Engine
from flows.examples import with_example_rows, with_texts
from flows.rows import Rows, open_rows
from flows.store_files import stored
from infra import folder
from infra.pieces import TableFile
from infra.registry import Inputs
from infra.storage import Store

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
            "versions": _versions(),
        }


@cache
def _versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}


def measure(
    store: Store,
    inputs: Inputs,
    settings: Settings,
    digest: str,
    *,
    run_id: str | None = None,
    engine: Engine = HERE,
) -> Document:
    """The summary of one target, without artifacts.

    Raises InvalidPredictions, InvalidSettings, UnreadableFile, ``InputChanged`` where a file is no longer
    the one that was listed, and EngineUnavailable.
    """
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
    files = stored(store, inputs.predictions), stored(store, inputs.ground_truth)
    rows = open_rows(*files, settings, engine=engine)
    validation = _validation(store, inputs, settings, engine) if rows.reading.binary else None
    compared = measure_baseline(store, inputs, settings, engine)
    return _document(rows, identity, inputs.splits, started, compared, validation)


def measure_files(
    paths: Sequence[Path],
    settings: Settings,
    identity: Identity,
    *,
    run_id: str | None = None,
    engine: Engine = HERE,
) -> Document:
    """The summary of files outside a store. Raises as ``measure``, UnreadableFile for a missing file too."""
    return measure_tables(local_files(paths), settings, identity, run_id=run_id, engine=engine)


def measure_tables(
    files: Sequence[TableFile],
    settings: Settings,
    identity: Identity,
    *,
    run_id: str | None = None,
    engine: Engine = HERE,
) -> Document:
    """The summary of files wherever they are. Raises as ``measure``."""
    started = Started.now(run_id)
    splits = [(identity.dataset_split, identity.checkpoint)]
    return _document(open_rows(files, (), settings, engine=engine), identity, splits, started)


def local_files(paths: Iterable[Path]) -> list[TableFile]:
    """Files outside a store, under the names they were given. Raises UnreadableFile where one is missing."""
    return [_local(path) for path in paths]


def _local(path: Path) -> TableFile:
    from hashlib import md5

    try:
        state = path.stat()
        if not S_ISREG(state.st_mode):
            raise UnreadableFile(f"{path} is not a file", "give the path of a file that can be read")
        with path.open("rb") as stream:
            etag = _digest(md5(usedforsecurity=False), stream)
    except OSError as error:
        raise UnreadableFile(
            f"{path} cannot be opened: {error.strerror}", "give the path of a file that can be read"
        ) from error
    return TableFile(folder.shown(path.as_posix()), etag, state.st_size, partial(path.absolute().open, "rb"))


def _digest(digest: Any, stream: Any) -> str:
    while block := stream.read(1 << 20):
        digest.update(block)
    return str(digest.hexdigest())


def _document(
    rows: Rows,
    identity: Identity,
    splits: Sequence[tuple[str, str | None]],
    started: Started,
    compared: Measurement = (None, []),
    validation: Rows | None = None,
) -> Document:
    baseline, files = compared
    states = with_example_rows(rows, rows.states())
    with uncollected():
        evaluation = evaluate_states(
            states,
            rows.settings,
            rows.reading,
            baseline,
            split=identity.dataset_split,
            validation=validation and validation.threshold_counts(),
        )
        read = rows.inputs() + files + _validation_inputs(validation)
        return summary_document(with_texts(rows, evaluation), identity, splits, read, started.provenance())


def _validation(store: Store, inputs: Inputs, settings: Settings, engine: Engine) -> Rows | None:
    """The validation split's rows, on which operating points are chosen; None where there are none."""
    if not inputs.validation:
        return None
    files = stored(store, inputs.validation), stored(store, inputs.validation_ground_truth)
    return open_rows(*files, replace(settings, slices=(), example_columns=()), engine=engine)


def _validation_inputs(validation: Rows | None) -> list[Input]:
    if validation is None or not validation.reading.binary:
        return []
    return [
        replace(file, role="validation" if file.role == "predictions" else f"validation_{file.role}")
        for file in validation.inputs()
    ]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
