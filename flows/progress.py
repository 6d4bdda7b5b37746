"""Progress, told as log records of the logger ``assay`` by the steps, and shown by whoever runs them.

A step says what it is about to do; a night says how far it is. Nobody has to listen. What a record is about,
the run, the model and the version, goes with it as facts: ``ASSAY_LOG=json`` shows them, an object a line.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

from flows.terminal import safe

log = logging.getLogger("assay")

EVALUATIONS, STEPS, TRACES = logging.INFO, logging.DEBUG, 5
"""How much is shown: what is finished, the steps on the way too, the tracebacks of errors too."""

_BAR = 24
_about: ContextVar[Mapping[str, Any] | None] = ContextVar("about", default=None)


@contextmanager
def about(**facts: Any) -> Iterator[None]:
    """What all records of the block are about: ``run``, ``model_id``, ``version_id`` …; None is left out."""
    known = {name: value for name, value in facts.items() if value is not None}
    token = _about.set({**(_about.get() or {}), **known})
    try:
        yield
    finally:
        _about.reset(token)


def tell(text: str, **facts: Any) -> None:
    """Say what happens now."""
    _log(logging.INFO, text, facts)


def warn(text: str, **facts: Any) -> None:
    """Say what went wrong, where the work goes on all the same."""
    _log(logging.WARNING, text, facts)


def detail(text: str, error: Exception) -> None:
    """Say, to those who look for a bug, where an error came from."""
    log.log(TRACES, "%s", text, exc_info=error)


def step(text: str, **facts: Any) -> None:
    """Say what happens now within one evaluation, which is too much to hear of a whole night."""
    _log(logging.DEBUG, text, facts)


def counted(n: int, thing: str) -> str:
    """A number with its noun: ``1 file``, ``2 files``."""
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"


def count(done: int, total: int, text: str, seconds_left: float | None = None, **facts: Any) -> None:
    """Say how far the work is, what was finished last, and how long the rest may take."""
    left = {} if seconds_left is None else {"seconds_left": round(seconds_left, 1)}
    _log(logging.INFO, text, {"done": done, "total": total, **left, **facts})


def passing(done: int, total: int, text: str) -> None:
    """Say how far work is of which no line is worth keeping."""
    _log(logging.DEBUG, text, {"done": done, "total": total})


def _log(level: int, text: str, facts: Mapping[str, Any]) -> None:
    about = {name: fact for name, fact in (_about.get() or {}).items() if facts.get(name) is None}
    log.log(level, "%s", text, extra={"facts": {**facts, **about}})


@contextmanager
def shown(stream: TextIO, level: int = EVALUATIONS, *, wanted: bool = True) -> Iterator[None]:
    """Show progress on a stream: a bar that is redrawn on a terminal, a line a record elsewhere.

    A terminal shows the steps anyway. Where it is not ``wanted``, only what went wrong is shown, and nobody
    within shows more.
    """
    handler = _handler(stream) if wanted else _quiet(stream)
    before = log.level, log.propagate
    log.addHandler(handler)
    log.setLevel(min(level, STEPS) if isinstance(handler, _Bar) else level)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before[0])
        log.propagate = before[1]
        handler.close()


@contextmanager
def heard(level: int = EVALUATIONS) -> Iterator[bool]:
    """Show progress on standard error where nobody shows it yet; whether that was so."""
    alone = not any(isinstance(handler, _Lines) for handler in log.handlers)
    if not alone:
        yield False
        return
    only_json()
    with shown(sys.stderr, level):
        yield True


def as_json() -> bool:
    """Whether records are wanted as JSON."""
    return os.environ.get("ASSAY_LOG", "").lower() == "json"


class _Foreign:
    """A stream on which a line of anybody's becomes a record, where it is none."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._begun = stream, ""

    def write(self, text: str) -> int:
        """Pass a record on as it is; other text becomes a record at the end of its line."""
        if text.startswith('{"time"') and text.endswith("}\n"):
            self._end_line()
            self._stream.write(text)
        else:
            *lines, self._begun = (self._begun + text).split("\n")
            self._stream.write("".join(json_line("warning", line, {}) for line in lines if line))
        return len(text)

    def _end_line(self) -> None:
        if self._begun:
            self.write("\n")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def only_json() -> None:
    """Where records are wanted as JSON, nothing else goes to standard error: libraries write there, too."""
    if as_json() and sys.stderr is not None and not isinstance(sys.stderr, _Foreign):
        sys.stderr = _Foreign(sys.stderr)


def json_line(level: str, text: str, facts: Mapping[str, Any]) -> str:
    """A record as a line of JSON: time, level and message first, then what it is about."""
    time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    document = {"time": time, "level": level, "message": text, **facts}
    return json.dumps(document, default=str) + "\n"


def _handler(stream: TextIO) -> _Lines:
    if as_json():
        return _JsonLines(stream)
    return _Bar(stream) if stream.isatty() else _Lines(stream)


def _quiet(stream: TextIO) -> _Lines:
    handler = _JsonLines(stream) if as_json() else _Lines(stream)
    handler.setLevel(logging.WARNING)
    return handler


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


class _JsonLines(_Lines):
    """One object a line: for machines that collect logs."""

    def emit(self, record: logging.LogRecord) -> None:
        traceback = {"traceback": trace} if (trace := _traceback(record)) else {}
        level = logging.getLevelName(max(record.levelno, logging.DEBUG)).lower()
        self._put(json_line(level, record.getMessage(), {**_facts(record), **traceback}))


class _Bar(_Lines):
    """One line that is drawn over and over, and wiped at the end."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self.bar = ""

    def emit(self, record: logging.LogRecord) -> None:
        facts = _facts(record)
        if total := facts.get("total", 0):
            filled = _BAR * facts["done"] // total
            self.bar = f"[{'█' * filled}{'·' * (_BAR - filled)}] {_share(record)}"
        self._put(f"\r\x1b[K{self.bar}{safe(record.getMessage())}"[: _columns()])

    def close(self) -> None:
        self._put("\r\x1b[K")
        super().close()


def _share(record: logging.LogRecord) -> str:
    facts = _facts(record)
    if "total" not in facts:
        return ""
    left = facts.get("seconds_left")
    return f"[{facts['done']}/{facts['total']}] " + (f"({duration(left)} left) " if left else "")


def _facts(record: logging.LogRecord) -> Mapping[str, Any]:
    return getattr(record, "facts", {})


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
