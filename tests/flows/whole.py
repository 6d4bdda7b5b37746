"""Whether what a store shows is whole, as a reader goes by it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from infra.layout import INDEX_HTML, INDEX_JSON, Target, evaluation_folder, failure_key, summary_key
from infra.storage import Store


def digest_in_force(store: Store, target: Target) -> str | None:
    """The digest of the evaluation in force, None where there is none; asserts that its artifacts are whole."""
    blob = store.read(summary_key(target))
    if blob is None:
        return None
    summary = json.loads(blob.data)
    assert summary["artifacts"]
    for name, line in summary["artifacts"].items():
        artifact = store.read(evaluation_folder(target) + line["key"])
        assert artifact is not None, f"{target} names {line['key']}, which is not there"
        assert len(artifact.data) == line["size"], name
        assert hashlib.sha256(artifact.data).hexdigest() == line["sha256"], name
    return str(summary["evaluation"])


def settled(store: Store, target: Target) -> str | None:
    """The same of an evaluation of which nothing is left undone: copies, index and page say the same."""
    digest = digest_in_force(store, target)
    blob = store.read(summary_key(target))
    assert blob is not None
    for name, line in json.loads(blob.data)["artifacts"].items():
        copy = store.read(evaluation_folder(target) + name)
        assert copy is not None, name
        assert hashlib.sha256(copy.data).hexdigest() == line["sha256"], name
    assert store.read(failure_key(target)) is None
    entry = index_entry(store, target)
    assert (entry["evaluation"], entry["summary_etag"], entry["failure"]) == (digest, blob.etag, None)
    page = store.read(INDEX_HTML)
    assert page is not None
    return digest


def index_entry(store: Store, target: Target) -> dict[str, Any]:
    """What the index says of an evaluation."""
    blob = store.read(INDEX_JSON)
    assert blob is not None
    found = json.loads(blob.data)["evaluations"]
    return next(entry for entry in found if entry["key"] == evaluation_folder(target))
