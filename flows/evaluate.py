"""The Prefect flow ``evaluate-version``: one evaluation, tried again where the store did not answer."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.runtime import flow_run, task_run
from prefect.tasks import Task, exponential_backoff

from evalcore.errors import StorageUnavailable
from flows import artifacts, steps, workers
from flows.engine import LOCAL
from flows.notices import facts, give_notice, said
from flows.outcome import Outcome, Request
from flows.progress import STEPS, heard, step


class NotEvaluated(Exception):
    """An evaluation failed: what Prefect shows of it, and its outcome for the flow that asked."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome

    def __str__(self) -> str:
        error = self.outcome.error
        return f"error[{error.code}]: {error}" if error else "not evaluated"

    __repr__ = __str__  # what Prefect logs of a failure that it tries again


def run_name(parameters: Mapping[str, Any]) -> str:
    """What Prefect calls the run of an evaluation: ``model/version/split[/checkpoint]``."""
    version = parameters["version_id"] or "promoted"
    names = (parameters["model_id"], version, parameters["dataset_split"] or "test", parameters["checkpoint"])
    return "/".join(name for name in names if name)


def worth_retrying(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:
    """Whether a failed task may succeed later: where the store did not serve, not where there is none."""
    failure = state.result(raise_on_failure=False)
    error = failure.outcome.error if isinstance(failure, NotEvaluated) else failure
    return isinstance(error, StorageUnavailable) and error.details.get("s3_code") != "NoSuchBucket"


TRIED_AGAIN: dict[str, Any] = {
    "retries": 3,
    "retry_delay_seconds": exponential_backoff(backoff_factor=2),
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": worth_retrying,
    "cache_policy": NO_CACHE,
    "persist_result": False,
}
"""How a task is tried again; its result is kept nowhere, for the store has it."""


@task(
    name="evaluate",
    task_run_name=lambda: run_name(vars(task_run.parameters["request"])),
    **TRIED_AGAIN,
)
def evaluate(request: Request) -> Outcome:
    """One evaluation, in a worker process; fails where it does."""
    outcome = workers.settle(request)
    artifacts.leave_markdown(outcome)
    if outcome.error:
        raise NotEvaluated(outcome) from outcome.error
    return outcome


@task(name="update-index", **TRIED_AGAIN)
def update_index(store: str, outcome: Outcome) -> None:
    """The index and its page, after one evaluation."""
    steps.update_index(store, [outcome])


@flow(
    name="evaluate-version",
    flow_run_name=lambda: run_name(flow_run.parameters),
    persist_result=False,
)
def evaluate_version(
    model_id: str,
    version_id: str | None = None,
    dataset_split: str = "test",
    checkpoint: str | None = None,
    threshold: float | None = None,
    baseline: str | None = None,
    force: bool = False,
    output: str | None = None,
    store: str | None = None,
    engine: str = LOCAL,
    workers: int | None = None,
) -> Outcome:
    """Evaluate one version and publish it if it is due; fails with the error that the evaluation had.

    An empty ``version_id`` is the promoted version, an empty ``dataset_split`` is ``test``, and an empty
    ``store`` the one that ``ASSAY_STORE`` names.
    """
    request = Request(
        store=store or os.environ.get("ASSAY_STORE", "./assay-store"),
        model_id=model_id,
        version_id=version_id or None,
        dataset_split=dataset_split or "test",
        checkpoint=checkpoint or None,
        threshold=threshold,
        baseline=baseline or None,
        force=force,
        output=output,
        run_id=flow_run.id,
        engine=engine,
        workers=workers,
    )
    with heard(STEPS) as alone:
        outcome = _outcome(request)
        update_index(request.store, outcome)
        give_notice(request.store, [outcome])
        if alone or not outcome.error:  # else who asked for the evaluation tells of the error
            step(said(outcome), **facts(outcome))
    if outcome.error:
        raise outcome.error
    return outcome


def _outcome(request: Request) -> Outcome:
    try:
        return evaluate(request)
    except NotEvaluated as failure:
        return failure.outcome
