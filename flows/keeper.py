"""A night under way: its lease is held, and its record and the index are kept up to date as it goes."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from evalcore.errors import AssayError, Forbidden, StorageUnavailable, Unauthorized
from flows.faults import as_ours, store_is_gone
from flows.notices import facts, give_notice, said
from flows.outcome import Outcome
from flows.plan import Plan
from flows.progress import count, passing, tell, warn
from flows.steps import update_index
from infra import lease, record
from infra.clock import utc
from infra.lease import LeaseLost
from infra.storage import InputChanged, Store, WriteConflict, open_store

BEAT = lease.RENEW_SECONDS
"""Seconds between two renewals of the lease, and between two writes of the record and the index."""

RECORD_BEAT = 2.0
"""Seconds after which the record is written anyway where there is something new to tell."""

_OF_THE_STORE = (StorageUnavailable, Unauthorized, Forbidden)
_OF_THE_EVALUATION = (WriteConflict, InputChanged)


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
        self._told = 0
        self._known = 0
        self._began = time.monotonic()
        self._lost: LeaseLost | None = None
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._over = threading.Event()
        # Apart, so that a store that is slow to take an index does not cost the lease.
        self._beats = [
            threading.Thread(target=self._beat, args=beat, name="night-keeper", daemon=True)
            for beat in (
                (BEAT, lambda: self._lease.renew()),
                (BEAT, self._index_news),
                (BEAT, self._write_record),
                (min(BEAT, RECORD_BEAT), self._tell_news),
            )
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
        try:
            if error is not None and not gone:
                self._leave()
        finally:
            self._over.set()
            for beat in self._beats:
                beat.join()
        if error is None:
            self._lease.release()
        elif not gone:
            with suppress(AssayError):
                self._lease.release()

    def _leave(self) -> None:
        """What can be saved of a night that breaks off; what ended it is the error to tell.

        Its record stays without ``finished_at``: there is more to do.
        """
        for write in (self._write_index, self._write_record):
            with suppress(AssayError):
                write()

    def begin(self, plan: Plan) -> None:
        """Say what the night will do, and begin its record; what is known by now counts as done."""
        self._skipped = dict(plan.skipped)
        self.total = len(plan.outcomes) + len(plan.requests)
        with self._lock:
            self._outcomes += plan.outcomes
            self._unindexed += plan.outcomes
            self._known = len(plan.outcomes)
        for outcome in plan.outcomes:
            if outcome.error:
                tell(said(outcome), **facts(outcome))
        tell_count = count if plan.outcomes else passing  # nothing is no news, but a bar begins
        tell_count(self._known, self.total, _how_many(plan.outcomes))
        self._began = time.monotonic()
        self._refuse_if_lost()
        self._write_record()

    def add(self, outcome: Outcome) -> None:
        """Note what became of an evaluation.

        Raises where it failed for the store's sake, and the store does not take the record either.
        """
        with self._lock:
            self._outcomes.append(outcome)
            self._unindexed.append(outcome)
            done = len(self._outcomes)
        count(done, self.total or 0, said(outcome), self._seconds_left(done), **facts(outcome))
        self._refuse_if_lost()
        if isinstance(outcome.error, _OF_THE_STORE) and not isinstance(outcome.error, _OF_THE_EVALUATION):
            self._write_record()

    def _seconds_left(self, done: int) -> float | None:
        """At the pace so far; None before anything is known of it."""
        evaluated, total = done - self._known, self.total or 0
        return (time.monotonic() - self._began) / evaluated * (total - done) if evaluated > 1 else None

    def finish(self) -> dict[str, Any]:
        """Bring the index up to date and write the record for the last time; the record."""
        self._refuse_if_lost()
        self.finished_at = utc()
        self._write_index()
        return self._write_record()

    def _refuse_if_lost(self) -> None:
        if self._lost is not None:
            raise self._lost

    def _beat(self, seconds: float, work: Callable[[], Any]) -> None:
        while not self._over.wait(seconds):
            try:
                work()
            except LeaseLost as lost:
                self._lost = lost
                return
            except Exception as error:
                # The store may answer again; if it does not, the night ends with its error anyway.
                warn(str(as_ours(error)), run=self.run)

    def _index_news(self) -> None:
        with self._lock:
            news = bool(self._unindexed)
        if news:
            self._write_index()

    def _write_index(self) -> None:
        with self._writing:
            with self._lock:
                outcomes, self._unindexed = self._unindexed, []
            try:
                update_index(self.url, outcomes, self._record() if self._outcomes else None)
            except BaseException:
                with self._lock:
                    self._unindexed = outcomes + self._unindexed
                raise
        give_notice(self.url, outcomes)

    def _tell_news(self) -> None:
        """Write the record where there is something new: a run that is killed now leaves what it has done."""
        with self._lock:
            news = len(self._outcomes) > self._told
        if news:
            self._write_record()

    def _write_record(self) -> dict[str, Any]:
        """Write the record as it stands, once it is known what there is to do."""
        with self._writing:
            document = self._record()
            if self.total is not None:
                record.write_record(self.store, document)
                self._told = len(document["evaluations"])
            return document

    def _record(self) -> dict[str, Any]:
        with self._lock:
            lines = [_line(outcome) for outcome in self._outcomes]
        return record.record(
            self.run, self.started_at, self.finished_at, self.split, lines, self._skipped, self.total
        )


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
        failed_gate=outcome.failed_gate,
        error=error.document() if error else None,
    )


def _how_many(outcomes: Iterable[Outcome]) -> str:
    """``998 up to date``, with what cannot even be read."""
    statuses = Counter(outcome.status for outcome in outcomes)
    return ", ".join(f"{count:,} {status.replace('_', ' ')}" for status, count in sorted(statuses.items()))
