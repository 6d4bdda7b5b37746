"""Processes that do one job at a time: one that dies loses its own job, and none outlives its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from evalcore.errors import InternalError
from flows.processes import Died, Processes, Stopped

MODULE = "tests.flows.odd_jobs"


@pytest.fixture
def processes() -> Iterator[Processes]:
    """Processes of that kind, ended with the test."""
    made = Processes(MODULE)
    yield made
    made.stop()


def until(condition: object) -> None:
    """Wait until a condition holds."""
    started = time.monotonic()
    while not condition():  # type: ignore[operator]
        assert time.monotonic() - started < 30
        time.sleep(0.02)


def test_a_process_stays(processes: Processes) -> None:
    """One job after another goes to the same process, also after one that failed or printed."""
    _, pid = processes.ask("first")
    with pytest.raises(KeyError, match="failed"):
        processes.ask("fail")
    with pytest.raises(InternalError, match="unexpected Unsendable: odd"):
        processes.ask("fail oddly")

    assert processes.ask("print") == ("print", pid)
    assert processes.ask("last") == ("last", pid)


def test_what_a_process_says_is_heard(processes: Processes) -> None:
    """As it goes, before the answer is there."""
    heard: list[str] = []

    assert processes.ask("say", heard.append)[0] == "say"
    assert heard == ["half", "nearly all"]


@pytest.mark.parametrize(("job", "status"), [("die", -signal.SIGSEGV), ("exit", 3)])
def test_a_process_that_dies_loses_its_job(processes: Processes, job: str, status: int) -> None:
    """Who asked learns how it ended; the next job has a new process."""
    with pytest.raises(Died) as died:
        processes.ask(job)

    assert died.value.status == status
    assert processes.ask("next")[0] == "next"


def test_a_job_may_have_another_attempt(processes: Processes) -> None:
    """Each with a process of its own; the last one's end is told."""
    with pytest.raises(Died):
        processes.ask("die", attempts=2)


def test_one_that_was_killed_at_rest_costs_nothing(processes: Processes) -> None:
    """The next job does not go to it."""
    _, pid = processes.ask("first")
    os.kill(pid, signal.SIGKILL)
    until(lambda: not processes._free[0].alive)

    assert processes.ask("second")[1] != pid


def test_stop_ends_those_at_work(processes: Processes) -> None:
    """Who waits for a job is told at once that it was stopped, which is no death; asking again starts anew."""
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(processes.ask, "sleep")
        until(lambda: processes._busy)
        processes.stop()
        with pytest.raises(Stopped):
            waiting.result(30)

    assert processes.ask("next")[0] == "next"


def test_a_process_ends_with_its_parent_in_the_middle_of_a_job() -> None:
    """However the parent ends, nothing goes on working for it."""
    code = f"""import os, signal, threading, time; from flows.processes import Process; process = Process({MODULE!r})
threading.Thread(target=process.ask, args=("sleep",), daemon=True).start(); time.sleep(1)
print(process.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"""
    command = [sys.executable, "-c", code]
    outcome = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2]
    )
    command_line = Path(f"/proc/{int(outcome.stdout)}/cmdline")
    until(lambda: not command_line.exists() or not command_line.read_bytes())
