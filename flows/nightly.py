"""The Prefect flow ``nightly``: the steps of ``flows.night`` as tasks that Prefect shows and tries again."""

from __future__ import annotations

import os
from typing import Any

from prefect import flow, task
from prefect.futures import PrefectFuture, as_completed
from prefect.states import Completed, Failed

from flows import artifacts, night, plan
from flows.engine import LOCAL, shared
from flows.evaluate import TRIED_AGAIN, NotEvaluated, evaluate
from flows.keeper import Keeper
from flows.outcome import Outcome
from flows.plan import WORKERS, Order, Plan, Versions
from flows.progress import about, heard

Record = dict[str, Any]


@task(name="plan-night", **TRIED_AGAIN)
def plan_night(order: Order) -> Plan:
    """Which evaluations there are."""
    return plan.plan_night(order)


@flow(name="nightly", flow_run_name="{run}", persist_result=False)
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
    order = Order(url, run or night.new_run(), models, versions, split, force, workers, engine)
    with heard(), about(run=order.run), Keeper(order.store, order.run, order.split) as keeper:
        found = plan_night(order)
        keeper.begin(found)
        progress = artifacts.Progress(len(found.requests))
        with shared(found.requests, engine, workers) as requests, night.ending_workers():
            for future in night.as_they_end(requests, workers, evaluate.submit, as_completed):
                keeper.add(_outcome(future))
                progress.advance()
        record = keeper.finish()
        artifacts.leave_table(order.store, record)
    failed = record["counts"].get("failed", 0)
    if failed:
        return Failed(message=f"{failed} of {len(record['evaluations'])} evaluations errored", data=record)
    return Completed(message=f"{len(record['evaluations'])} evaluations", data=record)


def run(order: Order) -> Record:
    """Run the flow and return the night's record; raises what kept the night from being run."""
    state = nightly(
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
    record = state.result(raise_on_failure=False)
    if isinstance(record, BaseException):
        raise record
    return record


def _outcome(future: PrefectFuture[Outcome]) -> Outcome:
    try:
        return future.result()
    except NotEvaluated as failure:
        return failure.outcome
