"""A night under way: its lease is held, and its record and the index are kept up to date as it goes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from evalcore.errors import AssayError
from flows.faults import as_ours, store_is_gone
from flows.notices import facts, give_notice, said
from flows.progress import count, warn
from flows.steps import Outcome, update_index
from infra import lease, record
from infra.clock import utc
from infra.lease import LeaseLost
from infra.storage import Store, open_store

BEAT = lease.RENEW_SECONDS
"""Seconds between two renewals of the lease, and between two writes of the record and the index."""


class Keeper:
    """Keeps one night, from taking the lease to giving it back.

    Raises StorageUnavailable, naming the other run, where one is under way on this store; so do ``begin``,
    ``add`` and ``finish`` where another run has taken the lease over meanwhile.
    """

    def __init__(self, url: str, run: str, split: str) -> None:
        self.url, self.run, self.split = url, run, split
        self.store: Store = open_store(url)
        self.started_at = utc()
        self.finished_at: str | None = None
        self.total: int | None = None
        self._outcomes: list[Outcome] = []
        self._skipped: dict[str, str] = {}
        self._unindexed: list[Outcome] = []
        self._lost: LeaseLost | None = None
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._over = threading.Event()
        # Apart, so that a store that is slow to take an index does not cost the lease.
        self._beats = [
            threading.Thread(target=self._beat, args=works, name="night-keeper", daemon=True)
            for works in ([lambda: self._lease.renew()], [self._write_record, self._write_index])
        ]

    def __enter__(self) -> Self:
        self._lease = lease.acquire(self.store, self.run)
        try:
            for beat in self._beats:
                beat.start()
        except BaseException:
            self._over.set()
            self._lease.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        gone = store_is_gone(error)
        if error is not None and not gone:
            self._leave()
        self._over.set()
        for beat in self._beats:
            beat.join()
        if error is None:
            self._lease.release()
        elif not gone:
            with suppress(AssayError):
                self._lease.release()

    def _leave(self) -> None:
        """What can be saved of a night that ends early; what ended it is the error to tell."""
        self.finished_at = utc()
        for write in (self._write_index, self._write_record):
            with suppress(AssayError):
                write()

    def begin(self, skipped: Mapping[str, str], failed: Iterable[Outcome], requests: int) -> None:
        """Say what the night will do, and begin its record; what failed in planning counts as done."""
        self._skipped = dict(skipped)
        failed = list(failed)
        self.total = len(failed) + requests
        for outcome in failed:
            self.add(outcome)
        self._refuse_if_lost()
        self._write_record()

    def add(self, outcome: Outcome) -> None:
        """Note what became of an evaluation."""
        with self._lock:
            self._outcomes.append(outcome)
            self._unindexed.append(outcome)
            done = len(self._outcomes)
        count(done, self.total or 0, said(outcome), **facts(outcome))
        self._refuse_if_lost()

    def finish(self) -> dict[str, Any]:
        """Bring the index up to date and write the record for the last time; the record."""
        self._refuse_if_lost()
        self._write_index()
        self.finished_at = utc()
        return self._write_record()

    def _refuse_if_lost(self) -> None:
        if self._lost is not None:
            raise self._lost

    def _beat(self, *works: Callable[[], Any]) -> None:
        while not self._over.wait(BEAT):
            for work in works:
                try:
                    work()
                except LeaseLost as lost:
                    self._lost = lost
                    return
                except Exception as error:
                    # The store may answer again; if it does not, the night ends with its error anyway.
                    warn(str(as_ours(error)), run=self.run)

    def _write_index(self) -> None:
        with self._writing:
            with self._lock:
                outcomes, self._unindexed = self._unindexed, []
            try:
                update_index(self.url, outcomes)
            except BaseException:
                with self._lock:
                    self._unindexed = outcomes + self._unindexed
                raise
        give_notice(self.url, outcomes)

    def _write_record(self) -> dict[str, Any]:
        """Write the record as it stands, once it is known what there is to do."""
        with self._writing:
            with self._lock:
                lines = [_line(outcome) for outcome in self._outcomes]
            document = record.record(
                self.run, self.started_at, self.finished_at, self.split, lines, self._skipped, self.total
            )
            if self.total is not None:
                record.write_record(self.store, document)
            return document


def _line(outcome: Outcome) -> dict[str, Any]:
    """An outcome's line in the record."""
    request, target, error = outcome.request, outcome.target, outcome.error
    assert outcome.status != "what_if"  # a night asks for none
    return record.outcome(
        request.model_id,
        target.version_id if target else request.version_id,
        request.dataset_split,
        outcome.status,
        outcome.seconds,
        checkpoint=request.checkpoint,
        verdict=outcome.verdict,
        error=error.document() if error else None,
    )
