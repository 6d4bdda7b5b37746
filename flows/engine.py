"""What folds the rows: threads of this process, or the workers of a Dask cluster.

An engine's text is ``local``, ``dask`` (a cluster of processes on this machine, for as long as it is needed)
or ``tcp://host:port``, a scheduler that runs already. The figures are the same to the bit with any.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import ModuleType
from typing import TYPE_CHECKING

from evalcore.errors import EngineUnavailable, InvalidParameter

if TYPE_CHECKING:
    from flows.cluster import Cluster
    from flows.outcome import Request

LOCAL, DASK = "local", "dask"
_SCHEDULER = re.compile(r"tcp://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}")


@dataclass(frozen=True)
class Engine:
    """An engine that is ready: a cluster, or without one so many threads (None: as many as pay)."""

    threads: int | None = None
    cluster: Cluster | None = None


HERE = Engine()


def check(text: str, workers: int | None = None, *, at_a_time: bool = False) -> None:
    """Raise InvalidParameter for what is no engine, and for a number of workers that is not ours to say.

    With ``at_a_time`` the number is that of evaluations, which may be said with every engine.
    """
    if text not in (LOCAL, DASK) and not _SCHEDULER.fullmatch(text):
        shown = text.rpartition("@")[2][:200]  # before an @ there may be a password
        raise InvalidParameter(f"{shown!r} is no engine", "give local, dask or tcp://host:port")
    if workers is not None and workers < 1:
        raise InvalidParameter(f"--workers {workers} is less than 1", "give a number of workers")
    if workers is not None and text not in (LOCAL, DASK) and not at_a_time:
        raise InvalidParameter(
            f"the scheduler at {text} has the workers that it has",
            "leave --workers out, or use dask",
        )


@contextmanager
def opened(text: str, workers: int | None = None) -> Iterator[Engine]:
    """The engine of this text, for the block.

    ``workers`` are threads, or processes of a cluster of our own, by default one for each core. Raises
    InvalidParameter, and EngineUnavailable where Dask is not installed, the scheduler does not answer or has
    no worker, or goes away within the block.
    """
    check(text, workers)
    if text == LOCAL:
        yield Engine(threads=workers)
        return
    clusters = _clusters()
    with clusters.addressed(text, workers) as address, clusters.reached(address) as cluster:
        yield Engine(cluster=cluster)


@contextmanager
def shared(requests: Iterable[Request], text: str, workers: int | None = None) -> Iterator[list[Request]]:
    """Requests that all use one engine, by one cluster where that is of our own; raises as ``opened``.

    Where there is no request, nothing is started.
    """
    requests = list(requests)
    check(text, workers, at_a_time=True)
    if text == LOCAL or not requests:
        yield requests
        return
    clusters = _clusters()
    with clusters.addressed(text, workers) as address:
        with clusters.reached(address):
            pass  # where it does not answer, one error says so and not one for each evaluation
        yield [replace(request, engine=address, workers=None) for request in requests]


def _clusters() -> ModuleType:
    try:
        from flows import cluster
    except ModuleNotFoundError as error:
        if error.name not in ("dask", "distributed"):
            raise
        raise EngineUnavailable(
            f"{error.name} is not installed", "install assay-reports[dask], or use --engine local"
        ) from error
    return cluster
