"""One line of the index: what an evaluation came to, and whether the last attempt at it failed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from evalcore.errors import InvalidSettings
from infra import documents, layout
from infra.layout import Target
from infra.settings_files import created_at

Document = dict[str, Any]

_HEADLINE = ("weighted_f1", "weighted_f1_interval", "accuracy", "accuracy_interval")
_STATUSES = ("pass", "inconclusive", "fail")
_GATE = ("metric", "min", "max", "max_drop", "value", "interval", "status")


def entry_of(
    document: Document, summary_etag: str, promoted: bool, artifacts: Document | None = None
) -> Document:
    """The entry of an evaluation that is in force; ``document`` is its summary.

    ``artifacts`` are the places of a ``publish.Stored``, which tell a later night that nothing has changed.
    """
    overall = document.get("overall", {})
    gates = Counter(gate["status"] for gate in document.get("gates", []))
    return {
        **_blank(),
        **_names(target_of(document)),
        "model_name": document.get("model_name"),
        "created_at": document.get("created_at"),
        "promoted": promoted,
        "summary_etag": summary_etag,
        "evaluation": document["evaluation"],
        "verdict": document["verdict"],
        "examples": document.get("examples"),
        "headline": {name: overall.get(name) for name in _HEADLINE},
        "first_gate": _first_gate(document),
        "failed_gate": failed_gate(document),
        "gates": {status: gates[status] for status in _STATUSES},
        "warnings": sum(warning["severity"] != "info" for warning in document.get("warnings", [])),
        "artifacts": dict(artifacts or {}),
    }


def _first_gate(document: Document) -> Document | None:
    """What the first gate requires and found: of all figures the one that matters most."""
    gates = document.get("gates") or []
    return {name: gates[0][name] for name in _GATE if name in gates[0]} if gates else None


def failed_gate(document: Document) -> Document | None:
    """The first gate that failed and why, for a line that has room for one."""
    failed = (gate for gate in document.get("gates") or [] if gate["status"] == "fail")
    gate = next(failed, None)
    return gate and {name: gate.get(name) for name in ("metric", "reason")}


def failed_entry(target: Target, failure: Document, model: Document, version: Document) -> Document:
    """What an attempt that failed changes in the index: the evaluation in force stays, if there is one.

    ``failure`` is what ``failure.json`` says, of which the index keeps code, message and time. ``model`` and
    ``version`` are the settings of both, empty where they cannot be read: then the index keeps what it says
    of them.
    """
    failure = documents.plain({name: failure.get(name) for name in ("code", "message", "at")})
    told = {"model_name": {**model, **version}.get("name"), "created_at": _made(version)}
    known = {name: value for name, value in told.items() if isinstance(value, str)}
    return {**_names(target), **known, **_promoted(target, model), "failure": failure}


def _promoted(target: Target, model: Document) -> Document:
    """Whether the version is the promoted one, nothing where the settings do not tell."""
    named = model.get("promoted_version")
    known = model and (named is None or layout.is_id(named))
    return {"promoted": named == target.version_id} if known else {}


def _made(version: Document) -> str | None:
    """When a version was made, None where it says nothing that is a time: its failure tells of that."""
    try:
        created_at(version, "")
    except InvalidSettings:
        return None
    return version.get("created_at")


def target_of(document: Document) -> Target:
    """What a summary or an entry is of; raises InvalidParameter where its ids are none."""
    names = ("model_id", "version_id", "dataset_split", "checkpoint")
    return Target(*(document[name] for name in names))


def merged(entries: Mapping[str, Document], changes: Iterable[Document]) -> dict[str, Document]:
    """The entries by key with the changes laid over them; what an entry lacks is filled in as unknown."""
    result = dict(entries)
    for change in changes:
        key = change["key"]
        result[key] = {**_blank(), **result.get(key, {}), **change}
    return result


def _names(target: Target) -> Document:
    return {
        "key": layout.evaluation_folder(target),
        "model_id": target.model_id,
        "version_id": target.version_id,
        "dataset_split": target.dataset_split,
        "checkpoint": target.checkpoint,
    }


def _blank() -> Document:
    """An entry of which nothing is known, its names in their order."""
    names = ("key", "model_id", "model_name", "version_id", "dataset_split", "checkpoint", "created_at")
    return {
        **dict.fromkeys(names),
        "promoted": False,
        **dict.fromkeys(("summary_etag", "evaluation", "verdict", "examples")),
        "headline": dict.fromkeys(_HEADLINE),
        "first_gate": None,
        "failed_gate": None,
        "gates": dict.fromkeys(_STATUSES, 0),
        "warnings": 0,
        "artifacts": {},
        "failure": None,
    }
