"""Render processes: the same bytes as in this process, and a killed one costs one try."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import templates
from evalcore.errors import InternalError
from flows.processes import Died, Process
from flows.rendering import Renderers
from tests.evalcore.test_summary import document


@pytest.fixture
def renderers() -> Iterator[Renderers]:
    """Two processes at the most, ended with the test."""
    made = Renderers(limit=2)
    yield made
    made.stop()


SUMMARY = document([[90, 10], [20, 80]], ["a", "b"])


def test_a_process_renders_what_this_one_would(renderers: Renderers) -> None:
    """The files that come back are byte for byte those of templates.render."""
    assert renderers.render(SUMMARY) == templates.render(SUMMARY)


def test_two_at_once_have_a_process_each(renderers: Renderers, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many processes are started as there are documents at once, and they are used again."""
    started: list[int] = []
    made = Process.__init__

    def noted(self: Process, module: str) -> None:
        made(self, module)
        started.append(self.pid)

    monkeypatch.setattr(Process, "__init__", noted)
    with ThreadPoolExecutor(4) as pool:
        files = list(pool.map(renderers.render, [SUMMARY] * 6))

    assert all(found == files[0] for found in files)
    assert 1 <= len(set(started)) <= 2


def test_a_killed_process_is_replaced(renderers: Renderers) -> None:
    """A process that is killed loses its document to the next one, and nobody notices."""
    renderers.warm()
    os.kill(renderers.processes._free[0].pid, signal.SIGKILL)

    assert set(renderers.render(SUMMARY)) == set(templates.render(SUMMARY))


def test_a_document_that_kills_twice_is_an_error(
    renderers: Renderers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the next process dies too, it is a bug and is called one."""
    asked: list[int] = []

    def dying(self: Process, document: Any, *hear: Any) -> Any:
        asked.append(self.pid)
        self.stop()
        raise Died(-11)

    monkeypatch.setattr(Process, "ask", dying)

    with pytest.raises(InternalError, match="died"):
        renderers.render(SUMMARY)
    assert len(set(asked)) == 2


def test_what_rendering_raises_comes_back(renderers: Renderers) -> None:
    """An error of a template is raised here, and the process goes on."""
    with pytest.raises(KeyError):
        renderers.render({})

    assert renderers.render(SUMMARY)


def test_a_process_ends_with_its_parent(tmp_path: Path) -> None:
    """However the parent ends, nothing is left running."""
    code = "import os, signal; from flows.processes import Process; print(Process('flows.rendering').pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    outcome = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    pid = int(outcome.stdout)
    until = time.monotonic() + 30
    while Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes():
        assert time.monotonic() < until
        time.sleep(0.05)
