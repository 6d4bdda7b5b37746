"""Prefect's API goes away while a night is at work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from flows import embedded
from flows.outage import is_outage
from tests.flows.stores import document, put_model

NAMES = [f"m{number}" for number in range(8)]
ASSAY = str(Path(sys.executable).with_name("assay"))


@pytest.fixture
def prefect_server() -> Iterator[embedded.Server]:
    """A server of Prefect's, to be killed."""
    server = embedded.Server()
    server.wait()
    yield server
    server._process.kill()
    server.stop()


def night(store: Path, url: str) -> subprocess.Popen[str]:
    """A night on the API at a URL, one evaluation at a time."""
    return subprocess.Popen(
        [ASSAY, "nightly", "--json", "--workers", "1", "--store", str(store)],
        env={**os.environ, "PREFECT_API_URL": url, "ASSAY_LOG": "json"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def until(process: subprocess.Popen[str], told: str) -> list[dict[str, Any]]:
    """What a night says up to something; each line is a record."""
    records: list[dict[str, Any]] = []
    assert process.stderr is not None
    for line in process.stderr:
        records.append(json.loads(line))
        if told in records[-1]["message"]:
            return records
    raise AssertionError(records)


def test_the_night_goes_on_without_it_and_ends(folder_store: str, prefect_server: embedded.Server) -> None:
    """All is published, the outage told once, in records alone, and the exit status is the night's own."""
    store = Path(folder_store)
    for name in NAMES:
        put_model(store, name, gates=[{"metric": "accuracy", "min": 0.999 if name == "m0" else 0.5}])

    with night(store, prefect_server.url) as process:
        until(process, "published")
        prefect_server._process.kill()
        killed = time.monotonic()
        out, err = process.communicate(timeout=120)

    assert time.monotonic() - killed < 60
    assert process.returncode == 1
    record = json.loads(out)
    assert record["counts"] == {"published": len(NAMES)}
    assert record == document(store / f"evaluations/nightly/{record['run']}.json")
    told = [json.loads(line)["message"] for line in err.splitlines()]
    assert sum("does not answer (ConnectError)" in message for message in told) == 1
    assert told[-1] == f"Prefect could not be told of the end of run {record['run']}"


def test_a_signal_ends_a_night_that_goes_on_without_it(
    folder_store: str, prefect_server: embedded.Server
) -> None:
    """Within what a platform waits before it kills; what is done is recorded, and that there is more to do."""
    store = Path(folder_store)
    for name in NAMES:
        put_model(store, name)

    with night(store, prefect_server.url) as process:
        until(process, "published")
        prefect_server._process.kill()
        until(process, "the rest of the night is evaluated without it")
        process.send_signal(signal.SIGTERM)
        asked = time.monotonic()
        process.communicate(timeout=60)

    assert time.monotonic() - asked < 28
    assert process.returncode == 143
    [record] = [document(path) for path in store.glob("evaluations/nightly/2*.json")]
    assert record["finished_at"] is None
    assert 1 <= record["counts"]["published"] < len(NAMES) == record["planned"]
    lease = document(store / "evaluations/nightly/.lease.json")
    assert lease["renewed_at"] >= lease["expires_at"]


@pytest.mark.parametrize(
    ("status", "expected"), [(None, True), (503, True), (500, True), (404, False), (413, False)]
)
def test_what_an_outage_is(status: int | None, expected: bool) -> None:
    """No answer, or one that says that the server cannot; not one that refuses what it was asked."""
    request = httpx.Request("POST", "http://prefect/api")
    failure: Exception = httpx.ConnectError("refused")
    if status is not None:
        failure = httpx.HTTPStatusError("", request=request, response=httpx.Response(status, request=request))

    assert is_outage(failure) is expected
    assert not is_outage(RuntimeError("odd"))
