"""What runs the steps: Prefect, on the API that is named or on its embedded server, or this process alone.

Nothing here imports Prefect before its environment is set, which it reads when it is imported.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from evalcore.errors import EngineUnavailable
from flows.prefect_api import api_url
from flows.progress import tell
from infra.storage import open_store, without_secrets

if TYPE_CHECKING:
    from flows.plan import Order
    from flows.steps import Outcome, Request

Runner = Literal["auto", "prefect", "inline"]


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


def uses_prefect(runner: Runner, *, by_default: bool) -> bool:
    """Whether a command runs on Prefect; with ``auto`` it does ``by_default``, or where an API is named."""
    if runner == "auto":
        return by_default or api_url() is not None
    return runner == "prefect"


def _evaluate_inline(request: Request) -> Outcome:
    from flows import steps

    outcome = steps.settle(request)
    if outcome.change:
        steps.update_index(request.store, [outcome])
    if outcome.error:
        raise outcome.error
    return outcome


def _parameters(request: Request) -> dict[str, Any]:
    return {name: value for name, value in vars(request).items() if name != "run_id"}


@contextmanager
def _on_prefect(debug: bool) -> Iterator[None]:
    """Prefect with its API up; that it does not answer, then or later, becomes EngineUnavailable."""
    if not debug:
        # A task's failure is reported by us, in one line; Prefect's API gets its log all the same.
        os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    named = api_url()
    where = f"Prefect's API at {without_secrets(named)}" if named else "Prefect's embedded server"
    if named is None:
        _start_embedded_server(where)
    import httpx

    try:
        _reach_api(where)
        yield
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise _no_answer(where) from error


def _start_embedded_server(where: str) -> None:
    """Start the server and name it, for this process alone, as the API."""
    from flows import embedded

    tell(f"starting {where} (15–60 s) …")
    server = embedded.Server()
    for name, value in embedded.ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    os.environ["PREFECT_API_URL"] = server.url
    import prefect  # noqa: F401 (takes seconds, in which the server starts)

    try:
        server.wait()
    except embedded.NotStarted as error:
        raise _no_answer(where) from error


def _reach_api(where: str) -> None:
    from prefect.client.orchestration import get_client

    with get_client(sync_client=True) as client:
        failure = client.api_healthcheck()
    if failure is not None:
        raise _no_answer(where) from failure


def _no_answer(where: str) -> EngineUnavailable:
    return EngineUnavailable(
        f"{where} does not answer",
        "start it, correct PREFECT_API_URL or the active profile, or use --runner inline",
    )
