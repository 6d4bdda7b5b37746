"""Clearing the store: old records of nights and superseded artifacts, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra import lease
from infra.layout import Target
from infra.publish import publish, stored
from infra.storage import Store, open_store
from infra.sweep import prune_records, sweep_all
from tests.infra.doubles import files, put, summary

LATER = datetime.now(UTC) + timedelta(days=2)
RUNS = (
    "20261101T020000Z-aaaaaa",
    "20261102T020000Z-000000",
    "20261102T020000Z-ffffff",
    "20261103T020000Z-aaaaaa",
)


@pytest.fixture
def store(store_url: str) -> Store:
    """An empty store of each kind."""
    return open_store(store_url)


def publish_now(store: Store, content: str, target: Target) -> None:
    """Publish over what is there."""
    found = stored(store, target)
    publish(store, target, summary(target, content), files(content), found.etag if found else None)


def keys(store: Store) -> set[str]:
    """Every key of the store."""
    return {entry.key for entry in store.list("", etags=False)}


def records(*runs: str) -> set[str]:
    """The keys of the runs' records."""
    return {f"evaluations/nightly/{run}.json" for run in runs}


def put_records(store: Store) -> None:
    """The records of four nights, the newest first, with what else may lie beside them."""
    for run in reversed(RUNS):
        put(store, f"evaluations/nightly/{run}.json", {"run": run})
    for other in ("notes.txt", "index.json", "old/20261101T020000Z-aaaaaa.json", ".hidden.json"):
        put(store, f"evaluations/nightly/{other}")


def test_the_newest_records_stay(store: Store) -> None:
    """Those that began last, by their runs' ids, whenever they were copied here; all but records stay too."""
    put_records(store)
    before = keys(store)

    assert prune_records(store, 2, dry_run=True) == sorted(records(*RUNS[:2]))
    assert keys(store) == before
    assert prune_records(store, 2) == sorted(records(*RUNS[:2]))
    assert keys(store) == before - records(*RUNS[:2])
    assert prune_records(store, 2) == []


def test_the_running_night_stays(store: Store) -> None:
    """Its record is not counted among those to keep, and not deleted however old it is."""
    put_records(store)
    held = lease.acquire(store, RUNS[0])

    assert set(prune_records(store, 1)) == records(*RUNS[1:3])
    assert set(prune_records(store, 0)) == records(RUNS[3])
    held.release()
    assert set(prune_records(store, 0)) == records(RUNS[0])


def test_records_of_other_names_go_by_their_time(store: Store) -> None:
    """A run that was named by hand is as old as its record."""
    put(store, "evaluations/nightly/by-hand.json", {"run": "by-hand"})
    put(store, "evaluations/nightly/20261103T020000Z-x.json")
    put(store, "evaluations/nightly/29991399T999999Z-x.json")

    assert len(prune_records(store, 1)) == 2
    assert len(keys(store)) == 1


def test_superseded_artifacts_go(store: Store) -> None:
    """Of every model, version, split and checkpoint, a day after the folder's newest file; nothing else."""
    targets = [Target("m", "v1"), Target("m", "v1", "validation", "7"), Target("n", "v2")]
    for target in targets:
        publish_now(store, "old", target)
        publish_now(store, "new", target)
    put(store, "evaluations/m/v1/test/notes/0123456789abcdef/report.html")
    put(store, "evaluations/0123456789abcdef/report.html")
    put(store, "models/m/versions/v1/test/0123456789abcdef/report.html")
    old = summary(targets[0], "old")["evaluation"][:16]
    before = keys(store)
    expected = {key for key in before if f"/{old}/" in key}

    assert len(expected) == 6
    assert sweep_all(store) == []
    assert set(sweep_all(store, now=LATER, dry_run=True)) == expected
    assert keys(store) == before
    assert set(sweep_all(store, now=LATER)) == expected
    assert keys(store) == before - expected


@pytest.mark.parametrize("damaged", ["{", "{}", {"artifacts": {"report.html": 5}}])
def test_beside_a_damaged_summary_all_artifacts_stay(folder_store: str, damaged: Any) -> None:
    """They may be all that is left of the evaluation."""
    store, target = open_store(folder_store), Target("m", "v1")
    publish_now(store, "old", target)
    publish_now(store, "new", target)
    put(store, "evaluations/m/v1/test/summary.json", damaged)

    assert sweep_all(store, now=LATER) == []


def test_artifacts_of_a_run_that_was_killed_go(folder_store: str) -> None:
    """Without a summary nothing is in force: after a day they are nobody's."""
    store = open_store(folder_store)
    key = "evaluations/m/v1/test/0123456789abcdef/report.html"
    put(store, key)

    assert sweep_all(store) == []
    assert sweep_all(store, now=LATER) == [key]
