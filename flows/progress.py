"""Progress, told as log records of the logger ``assay`` by the steps, and shown by whoever runs them.

A step says what it is about to do; a night says how far it is. Nobody has to listen.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from flows.terminal import safe

log = logging.getLogger("assay")

EVALUATIONS, STEPS, TRACES = logging.INFO, logging.DEBUG, 5
"""How much is shown: what is finished, the steps on the way too, the tracebacks of errors too."""

_BAR = 24


def tell(text: str) -> None:
    """Say what happens now."""
    log.info("%s", text)


def detail(text: str, error: Exception) -> None:
    """Say, to those who look for a bug, where an error came from."""
    log.log(TRACES, "%s", text, exc_info=error)


def step(text: str) -> None:
    """Say what happens now within one evaluation, which is too much to hear of a whole night."""
    log.debug("%s", text)


def counted(n: int, thing: str) -> str:
    """A number with its noun: ``1 file``, ``2 files``."""
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"


def count(done: int, total: int, text: str, seconds_left: float | None = None) -> None:
    """Say how far the work is, what was finished last, and how long the rest may take."""
    log.info("%s", text, extra={"done": done, "total": total, "left": seconds_left})


def passing(done: int, total: int, text: str) -> None:
    """Say how far work is of which no line is worth keeping."""
    log.debug("%s", text, extra={"done": done, "total": total, "left": None})


@contextmanager
def shown(stream: TextIO, level: int = EVALUATIONS, *, wanted: bool = True) -> Iterator[None]:
    """Show progress on a stream: a bar that is redrawn on a terminal, a line a record elsewhere.

    A terminal shows the steps anyway.
    """
    if not wanted:
        yield
        return
    handler = _Bar(stream) if stream.isatty() else _Lines(stream)
    before = log.level, log.propagate
    log.addHandler(handler)
    log.setLevel(min(level, STEPS) if stream.isatty() else level)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before[0])
        log.propagate = before[1]
        handler.close()


class _Lines(logging.Handler):
    """One line a record: for log files and continuous integration."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self.stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        self._put(f"{_share(record)}{safe(record.getMessage())}\n{_traceback(record)}")

    def _put(self, text: str) -> None:
        try:
            self.stream.write(text)
            self.stream.flush()
        except (OSError, ValueError):
            self.handleError(record=logging.makeLogRecord({"msg": "progress could not be shown"}))


class _Bar(_Lines):
    """One line that is drawn over and over, and wiped at the end."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self.bar = ""

    def emit(self, record: logging.LogRecord) -> None:
        total = getattr(record, "total", 0)
        if total:
            filled = _BAR * getattr(record, "done", 0) // total
            self.bar = f"[{'█' * filled}{'·' * (_BAR - filled)}] {_share(record)}"
        self._put(f"\r\x1b[K{self.bar}{safe(record.getMessage())}"[: _columns()])

    def close(self) -> None:
        self._put("\r\x1b[K")
        super().close()


def _share(record: logging.LogRecord) -> str:
    total, left = getattr(record, "total", None), getattr(record, "left", None)
    if total is None:
        return ""
    return f"[{getattr(record, 'done', 0)}/{total}] " + (f"({duration(left)} left) " if left else "")


def duration(seconds: float) -> str:
    """A time to wait, as roughly as one needs to know it: ``40 s``, ``3 min``, ``2 h 10 min``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def _traceback(record: logging.LogRecord) -> str:
    if not record.exc_info:
        return ""
    return logging.Formatter().formatException(record.exc_info) + "\n"


def _columns() -> int:
    import shutil

    return shutil.get_terminal_size().columns + len("\r\x1b[K") - 1
