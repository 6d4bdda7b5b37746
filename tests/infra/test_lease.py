"""The lease of nightly runs."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from evalcore.errors import InvalidParameter
from infra import lease
from infra.layout import LEASE
from infra.lease import LeaseHeld, LeaseLost, acquire
from infra.storage import Store, open_store
from tests.infra.doubles import put

START = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


class Clock:
    """A time that the test sets."""

    now = START

    def pass_(self, seconds: float) -> None:
        """Let time go by."""
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that leases go by."""
    clock = Clock()
    monkeypatch.setattr(lease, "_now", lambda: clock.now)
    return clock


@pytest.fixture
def store(store_url: str) -> Store:
    """An empty store of each kind."""
    return open_store(store_url)


def test_one_run_at_a_time(store: Store, clock: Clock) -> None:
    """The second learns which run holds the lease and until when, and may have it once it is released."""
    with acquire(store, "first"):
        assert json.loads(store.read(LEASE).data) == {
            "run": "first",
            "renewed_at": "2026-11-20T02:00:00Z",
            "expires_at": "2026-11-20T02:02:00Z",
        }
        with pytest.raises(LeaseHeld, match=r"run first is at work.*until 2026-11-20T02:02:00Z") as error:
            acquire(store, "second")
        assert (error.value.code, error.value.exit_status) == ("storage_unavailable", 6)
        assert error.value.details["run"] == "first"
    acquire(store, "second").release()


def test_a_failing_run_releases_too(store: Store, clock: Clock) -> None:
    """An exception is no reason to keep others waiting."""
    with pytest.raises(RuntimeError), acquire(store, "first"):
        raise RuntimeError
    acquire(store, "second")


def test_renewing_keeps_it(store: Store, clock: Clock) -> None:
    """It is free two minutes after the last renewal, not before."""
    held = acquire(store, "first")
    clock.pass_(100)
    held.renew()
    clock.pass_(119)
    with pytest.raises(LeaseHeld):
        acquire(store, "second")
    clock.pass_(1)
    acquire(store, "second")


def test_the_loser_is_told_and_does_no_harm(store: Store, clock: Clock) -> None:
    """A run that was taken for dead cannot renew, and its release leaves the other's lease alone."""
    first = acquire(store, "first")
    clock.pass_(121)
    second = acquire(store, "second")
    with pytest.raises(LeaseLost, match="is now run second's"):
        first.renew()
    first.release()
    second.renew()
    with pytest.raises(LeaseHeld, match="run second"):
        acquire(store, "third")


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"run": "x"}', '{"expires_at": 5}', '{"expires_at": "2999-01-01"}']
)
def test_a_lease_that_cannot_be_read_is_nobodys(folder_store: str, content: str) -> None:
    """A broken file must not stop every night to come."""
    store = open_store(folder_store)
    put(store, LEASE, content)
    acquire(store, "first").renew()


@pytest.mark.parametrize("kind", ["folder", "weed"])
def test_of_many_one_gets_it(kind: str, request: pytest.FixtureRequest) -> None:
    """Runs that start in the same moment."""
    store_url = request.getfixturevalue(f"{kind}_store")

    def attempt(number: int) -> bool:
        try:
            acquire(open_store(store_url), f"run-{number}")
        except LeaseHeld:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(attempt, range(6))) == 1


def test_runs_have_ids(folder_store: str) -> None:
    """The same rule as for models."""
    with pytest.raises(InvalidParameter):
        acquire(open_store(folder_store), "a run")
