"""The lease that keeps two nightly runs from working on one store at a time.

It is a document that says which run holds it and until when. A run renews it while it works; one that was
killed loses it two minutes after it was last renewed.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any

from evalcore.errors import InvalidSettings, StorageUnavailable
from infra import documents, layout
from infra.clock import utc
from infra.storage import Blob, Store, WriteConflict

LASTS = timedelta(minutes=2)
RENEW_SECONDS = 30.0
_ATTEMPTS = 5


class LeaseHeld(StorageUnavailable):
    """Another run holds the lease."""


class LeaseLost(StorageUnavailable):
    """Another run has taken the lease over, since it was not renewed in time."""


class Lease:
    """A lease that is held; a context that releases it. Made by ``acquire``."""

    def __init__(self, store: Store, run: str, etag: str) -> None:
        self.store = store
        self.run = run
        self._etag = etag
        # Renewed by a thread of its own, released by the run's.
        self._busy = threading.Lock()

    def renew(self) -> None:
        """Hold it for two minutes from now; raises LeaseLost."""
        with self._busy:
            try:
                self._etag = _write(self.store, _document(self.run, LASTS), self._etag)
            except WriteConflict as conflict:
                raise _lost(self.store, self.run) from conflict

    def release(self) -> None:
        """Give it up, so that the next run need not wait; nothing happens where it was lost."""
        with self._busy:
            try:
                # Not deleted: a deletion has no condition, and could meet another run's lease.
                self._etag = _write(self.store, _document(self.run, timedelta()), self._etag)
            except WriteConflict:
                return

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def acquire(store: Store, run: str) -> Lease:
    """The lease for a run; raises LeaseHeld, naming the run that holds it and until when."""
    layout.check_id("run", run)
    for _ in range(_ATTEMPTS):
        found = store.read(layout.LEASE)
        if found is not None:
            _refuse_if_held(found)
        try:
            return Lease(store, run, _write(store, _document(run, LASTS), found.etag if found else None))
        except WriteConflict:
            continue
    raise LeaseHeld(f"other runs keep taking the lease {layout.LEASE}", "try again later")


def _write(store: Store, document: dict[str, Any], etag: str | None) -> str:
    return documents.replace(store, layout.LEASE, documents.dump(document), etag)


def _document(run: str, lasts: timedelta) -> dict[str, Any]:
    now = _now()
    return {"run": run, "renewed_at": utc(now), "expires_at": utc(now + lasts)}


def holder(store: Store) -> str | None:
    """The run that holds the lease now, None where it is free."""
    found = store.read(layout.LEASE)
    held = found and _held(found)
    return held[0] if held else None


def _held(found: Blob) -> tuple[str, datetime] | None:
    """Which run holds a lease and until when; one that is over, or cannot be read, is nobody's."""
    try:
        document = documents.parse(found.data, layout.LEASE)
        until = datetime.fromisoformat(document["expires_at"])
        return (str(document.get("run"))[:140], until) if _now() < until else None
    except (InvalidSettings, KeyError, TypeError, ValueError):
        return None


def _refuse_if_held(found: Blob) -> None:
    held = _held(found)
    if held:
        run, until = held
        raise LeaseHeld(
            f"run {run} is at work in this store; it holds {layout.LEASE} until {utc(until)}",
            "wait for it to end; the lease of a run that was killed is free at that time",
            run=run,
            expires_at=utc(until),
        )


def _lost(store: Store, run: str) -> LeaseLost:
    found = store.read(layout.LEASE)
    taken = "is gone"
    if found is not None:
        try:
            taken = f"is now run {documents.parse(found.data, layout.LEASE).get('run')}'s"
        except InvalidSettings:
            taken = "is broken"
    return LeaseLost(
        f"run {run} lost its lease: {layout.LEASE} {taken}", "run again once the other run has ended", run=run
    )


def _now() -> datetime:
    return datetime.now(UTC)
