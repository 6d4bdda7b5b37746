"""``assay prune``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.flows.conftest import Ran
from tests.flows.stores import snapshot

RUNS = ("20261101T020000Z-aaaaaa", "20261102T020000Z-aaaaaa", "20261103T020000Z-aaaaaa")
Assay = Callable[..., Ran]


def put_records(store: Path) -> None:
    """The records of three nights."""
    folder = store / "evaluations/nightly"
    folder.mkdir(parents=True)
    for run in RUNS:
        (folder / f"{run}.json").write_text("{}")


def test_prune(assay: Assay, store: Path) -> None:
    """It says what it deletes, with ``--dry-run`` what it would, and leaves all else as it is."""
    put_records(store)
    before = snapshot(store)

    dry = assay("prune", "--keep", 2, "--dry-run")
    assert (dry.status, snapshot(store)) == (0, before)
    wet = assay("prune", "--keep", 2)

    key = f"evaluations/nightly/{RUNS[0]}.json"
    assert dry.out == f"{key}\n1 record and 0 artifacts would be deleted\n"
    assert wet.out == f"{key}\n1 record and 0 artifacts deleted\n"
    del before[key]
    assert snapshot(store) == before


def test_prune_json(assay: Assay, store: Path) -> None:
    """``--json`` lists the keys."""
    put_records(store)

    ran = assay("prune", "--keep", 3, "--json")

    assert json.loads(ran.out) == {"dry_run": False, "records": [], "artifacts": []}


def test_prune_must_be_told_what_to_keep(assay: Assay, store: Path) -> None:
    """Without a number, or with one below 0, it is bad usage and nothing is deleted."""
    put_records(store)
    before = snapshot(store)

    assert {assay("prune").status, assay("prune", "--keep", -1).status} == {2}
    assert snapshot(store) == before
