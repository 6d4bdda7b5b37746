"""Evaluations that are stored, as the reading commands find them: without Prefect, NumPy or PyArrow."""

from __future__ import annotations

from typing import Any

from evalcore.errors import EvaluationNotFound, InvalidSettings, UnreadableFile
from infra import documents, publish
from infra.layout import Target, failure_key, summary_key
from infra.registry import Registry
from infra.storage import Store

_ALWAYS_THERE = {
    **dict.fromkeys(("model_id", "version_id", "dataset_split", "verdict"), str),
    "examples": int,
    **dict.fromkeys(("overall", "per_class_metrics", "confusion_matrix"), dict),
    **dict.fromkeys(("gates", "warnings", "labels"), list),
}


def read_summary(
    store: Store, model_id: str, version_id: str | None, dataset_split: str, checkpoint: str | None
) -> dict[str, Any]:
    """The summary in force of a version, the promoted one where none is named.

    Raises ModelNotFound, VersionNotFound or EvaluationNotFound, whichever it is that is not there, and
    UnreadableFile for a summary that is damaged.
    """
    if version_id is None:
        version_id = Registry(store).model(model_id).resolve(None)
    return summary_of(store, Target(model_id, version_id, dataset_split, checkpoint))


def summary_of(store: Store, target: Target) -> dict[str, Any]:
    """The summary in force of a target; raises as ``read_summary``."""
    found = publish.stored(store, target)
    if found is None:
        raise _missing(store, target)
    if not _is_summary(found.document):
        key = summary_key(target)
        raise UnreadableFile(f"{store.url}/{key} is damaged", f"run {_evaluate(target)}", key=key)
    return found.document


def read_failure(store: Store, target: Target) -> dict[str, Any] | None:
    """What ``failure.json`` says; None where the last attempt did not fail, or the file is damaged."""
    blob = store.read(failure_key(target))
    try:
        found = documents.parse(blob.data, failure_key(target)) if blob else None
    except InvalidSettings:
        return None
    return found if found and {"code", "message"} <= found.keys() else None


def _is_summary(document: dict[str, Any]) -> bool:
    """Whether it has what every summary has, as far as the reading commands go by it."""
    return {"model_name", "checkpoint"} <= document.keys() and all(
        isinstance(document.get(name), kind) for name, kind in _ALWAYS_THERE.items()
    )


def list_models(store: Store) -> list[dict[str, Any]]:
    """Every model with its versions and what the index says of their evaluations."""
    from concurrent.futures import ThreadPoolExecutor

    from infra.index import read_index

    index = read_index(store) or {"evaluations": []}
    evaluations: dict[str, list[dict[str, Any]]] = {}
    for entry in index["evaluations"]:
        evaluations.setdefault(entry["model_id"], []).append(entry)
    registry = Registry(store)
    with ThreadPoolExecutor(8) as readers:
        return list(
            readers.map(lambda name: _listed(registry, name, evaluations.get(name, [])), registry.models())
        )


def _listed(registry: Registry, model_id: str, evaluations: list[dict[str, Any]]) -> dict[str, Any]:
    from evalcore.errors import Forbidden, ModelNotFound

    listed: dict[str, Any] = {"model_id": model_id, "name": None, "promoted_version": None, "versions": []}
    try:
        model = registry.model(model_id)
        name = model.document.get("name")
        listed |= {
            "name": name,
            "promoted_version": model.promoted,
            "versions": model.versions(),
            "error": None,
        }
    except (
        Forbidden,
        InvalidSettings,
        ModelNotFound,
        UnreadableFile,
    ) as error:  # the others can be listed all the same
        listed["error"] = {"code": error.code, "message": str(error)}
    return {**listed, "evaluations": evaluations}


def _missing(store: Store, target: Target) -> EvaluationNotFound:
    """The error for an evaluation that is not stored; raises the one that says more where there is one."""
    model = Registry(store).model(target.model_id)
    model.resolve(target.version_id)
    return EvaluationNotFound(
        f"{target} has not been evaluated in {store.url}",
        f"run {_evaluate(target)}",
        model_id=target.model_id,
        version_id=target.version_id,
        dataset_split=target.dataset_split,
        checkpoint=target.checkpoint,
    )


def _evaluate(target: Target) -> str:
    """The command that makes an evaluation."""
    checkpoint = f" --checkpoint {target.checkpoint}" if target.checkpoint else ""
    return (
        f"assay evaluate {target.model_id} --version {target.version_id} "
        f"--split {target.dataset_split}{checkpoint}"
    )
