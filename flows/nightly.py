"""The Prefect flow ``nightly``: the steps of ``flows.night`` as tasks that Prefect shows and tries again."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import httpx
from prefect import flow, task
from prefect.client.orchestration import get_client
from prefect.context import get_run_context
from prefect.exceptions import Abort, TerminationSignal
from prefect.futures import PrefectFuture, as_completed
from prefect.runtime import flow_run
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from prefect.states import Completed, Failed, State

from evalcore.errors import AssayError
from flows import artifacts, night, plan
from flows.engine import LOCAL, shared
from flows.evaluate import TRIED_AGAIN, NotEvaluated, evaluate
from flows.keeper import Keeper
from flows.outage import Outage
from flows.outcome import Outcome, Request
from flows.plan import WORKERS, Order, Plan, Versions
from flows.progress import about, heard, tell, warn
from infra.record import read_record
from infra.storage import open_store

Record = dict[str, Any]


@task(name="plan-night", **TRIED_AGAIN)
def plan_night(order: Order) -> Plan:
    """Which evaluations there are."""
    return plan.plan_night(order)


def run_name() -> str:
    """The night's run id: the one that is given, or a new one where Prefect starts the night."""
    return flow_run.parameters.get("run") or night.new_run()


@flow(name="nightly", flow_run_name=run_name, persist_result=False)
def nightly(
    store: str | None = None,
    models: str = "*",
    versions: Versions = "promoted",
    split: str = "test",
    force: bool = False,
    workers: int = WORKERS,
    run: str | None = None,
    engine: str = LOCAL,
) -> Any:
    """Every evaluation that is due; its result is the night's record, and it fails where one errored.

    An empty ``store`` is the one that ``ASSAY_STORE`` names.
    """
    url = store or os.environ.get("ASSAY_STORE", "./assay-store")
    order = Order(url, run or flow_run.name, models, versions, split, force, workers, engine)
    with heard() as alone, about(run=order.run):
        try:
            record = _record(order)
        except AssayError as error:
            if alone:  # else who asked for the night tells of the error
                warn(
                    f"the night broke off, or could not begin: error[{error.code}]: {error}",
                    error=error.document(),
                )
            raise
        if alone:
            tell(night.summed_up(record), counts=record["counts"])
    failed = record["counts"].get("failed", 0)
    if failed:
        return Failed(message=f"{failed} of {len(record['evaluations'])} evaluations errored", data=record)
    return Completed(message=f"{len(record['evaluations'])} evaluations", data=record)


def _record(order: Order) -> Record:
    """The night's record, once all is done; without Prefect from where its API does not answer any more."""
    with (
        artifacts.noticing_outages("the rest of the night is evaluated without it") as outage,
        _without_farewell(outage),
        Keeper(order.store, order.run, order.split) as keeper,
    ):
        found = plan_night(order)
        keeper.begin(found)
        progress = artifacts.Progress(len(found.requests))
        with shared(found.requests, order.engine, order.workers) as requests, night.ending_workers():
            left = iter(requests)
            before = _until(outage, left)
            for future in night.as_they_end(before, order.workers, evaluate.submit, as_completed):
                keeper.add(_outcome(future))
                progress.advance()
            night.settle_all(left, order.workers, keeper.add)
        if outage.lasts and _answers():
            outage.ended()
        record = keeper.finish()
        artifacts.leave_table(order.store, record)
    return record


@contextmanager
def _without_farewell(outage: Outage) -> Iterator[None]:
    """However the block ends, Prefect is not told where its API is away and somebody waits for a command.

    Prefect would try for a while. Abort ends a flow without another request; its cause is what ended the
    block, if anything did. Where nobody waits, Prefect's patience may yet succeed.
    """
    awaited = get_run_context().flow_run.deployment_id is None
    try:
        yield
    except BaseException as end:
        if outage.lasts and awaited:
            raise Abort from end
        raise
    if outage.lasts and awaited:
        raise Abort


def _answers() -> bool:
    """Whether Prefect's API answers now."""
    with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}), get_client(sync_client=True) as client:
        return client.api_healthcheck() is None


def _until(outage: Outage, requests: Iterator[Request]) -> Iterator[Request]:
    """The requests up to an outage; those after it are not taken."""
    while not outage.lasts:
        try:
            yield next(requests)
        except StopIteration:
            return


def run(order: Order) -> Record:
    """Run the flow and return the night's record; raises what kept the night from being run.

    A night that is finished is so, whether or not Prefect can be told.
    """
    try:
        state = _run(order)
    except (Abort, httpx.HTTPError) as end:
        if isinstance(end, Abort) and end.__cause__ is not None:
            _raise_as_it_was(end.__cause__)
        record = read_record(open_store(order.store), order.run)
        if record is None or record["finished_at"] is None:
            raise
        warn(f"Prefect could not be told of the end of run {order.run}", run=order.run)
        return record
    record = state.result(raise_on_failure=False)
    if isinstance(record, BaseException):
        raise record
    return record


def _raise_as_it_was(end: BaseException) -> NoReturn:
    """Raise what ended a night; a signal that Prefect had made an exception of comes once more."""
    if isinstance(end, TerminationSignal):
        signal.raise_signal(end.signal)
    raise end


def _run(order: Order) -> State[Any]:
    return nightly(
        store=order.store,
        models=order.models,
        versions=order.versions,
        split=order.split,
        force=order.force,
        workers=order.workers,
        run=order.run,
        engine=order.engine,
        return_state=True,
    )


def _outcome(future: PrefectFuture[Outcome]) -> Outcome:
    try:
        return future.result()
    except NotEvaluated as failure:
        return failure.outcome
