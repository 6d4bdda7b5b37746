"""Where everything lies in the store: the only place that builds a key or takes one apart.

Keys are relative to the store's root. An id is checked before it becomes part of a key, so that no name
given by a user can reach outside its folder or stand where a file of Assay's own stands.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

from evalcore.errors import InvalidParameter

SPLITS = ("train", "validation", "test")

MODELS = "models/"
EVALUATIONS = "evaluations/"
NIGHTLY = "evaluations/nightly/"
INDEX_JSON = "evaluations/index.json"
INDEX_HTML = "evaluations/index.html"
LEASE = "evaluations/nightly/.lease.json"

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_RESERVED = ("nightly", "index")
_EVALUATION = re.compile(r"[0-9a-f]{64}")
_ARTIFACT_FOLDER = re.compile(r"[0-9a-f]{16}")
_CHECKPOINT = "checkpoint="


@dataclass(frozen=True)
class Target:
    """One evaluation: a model version on a split, of the default checkpoint (None) or a named one.

    Raises InvalidParameter where an id or the split is not one.
    """

    model_id: str
    version_id: str
    dataset_split: str = "test"
    checkpoint: str | None = None

    def __post_init__(self) -> None:
        check_id("model", self.model_id)
        check_id("version", self.version_id)
        check_split(self.dataset_split)
        if self.checkpoint is not None:
            check_id("checkpoint", self.checkpoint)

    def __str__(self) -> str:
        name = f"{self.model_id} {self.version_id} {self.dataset_split}"
        return name if self.checkpoint is None else f"{name} checkpoint {self.checkpoint}"


def is_id(value: object) -> bool:
    """Whether a value may name a model, a version, a checkpoint or a run."""
    return (
        isinstance(value, str)
        and _ID.fullmatch(value) is not None
        and value.partition(".")[0] not in _RESERVED
    )


def check_id(kind: str, value: object) -> str:
    """The id itself; raises InvalidParameter where it is not one. ``kind`` is what it should name."""
    if isinstance(value, str) and is_id(value):
        return value
    shown = repr(value if len(repr(value)) <= 140 else f"{str(value)[:130]}…")
    reserved = isinstance(value, str) and _ID.fullmatch(value)
    reason = "is a name that Assay keeps for itself" if reserved else f"is not a {kind} id"
    raise InvalidParameter(
        f"{shown} {reason}",
        "use 1 to 128 letters, digits, '.', '_' or '-', starting with a letter or digit, "
        "other than 'index' and 'nightly' with any ending",
        **{kind: str(value)[:140]},
    )


def check_split(value: object) -> str:
    """The split itself; raises InvalidParameter where it is none of ``SPLITS``."""
    if isinstance(value, str) and value in SPLITS:
        return value
    raise InvalidParameter(f"{str(value)[:140]!r} is not a split", f"use one of {', '.join(SPLITS)}")


# -- inputs ----------------------------------------------------------------------------------------


def model_prefix(model_id: str) -> str:
    """The folder of a model."""
    return f"{MODELS}{check_id('model', model_id)}/"


def model_key(model_id: str) -> str:
    """The key of ``model.json``."""
    return f"{model_prefix(model_id)}model.json"


def version_prefix(model_id: str, version_id: str) -> str:
    """The folder of a version."""
    return f"{model_prefix(model_id)}versions/{check_id('version', version_id)}/"


def version_key(model_id: str, version_id: str) -> str:
    """The key of ``version.json``."""
    return f"{version_prefix(model_id, version_id)}version.json"


def version_of(key: str) -> tuple[str, str] | None:
    """The model and the version whose ``version.json`` the key is; None for any other key."""
    match key.removeprefix(MODELS).split("/"):
        case [model, "versions", version, "version.json"] if is_id(model) and is_id(version):
            return (model, version) if key.startswith(MODELS) else None
    return None


def predictions_prefix(target: Target) -> str:
    """The folder of a target's predictions."""
    version = version_prefix(target.model_id, target.version_id)
    return f"{version}predictions/{target.dataset_split}/{_checkpoint_folder(target)}"


class Place(NamedTuple):
    """What an object below a model's folder is."""

    kind: Literal["model", "version", "predictions", "ground_truth"]
    version_id: str | None = None
    dataset_split: str | None = None
    checkpoint: str | None = None


def place(model_id: str, key: str) -> Place | None:
    """What the object at ``key`` below the model's folder is; None for what is not Assay's to read.

    That is: files whose name starts with ``_`` or ``.``, folders that are no id, and other depths.
    """
    match key.removeprefix(model_prefix(model_id)).split("/"):
        case ["model.json"]:
            return Place("model")
        case ["ground_truth", split, name] if split in SPLITS and is_table(name):
            return Place("ground_truth", None, split)
        case ["versions", version, *rest] if is_id(version):
            return _version_place(version, rest)
    return None


def _version_place(version: str, rest: list[str]) -> Place | None:
    match rest:
        case ["version.json"]:
            return Place("version", version)
        case ["predictions", split, name] if split in SPLITS and is_table(name):
            return Place("predictions", version, split)
        case ["predictions", split, folder, name] if split in SPLITS and is_table(name):
            checkpoint = _checkpoint_of(folder)
            return Place("predictions", version, split, checkpoint) if checkpoint else None
    return None


def is_table(name: str) -> bool:
    """Whether a name relative to a folder of tables is one of them: directly in it, and not set aside."""
    return name != "" and "/" not in name and not name.startswith(("_", "."))


def _checkpoint_of(folder: str) -> str | None:
    name = folder.removeprefix(_CHECKPOINT)
    return name if folder.startswith(_CHECKPOINT) and is_id(name) else None


def _checkpoint_folder(target: Target) -> str:
    return "" if target.checkpoint is None else f"{_CHECKPOINT}{target.checkpoint}/"


# -- evaluations -----------------------------------------------------------------------------------


def evaluation_folder(target: Target) -> str:
    """The folder of a target's evaluation, with its slash."""
    split = f"{EVALUATIONS}{target.model_id}/{target.version_id}/{target.dataset_split}/"
    return f"{split}{_checkpoint_folder(target)}"


def summary_key(target: Target) -> str:
    """The key of ``summary.json``."""
    return f"{evaluation_folder(target)}summary.json"


def failure_key(target: Target) -> str:
    """The key of ``failure.json``."""
    return f"{evaluation_folder(target)}failure.json"


def artifact_folder(evaluation: str) -> str:
    """The folder of an evaluation's artifacts, relative to the evaluation folder, with its slash."""
    if not _EVALUATION.fullmatch(evaluation):
        raise ValueError(f"not an evaluation's digest: {evaluation!r}")
    return f"{evaluation[:16]}/"


def artifact_folder_of(target: Target, key: str) -> str | None:
    """The artifact folder that ``key`` lies in, relative to the evaluation folder; None elsewhere."""
    head, slash, _ = key.removeprefix(evaluation_folder(target)).partition("/")
    return f"{head}/" if slash and _ARTIFACT_FOLDER.fullmatch(head) else None


def evaluated(key: str) -> tuple[Target, str] | None:
    """The target and the file name of an object directly in an evaluation folder; None elsewhere."""
    match key.removeprefix(EVALUATIONS).split("/"):
        case [model, version, split, name] if is_id(model) and is_id(version) and split in SPLITS:
            return Target(model, version, split), name
        case [model, version, split, folder, name] if is_id(model) and is_id(version) and split in SPLITS:
            checkpoint = _checkpoint_of(folder)
            return (Target(model, version, split, checkpoint), name) if checkpoint else None
    return None


def record_key(run: str) -> str:
    """The key of a nightly run's record."""
    return f"{NIGHTLY}{check_id('run', run)}.json"
