"""Which evaluations of a night are due, found out from listings and the index, without reading a summary.

For each model two listings, its settings and those of its versions, eight requests at a time. What the index
knows to be whole and of the same digest is up to date. Whatever is not plainly so is due: the evaluation
itself looks closer, mends what an interrupted run left undone, or says what is wrong.
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from evalcore.errors import AssayError, ModelNotFound
from flows.engine import LOCAL
from flows.faults import as_ours
from flows.outcome import Outcome, Request
from flows.progress import counted, passing, step
from flows.steps import failed, work_of
from infra.index import in_force, read_index
from infra.layout import EVALUATIONS, Target, evaluation_folder
from infra.publish import is_whole
from infra.registry import Model, Registry
from infra.storage import Store, open_store

Versions = Literal["promoted", "latest", "all"]

WORKERS = min(4, os.cpu_count() or 1)
REQUESTS = 8
"""Requests at a time; more do not make S3's listings faster."""


@dataclass(frozen=True)
class Order:
    """What a night is asked to do: models by a pattern as in a shell, ``workers`` evaluations at a time."""

    store: str
    run: str
    models: str = "*"
    versions: Versions = "promoted"
    split: str = "test"
    force: bool = False
    workers: int = WORKERS
    engine: str = LOCAL


@dataclass(frozen=True)
class Plan:
    """What is due, what is known already (up to date, or not even read), and what is left out and why."""

    requests: tuple[Request, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Looked:
    """A model as it was listed, with the ETags of what is stored of its evaluations; or why it was not."""

    model_id: str
    model: Model | None = None
    etags: Mapping[str, str | None] = field(default_factory=dict)
    error: AssayError | None = None


def plan_night(order: Order) -> Plan:
    """Every evaluation of the night; raises ModelNotFound for a model that was named and is not there."""
    store = open_store(order.store)
    names = [name for name in Registry(store).models() if fnmatch.fnmatchcase(name, order.models)]
    if not names and not set(order.models) & set("*?["):
        Registry(store).model(order.models)
    step(f"looking at {counted(len(names), 'model')} …")
    # Read before what it is held against: what is written meanwhile is due, never wrongly up to date.
    index = {entry["key"]: entry for entry in (read_index(store) or {"evaluations": []})["evaluations"]}
    with ThreadPoolExecutor(REQUESTS) as readers:
        looked = _all_looked_at(store, names, readers)
        _read_ahead(order, looked, readers)
    plans = [_plan_model(order, each, index) for each in looked]
    return Plan(
        tuple(request for plan in plans for request in plan.requests),
        tuple(outcome for plan in plans for outcome in plan.outcomes),
        {model: reason for plan in plans for model, reason in plan.skipped.items()},
    )


# -- requests ----------------------------------------------------------------------------------------


def _all_looked_at(store: Store, names: list[str], readers: ThreadPoolExecutor) -> list[Looked]:
    futures = [readers.submit(_look, store, name) for name in names]
    for done, future in enumerate(as_completed(futures), start=1):
        passing(done, len(names), future.result().model_id)
    return [future.result() for future in futures]


def _look(store: Store, model_id: str) -> Looked:
    try:
        # What is stored comes first: what is then found to be of the same digest was made of inputs as new.
        stored = store.list(f"{EVALUATIONS}{model_id}/")
        model = Registry(store).model(model_id)
    except Exception as error:
        return Looked(model_id, error=as_ours(error))
    return Looked(model_id, model, {entry.key: entry.etag for entry in stored})


def _read_ahead(order: Order, looked: list[Looked], readers: ThreadPoolExecutor) -> None:
    """Have every ``version.json`` that will be asked for read, those of all models side by side."""
    needed = [
        (each.model, version) for each in looked if each.model for version in _needed(order, each.model)
    ]
    list(readers.map(lambda pair: _read(*pair), needed))


def _needed(order: Order, model: Model) -> list[str]:
    if order.versions == "latest":
        return model.versions()
    with suppress(AssayError):  # it is told when the model is planned
        return model.read_for(_wanted(order, model))
    return []


def _read(model: Model, version: str) -> None:
    with suppress(AssayError):  # it is told of the version whose it is
        model.version(version)


# -- decisions ---------------------------------------------------------------------------------------


def _plan_model(order: Order, looked: Looked, index: Mapping[str, Any]) -> Plan:
    if isinstance(looked.error, ModelNotFound):  # its folder is there: someone is about to add it
        return Plan(skipped={looked.model_id: looked.error.message})
    try:
        if looked.model is None:
            raise looked.error or AssertionError("a model that was not found has an error")
        wanted = _wanted(order, looked.model)
    except Exception as error:
        return Plan(outcomes=(_not_planned(order, looked, index, as_ours(error)),))
    if not wanted:
        return Plan(skipped={looked.model_id: _nothing(order, looked.model_id)})
    requests, outcomes = [], []
    for version in wanted:
        request = Request(
            order.store, looked.model_id, version, order.split, force=order.force, run_id=order.run
        )
        found = None if order.force else _up_to_date(request, looked.model, looked.etags, index)
        if found is None:
            requests.append(request)
        else:
            outcomes.append(found)
    return Plan(tuple(requests), tuple(outcomes))


def _not_planned(order: Order, looked: Looked, index: Mapping[str, Any], error: AssayError) -> Outcome:
    """The failure of a model that does not say what is wanted, told beside what people go by."""
    request = Request(order.store, looked.model_id, None, order.split, run_id=order.run)
    if looked.model is None or order.versions == "promoted":
        shown = in_force(index.values(), looked.model_id, order.split)
        if shown is not None:
            return failed(replace(request, version_id=shown.version_id), error)
    return Outcome(request, None, "failed", error=error)


def _up_to_date(
    request: Request, model: Model, etags: Mapping[str, str | None], index: Mapping[str, Any]
) -> Outcome | None:
    """The outcome of an evaluation that is in force and whole, None where that is not plain."""
    try:
        target = Target(model.model_id, str(request.version_id), request.dataset_split)
        entry = index.get(evaluation_folder(target))
        if entry is None or not is_whole(target, entry, etags):
            return None
        if entry["evaluation"] != work_of(model, target).digest:
            return None
    except Exception:  # whatever it is, the evaluation meets it too, and tells
        return None
    return Outcome(
        request,
        target,
        "up_to_date",
        entry["verdict"],
        promoted={model.model_id: model.promoted},
        failed_gate=entry["failed_gate"],
    )


def _wanted(order: Order, model: Model) -> list[str]:
    match order.versions:
        case "all":
            # A version that was never predicted on this split has no evaluation that could be due.
            return [v for v in model.versions() if (order.split, None) in model.splits(v)]
        case "latest":
            return [model.latest()] if model.versions() else []
        case _:
            return [model.promoted] if model.promoted else []


def _nothing(order: Order, model_id: str) -> str:
    match order.versions:
        case "all":
            return f"no version has predictions for {order.split}"
        case "latest":
            return "no version"
        case _:
            return f"no promoted version; set it with `assay promote {model_id} VERSION`"
