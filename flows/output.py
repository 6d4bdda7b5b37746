"""The folder of ``--output``: the artifacts of an evaluation, for those who want files and no store."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evalcore.errors import StorageUnavailable
from infra.faults import of_os

if TYPE_CHECKING:
    from infra.layout import Target
    from infra.storage import Store
    from templates import Rendered


def write(folder: str | None, document: Mapping[str, Any], files: Mapping[str, Rendered]) -> None:
    """Write rendered artifacts and their ``summary.json``."""
    if folder is not None:
        _write_all(folder, document, {name: file.data for name, file in files.items()})


def copy(folder: str | None, store: Store, target: Target, document: Mapping[str, Any]) -> None:
    """Write the artifacts of the evaluation that is in force."""
    from infra.layout import evaluation_folder

    if folder is None:
        return
    files: dict[str, bytes] = {}
    for name, artifact in document["artifacts"].items():
        blob = store.read(evaluation_folder(target) + artifact["key"])
        if blob is None:
            raise StorageUnavailable(
                f"{artifact['key']} of {target} has gone meanwhile", "try again", key=artifact["key"]
            )
        files[name] = blob.data
    _write_all(folder, document, files)


def _write_all(folder: str, document: Mapping[str, Any], files: Mapping[str, bytes]) -> None:
    from evalcore.summary import dump

    flat = {name: _facts(name, data) for name, data in sorted(files.items())}
    rest = {key: value for key, value in document.items() if key not in ("artifacts", "provenance")}
    last = {"provenance": document["provenance"]} if "provenance" in document else {}
    summary = dump({**rest, "artifacts": flat, **last})
    for name, data in {**files, "summary.json": summary}.items():
        _put(Path(folder) / name, data)


def _facts(name: str, data: bytes) -> dict[str, Any]:
    return {"key": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _put(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        raise of_os(error, path.as_posix()) from error
