"""How long the store may keep us waiting, and which failures are worth another attempt.

A call has a fixed time in all, whatever hangs in it: the name service, one of many addresses, a server
that sends a byte a second. So each attempt runs in a thread of its own, which is left behind when the
time is up. News (a whole block of content came or went) starts the time again: a slow store that
answers is not a dead one.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


class NoAnswer(Exception):
    """The time for the call was up."""


@dataclass(frozen=True)
class Patience:
    """Seconds to wait: for a connection, for the next bytes, for the call in all; and how to try again."""

    connect: float = 5.0
    read: float = 20.0
    total: float = 30.0
    attempts: int = 20
    pause: float = 0.25
    longest_pause: float = 4.0


class Watch:
    """The time that a call has left; any thread may read it or start it again."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.failures = 0
        self.news()

    def news(self) -> None:
        """The store is at work on the call: the time starts again."""
        self._until = time.monotonic() + self.seconds

    def left(self) -> float:
        """Seconds that are left, negative once the time is up."""
        return self._until - time.monotonic()


def attempt(
    call: Callable[[Watch], Result], patience: Patience, worth_retrying: Callable[[Exception], bool]
) -> Result:
    """The call's result, tried again after a failure that may pass, for as long as the patience lasts.

    Each pause is twice the one before, up to the longest, and cut by up to a half at random, so that many
    callers do not come back at once. ``call`` gets the watch: its ``failures`` says how many attempts have
    failed before this one. Raises the last failure, or NoAnswer where the time ran out in an attempt.
    """
    watch = Watch(patience.total)
    while True:
        try:
            return _watched(call, watch)
        except Exception as failure:
            watch.failures += 1
            pause = min(patience.pause * 2 ** (watch.failures - 1), patience.longest_pause)
            pause *= random.uniform(0.5, 1)
            if (
                isinstance(failure, NoAnswer)
                or watch.failures >= patience.attempts
                or watch.left() <= pause
                or not worth_retrying(failure)
            ):
                raise
            time.sleep(pause)


def _watched(call: Callable[[Watch], Result], watch: Watch) -> Result:
    work = _Attempt(call, watch)
    # A daemon: an attempt that hangs must not keep the process from ending.
    threading.Thread(target=work.run, name="store-call", daemon=True).start()
    while not work.done.wait(max(watch.left(), 0)):
        if watch.left() <= 0:
            raise NoAnswer
    if work.failure is not None:
        raise work.failure
    result: Result = work.result
    return result


class _Attempt(Generic[Result]):
    def __init__(self, call: Callable[[Watch], Result], watch: Watch) -> None:
        self.call, self.watch = call, watch
        self.done = threading.Event()
        self.result: Any = None
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            self.result = self.call(self.watch)
        except BaseException as failure:  # the waiting thread raises it
            self.failure = failure
        finally:
            self.done.set()
