"""The two deployments, served by this process: the night on its schedule, and each trained version."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from random import uniform
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from prefect._internal import observers
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.deployments.runner import EntrypointType, RunnerDeployment
from prefect.events import DeploymentEventTrigger
from prefect.runner import Runner, _scheduled_run_poller
from prefect.schedules import Cron
from pydantic import ValidationError

from evalcore.errors import EngineUnavailable, InvalidParameter
from flows import events
from flows.arrivals import Arrivals
from flows.evaluate import evaluate_version
from flows.nightly import nightly
from flows.outage import Outage, is_outage
from flows.progress import counted, tell
from flows.runner import Serving
from infra.notifications import Arrival
from infra.queue import Queue
from infra.s3 import S3Store
from infra.storage import open_store

if TYPE_CHECKING:
    from flows.embedded import Server

NIGHTLY, ON_TRAINED = "nightly/nightly", "evaluate-version/on-trained"
_PAYLOAD = ("model_id", "version_id", "dataset_split")
Ask = Callable[[], Awaitable[None]]

_LOOK = 0.2
_END_SECONDS = 60.0


def serve(serving: Serving, server: Server | None = None) -> None:
    """Serve until the process is told to end; raises what keeps it from that.

    ``server`` is the one that is embedded, without which there is nothing to serve.
    """
    deployments = deployments_of(serving)
    stop, ready = threading.Event(), threading.Event()
    ended: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
    works = [lambda: asyncio.run(_run(deployments, serving, ready, stop))]
    if serving.queue_url is not None:
        store = cast(S3Store, open_store(serving.store))
        arrivals = Arrivals(Queue(serving.queue_url), store, start_evaluation, stop)
        works.append(lambda: _once_ready(ready, stop, arrivals.run))
    if server is not None:
        works.append(server.outlive)
    threads = [threading.Thread(target=_guarded, args=(work, ended), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    try:
        failure = ended.get()  # which a signal interrupts
    finally:
        stop.set()
        # Not the others: a request for messages may be open for a while yet, and ends with the process.
        threads[0].join(_END_SECONDS)
    if failure is not None:
        raise failure


def deployments_of(serving: Serving) -> list[RunnerDeployment]:
    """Both deployments; raises InvalidParameter for a schedule that is none."""
    try:
        schedule = Cron(serving.cron, timezone=serving.timezone)
        return [
            nightly.to_deployment(
                "nightly",
                schedule=schedule,
                parameters={"store": serving.store},
                paused=False,
                entrypoint_type=EntrypointType.MODULE_PATH,
            ),
            evaluate_version.to_deployment(
                "on-trained",
                triggers=[on_trained()],
                parameters={"store": serving.store},
                paused=False,
                entrypoint_type=EntrypointType.MODULE_PATH,
            ),
        ]
    except (ValidationError, ValueError) as error:
        raise InvalidParameter(
            f"not a schedule: {serving.cron!r} in {serving.timezone!r}",
            "give five fields of cron, such as '0 2 * * *', and a time zone such as Europe/Berlin",
        ) from error


def on_trained() -> DeploymentEventTrigger:
    """Starts a run for each event ``assay.model-version.trained``, with what its payload says."""
    return DeploymentEventTrigger(
        name="assay: a model version was trained",
        expect={events.TRAINED},
        # What a payload leaves out, or has no value for, is empty: the flow has defaults for it.
        parameters={name: f"{{{{ event.payload.{name} | default('', true) }}}}" for name in _PAYLOAD},
    )


def start_evaluation(arrival: Arrival) -> None:
    """Ask Prefect for a run of ``evaluate-version/on-trained``, once however often it is asked for.

    Raises EngineUnavailable where Prefect does not accept it.
    """
    parameters = {name: getattr(arrival.target, name) for name in _PAYLOAD}
    try:
        with get_client(sync_client=True) as client:
            deployment = client.read_deployment_by_name(ON_TRAINED)
            client.create_flow_run_from_deployment(
                deployment.id, parameters=parameters, idempotency_key=arrival.event, tags=["s3"]
            )
    except Exception as error:
        raise EngineUnavailable(
            f"Prefect does not accept a run of {ON_TRAINED} ({type(error).__name__})",
            "look at Prefect's server",
        ) from error


# -- the runner --------------------------------------------------------------------------------------


def _guarded(work: Callable[[], None], ended: queue.SimpleQueue[BaseException | None]) -> None:
    try:
        work()
    except BaseException as error:
        ended.put(error)
    else:
        ended.put(None)


def _once_ready(ready: threading.Event, stop: threading.Event, work: Callable[[], None]) -> None:
    """Work once the deployments are those of this process: a run takes its store from its deployment."""
    while not (ready.wait(_LOOK) or stop.is_set()):
        pass
    work()


async def ask(workload: Ask, outage: Outage) -> None:
    """One request, without the failure that it has while the API is away."""
    try:
        await workload()
    except Exception as error:
        if not is_outage(error):
            raise
        outage.began(error)
    else:
        outage.ended()


def endure_outages() -> None:
    """Have the runner ask on, for what is scheduled and for what is to be cancelled, while the API is away.

    Its own loops end after three requests without an answer, and leave it waiting for ever. There is no
    setting for that; what runs meanwhile is left to run.
    """
    outage = Outage("asking again and again")

    async def ask_on(workload: Ask, interval: float, **_: Any) -> None:
        while True:
            await ask(workload, outage)
            await asyncio.sleep(interval * uniform(0.7, 1.3))

    for module in (_scheduled_run_poller, observers):
        if not hasattr(module, "critical_service_loop"):
            raise AttributeError(f"{module.__name__} of this Prefect has another loop")
        module.critical_service_loop = ask_on


async def _run(
    deployments: list[RunnerDeployment],
    serving: Serving,
    ready: threading.Event,
    stop: threading.Event,
) -> None:
    endure_outages()
    runner = Runner(name="assay", limit=serving.limit, pause_on_shutdown=False)
    for deployment in deployments:
        identity = await runner.aadd_deployment(deployment)
        if deployment.full_name == NIGHTLY:
            await _make_up_for_missed(identity)
    tell(f"serving {NIGHTLY} ({serving.cron}, {serving.timezone}) and {ON_TRAINED} for {serving.store}")
    running = asyncio.create_task(runner.start())
    ready.set()
    while not (stop.is_set() or running.done()):
        await asyncio.sleep(_LOOK)
    if not running.done():
        await (runner.astop() if runner.started else _cancel(running))
    await running


async def _cancel(task: asyncio.Task[Any]) -> None:
    task.cancel()


async def _make_up_for_missed(deployment_id: UUID) -> None:
    """One night in place of all those that nobody was there to run: it does all that is due."""
    async with get_client() as client:
        missed = await client.read_flow_runs(
            deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment_id])),
            flow_run_filter=FlowRunFilter(
                expected_start_time=FlowRunFilterExpectedStartTime(before_=datetime.now(UTC)),
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
            ),
        )
        for run in missed:
            await client.delete_flow_run(run.id)
        if missed:
            await client.create_flow_run_from_deployment(deployment_id)
            tell(f"making up for {counted(len(missed), 'night')} that nobody was there to run")
