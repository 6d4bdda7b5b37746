"""What runs the steps: Prefect, on the API that is named or on its embedded server, or this process alone.

Nothing here imports Prefect before its environment is set, which it reads when it is imported.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from evalcore.errors import EngineUnavailable
from flows.prefect_api import api_url, setting
from flows.progress import step, tell
from infra.storage import open_store, without_secrets

if TYPE_CHECKING:
    from flows.embedded import Server
    from flows.outcome import Outcome, Request
    from flows.plan import Order


@dataclass(frozen=True)
class Serving:
    """What is served: the store, the night's schedule, how many runs at a time, and a queue, if any."""

    store: str
    cron: str = "0 2 * * *"
    timezone: str = "UTC"
    limit: int = 2
    queue_url: str | None = None


Runner = Literal["auto", "prefect", "inline"]

START_SECONDS = 180.0
"""How long a Prefect server that is named may take to start before ``serve`` gives up."""

_LOOK = 1.0
_RETRIES = "PREFECT_CLIENT_MAX_RETRIES"
"""Prefect's own setting: its five take a minute, at every request, and somebody waits for a command."""


def run_evaluation(request: Request, runner: Runner, *, debug: bool = False) -> Outcome:
    """One evaluation and its place in the index; raises the error that it had."""
    if not uses_prefect(runner, by_default=False):
        return _evaluate_inline(request)
    open_store(request.store).check()  # nobody should wait for Prefect to be told that
    with _on_prefect(debug):
        from flows.evaluate import evaluate_version

        return evaluate_version(**_parameters(request))


def run_night(order: Order, runner: Runner, *, debug: bool = False) -> dict[str, Any]:
    """The whole night; its record."""
    # First, since some servers make a bucket for the first thing that is written.
    open_store(order.store).check()
    if not uses_prefect(runner, by_default=True):
        from flows import night

        return night.run_inline(order)
    with _on_prefect(debug):
        from flows import nightly

        return nightly.run(order)


def run_server(serving: Serving, *, debug: bool = False) -> None:
    """Serve the deployments until the process is told to end; raises what keeps it from that."""
    store = open_store(serving.store)
    store.check()
    if serving.queue_url is not None:
        from flows.arrivals import check_queue

        check_queue(serving.queue_url, store)
    with _on_prefect(debug, lasting=True, first=lambda: _check(serving)) as server:
        from flows.serve import serve

        serve(serving, server)


def _check(serving: Serving) -> None:
    from flows.serve import deployments_of

    deployments_of(serving)


def uses_prefect(runner: Runner, *, by_default: bool) -> bool:
    """Whether a command runs on Prefect; with ``auto`` it does ``by_default``, or where an API is named."""
    if runner == "auto":
        return by_default or api_url() is not None
    return runner == "prefect"


def _evaluate_inline(request: Request) -> Outcome:
    from flows import steps
    from flows.notices import facts, give_notice, said

    outcome = steps.settle(request)
    if outcome.change:
        steps.update_index(request.store, [outcome])
    give_notice(request.store, [outcome])
    if not outcome.error:
        step(said(outcome), **facts(outcome))
    if outcome.error:
        raise outcome.error
    return outcome


def _parameters(request: Request) -> dict[str, Any]:
    return {name: value for name, value in vars(request).items() if name != "run_id"}


@contextmanager
def _on_prefect(
    debug: bool, *, lasting: bool = False, first: Callable[[], None] = lambda: None
) -> Iterator[Server | None]:
    """Prefect with its API up; the server where it is embedded, None where it is named.

    That the API does not answer, then or later, becomes EngineUnavailable. For what is ``lasting`` a server
    that is embedded lasts too, and one that is named may be slow to start. ``first`` is done as
    soon as Prefect can be imported, before its API is waited for.
    """
    if not debug:
        # A task's failure is reported by us, in one line; Prefect's API gets its log all the same.
        os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
        os.environ.setdefault("PREFECT_LOGGING_INTERNAL_LEVEL", "CRITICAL")
        logging.raiseExceptions = False  # what Prefect's API does not take of the log is told by nobody
    if not lasting and setting(_RETRIES) is None:
        os.environ[_RETRIES] = "2"
    named = api_url()
    where = f"Prefect's API at {without_secrets(named)}" if named else "Prefect's embedded server"
    server = _start_embedded_server(where, lasting) if named is None else None
    import httpx
    import prefect  # noqa: F401 (takes seconds, in which the server starts)

    first()
    if server is not None:
        _await(server, where, lasting)
    try:
        _reach_api(where, START_SECONDS if lasting else 0)
        yield server
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise _no_answer(where) from error
    except httpx.HTTPStatusError as error:
        from flows.events import refusal

        raise refusal(error.response.status_code, where) from error


def _start_embedded_server(where: str, lasting: bool) -> Server:
    """Start the server and name it, for this process and its children, as the API."""
    from flows import embedded

    tell(f"starting {where} (15–60 s) …")
    try:
        server = embedded.Server(lasting=lasting)
    except embedded.AddressTaken as taken:
        raise EngineUnavailable(
            f"Prefect's server cannot listen at {taken.address}: {taken.why}",
            "if that is a Prefect server name it in PREFECT_API_URL, else set PREFECT_SERVER_API_PORT",
        ) from taken
    for name, value in embedded.ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    os.environ["PREFECT_API_URL"] = server.url
    return server


def _await(server: Server, where: str, lasting: bool) -> None:
    from flows import embedded

    try:
        server.wait()
    except embedded.NotStarted as error:
        raise _no_answer(where) from error
    if lasting:
        tell(f"PREFECT_API_URL={server.url} is the server's address for other programs")


def _reach_api(where: str, patience: float) -> None:
    """Return once the API answers, at most so many seconds later; raises EngineUnavailable."""
    from prefect.client.orchestration import get_client

    until = time.monotonic() + patience
    waiting = False
    while True:
        with get_client(sync_client=True) as client:
            failure = client.api_healthcheck()
        if failure is None:
            return
        if time.monotonic() >= until:
            raise _no_answer(where) from failure
        if not waiting:
            tell(f"waiting for {where}, {patience:.0f} s at most …")
        waiting = True
        time.sleep(_LOOK)


def _no_answer(where: str) -> EngineUnavailable:
    return EngineUnavailable(
        f"{where} does not answer",
        "start it, correct PREFECT_API_URL or the active profile, or use --runner inline",
    )
