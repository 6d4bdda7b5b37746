"""A night under way: it holds the lease, and keeps its record and the index up to date as it goes."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from evalcore.errors import AssayError
from flows.faults import store_is_gone
from flows.progress import count, log
from flows.steps import Outcome, connect, update_index
from infra import lease, record
from infra.storage import Store

BEAT = lease.RENEW_SECONDS
"""Seconds between two renewals of the lease, each with the record and the index as they stand."""


class Night:
    """The run between taking the lease and giving it back.

    Raises StorageUnavailable, naming the other run, where one is under way on this store.
    """

    def __init__(self, url: str, run: str, split: str) -> None:
        self.url, self.run, self.split = url, run, split
        self.store: Store = connect(url)
        self.started_at = _now()
        self.total = 0
        self._outcomes: list[Outcome] = []
        self._skipped: dict[str, str] = {}
        self._unindexed: list[Outcome] = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="night-keeper", daemon=True)

    def __enter__(self) -> Self:
        self._lease = lease.acquire(self.store, self.run)
        try:
            self._write_record(None)
            self._keeper.start()
        except BaseException:
            self._over.set()
            self._lease.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._rest()
        if error is None:
            self._lease.release()
        elif not store_is_gone(error):
            self._leave()

    def _leave(self) -> None:
        """What can be saved of a night that ends early; what ended it is the error to tell."""
        with suppress(AssayError):
            self._write_index()
            self._write_record(None)
        with suppress(AssayError):
            self._lease.release()

    def begin(self, skipped: Mapping[str, str], failed: Iterable[Outcome], requests: int) -> None:
        """Say what the night will do; what failed in planning counts as done."""
        self._skipped = dict(skipped)
        failed = list(failed)
        self.total = len(failed) + requests
        for outcome in failed:
            self.add(outcome)

    def add(self, outcome: Outcome) -> None:
        """Note what became of an evaluation."""
        with self._lock:
            self._outcomes.append(outcome)
            self._unindexed.append(outcome)
            done = len(self._outcomes)
        count(done, self.total, _said(outcome))

    def finish(self) -> dict[str, Any]:
        """Bring the index up to date and write the record for the last time; the record."""
        self._rest()
        self._write_index()
        return self._write_record(_now())

    def _rest(self) -> None:
        self._over.set()
        self._keeper.join()

    def _keep(self) -> None:
        while not self._over.wait(BEAT):
            try:
                self._lease.renew()
                self._write_index()
                self._write_record(None)
            except AssayError as error:
                # The store may answer again; if it does not, the night ends with its error anyway.
                log.warning("%s", error)

    def _write_index(self) -> None:
        with self._lock:
            outcomes, self._unindexed = self._unindexed, []
        try:
            update_index(self.url, outcomes)
        except AssayError:
            with self._lock:
                self._unindexed = outcomes + self._unindexed
            raise

    def _write_record(self, finished_at: str | None) -> dict[str, Any]:
        with self._lock:
            lines = [_line(outcome) for outcome in self._outcomes]
        document = record.record(self.run, self.started_at, finished_at, self.split, lines, self._skipped)
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


def _said(outcome: Outcome) -> str:
    request = outcome.request
    name = " ".join(part for part in (request.model_id, request.version_id, request.dataset_split) if part)
    if outcome.error:
        return f"{name}: error[{outcome.error.code}]: {outcome.error}"
    return f"{name}: {outcome.status}, verdict {outcome.verdict} ({outcome.seconds:.1f} s)"


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
