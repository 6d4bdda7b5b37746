"""Render processes: long-lived, one report at a time each, so that a killed one loses one job.

WeasyPrint takes a second to load and Pango is not safe in threads. A process of its own loads it while the
figures are still being computed, and as many render side by side as there are cores. A process is this
module, started as a program: it reads documents from its standard input, writes back what became of them,
and ends when its input does.
"""

from __future__ import annotations

import atexit
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any

from evalcore.errors import InternalError

if TYPE_CHECKING:
    from templates import Rendered

ATTEMPTS = 2
"""How often a document is rendered before a process that dies of it is held to be a bug."""


class RenderProcess:
    """One process that renders; it starts to load what it needs at once."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "flows.rendering"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is the parent's to answer
        )

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def render(self, document: Mapping[str, Any]) -> dict[str, Rendered]:
        """Every artifact of an evaluation; raises what rendering raised, and EOFError where it died."""
        try:
            pickle.dump(document, _pipe(self._process.stdin))
            _pipe(self._process.stdin).flush()
            result = pickle.load(_pipe(self._process.stdout))  # noqa: S301 (our own process wrote it)
        except (BrokenPipeError, EOFError, pickle.UnpicklingError) as error:
            self.stop()
            raise EOFError from error
        if isinstance(result, BaseException):
            raise result
        return dict(result)

    def stop(self) -> None:
        """End it, at once."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            _close(_pipe(pipe))


class Renderers:
    """The render processes of this process: started when first needed, ended with it."""

    def __init__(self, limit: int | None = None) -> None:
        self._free: list[RenderProcess] = []
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(limit or os.cpu_count() or 1)
        atexit.register(self.stop)

    def warm(self) -> None:
        """Have a process ready soon, if none is."""
        with self._lock:
            if not self._free:
                self._free.append(RenderProcess())

    def render(self, document: Mapping[str, Any]) -> dict[str, Rendered]:
        """Every artifact of an evaluation.

        A process that dies under a document is replaced once. Raises InternalError where the next one does
        too, and whatever rendering raises.
        """
        with self._turns:
            for _ in range(ATTEMPTS):
                process = self._take()
                try:
                    files = process.render(document)
                except EOFError:
                    continue
                except BaseException:
                    self._give_back(process)
                    raise
                self._give_back(process)
                return files
        raise InternalError(
            "the process that renders the reports died", "look at its output above, report it"
        )

    def stop(self) -> None:
        """End the processes that are free; one that is busy ends with its input."""
        with self._lock:
            free, self._free = self._free, []
        for process in free:
            process.stop()

    def _take(self) -> RenderProcess:
        with self._lock:
            return self._free.pop() if self._free else RenderProcess()

    def _give_back(self, process: RenderProcess) -> None:
        with self._lock:
            self._free.append(process)


renderers = Renderers()
"""Those of this process."""


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except BrokenPipeError:  # what was still buffered has nobody to read it
        return


def serve(requests: IO[bytes], answers: IO[bytes]) -> None:
    """Render what comes until there is no more."""
    import templates

    templates.load()
    while True:
        try:
            document = pickle.load(requests)  # noqa: S301 (our parent wrote it)
        except EOFError:
            return
        pickle.dump(_answer(document), answers)
        answers.flush()


def _answer(document: dict[str, Any]) -> Any:
    import templates

    try:
        return templates.render(document)
    except Exception as error:
        return _sendable(error)


def _sendable(error: Exception) -> Exception:
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301
    except Exception:
        return InternalError(f"rendering failed: {type(error).__name__}: {error}", "report this")
    return error


if __name__ == "__main__":
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not print into an answer
    serve(sys.stdin.buffer, output)
