"""A night on a real S3 server behind a proxy that fails: tried again, or one clear error, and nothing by halves."""

from __future__ import annotations

import itertools
import json
import random
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from evalcore.errors import AssayError, StorageUnavailable
from flows.night import exit_status, new_run, run_inline
from flows.plan import Order
from infra import layout
from infra.layout import LEASE, Target
from infra.retry import Patience
from infra.storage import Store, open_store
from tests.faults import Step, hangs, refuses, resets
from tests.flows.conftest import Ran
from tests.flows.test_night_killed import put_predictions
from tests.flows.whole import digest_in_force, settled
from tests.infra.doubles import put, put_model
from tests.proxy import Asked, Proxy, done_but, slows, truncates

pytestmark = pytest.mark.usefixtures("quick_reports")
TARGET = Target("m", "v1")

PASSING: dict[str, Step] = {
    "slow-down": refuses(503, "SlowDown"),
    "internal-error": refuses(500, "InternalError"),
    "reset": resets,
    "truncated": truncates,
    "done-but-reset": done_but(resets),
    "done-but-unavailable": done_but(refuses(503, "ServiceUnavailable")),
    "hangs": hangs,
    "done-but-hangs": done_but(hangs),
    "slow-body": slows(0.2),
}


@pytest.fixture
def direct(weed_store: str) -> Store:
    """The store, asked directly, with one model that is due."""
    store = open_store(weed_store)
    put_model(store, task_type="classification", promoted_version="v1", labels=["cat", "dog"])
    put(store, layout.version_key("m", "v1"), {"version_id": "v1"})
    put_predictions(store, 10)
    return store


@pytest.fixture
def proxy(direct: Store, weed_environment: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """The proxy, to which the environment leads from now on."""
    with Proxy(weed_environment) as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", running.url)
        yield running


def patience(monkeypatch: pytest.MonkeyPatch, **more: Any) -> None:
    """How long the store is waited for: in tests not the promised 30 s."""
    quick = {"connect": 1.0, "read": 0.5, "total": 3.0, "pause": 0.01, "longest_pause": 0.1}
    monkeypatch.setattr("infra.s3.Patience", lambda: Patience(**{**quick, **more}))


def night(url: str) -> dict[str, Any]:
    """A night with one worker."""
    return run_inline(Order(url, new_run(), workers=1))


def on_server(weed: str, monkeypatch: pytest.MonkeyPatch, use: Callable[[], Any]) -> Any:
    """What is found past the proxy."""
    with monkeypatch.context() as patched:
        patched.setenv("AWS_ENDPOINT_URL_S3", weed)
        patched.setattr("infra.s3.Patience", Patience)
        return use()


@pytest.mark.parametrize("name", [name for name in PASSING if "hangs" not in name])
def test_every_request_fails_once(
    name: str, direct: Store, proxy: Proxy, weed_environment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is asked, a failure that passes is tried again, and nobody notices."""
    patience(monkeypatch)
    failed: set[tuple[str, str]] = set()

    def first_time(asked: Asked) -> Step | None:
        if (asked.method, asked.path) in failed:
            return None
        failed.add((asked.method, asked.path))
        return PASSING[name]

    proxy.choose = first_time
    record = night(direct.url)

    assert record["counts"] == {"published": 1}
    assert {"list", "read", "write"} <= {asked.operation for asked in proxy.requests}
    assert on_server(weed_environment, monkeypatch, lambda: settled(direct, TARGET))


@pytest.mark.parametrize("name", ["hangs", "done-but-hangs"])
def test_one_that_falls_silent_is_asked_again(
    name: str, direct: Store, proxy: Proxy, weed_environment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One write or reading in ten hangs."""
    patience(monkeypatch)
    proxy.choose = lambda asked: PASSING[name] if asked.number % 10 == 5 else None

    assert night(direct.url)["counts"] == {"published": 1}
    assert on_server(weed_environment, monkeypatch, lambda: settled(direct, TARGET))


@pytest.mark.parametrize("name", [name for name in PASSING if name != "slow-body"])
def test_what_does_not_pass_is_one_clear_error(
    name: str,
    direct: Store,
    proxy: Proxy,
    assay: Callable[..., Ran],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Within the promised time: one line, exit status 6, nothing written."""
    patience(monkeypatch)
    proxy.choose = lambda _: PASSING[name]
    started = time.monotonic()
    ran = assay("nightly", "--runner", "inline", store=direct.url)

    assert time.monotonic() - started < 3.5
    assert ran.status == 6
    assert re.fullmatch(r"error\[storage_unavailable\]: s3://.*; (try again|check the network).*\n", ran.err)


def test_a_store_that_fails_at_random(
    direct: Store, proxy: Proxy, weed_environment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a fifth of all answers failing in every way, each evaluation is published, night for night."""
    patience(monkeypatch, total=10.0)
    chance = random.Random(5)
    steps = [*PASSING.values()]
    proxy.choose = lambda _: chance.choice(steps) if chance.random() < 0.2 else None
    for rows in (12, 14, 16):
        on_server(weed_environment, monkeypatch, lambda rows=rows: put_predictions(direct, rows))
        assert night(direct.url)["counts"] == {"published": 1}
        assert on_server(weed_environment, monkeypatch, lambda: settled(direct, TARGET))


def test_a_store_that_fails_from_some_request_on(
    direct: Store, proxy: Proxy, weed_environment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each request in turn is the last that is answered: an error, old or new in force, and the next goes on."""
    old = None
    for last in itertools.count():
        patience(monkeypatch, attempts=2)
        begin = len(proxy.requests)
        fault = [refuses(503, "SlowDown"), resets, truncates][last % 3]
        proxy.choose = lambda asked, f=fault, n=begin + last: f if asked.number >= n else None
        try:
            record = night(direct.url)
        except AssayError as error:
            assert isinstance(error, StorageUnavailable)
            record = None
        proxy.choose = lambda _: None
        in_between = digest_in_force(direct, TARGET)
        put(direct, LEASE, {"run": "gone", "expires_at": "2026-01-01T00:00:00Z"})
        healed = night(direct.url)
        new = settled(direct, TARGET)
        assert set(healed["counts"]) <= {"published", "up_to_date"}
        assert in_between in (old, new)
        if record and record["counts"] == {"published": 1} and healed["counts"] == {"up_to_date": 1}:
            break
        old = new
        on_server(weed_environment, monkeypatch, lambda rows=12 + 2 * last: put_predictions(direct, rows))
    assert last > 20


def test_a_lost_race_is_run_again(
    direct: Store, proxy: Proxy, weed_environment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 412 for the summary starts the evaluation over; one every time is that version's failure."""
    patience(monkeypatch)
    monkeypatch.setattr("flows.steps.LOST_RACE_PAUSE", 0.01)
    conflicts = iter([True, True])

    def race(asked: Asked) -> Step | None:
        summary = asked.method == "PUT" and asked.path.endswith("/summary.json")
        return refuses(412, "PreconditionFailed") if summary and next(conflicts, False) else None

    proxy.choose = race
    assert night(direct.url)["counts"] == {"published": 1}
    on_server(weed_environment, monkeypatch, lambda: put_predictions(direct, 20))
    before = on_server(weed_environment, monkeypatch, lambda: settled(direct, TARGET))
    conflicts = itertools.repeat(True)
    record = night(direct.url)

    assert record["evaluations"][0]["error"]["code"] == "storage_unavailable"
    assert exit_status(record) == 7
    assert on_server(weed_environment, monkeypatch, lambda: digest_in_force(direct, TARGET)) == before


def test_one_version_that_the_store_does_not_serve_fails_alone(
    direct: Store, proxy: Proxy, weed_environment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the rest of the store answers, the night goes on, and the record names what failed."""
    patience(monkeypatch, attempts=2)
    on_server(weed_environment, monkeypatch, lambda: put_second(direct))
    proxy.choose = lambda asked: (
        resets if "/models/m/versions/v1/predictions" in asked.path and asked.operation == "read" else None
    )

    record = night(direct.url)

    assert {line["model_id"]: line["status"] for line in record["evaluations"]} == {
        "m": "failed",
        "n": "published",
    }
    assert json.loads(direct.read(layout.record_key(record["run"])).data) == record


def put_second(store: Store) -> None:
    """Another model that is due."""
    put_model(store, "n", task_type="classification", promoted_version="v1", labels=["cat", "dog"])
    put(store, layout.version_key("n", "v1"), {"version_id": "v1"})
    blob = store.read(f"{layout.predictions_prefix(TARGET)}part-0.parquet")
    put(store, f"{layout.predictions_prefix(Target('n', 'v1'))}part-0.parquet", blob.data)


def test_a_store_that_goes_away_ends_the_night(
    direct: Store, proxy: Proxy, weed_environment: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Not every version waits in turn for a store that does not answer: the first that does is the last."""
    patience(monkeypatch, attempts=2)
    on_server(weed_environment, monkeypatch, lambda: put_second(direct))
    settled_ones: list[str] = []

    def gone(asked: Asked) -> Step | None:
        if "/predictions/test/part-0.parquet" in asked.path and asked.operation == "read":
            settled_ones.append(asked.path)
        return resets if settled_ones else None

    proxy.choose = gone
    with pytest.raises(StorageUnavailable):
        night(direct.url)

    assert len(set(settled_ones)) == 1
