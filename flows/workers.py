"""Worker processes: each evaluates one version at a time, so that a crash is that version's outcome alone.

What an evaluation meets (a file that crashes its reader, more rows than memory) ends the process that is at
it and none of the others. Two processes also keep two cores busy, which threads of one do not.
"""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from evalcore.errors import AssayError, EngineUnavailable, InternalError
from flows import steps
from flows.outcome import Outcome, Request
from flows.processes import Died, Processes, say, serve
from flows.progress import log

_ENDED_FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM)

_workers = Processes("flows.workers")


def settle(request: Request) -> Outcome:
    """As ``steps.settle``, in a worker process; that it died is a failure like any other."""
    started = time.monotonic()
    try:
        outcome: Outcome = _workers.ask((request, log.getEffectiveLevel()), _pass_on)
    except Died as died:
        outcome = steps.failed(request, _error_of(died))
        return replace(outcome, seconds=time.monotonic() - started)
    return outcome


def stop() -> None:
    """End the workers, whatever they are at; each starts again when it is needed."""
    _workers.stop()


def _pass_on(said: tuple[int, str, Mapping[str, Any]]) -> None:
    level, text, facts = said
    log.log(level, "%s", text, extra={"facts": facts})


def _error_of(died: Died) -> AssayError:
    name = _name(died.status)
    if -died.status in _ENDED_FROM_OUTSIDE:
        return EngineUnavailable(
            f"the process that evaluated it was ended from outside, by {name}",
            "run it again, with fewer --workers where the system's log tells of a lack of memory",
            status=died.status,
        )
    return InternalError(
        f"the process that evaluated it crashed, with {name}",
        "this is a bug, of Assay or of a library: please report it with the output above",
        status=died.status,
    )


def _name(status: int) -> str:
    try:
        return signal.Signals(-status).name if status < 0 else f"exit status {status}"
    except ValueError:
        return f"signal {-status}"


# -- the worker's own side ---------------------------------------------------------------------------


class _ToParent(logging.Handler):
    """Has the parent say what is said here."""

    def emit(self, record: logging.LogRecord) -> None:
        say((record.levelno, self.format(record), getattr(record, "facts", {})))


def _settle(job: tuple[Request, int]) -> Outcome:
    request, level = job
    log.setLevel(level)
    return steps.settle(request)


if __name__ == "__main__":
    log.addHandler(_ToParent())
    serve(_settle)
