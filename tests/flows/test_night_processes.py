"""Nights as processes of their own: two at once, and one that is killed half way."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from infra.layout import NIGHTLY, Target
from infra.storage import Store, open_store
from tests.flows.test_night_killed import free_lease
from tests.flows.whole import settled
from tests.infra.doubles import put, put_model
from tests.soak import children_of

ASSAY = Path(sys.executable).with_name("assay")


@pytest.fixture(params=["folder", "weed"])
def url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty store, in a folder and on a server."""
    found: str = request.getfixturevalue(f"{request.param}_store")
    return found


def put_models(url: str, count: int) -> list[str]:
    """So many models that are due; their ids."""
    store = open_store(url)
    names = [f"m{number}" for number in range(count)]
    for name in names:
        put_model(store, name, task_type="classification", promoted_version="v1")
        put(store, f"models/{name}/versions/v1/version.json", {"version_id": "v1"})
        rows = "".join(f"{'cat' if row % 2 else 'dog'},{'cat' if row % 3 else 'dog'}\n" for row in range(60))
        put(store, f"models/{name}/versions/v1/predictions/test/part-0.csv", f"y_true,y_pred\n{rows}")
    return names


TELLING = "import flows.keeper; flows.keeper.RECORD_BEAT = 0.05; from flows.cli import program; program()"
"""The program, with a record that is written while a quick machine is still at work."""


def start(url: str, *options: str, program: Sequence[str] = (str(ASSAY),)) -> subprocess.Popen[str]:
    """A night under way."""
    command = [*program, "nightly", "--runner", "inline", "--store", url, *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def records(store: Store) -> list[dict[str, Any]]:
    """The records of the nights so far, but for the lease."""
    keys = [entry.key for entry in store.list(NIGHTLY, etags=False) if "/.lease" not in entry.key]
    return [json.loads(store.read(key).data) for key in keys]


def test_two_nights_at_once(url: str) -> None:
    """One does the work, the other yields with 6 and names the run that holds the lease."""
    put_models(url, 2)
    nights = [start(url), start(url)]
    said = [night.communicate() for night in nights]
    ended = {night.returncode: err for night, (_, err) in zip(nights, said, strict=True)}

    assert set(ended) == {0, 6}
    [record] = records(open_store(url))
    assert record["counts"] == {"published": 2}
    found = re.fullmatch(r"error\[storage_unavailable\]: run (\S+) is at work in this store; .*\n", ended[6])
    assert found
    assert found[1] == record["run"]


def test_a_night_that_is_killed_half_way_goes_on(url: str) -> None:
    """Its record tells what was done; the next run evaluates the rest and no more."""
    store, names = open_store(url), put_models(url, 10)
    night = start(url, "--workers", "1", program=[sys.executable, "-c", TELLING])
    until = time.monotonic() + 60
    done = 0
    while not done and night.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.01)
        done = sum(len(record["evaluations"]) for record in records(store))
    for pid in (night.pid, *children_of(night.pid)):
        os.kill(pid, signal.SIGKILL)
    night.communicate()
    [record] = records(store)

    assert record["finished_at"] is None
    assert record["planned"] == len(names)
    assert 1 <= len(record["evaluations"]) < len(names)
    free_lease(store)
    out, _ = start(url, "--json", "--quiet").communicate()
    after = json.loads(out)
    assert after["counts"]["up_to_date"] >= len(record["evaluations"])
    assert sum(after["counts"].values()) == len(names)
    for name in names:
        assert settled(store, Target(name, "v1"))
