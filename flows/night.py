"""The steps of a night: which evaluations there are, what became of them, and who may run it.

Plain functions; ``flows.nightly`` is the same night on Prefect.
"""

from __future__ import annotations

import fnmatch
import os
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Literal, TypeVar

from evalcore.errors import ModelNotFound
from flows.engine import LOCAL, shared
from flows.faults import as_ours
from flows.keeper import Keeper
from flows.steps import Outcome, Request, settle
from infra.registry import Model, Registry
from infra.storage import open_store

AnyFuture = TypeVar("AnyFuture")
Versions = Literal["promoted", "latest", "all"]

WORKERS = min(4, os.cpu_count() or 1)
_LISTERS = 8  # more do not make S3's listings faster


@dataclass(frozen=True)
class Order:
    """What a night is asked to do; ``models`` is a pattern as in a shell."""

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
    """What there is to evaluate, what is left out and why, and models that cannot even be read."""

    requests: tuple[Request, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    failed: tuple[Outcome, ...] = ()


def new_run() -> str:
    """A run's id: when it began, and a few letters against two in one second."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def run_inline(order: Order) -> dict[str, Any]:
    """The whole night in this process; its record."""
    with Keeper(order.store, order.run, order.split) as keeper:
        plan = plan_night(order)
        keeper.begin(plan.skipped, plan.failed, len(plan.requests))
        with (
            shared(plan.requests, order.engine, order.workers) as requests,
            ThreadPoolExecutor(order.workers) as pool,
        ):

            def start(request: Request) -> Future[Outcome]:
                return pool.submit(settle, request)

            for future in as_they_end(requests, order.workers, start, as_completed):
                keeper.add(future.result())
        return keeper.finish()


def plan_night(order: Order) -> Plan:
    """Every evaluation of the night; raises ModelNotFound for a model that was named and is not there."""
    registry = Registry(open_store(order.store))
    names = [name for name in registry.models() if fnmatch.fnmatchcase(name, order.models)]
    if not names and not set(order.models) & set("*?["):
        registry.model(order.models)
    with ThreadPoolExecutor(_LISTERS) as listers:
        plans = list(listers.map(lambda name: _plan_model(order, name), names))
    return Plan(
        requests=tuple(request for plan in plans for request in plan.requests),
        skipped={model: reason for plan in plans for model, reason in plan.skipped.items()},
        failed=tuple(failed for plan in plans for failed in plan.failed),
    )


def exit_status(record: dict[str, Any]) -> int:
    """7 where an evaluation errored, else 1 where a gate failed, else 0."""
    lines = record["evaluations"]
    if any(line["status"] == "failed" for line in lines):
        return 7
    return 1 if any(line["verdict"] == "fail" for line in lines) else 0


def _plan_model(order: Order, model_id: str) -> Plan:
    try:
        model = Registry(open_store(order.store)).model(model_id)
        wanted = _wanted(model, order)
    except ModelNotFound as error:  # its folder is there: someone is about to add it
        return Plan(skipped={model_id: error.message})
    except Exception as error:
        request = Request(order.store, model_id, None, order.split, run_id=order.run)
        return Plan(failed=(Outcome(request, None, "failed", error=as_ours(error)),))
    requests = [
        Request(order.store, model_id, version, order.split, force=order.force, run_id=order.run)
        for version in wanted
    ]
    skipped = {} if requests else {model_id: _nothing(order)}
    return Plan(tuple(requests), skipped)


def _wanted(model: Model, order: Order) -> list[str]:
    match order.versions:
        case "all":
            # A version that was never predicted on this split has no evaluation that could be due.
            return [v for v in model.versions() if (order.split, None) in model.splits(v)]
        case "latest":
            return [model.latest()] if model.versions() else []
        case _:
            return [model.promoted] if model.promoted else []


def _nothing(order: Order) -> str:
    match order.versions:
        case "all":
            return f"no version has predictions for {order.split}"
        case "latest":
            return "no version"
        case _:
            return "no promoted version"


def as_they_end(
    requests: Iterable[Request],
    workers: int,
    start: Callable[[Request], AnyFuture],
    completed: Callable[[Sequence[AnyFuture]], Iterator[AnyFuture]],
) -> Iterator[AnyFuture]:
    """Futures as they end, so many at a time: the next begins when the caller asks for more, and only then.

    ``completed`` is the ``as_completed`` that goes with the futures of ``start``.
    """
    waiting = iter(requests)
    running = [start(request) for request in islice(waiting, workers)]
    while running:
        ended = next(iter(completed(running)))
        running.remove(ended)
        yield ended
        running += [start(request) for request in islice(waiting, 1)]
