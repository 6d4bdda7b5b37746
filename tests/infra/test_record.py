"""Records of nightly runs."""

from __future__ import annotations

import json

import pytest

from evalcore.errors import InvalidParameter, InvalidPredictions
from infra.record import outcome, record, write_record
from infra.storage import open_store

ERROR = InvalidPredictions("no column y_true", "add it", file="a").document()


def test_a_record_counts_what_became_of_each(folder_store: str) -> None:
    """Sorted by what it is of; it is stored under the run's name and read as it was written."""
    document = record(
        "run-1",
        "2026-11-20T02:00:00Z",
        None,
        "test",
        [
            outcome("n", None, "test", "failed", 0.12345, error=ERROR),
            outcome("m", "v2", "test", "published", 1, verdict="pass"),
            outcome("m", "v1", "test", "published", 2, verdict="fail", checkpoint="7"),
        ],
        {"z": "no promoted version"},
        planned=4,
    )
    assert document["planned"] == 4
    assert document["counts"] == {"failed": 1, "published": 2}
    assert [line["version_id"] for line in document["evaluations"]] == ["v1", "v2", None]
    assert document["evaluations"][2] == {
        "model_id": "n",
        "version_id": None,
        "dataset_split": "test",
        "checkpoint": None,
        "status": "failed",
        "verdict": None,
        "failed_gate": None,
        "error": {"code": "invalid_predictions", "message": "no column y_true; add it"},
        "seconds": 0.123,
    }
    assert document["skipped"] == [{"model_id": "z", "reason": "no promoted version"}]
    store = open_store(folder_store)
    assert write_record(store, document) == "evaluations/nightly/run-1.json"
    for stored in (document, {**document, "finished_at": "2026-11-20T02:01:00Z"}):
        write_record(store, stored)
        assert json.loads(store.read("evaluations/nightly/run-1.json").data) == stored


def test_a_name_that_is_no_runs(folder_store: str) -> None:
    """It never becomes part of a key."""
    document = record("../../models/m/model", "2026-11-20T02:00:00Z", None, "test", [])
    with pytest.raises(InvalidParameter):
        write_record(open_store(folder_store), document)
