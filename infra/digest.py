"""What an evaluation depends on, as one digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from evalcore.errors import InternalError
from evalcore.settings import ELSEWHERE
from infra.inputs import Inputs
from infra.storage import Entry

_NOT_OF_FIGURES = ELSEWHERE | {"name", "gates", "examples", "example_columns", "baseline"}


def digest(
    inputs: Inputs, settings_document: Mapping[str, Any], figures_version: str, reports_version: str
) -> str:
    """The SHA-256, in hex, of everything that an evaluation's figures and reports are made from.

    Equal on every machine and store that give the same keys, ETags and sizes.
    """
    target = inputs.target
    document = {
        "target": [target.model_id, target.version_id, target.dataset_split, target.checkpoint],
        "inputs": [_input(role, entry) for role, entry in inputs.entries()],
        "baseline_version": inputs.baseline_version,
        "baseline_settings": _of_baseline(inputs),
        "splits": inputs.splits,
        "settings": settings_document,
        "created_at": inputs.version.get("created_at"),
        "training_counts": {**inputs.model, **inputs.version}.get("training_counts"),
        "figures": figures_version,
        "reports": reports_version,
    }
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _of_baseline(inputs: Inputs) -> dict[str, Any] | None:
    """What the baseline's figures depend on; the model's keys count too where its version leaves them."""
    if inputs.baseline_settings is None:
        return None
    given = {**inputs.model, **inputs.baseline_settings}
    return {key: value for key, value in given.items() if key not in _NOT_OF_FIGURES}


def _input(role: str, entry: Entry) -> list[Any]:
    if entry.etag is None:
        raise InternalError(f"{entry.key} was listed without its ETag", "report this")
    return [role, entry.key, entry.etag, entry.size]
