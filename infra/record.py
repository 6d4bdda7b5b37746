"""What one nightly run did, version by version: ``evaluations/nightly/<run>.json``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from infra import documents, layout
from infra.storage import Store

Status = Literal["published", "up_to_date", "failed"]


def outcome(
    model_id: str,
    version_id: str | None,
    dataset_split: str,
    status: Status,
    seconds: float,
    *,
    checkpoint: str | None = None,
    verdict: str | None = None,
    failed_gate: Mapping[str, Any] | None = None,
    error: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """One line of a record: what became of one evaluation.

    ``version_id`` is None where a model failed before a version was known. ``failed_gate`` is the first gate
    that failed, with its metric and the reason. ``error`` is an error's document,
    of which the record keeps code and message.
    """
    return {
        "model_id": model_id,
        "version_id": version_id,
        "dataset_split": dataset_split,
        "checkpoint": checkpoint,
        "status": status,
        "verdict": verdict,
        "failed_gate": failed_gate and dict(failed_gate),
        "error": error and documents.plain({"code": error["code"], "message": error["message"]}),
        "seconds": round(seconds, 3),
    }


def record(
    run: str,
    started_at: str,
    finished_at: str | None,
    split: str,
    outcomes: Sequence[dict[str, Any]],
    skipped: Mapping[str, str] | None = None,
    planned: int | None = None,
) -> dict[str, Any]:
    """A run's record; ``finished_at`` is None while it runs. Outcomes are sorted by what they are of.

    ``skipped`` gives the models without anything to evaluate, each with the reason. ``planned`` says how
    many evaluations there are to be: a run that was interrupted has fewer.
    """
    ordered = sorted(outcomes, key=_order)
    counts = Counter(line["status"] for line in ordered)
    return {
        "run": run,
        "started_at": started_at,
        "finished_at": finished_at,
        "split": split,
        "planned": planned,
        "counts": dict(sorted(counts.items())),
        "evaluations": ordered,
        "skipped": [{"model_id": name, "reason": why} for name, why in sorted((skipped or {}).items())],
    }


def write_record(store: Store, document: dict[str, Any]) -> str:
    """Write a run's record, over the one it wrote before; returns its key."""
    key = layout.record_key(document["run"])
    store.write(key, documents.dump(document), content_type=documents.JSON)
    return key


def read_record(store: Store, run: str) -> dict[str, Any] | None:
    """A run's record as it was last written; None where there is none."""
    found = store.read(layout.record_key(run))
    return None if found is None else documents.parse(found.data, layout.record_key(run))


def _order(line: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(line[name] or "") for name in ("model_id", "version_id", "dataset_split", "checkpoint"))
