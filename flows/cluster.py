"""A Dask cluster: reached, given the partitions of a table, and watched until it has answered.

The one module that imports Dask, and imported only where an engine of Dask's is asked for.
"""

from __future__ import annotations

import logging
import os
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import distributed
from distributed.comm import CommClosedError

from evalcore.accumulator import Kind, MergeTree, Spec, States
from evalcore.errors import AssayError, EngineUnavailable
from flows import partitions
from flows.engine import DASK
from flows.partitions import Folded, Work
from flows.progress import counted, step, tell
from infra.agreement import agreed
from infra.tables import Look, Tables, wanted_by

if TYPE_CHECKING:
    from evalcore.columns import Reading
    from evalcore.settings import Settings
    from infra.ids.facts import RowFacts

CONNECT_SECONDS = 10.0
"""How long a scheduler may take to answer at first."""
WORKERS_SECONDS = 30.0
"""How long a cluster may take to have a worker, then and later."""
ANSWER_SECONDS = 30.0
"""How long it may take to answer later."""
BEAT = 5.0
"""Seconds between two looks whether it is still there."""

for _name in ("distributed", "distributed.client", "tornado.application"):
    # What happens to workers and connections is ours to tell.
    logging.getLogger(_name).setLevel(logging.CRITICAL)

_GONE = (OSError, TimeoutError, CancelledError, distributed.CancelledError)


@contextmanager
def addressed(text: str, workers: int | None = None) -> Iterator[str]:
    """The address of a scheduler: the text itself, or that of a cluster of our own, for the block."""
    if text != DASK:
        yield text
        return
    tell("starting a Dask cluster on this machine (2–10 s) …")
    cluster = local_cluster(workers or os.cpu_count() or 1)
    try:
        yield cluster.scheduler_address
    finally:
        cluster.close()


def local_cluster(workers: int) -> distributed.LocalCluster:
    """A cluster of processes on this machine, which are one thread each; close it."""
    try:
        return distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            # Its HTTP servers cannot be turned off; so they are kept to this machine, on any port.
            dashboard_address="127.0.0.1:0",
            worker_dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        )
    except (RuntimeError, *_GONE) as error:
        raise EngineUnavailable(
            f"a Dask cluster could not be started here: {type(error.__cause__ or error).__name__}",
            "try again with fewer --workers, or use --engine local",
        ) from error


@contextmanager
def reached(address: str) -> Iterator[Cluster]:
    """The cluster of the scheduler at an address, for the block.

    Raises EngineUnavailable where it does not answer within 10 s, or has no worker within 30 s.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of versions that differ: what matters of that is an error
            client = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (*_GONE, ValueError) as error:
        raise EngineUnavailable(
            f"the scheduler at {address} does not answer", "start it, or use --engine dask or local"
        ) from error
    try:
        cluster = Cluster(client, address)
        cluster.wait_for_workers()
        yield cluster
    finally:
        client.close(timeout=CONNECT_SECONDS)


class Cluster:
    """A cluster that answers. Its methods raise EngineUnavailable where it no longer does."""

    def __init__(self, client: distributed.Client, address: str) -> None:
        self.address = address
        self._client = client
        self._alone_since: float | None = None

    def wait_for_workers(self) -> None:
        """Return once there is a worker."""
        try:
            self._client.wait_for_workers(1, timeout=WORKERS_SECONDS)
        except _GONE as error:
            raise self._without_workers() from error

    def fold(
        self,
        kinds: Sequence[Kind],
        spec: Spec,
        tables: Tables,
        settings: Settings,
        reading: Reading,
        facts: RowFacts | None = None,
    ) -> States:
        """As ``fold_parallel``, and the same to the bit: partitions on workers, merged there in a tree.

        Raises as ``Tables``, and as the workers' stores.
        """
        workers = sum(self._threads().values())
        work = Work(tuple(kinds), spec, settings, reading)
        found = partitions.sections(tables.files, self._looks(tables, settings, reading, workers))
        size = partitions.size_for(len(found), workers, _most(facts, tables, len(found)))
        runs = list(partitions.divided(found, size))
        step(f"{counted(len(runs), 'partition')} for {counted(workers, 'worker')} at {self.address}")
        tree = MergeTree(lambda one, other: self._submit(partitions.merge, one, other))
        leaves: deque[distributed.Future] = deque()
        for run in runs:
            known = None if facts is None else partitions.facts_of(run, facts, tables.rows)
            leaves.append(self._told(partitions.fold, work, partitions.spans(run), known))
            tree.add(leaves[-1])
        while leaves:  # the first error in the files' order is the one to tell; no state is kept for that
            self._wait(leaves.popleft())
        total = tree.total()
        folded = partitions.nothing(work) if total is None else self._result(total)
        tables.rows |= {file.key: folded.rows.get(file.key, 0) for file in tables.files}
        return folded.states

    def _looks(self, tables: Tables, settings: Settings, reading: Reading, workers: int) -> list[Look]:
        """What every file says of itself, once they agree."""
        share = max(1, len(tables.files) // (partitions.PER_WORKER * max(1, workers)))
        parts = [tables.files[start : start + share] for start in range(0, len(tables.files), share)]
        futures = [self._told(partitions.look, part, settings, reading) for part in parts]
        looks = [each for future in futures for each in self._result(future)]
        expected, wanted = None, wanted_by(reading, settings)
        for file, look in zip(tables.files, looks, strict=True):
            if look.names is not None:
                expected = agreed(expected, file.key, look.names, settings, wanted)
        return looks

    def _told(self, task: Callable[..., Any], *what: Any) -> distributed.Future:
        return self._submit(task, partitions.versions(), partitions.packed(*what))

    def _submit(self, task: Callable[..., Any], *arguments: Any) -> distributed.Future:
        try:
            return self._client.submit(task, *arguments, pure=False)
        except (RuntimeError, *_GONE) as error:  # the client was closed, for it lost its scheduler
            raise self._lost() from error

    def _result(self, future: distributed.Future) -> Any:
        self._wait(future)
        try:
            return future.result(timeout=None)
        except _GONE as error:
            raise self._lost() from error

    def _wait(self, future: distributed.Future) -> None:
        """Return once a task is done; raises what it raised."""
        while True:
            try:
                error = future.exception(timeout=BEAT)
                break
            except TimeoutError:
                self._look_after()
            except _GONE as gone:
                raise self._lost() from gone
        if error is not None:
            raise self._of_worker(error)
        if future.status != "finished":
            raise self._lost()

    def _look_after(self) -> None:
        """Raise where the scheduler is gone, or there has been no worker at work for a while."""
        if self._threads():
            self._alone_since = None
            return
        now = time.monotonic()
        self._alone_since = self._alone_since or now
        if now - self._alone_since > WORKERS_SECONDS:
            raise self._without_workers()

    def _threads(self) -> dict[str, int]:
        """How many threads each worker has that takes tasks."""
        try:
            found = self._client.sync(self._client.scheduler.ncores_running, callback_timeout=ANSWER_SECONDS)
        except (AttributeError, RuntimeError, *_GONE) as error:
            raise self._lost() from error
        return dict(found)

    def _lost(self) -> EngineUnavailable:
        return EngineUnavailable(
            f"the scheduler at {self.address} went away", "start it and run this again, or use --engine local"
        )

    def _without_workers(self) -> EngineUnavailable:
        return EngineUnavailable(
            f"the scheduler at {self.address} has had no worker for {WORKERS_SECONDS:.0f} s",
            "start workers with Assay installed, or use --engine dask or local",
        )

    def _of_worker(self, error: BaseException) -> BaseException:
        """What a task's error is to who asked for it: ours are themselves."""
        if isinstance(error, AssayError):
            return error
        if isinstance(error, distributed.KilledWorker):
            ours = EngineUnavailable(
                f"{error.allowed_failures + 1} workers in a row died at the same partition",
                "look at their logs, give them more memory, or use --engine local",
            )
        elif isinstance(error, (CommClosedError, CancelledError, distributed.CancelledError)):
            ours = self._lost()
        elif _lacks_assay(error):
            ours = EngineUnavailable(
                f"a worker at {self.address} cannot load Assay",
                "install assay-reports[dask] in the same version on every worker",
            )
        else:
            return error
        ours.__cause__ = error
        return ours


def _most(facts: RowFacts | None, tables: Tables, sections: int) -> int | None:
    """How many sections a partition may have, for what is known of its rows travels with it."""
    return None if facts is None else partitions.FACT_ROWS * sections // max(1, sum(tables.rows.values()))


def _lacks_assay(error: BaseException | None) -> bool:
    """Whether a worker could not even load the task."""
    while error is not None:
        if isinstance(error, ImportError):
            return True
        error = error.__cause__
    return False


__all__ = ["Cluster", "Folded", "addressed", "reached"]
