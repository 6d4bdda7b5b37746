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


def count(done: int, total: int, text: str) -> None:
    """Say how far the work is, and what was finished last."""
    log.info("%s", text, extra={"done": done, "total": total})


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
    total = getattr(record, "total", None)
    return "" if total is None else f"[{getattr(record, 'done', 0)}/{total}] "


def _traceback(record: logging.LogRecord) -> str:
    if not record.exc_info:
        return ""
    return logging.Formatter().formatException(record.exc_info) + "\n"


def _columns() -> int:
    import shutil

    return shutil.get_terminal_size().columns + len("\r\x1b[K") - 1
