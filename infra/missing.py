"""The errors for what is asked for by name and is not there: each says what there is instead."""

from __future__ import annotations

from collections.abc import Sequence

from evalcore.errors import ModelNotFound, PredictionsNotFound, VersionNotFound
from infra import layout
from infra.layout import Target
from infra.storage import Store

_SHOWN = 5


def model(store: Store, model_id: str) -> ModelNotFound:
    """No such model; names those that the store has."""
    names = [name for name in store.children(layout.MODELS) if layout.is_id(name)]
    there = some(names, "the store has", "the store has no models")
    return ModelNotFound(
        f"no model {model_id} in {store.url}", f"{there}; `assay add` makes one", model_id=model_id
    )


def model_begun(store: Store, model_id: str) -> ModelNotFound:
    """A model's folder without its ``model.json``."""
    return ModelNotFound(
        f"{store.url} has a folder for model {model_id}, but no {layout.model_key(model_id)}",
        "write its model.json",
        model_id=model_id,
    )


def version(model_id: str, versions: Sequence[str], version_id: str | None) -> VersionNotFound:
    """No such version, or none at all (``version_id`` None); names those that the model has."""
    name = "versions" if version_id is None else f"version {version_id}"
    return VersionNotFound(
        f"model {model_id} has no {name}",
        f"{_has(versions)}; a version exists once its version.json is there",
        model_id=model_id,
        version_id=version_id,
    )


def promoted(model_id: str, versions: Sequence[str]) -> VersionNotFound:
    """No version was named and none is promoted."""
    return VersionNotFound(
        f"model {model_id} has no promoted version",
        f"name a version, or set it with `assay promote {model_id} VERSION`; {_has(versions)}",
        model_id=model_id,
    )


def predictions(target: Target, splits: Sequence[tuple[str, str | None]]) -> PredictionsNotFound:
    """The version has no predictions there; names the splits and checkpoints that have some."""
    names = [split if name is None else f"{split} checkpoint {name}" for split, name in splits]
    there = some(names, "the version has some for", "the version has none for any split")
    return PredictionsNotFound(
        f"no predictions of {target.model_id} {target.version_id} in {layout.predictions_prefix(target)}",
        f"add them with `assay add`; {there}",
        model_id=target.model_id,
        version_id=target.version_id,
        dataset_split=target.dataset_split,
        checkpoint=target.checkpoint,
    )


def some(names: Sequence[str], has: str, none: str) -> str:
    """Up to five of the names after ``has``, or ``none``."""
    if not names:
        return none
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{has} {', '.join(names[:_SHOWN])}{more}"


def _has(versions: Sequence[str]) -> str:
    return some(versions, "it has", "it has no versions")
