"""Processes of our own that stay and do one job at a time, so that one that dies loses one job.

A process is a module of ours, started as a program: it reads jobs from its standard input, writes back what
became of them, and ends when its input does, in the middle of a job too. Its standard error is ours.
"""

from __future__ import annotations

import atexit
import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import IO, Any

from evalcore.errors import InternalError

Hear = Callable[[Any], None]


def _ignore(said: Any) -> None:
    """Hears nothing."""


class Died(Exception):
    """A process ended under its job; ``status`` is as ``subprocess`` has it, negative for a signal."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Stopped(Exception):
    """The process was ended by ``Processes.stop``: nobody wants its job done any more."""


class Process:
    """One process; it starts to load what it needs at once."""

    def __init__(self, module: str) -> None:
        self._stopped = False
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is the parent's to answer
        )

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def ask(self, job: Any, hear: Hear = _ignore) -> Any:
        """What the process makes of a job; what it says meanwhile (``say``) goes to ``hear``.

        Raises what the work raised, Died where the process did, and Stopped where it was ended on purpose.
        """
        try:
            pickle.dump(job, _pipe(self._process.stdin))
            _pipe(self._process.stdin).flush()
            said, answer = self._receive()
            while said:
                hear(answer)
                said, answer = self._receive()
        except (OSError, EOFError, ValueError, pickle.UnpicklingError) as error:
            if self._stopped:
                raise Stopped from error
            self._process.kill()
            raise Died(self._end()) from error
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def _receive(self) -> tuple[bool, Any]:
        """The next thing the process sends, and whether it is something said rather than the answer."""
        received = pickle.load(_pipe(self._process.stdout))  # noqa: S301 (our own process wrote it)
        return bool(received[0]), received[1]

    def stop(self) -> None:
        """End it, at once, and whatever it is at."""
        self._stopped = True
        self._process.kill()
        self._end()

    def _end(self) -> int:
        status = self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            _close(_pipe(pipe))
        return status


class Processes:
    """Processes of one kind, started when first needed and ended with this one."""

    def __init__(self, module: str, limit: int | None = None) -> None:
        self._module = module
        self._free: list[Process] = []
        self._busy: set[Process] = set()
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(limit or sys.maxsize)
        atexit.register(self.stop)

    def warm(self) -> None:
        """Have a process ready soon, if none is."""
        with self._lock:
            if not self._free:
                self._free.append(Process(self._module))

    def ask(self, job: Any, hear: Hear = _ignore, *, attempts: int = 1) -> Any:
        """What a free process makes of a job; as ``Process.ask``.

        Where it dies the job is given to another until there were so many ``attempts``.
        """
        with self._turns:
            for attempt in range(1, attempts + 1):
                try:
                    return self._ask_once(job, hear)
                except Died:
                    if attempt == attempts:
                        raise
        raise AssertionError("there is an attempt at least")

    def stop(self) -> None:
        """End them all; a job that one is at is lost, which is Stopped to who waits for it."""
        with self._lock:
            there = [*self._free, *self._busy]
            self._free, self._busy = [], set()
        for process in there:
            process.stop()

    def _ask_once(self, job: Any, hear: Hear) -> Any:
        process = self._take()
        try:
            answer = process.ask(job, hear)
        except (Died, Stopped):
            with self._lock:
                self._busy.discard(process)
            raise
        except BaseException:  # of the work
            self._give_back(process)
            raise
        self._give_back(process)
        return answer

    def _give_back(self, process: Process) -> None:
        with self._lock:
            if process in self._busy:  # it may have been ended meanwhile
                self._busy.remove(process)
                self._free.append(process)

    def _take(self) -> Process:
        with self._lock:
            while self._free:
                process = self._free.pop()
                if process.alive:
                    break
                process.stop()  # killed while it had nothing to do: nothing is lost
            else:
                process = Process(self._module)
            self._busy.add(process)
            return process


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except BrokenPipeError:  # what was still buffered has nobody to read it
        return


# -- the process's own side --------------------------------------------------------------------------


_sending = threading.Lock()
_answers: IO[bytes] | None = None


def say(something: Any) -> None:
    """Have the parent hear something of the job before it is done; any thread may."""
    _send(True, something)


def _send(said: bool, value: Any) -> None:
    with _sending:
        pickle.dump((said, value), _pipe(_answers))
        _pipe(_answers).flush()


def serve(work: Callable[[Any], Any], load: Callable[[], None] | None = None) -> None:
    """Do the jobs that come on standard input until there are no more; ``load`` comes before the first."""
    global _answers
    _answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not print into an answer
    jobs: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(sys.stdin.buffer, jobs), daemon=True).start()
    if load is not None:
        load()
    while True:
        _send(False, _answer(work, jobs.get()))


def _listen(requests: IO[bytes], jobs: queue.SimpleQueue[Any]) -> None:
    """Take jobs as they come, beside the work, so that the parent's end is noticed in the middle of it."""
    while True:
        try:
            jobs.put(pickle.load(requests))  # noqa: S301 (our parent wrote it)
        except (EOFError, pickle.UnpicklingError):
            os._exit(0)


def _answer(work: Callable[[Any], Any], job: Any) -> Any:
    try:
        return work(job)
    except Exception as error:
        return _sendable(error)


def _sendable(error: Exception) -> Exception:
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301
    except Exception:
        return InternalError(f"unexpected {type(error).__name__}: {error}", "report this")
    return error
