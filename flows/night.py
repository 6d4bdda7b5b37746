"""The steps of a night: what is due is evaluated, and what became of it is kept.

Plain functions; ``flows.nightly`` is the same night on Prefect.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeVar

from flows import workers
from flows.engine import shared
from flows.keeper import Keeper
from flows.outcome import Outcome, Request
from flows.plan import Order, plan_night

AnyFuture = TypeVar("AnyFuture")


def new_run() -> str:
    """A run's id: when it began, and a few letters against two in one second."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def run_inline(order: Order) -> dict[str, Any]:
    """The whole night in this process; its record."""
    with Keeper(order.store, order.run, order.split) as keeper:
        plan = plan_night(order)
        keeper.begin(plan)
        with shared(plan.requests, order.engine, order.workers) as requests:
            settle_all(requests, order.workers, keeper.add)
        return keeper.finish()


def settle_all(requests: Iterable[Request], at_a_time: int, keep: Callable[[Outcome], None]) -> None:
    """Evaluate in worker processes; what became of each request goes to ``keep`` as it ends."""
    with ThreadPoolExecutor(at_a_time) as pool, ending_workers():

        def start(request: Request) -> Future[Outcome]:
            return pool.submit(workers.settle, request)

        for future in as_they_end(requests, at_a_time, start, as_completed):
            keep(future.result())


@contextmanager
def ending_workers() -> Iterator[None]:
    """Leaves no worker behind; one that is still at work, as the night ends early, is not waited for."""
    try:
        yield
    finally:
        workers.stop()


def summed_up(record: dict[str, Any]) -> str:
    """A night in a line: its run, and how many evaluations came to what."""
    counts = ", ".join(f"{count} {status.replace('_', ' ')}" for status, count in record["counts"].items())
    return f"run {record['run']}: {counts or 'nothing to evaluate'}"


def exit_status(record: dict[str, Any]) -> int:
    """7 where an evaluation errored, else 1 where a gate failed, else 0."""
    lines = record["evaluations"]
    if any(line["status"] == "failed" for line in lines):
        return 7
    return 1 if any(line["verdict"] == "fail" for line in lines) else 0


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
