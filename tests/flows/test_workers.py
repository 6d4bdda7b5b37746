"""Evaluation in worker processes: the same as here, and a crash is one version's outcome."""

from __future__ import annotations

import json
import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows import steps, workers
from flows.night import exit_status, new_run, run_inline
from flows.outcome import Request
from flows.plan import Order
from flows.processes import Process
from flows.progress import TRACES, log
from tests.flows.stores import document, put_model, snapshot


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    """No worker outlives a test."""
    yield
    workers.stop()


@pytest.fixture
def three(folder_store: str) -> Path:
    """A store with three models."""
    root = Path(folder_store)
    for name in ("first", "killed", "last"):
        put_model(root, name)
    return root


def kill(monkeypatch: pytest.MonkeyPatch, number: int, wanted: Any) -> None:
    """Have the process that gets the wanted job die of a signal."""
    ask = Process.ask

    def ask_and_kill(self: Process, job: Any, *hear: Any) -> Any:
        if wanted(job):
            os.kill(self.pid, number)
        return ask(self, job, *hear)

    monkeypatch.setattr(Process, "ask", ask_and_kill)


def test_a_worker_does_what_would_be_done_here(three: Path, tmp_path: Path) -> None:
    """The same outcome, and the same files but for their provenance."""
    here, there = tmp_path / "here", tmp_path / "there"
    for root in (here, there):
        root.mkdir()
        put_model(root, "first")
    done = workers.settle(Request(str(there), "first", "v1"))

    assert done.status == steps.settle(Request(str(here), "first", "v1")).status == "published"
    assert {k: v for k, v in snapshot(here).items() if not k.endswith("summary.json")} == {
        k: v for k, v in snapshot(there).items() if not k.endswith("summary.json")
    }
    assert done.seconds > 0


@pytest.mark.parametrize(
    ("number", "code", "says"),
    [
        (signal.SIGKILL, "engine_unavailable", "ended from outside, by SIGKILL"),
        (signal.SIGSEGV, "internal_error", "crashed, with SIGSEGV"),
    ],
)
def test_a_killed_worker_is_one_version_s_outcome(
    three: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: str, says: str
) -> None:
    """In the record, in failure.json, in the index and in the exit status; all others are published."""
    kill(monkeypatch, number, lambda job: isinstance(job, tuple) and job[0].model_id == "killed")

    record = run_inline(Order(str(three), new_run(), workers=2))

    lines = {line["model_id"]: line for line in record["evaluations"]}
    assert record["counts"] == {"failed": 1, "published": 2}
    assert lines["killed"]["error"]["code"] == code
    assert says in lines["killed"]["error"]["message"]
    assert exit_status(record) == 7
    failure = document(three / "evaluations/killed/v1/test/failure.json")
    assert failure["code"] == code
    assert "run it again" in failure["message"] or "report it" in failure["message"]
    index = {entry["model_id"]: entry for entry in document(three / "evaluations/index.json")["evaluations"]}
    assert index["killed"]["failure"]["code"] == code
    assert index["first"]["failure"] is index["last"]["failure"] is None


def test_the_version_of_a_killed_worker_is_due_again(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next night makes it good, and takes the note of the failure away."""
    with monkeypatch.context() as patched:
        kill(patched, signal.SIGKILL, lambda job: isinstance(job, tuple) and job[0].model_id == "killed")
        run_inline(Order(str(three), new_run(), models="killed"))

    assert run_inline(Order(str(three), new_run(), models="killed"))["counts"] == {"published": 1}
    assert not (three / "evaluations/killed/v1/test/failure.json").exists()


def test_a_render_process_that_dies_is_one_version_s_outcome(
    three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report that kills its process twice fails alone."""
    monkeypatch.setattr(workers, "settle", steps.settle)
    kill(monkeypatch, signal.SIGSEGV, lambda job: isinstance(job, dict) and job["model_id"] == "killed")

    record = run_inline(Order(str(three), new_run(), workers=2))

    codes = {line["model_id"]: line["error"] and line["error"]["code"] for line in record["evaluations"]}
    assert codes == {"first": None, "killed": "internal_error", "last": None}
    assert exit_status(record) == 7


def test_inputs_that_are_broken_fail_alone_in_a_worker(three: Path) -> None:
    """Their own error comes through, with its details."""
    (three / "models/first/versions/v1/predictions/test/part-0.parquet").write_bytes(b"no")
    path = three / "models/killed/versions/v1/version.json"
    path.write_text(json.dumps({"threshold": "high"}))

    record = run_inline(Order(str(three), new_run()))

    codes = {line["model_id"]: line["error"] and line["error"]["code"] for line in record["evaluations"]}
    assert codes == {"first": "unreadable_file", "killed": "invalid_settings", "last": None}
    failure = document(three / "evaluations/first/v1/test/failure.json")
    assert failure["details"]


def test_a_night_that_ends_early_ends_its_workers(three: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C does not wait for what they are at, and what they were at is no failure."""

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("flows.night.as_they_end", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_inline(Order(str(three), new_run()))

    assert not workers._workers._free
    assert not list((three / "evaluations").rglob("failure.json"))


def test_what_a_worker_has_to_say_is_said(
    three: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The steps and, to those who look for bugs, the tracebacks, as if it had been done here."""
    (three / "models/first/versions/v1/predictions/test/part-0.parquet").write_bytes(b"no")
    with caplog.at_level(TRACES, log.name):
        workers.settle(Request(str(three), "first", "v1", run_id="tonight"))

    levels = {record.levelno for record in caplog.records}
    assert "Traceback" in caplog.text
    assert "first v1 test: reading 1 file of predictions" in caplog.text
    assert {TRACES, logging.DEBUG} <= levels
