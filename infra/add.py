"""What users put into the store with Assay's help: a version's predictions, and which version is promoted."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import uniform
from typing import Any

from evalcore.errors import InvalidParameter, InvalidPredictions, UnreadableFile
from infra import documents, layout, missing
from infra.agreement import one_format
from infra.clock import utc
from infra.format_table import content_types, ending_of
from infra.layout import Target
from infra.registry import Registry
from infra.storage import Store, WriteConflict

_ATTEMPTS = 10


@dataclass(frozen=True)
class Added:
    """What ``add_version`` did: the keys of the predictions, and what it made beside them."""

    target: Target
    keys: tuple[str, ...]
    new_model: bool
    new_version: bool


def add_version(
    store: Store,
    target: Target,
    files: Sequence[Path],
    *,
    settings: dict[str, Any] | None = None,
) -> Added:
    """Upload predictions of a version, its ``version.json`` last.

    A model that is not there is made, with ``settings`` as its ``model.json`` (else a minimal one for
    classification). Files of the same names are replaced. Raises InvalidParameter where other files lie
    there already or where ``settings`` are given for a model that has others, InvalidPredictions for a file
    that cannot be predictions, UnreadableFile.
    """
    prefix = layout.predictions_prefix(target)
    _check_files(files)
    _refuse_others(store, prefix, {file.name for file in files})
    new_model = _make_model(store, target.model_id, settings)
    keys = tuple(_upload(store, prefix, file) for file in files)
    return Added(target, keys, new_model, _finish_version(store, target))


def promote(store: Store, model_id: str, version_id: str) -> bool:
    """Make a version the promoted one; whether it was not. Everything else in ``model.json`` is kept.

    Raises ModelNotFound, VersionNotFound, InvalidSettings, and WriteConflict where others keep writing it.
    """
    key = layout.model_key(model_id)
    if store.read(layout.version_key(model_id, version_id)) is None:
        # Raises what is wrong: the model, or the version.
        Registry(store).model(model_id).resolve(version_id)
    for attempt in range(_ATTEMPTS):
        try:
            return _set_promoted(store, key, model_id, version_id)
        except WriteConflict:
            if attempt == _ATTEMPTS - 1:
                raise
            time.sleep(uniform(0, 0.05 * 2**attempt))
    raise AssertionError("unreachable")


def _set_promoted(store: Store, key: str, model_id: str, version_id: str) -> bool:
    blob = store.read(key)
    if blob is None:
        raise missing.model(store, model_id)
    document = documents.parse(blob.data, key)
    if document.get("promoted_version") == version_id:
        return False
    documents.replace(store, key, _settings_text({**document, "promoted_version": version_id}), blob.etag)
    return True


# -- the model and the version -----------------------------------------------------------------------


def _make_model(store: Store, model_id: str, settings: dict[str, Any] | None) -> bool:
    """Write ``model.json`` if there is none; whether that was so."""
    key = layout.model_key(model_id)
    blob = store.read(key)
    document = {"model_id": model_id, "name": model_id, "task_type": "classification", **(settings or {})}
    if blob is None:
        if document["model_id"] != model_id:
            raise InvalidParameter(
                f"the settings are of model {str(document['model_id'])[:140]!r}, not of {model_id!r}",
                "correct or leave out their model_id",
            )
        try:
            documents.replace(store, key, _settings_text(document), None)
        except WriteConflict:  # another `add` has just made it
            return False
        return True
    stored = documents.parse(blob.data, key)
    if settings is not None and not _alike(stored, document):
        raise InvalidParameter(
            f"model {model_id} has other settings already", f"leave them out, or edit {key} instead", key=key
        )
    return False


def _alike(stored: dict[str, Any], given: dict[str, Any]) -> bool:
    """Whether the settings given are those stored, but for the version that was promoted since."""
    promoted = {} if "promoted_version" in given else {"promoted_version": stored.get("promoted_version")}
    texts = [json.dumps({**each, **promoted}, sort_keys=True) for each in (stored, given)]
    return texts[0] == texts[1]


def _finish_version(store: Store, target: Target) -> bool:
    """Write ``version.json``, as it was where it is there; whether it was not.

    It is written again even so: whoever waits for it as the sign that predictions are complete is told.
    """
    key = layout.version_key(target.model_id, target.version_id)
    new = _settings_text({"version_id": target.version_id, "created_at": utc()})
    for _ in range(_ATTEMPTS):
        blob = store.read(key)
        try:
            documents.replace(store, key, blob.data if blob else new, blob.etag if blob else None)
        except WriteConflict:
            continue
        return blob is None
    raise WriteConflict(f"{key} keeps changing", "try again")


def _settings_text(document: dict[str, Any]) -> bytes:
    """A settings file as people like to edit it."""
    return (json.dumps(document, allow_nan=False, ensure_ascii=False, indent=2) + "\n").encode()


# -- the files ---------------------------------------------------------------------------------------


def _check_files(files: Sequence[Path]) -> None:
    if not files:
        raise InvalidParameter("no files given", "name the files of predictions")
    names = [file.name for file in files]
    for file in files:
        _check_file(file)
        if names.count(file.name) > 1:
            raise InvalidParameter(
                f"two files are named {file.name}", "rename one: they would have the same key", file=file.name
            )
    one_format([str(file) for file in files])


def _check_file(file: Path) -> None:
    if file.name.startswith(("_", ".")) or not file.name.isprintable():
        raise InvalidPredictions(
            f"{file.name!r} would be ignored, or cannot be a key",
            "rename it: no '_' or '.' first, no control characters",
            file=str(file),
        )
    if not file.exists():
        raise UnreadableFile(f"there is no file {file}", "correct its path", file=str(file))
    if ending_of(file.name) is None:
        raise InvalidPredictions(
            f"{file} is not a file of predictions by its ending",
            f"use one of {', '.join(content_types())}",
            file=str(file),
        )
    if not file.is_file() or file.stat().st_size == 0:
        raise InvalidPredictions(f"{file} is a folder or empty", "give a file with rows", file=str(file))


def _refuse_others(store: Store, prefix: str, names: set[str]) -> None:
    """Raise where predictions would be mixed with files that are there: unwanted rows would count."""
    stored = (entry.key.removeprefix(prefix) for entry in store.list(prefix, etags=False))
    others = [name for name in stored if layout.is_table(name) and name not in names]
    if others:
        raise InvalidParameter(
            missing.some(others, f"{prefix} holds other files already:", ""),
            "delete them, give the new files the same names, or add another version",
            prefix=prefix,
        )


def _upload(store: Store, prefix: str, file: Path) -> str:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UnreadableFile(
            f"cannot read {file}: {error.strerror}", "check it and its permissions", file=str(file)
        ) from error
    content_type = content_types()[str(ending_of(file.name))]
    store.write(prefix + file.name, data, content_type=content_type)
    return prefix + file.name
