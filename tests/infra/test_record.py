"""Records of nightly runs."""

from __future__ import annotations

import pytest

from evalcore.errors import InvalidParameter, InvalidPredictions, InvalidSettings
from infra.record import outcome, read_record, record, write_record
from infra.storage import open_store
from tests.infra.doubles import put

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
    )
    assert document["counts"] == {"failed": 1, "published": 2}
    assert [line["version_id"] for line in document["evaluations"]] == ["v1", "v2", None]
    assert document["evaluations"][2] == {
        "model_id": "n",
        "version_id": None,
        "dataset_split": "test",
        "checkpoint": None,
        "status": "failed",
        "verdict": None,
        "error": {"code": "invalid_predictions", "message": "no column y_true; add it"},
        "seconds": 0.123,
    }
    assert document["skipped"] == [{"model_id": "z", "reason": "no promoted version"}]
    store = open_store(folder_store)
    assert write_record(store, document) == "evaluations/nightly/run-1.json"
    assert read_record(store, "run-1") == document
    write_record(store, {**document, "finished_at": "2026-11-20T02:01:00Z"})
    assert read_record(store, "run-1")["finished_at"] == "2026-11-20T02:01:00Z"


def test_a_record_that_is_not_there_or_broken(folder_store: str) -> None:
    """None, an error that names it, and an error for a name that is no run's."""
    store = open_store(folder_store)
    assert read_record(store, "run-1") is None
    put(store, "evaluations/nightly/run-1.json", "{")
    with pytest.raises(InvalidSettings, match=r"nightly/run-1\.json"):
        read_record(store, "run-1")
    with pytest.raises(InvalidParameter):
        read_record(store, "../../models/m/model")
